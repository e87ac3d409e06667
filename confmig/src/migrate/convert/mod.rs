//! Rules that do more than rename: values made from other values, items of lists, removals.
//!
//! Each rule is followed as a whole or not at all. What it would do is worked out on the parsed files,
//! made in one edit together with the other rules, and proved; where anything is doubtful, the files
//! stay as they are and there is a [`Decision`].

mod apply;
mod effect;
mod evaluate;
mod prove;
mod text;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Config, DEFAULT_GROUP, Entry, Opt, OptName, OptType, ParsedFile, references};

use super::names::Names;
use super::{Decision, FileMigration, MigrateError, Settings};
use crate::diagnostic::Code;
use crate::pack::Pack;
use crate::rule::{Automatic, Rename, Rule, concrete};
use effect::Effect;
use evaluate::{Found, Outcome};

/// What is known of the options that rules are about.
pub(crate) trait Facts {
    /// The default of an option as it is written; `None` when it has none, or it is not known.
    fn default_of(&self, option: &OptName) -> Option<String>;
    /// Tells whether an option is a list; `None` when it is not known.
    fn is_list(&self, option: &OptName) -> Option<bool>;
    /// Tells whether an option is really not read any more.
    fn is_gone(&self, option: &OptName) -> bool;
}

/// A rule that is to be followed.
#[derive(Debug, Clone)]
pub(crate) struct Active {
    pub(crate) rule: Rc<Rule>,
    /// Why the operator has to decide in any case.
    pub(crate) doubt: Option<String>,
}

/// What following rules has made.
#[derive(Debug)]
pub(crate) struct Converted {
    /// The new texts; `None` when nothing changes.
    pub(crate) files: Option<Vec<FileMigration>>,
    pub(crate) decisions: Vec<Decision>,
    /// Renamings that are left to be made, each with the id of its rule.
    pub(crate) renames: Vec<(Rename, String)>,
    /// Rules that are to be followed on the new texts.
    pub(crate) postponed: Vec<Active>,
}

/// The entries of a set of files, and how their values are read.
pub(super) struct World<'w, 'd> {
    pub(super) files: &'d [ParsedFile<'d>],
    pub(super) names: &'w Names<'w>,
    /// None when no value has anything to be replaced.
    config: Option<Config<'w>>,
    /// By key.
    entries: HashMap<&'d str, Vec<(usize, Entry<'d, 'd>)>>,
    /// The options that values refer to, with the file and the entry that does.
    pub(super) referred: BTreeMap<OptName, Vec<(usize, Entry<'d, 'd>)>>,
}

impl<'d> World<'_, 'd> {
    /// The entries of an option in all files, in the order in which they are read.
    pub(super) fn entries(&self, option: &OptName) -> Vec<(usize, Entry<'d, 'd>)> {
        let named = self
            .entries
            .get(option.name())
            .map_or(&[][..], Vec::as_slice);
        named
            .iter()
            .filter(|(_, entry)| *entry.group() == *option.group())
            .copied()
            .collect()
    }

    pub(super) fn is_set(&self, option: &OptName) -> bool {
        let named = self
            .entries
            .get(option.name())
            .map_or(&[][..], Vec::as_slice);
        named
            .iter()
            .any(|(_, entry)| *entry.group() == *option.group())
    }

    /// The value of an option that is set, as oslo.config reads it; `None` when it is not set or
    /// cannot be read.
    pub(super) fn value(&self, option: &OptName) -> Option<String> {
        let (_, entry) = *self.entries(option).last()?;
        self.read(entry.value().to_str().ok()?, option.group()).ok()
    }

    /// A text as the value of an option of `group` is read.
    pub(super) fn read(&self, text: &str, group: &str) -> Result<String, String> {
        if !text.contains(['$', '\\']) {
            return Ok(text.to_owned());
        }
        let Some(config) = &self.config else {
            return Ok(text.to_owned());
        };
        let read = config.substitute(text, group);
        // What is wrong would tell of the value, which may be secret; `check` says it.
        read.map_err(|_| "a value cannot be read: a reference in it leads nowhere".to_owned())
    }

    /// The sections with an option of this name.
    fn sections_having(&self, name: &str) -> Vec<String> {
        let having = self.entries.get(name).map_or(&[][..], Vec::as_slice);
        let sections: BTreeSet<String> = having
            .iter()
            .map(|(_, entry)| entry.group().to_string())
            .collect();
        sections.into_iter().collect()
    }
}

/// Follows rules on a set of files.
pub(crate) fn convert<'d>(
    files: &'d [ParsedFile<'d>],
    pack: &Pack,
    rules: Vec<Active>,
    facts: &dyn Facts,
    settings: &Settings,
) -> Result<Converted, MigrateError> {
    let names = Names::new(files, pack);
    let opts = opts(files, pack, &names, &rules);
    let mut world = World {
        files,
        names: &names,
        config: has_dollars(files, &rules).then(|| Config::new(files, &opts)),
        entries: HashMap::default(),
        referred: BTreeMap::new(),
    };
    world.index();
    let mut converter = Converter {
        world: &world,
        facts,
        settings,
        decisions: Vec::new(),
        renames: Vec::new(),
        postponed: Vec::new(),
        planned: Vec::new(),
    };
    converter.follow(rules);
    let planned = std::mem::take(&mut converter.planned);
    let made = converter.prove(planned, pack)?;
    Ok(Converted {
        files: made,
        decisions: converter.decisions,
        renames: converter.renames,
        postponed: converter.postponed,
    })
}

impl<'d> World<'_, 'd> {
    fn index(&mut self) {
        for (file, parsed) in self.files.iter().enumerate() {
            for section in parsed.document.sections() {
                let group = section.group();
                let Ok(group) = group.to_str() else { continue };
                for entry in section.entries() {
                    let Ok(key) = entry.key().to_str() else {
                        continue;
                    };
                    self.entries.entry(key).or_default().push((file, entry));
                    let value = entry.value();
                    if !value.contains(&b'$') {
                        continue;
                    }
                    for reference in references(&value) {
                        let (group, name) = self.names.target(group, reference.parts());
                        let target = OptName::new(group, name);
                        self.referred.entry(target).or_default().push((file, entry));
                    }
                }
            }
        }
    }
}

/// Tells whether any value, or any that a rule may make, has a dollar sign or a backslash.
fn has_dollars(files: &[ParsedFile<'_>], rules: &[Active]) -> bool {
    let special = |text: &[u8]| text.contains_str(b"$") || text.contains_str(b"\\");
    let of_rule = |Active { rule, .. }: &Active| {
        rule.set.iter().any(|set| special(set.value.as_bytes()))
            || rule
                .part
                .values()
                .flat_map(|part| &part.default)
                .any(|default| special(default.as_bytes()))
            || rule
                .part
                .values()
                .flat_map(|part| part.values.values())
                .any(|value| special(value.as_bytes()))
    };
    files.iter().any(|file| special(file.document.text())) || rules.iter().any(of_rule)
}

/// The options that values are read with: those that are referred to, also by rules. One that is not
/// set stands for itself.
fn opts(files: &[ParsedFile<'_>], pack: &Pack, names: &Names<'_>, rules: &[Active]) -> Vec<Opt> {
    let mut opts: Vec<Opt> = Vec::new();
    // A service has options in each of its groups; this one stands for them.
    let groups: BTreeSet<&str> = names.groups().collect();
    opts.extend(
        groups
            .into_iter()
            .map(|group| Opt::new(group, "\u{1}", OptType::string())),
    );
    let named = files
        .iter()
        .flat_map(|file| file.document.entries())
        .filter(|entry| entry.value().contains(&b'$'));
    let mut texts: Vec<(String, Vec<u8>)> = named
        .map(|entry| {
            (
                entry.group().to_str_lossy().into_owned(),
                entry.value().to_vec(),
            )
        })
        .collect();
    for Active { rule, .. } in rules {
        let sets = rule.set.iter().map(|set| (set.option.group(), &set.value));
        let defaults = rule
            .part
            .values()
            .filter_map(|part| Some((part.option.group(), part.default.as_ref()?)));
        texts.extend(
            sets.chain(defaults)
                .map(|(group, text)| (group.to_owned(), text.clone().into_bytes())),
        );
    }
    let mut seen = BTreeSet::new();
    for (group, text) in &texts {
        for reference in references(text) {
            let (group, name) = names.target(group, reference.parts());
            let set = names.is_set(group, name);
            let known = set
                || names.exists(group, name)
                || pack.project.is_none() && group == DEFAULT_GROUP;
            if known && seen.insert((group.to_owned(), name.to_owned())) {
                let itself = if group == DEFAULT_GROUP {
                    name.to_owned()
                } else {
                    format!("{group}.{name}")
                };
                opts.push(
                    Opt::new(group, name, OptType::string()).with_default(format!("$${itself}")),
                );
            }
        }
    }
    opts
}

/// A rule and what it would do.
struct Planned<'d> {
    active: Active,
    effects: Vec<Effect<'d>>,
}

struct Converter<'c, 'd> {
    world: &'c World<'c, 'd>,
    facts: &'c dyn Facts,
    settings: &'c Settings,
    decisions: Vec<Decision>,
    renames: Vec<(Rename, String)>,
    postponed: Vec<Active>,
    planned: Vec<Planned<'d>>,
}

impl<'d> Converter<'_, 'd> {
    fn follow(&mut self, rules: Vec<Active>) {
        let world = self.world;
        let value = |option: &OptName| world.value(option);
        let having = |name: &str| world.sections_having(name);
        let mut all: Vec<Active> = Vec::new();
        for active in rules {
            let rules = match active.rule.sections {
                None => vec![Rc::clone(&active.rule)],
                Some(_) => concrete(&active.rule, &value, &having)
                    .into_iter()
                    .map(Rc::new)
                    .collect(),
            };
            for rule in rules {
                if rule.triggers().iter().any(|option| world.is_set(option)) {
                    all.push(Active {
                        rule,
                        doubt: active.doubt.clone(),
                    });
                }
            }
        }
        let mut claims: BTreeMap<OptName, Vec<String>> = BTreeMap::new();
        for Active { rule, .. } in &all {
            let gone = |option: &OptName| rule.remove.is_none() || self.facts.is_gone(option);
            for option in rule
                .claims()
                .into_iter()
                .filter(|option| world.is_set(option) && gone(option))
            {
                let by = claims.entry(option.clone()).or_default();
                if !by.contains(&rule.id) {
                    by.push(rule.id.clone());
                }
            }
        }
        for active in all {
            let claimed = active.rule.claims().into_iter().find_map(|option| {
                let by = claims.get(option).filter(|by| by.len() > 1)?;
                Some(format!(
                    "{option} is claimed by the rules {}: take one of them out",
                    by.join(" and ")
                ))
            });
            match claimed {
                Some(reason) => self.decide(
                    &active.rule,
                    &active
                        .rule
                        .claims()
                        .into_iter()
                        .cloned()
                        .collect::<Vec<_>>(),
                    &reason,
                    false,
                ),
                None => self.evaluate(active),
            }
        }
    }

    fn evaluate(&mut self, active: Active) {
        let found =
            evaluate::evaluate(&active.rule, self.world, self.facts, self.settings.keep_old);
        let Found {
            outcome,
            options,
            renames,
        } = found;
        let rule = &active.rule;
        let doubt = match (rule.automatic, &active.doubt) {
            _ if self.settings.accept_rules.contains(&rule.id)
                && rule.automatic != Automatic::Advice =>
            {
                None
            }
            (_, Some(doubt)) => Some(doubt.clone()),
            (Automatic::Yes, None) => None,
            (Automatic::Partial | Automatic::Advice, None) => Some(rule.why.clone()),
        };
        let acceptable = rule.automatic != Automatic::Advice;
        match outcome {
            Outcome::Idle if renames.is_empty() => {}
            Outcome::Advice => self.decide(rule, &options, &rule.why, false),
            Outcome::Undecided(reason) => self.decide(rule, &options, &reason, false),
            Outcome::Idle | Outcome::Effects(_) if doubt.is_some() => {
                self.decide(rule, &options, &doubt.unwrap_or_default(), acceptable);
            }
            Outcome::Idle => self
                .renames
                .extend(renames.into_iter().map(|rename| (rename, rule.id.clone()))),
            Outcome::Effects(effects) => {
                if self.collides(&effects) {
                    self.postponed.push(active);
                    return;
                }
                self.renames
                    .extend(renames.into_iter().map(|rename| (rename, rule.id.clone())));
                self.planned.push(Planned { active, effects });
            }
        }
    }

    /// Tells whether another rule sets one of the same options: then it is followed afterwards.
    fn collides(&self, effects: &[Effect<'_>]) -> bool {
        let touched: BTreeSet<OptName> = self
            .planned
            .iter()
            .flat_map(|planned| &planned.effects)
            .map(Effect::option)
            .collect();
        effects
            .iter()
            .any(|effect| touched.contains(&effect.option()))
    }

    /// Leaves what a rule is about to the operator.
    fn decide(&mut self, rule: &Rule, options: &[OptName], reason: &str, acceptable: bool) {
        let set = options.iter().filter_map(|option| {
            let (file, entry) = *self.world.entries(option).last()?;
            Some((option.clone(), file, entry.line()))
        });
        let set: Vec<_> = set.collect();
        let Some((option, file, line)) = set.first().cloned() else {
            return;
        };
        let options: Vec<OptName> = set.iter().map(|(option, ..)| option.clone()).collect();
        let mut names: Vec<String> = options.iter().map(ToString::to_string).collect();
        names.dedup();
        let names = match names.len() {
            0..=4 => names.join(", "),
            more => format!("{} and {} more", names[..3].join(", "), more - 3),
        };
        self.decisions.push(Decision {
            option,
            path: self.world.files[file].path.to_owned(),
            line,
            reason: format!("{names}: {reason}"),
            acceptable,
            options,
            rule: Some(rule.id.clone()),
            release: rule.release.clone(),
            advice: rule.advice.clone(),
            code: match rule.automatic {
                _ if rule.report.is_some() => Code::Advice,
                Automatic::Advice => Code::Advice,
                Automatic::Yes | Automatic::Partial => Code::NeedsDecision,
            },
        });
    }

    /// Makes the new texts and proves them; rules that cannot be proved are left out.
    fn prove(
        &mut self,
        planned: Vec<Planned<'d>>,
        pack: &Pack,
    ) -> Result<Option<Vec<FileMigration>>, MigrateError> {
        if planned.is_empty() {
            return Ok(None);
        }
        let made = apply::apply(self.world, &planned)?;
        if prove::differences(self.world, &planned, &made, pack)?.is_empty() {
            return Ok(Some(made));
        }
        let mut proved = Vec::new();
        for one in planned {
            let alone = [one];
            let made = apply::apply(self.world, &alone)?;
            let differences = prove::differences(self.world, &alone, &made, pack)?;
            let [one] = alone;
            match differences.first() {
                None => proved.push(one),
                Some(difference) => {
                    let options: Vec<OptName> = one.effects.iter().map(Effect::source).collect();
                    self.decide(&one.active.rule, &options, &difference.to_string(), false);
                }
            }
        }
        if proved.is_empty() {
            return Ok(None);
        }
        let made = apply::apply(self.world, &proved)?;
        let differences = prove::differences(self.world, &proved, &made, pack)?;
        if differences.is_empty() {
            Ok(Some(made))
        } else {
            Err(MigrateError::Unproved(differences))
        }
    }
}
