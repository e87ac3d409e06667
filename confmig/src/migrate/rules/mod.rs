//! Follows rules: values made from other values, items of lists, removals.
//!
//! A rule is followed as a whole or not at all. Its effects are computed from the parsed files,
//! made in one edit together with those of other rules, and proved. Where anything is in doubt, the
//! files stay as they are, and the operator gets a [`Decision`].

mod assign;
mod evaluate;
mod index;
mod requalify;
mod text;
mod transform;
mod value;

use std::rc::Rc;

use foldhash::{HashMap, HashSet};
use oslo_config::OptName;

use super::definitions::Definitions;
use super::names::Names;
use super::pass::Pass;
use super::planned::{Applied, Effect, EffectKind, Planned};
use super::{Decision, MigrateError};
use crate::diagnostic::Code;
use crate::rule::{Automatic, Rename, Rule, concrete};
use evaluate::{Evaluation, evaluate};
use index::{EntryIndex, opts};

/// A rule that applies in a step.
#[derive(Debug, Clone)]
pub(crate) struct Active {
    pub(crate) rule: Rc<Rule>,
    /// Why the operator has to decide, even if the rule is automatic.
    pub(crate) doubt: Option<String>,
}

/// The outcome of rules for a set of files.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    /// The files; empty when no rule changes them.
    pub(crate) files: Vec<Applied>,
    /// The decisions that are left, each with its file.
    pub(crate) decisions: Vec<(usize, Decision)>,
    /// The renamings to be made afterwards, each with the id of its rule.
    pub(crate) renames: Vec<(Rename, String)>,
    /// The rules to be followed on the new texts.
    pub(crate) postponed: Vec<Active>,
}

/// Follows rules on a set of files. With `waits`, rules that others may trigger are postponed.
pub(crate) fn follow(
    pass: Pass<'_, '_>,
    rules: Vec<Active>,
    definitions: &dyn Definitions,
    waits: bool,
) -> Result<Followed, MigrateError> {
    let names = Names::new(pass.files, pass.pack, pass.releases);
    let opts = opts(pass.files, &names, &rules);
    let index = EntryIndex::new(pass, &names, &opts, definitions);
    let mut follower = Follower {
        index: &index,
        definitions,
        pass,
        planned: Vec::new(),
        followed: Followed::default(),
    };
    follower.follow(rules, waits);
    follower.apply_proved(&names)?;
    Ok(follower.followed)
}

struct Follower<'c, 'd> {
    index: &'c EntryIndex<'c, 'd>,
    definitions: &'c dyn Definitions,
    pass: Pass<'c, 'd>,
    planned: Vec<Planned<'d>>,
    followed: Followed,
}

impl<'d> Follower<'_, 'd> {
    fn follow(&mut self, rules: Vec<Active>, waits: bool) {
        let rules = self.triggered(rules);
        let claims = self.claims(&rules);
        let made = made_options(&rules, self.index);
        for active in &rules {
            if waits && is_fed(&active.rule, &made) {
                self.followed.postponed.push(active.clone());
                continue;
            }
            let claimed = active.rule.claims().into_iter().find_map(|option| {
                let by = claims.get(option).filter(|by| by.len() > 1)?;
                Some(format!(
                    "{option} is claimed by the rules {}: remove one of them",
                    by.join(" and ")
                ))
            });
            match claimed {
                Some(reason) => {
                    self.decide(&active.rule, active.rule.claims(), &reason, false);
                }
                None => self.evaluate(active.clone()),
            }
        }
    }

    /// Returns the rules, one for each section, whose options are in use.
    fn triggered(&self, rules: Vec<Active>) -> Vec<Active> {
        let index = self.index;
        let value = |option: &OptName| index.value(option);
        let having = |name: &str| index.sections_having(name);
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
                let mut renamed = rule.rename.iter().map(|rename| &*rename.from);
                if rule.triggers().iter().any(|option| index.is_set(option))
                    || renamed.any(|option| index.is_in_use(option))
                {
                    all.push(Active {
                        rule,
                        doubt: active.doubt.clone(),
                    });
                }
            }
        }
        all
    }

    /// Returns the options that are set and claimed, with the ids of the rules that claim them.
    fn claims<'r>(&self, rules: &'r [Active]) -> HashMap<&'r OptName, Vec<&'r str>> {
        let mut claims: HashMap<&OptName, Vec<&str>> = HashMap::default();
        for Active { rule, .. } in rules {
            let is_claimed = |option: &&OptName| {
                let is_removed = rule.remove.is_none() || self.definitions.is_removed(option);
                self.index.is_set(option) && is_removed
            };
            for option in rule.claims().into_iter().filter(is_claimed) {
                let by = claims.entry(option).or_default();
                if !by.contains(&&*rule.id) {
                    by.push(&rule.id);
                }
            }
        }
        claims
    }

    fn evaluate(&mut self, active: Active) {
        let settings = self.pass.settings;
        let rule = &active.rule;
        let Evaluation {
            outcome,
            options,
            mut renames,
            copied,
        } = evaluate(rule, self.index, self.definitions, self.pass);
        let has_doubt = rule.automatic != Automatic::Yes || active.doubt.is_some();
        if !has_doubt || settings.accept_rules.contains(&rule.id) {
            renames.extend(copied);
        }
        let effects = match outcome {
            Ok(effects) if effects.is_empty() && renames.is_empty() => return,
            Ok(effects) => effects,
            Err(reason) => return self.decide(rule, &options, &reason, false),
        };
        let acceptable = rule.automatic != Automatic::Advice;
        let is_accepted = acceptable && settings.accept_rules.contains(&rule.id);
        let by_rule = (rule.automatic != Automatic::Yes).then_some(&rule.why);
        // Nothing is read again because entries are removed.
        let is_removal = |effect: &Effect<'_>| matches!(effect.kind, EffectKind::Remove(..));
        let only_removes = renames.is_empty() && effects.iter().all(is_removal);
        let doubt = active.doubt.as_ref().filter(|_| !only_removes);
        let doubt = doubt.or(by_rule);
        if let Some(doubt) = doubt.filter(|_| !is_accepted) {
            return self.decide(rule, &options, doubt, acceptable);
        }
        if self.collides(&effects) {
            return self.followed.postponed.push(active);
        }
        let renames = renames.into_iter().map(|rename| (rename, rule.id.clone()));
        self.followed.renames.extend(renames);
        if !effects.is_empty() {
            self.planned.push(Planned::Rule(active.rule, effects));
        }
    }

    /// Tells whether another rule sets one of the same options or changes one of the same entries,
    /// so that this one has to be followed afterwards.
    fn collides(&self, effects: &[Effect<'_>]) -> bool {
        let mut planned = self.planned.iter().flat_map(Planned::effects);
        planned.any(|planned| {
            effects.iter().any(|effect| {
                let same_entry = effect.place().is_some() && effect.place() == planned.place();
                same_entry || effect.option == planned.option
            })
        })
    }

    /// Leaves a rule to the operator.
    fn decide<'o>(
        &mut self,
        rule: &Rule,
        options: impl IntoIterator<Item = &'o OptName>,
        reason: &str,
        acceptable: bool,
    ) {
        let set = options.into_iter().filter_map(|option| {
            let (file, entry) = self.index.place(option)?;
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
        let path = &self.index.files[file].path;
        let decision = Decision {
            acceptable,
            value_for: rule.option_of_value(&option).cloned(),
            options,
            rule: Some(rule.id.clone()),
            release: rule.release.clone(),
            advice: rule.advice.clone(),
            code: match rule.automatic {
                _ if rule.report.is_some() => Code::Advice,
                Automatic::Advice => Code::Advice,
                Automatic::Yes | Automatic::Partial => Code::NeedsDecision,
            },
            ..Decision::new(&option, path, line, format!("{names}: {reason}"))
        };
        self.followed.decisions.push((file, decision));
    }

    /// Makes the new texts, except for rules that cannot be proved.
    fn apply_proved(&mut self, names: &Names<'_>) -> Result<(), MigrateError> {
        let planned = std::mem::take(&mut self.planned);
        if planned.is_empty() {
            return Ok(());
        }
        let none = HashSet::default();
        let proved = self.pass.apply_proved(names, &none, &planned)?;
        for (at, mismatch) in proved.unproved {
            if let Planned::Rule(rule, effects) = &planned[at] {
                let sources = effects.iter().map(|effect| &effect.from);
                self.decide(rule, sources, &mismatch.to_string(), false);
            }
        }
        self.followed.files = proved.files;
        Ok(())
    }
}

/// Returns the options that rules may set, each with the ids of these rules.
fn made_options<'r>(
    rules: &'r [Active],
    index: &EntryIndex<'_, '_>,
) -> HashMap<&'r OptName, Vec<&'r str>> {
    let mut made: HashMap<&OptName, Vec<&str>> = HashMap::default();
    for Active { rule, .. } in rules {
        let renamed = rule.rename.iter();
        let renamed = renamed.filter(|rename| index.is_set(&rename.from));
        let set = rule.set.iter().map(|set| &set.option);
        for option in renamed.map(|rename| &rename.to).chain(set) {
            made.entry(&**option).or_default().push(&rule.id);
        }
    }
    made
}

/// Tells whether another rule may trigger a rule.
fn is_fed(rule: &Rule, made: &HashMap<&OptName, Vec<&str>>) -> bool {
    rule.triggers().into_iter().any(|option| {
        let mut by = made.get(option).into_iter().flatten();
        by.any(|id| *id != rule.id)
    })
}
