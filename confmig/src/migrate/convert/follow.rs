//! Following rules: which are, which wait for others, and which are the operator's to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use oslo_config::{OptName, ParsedFile};

use super::effect::Effect;
use super::evaluate::{self, Found, Outcome};
use super::world::{World, opts};
use super::{Active, Converted, Facts, Planned, apply, prove};
use crate::diagnostic::Code;
use crate::migrate::names::Names;
use crate::migrate::view::View;
use crate::migrate::{Decision, FileMigration, MigrateError, Settings};
use crate::pack::Pack;
use crate::rule::{Automatic, Rename, Rule, concrete};

/// Follows rules on what is seen of a set of files.
pub(crate) fn convert<'d>(
    files: &'d [ParsedFile<'d>],
    pack: &Pack,
    rules: Vec<Active>,
    facts: &dyn Facts,
    settings: &Settings,
    view: &View,
) -> Result<Converted, MigrateError> {
    let names = Names::new(files, pack);
    let opts = opts(files, pack, &names, &rules);
    let world = World::new(files, &names, &opts, &rules);
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
    let made = converter.prove(planned, pack, view)?;
    Ok(Converted {
        files: made,
        decisions: converter.decisions,
        renames: converter.renames,
        postponed: converter.postponed,
    })
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
        view: &View,
    ) -> Result<Option<Vec<FileMigration>>, MigrateError> {
        if planned.is_empty() {
            return Ok(None);
        }
        let made = apply::apply(self.world, &planned)?;
        if prove::differences(self.world, &planned, &made, pack, view)?.is_empty() {
            return Ok(Some(made));
        }
        let mut proved = Vec::new();
        for one in planned {
            let alone = [one];
            let made = apply::apply(self.world, &alone)?;
            let differences = prove::differences(self.world, &alone, &made, pack, view)?;
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
        let differences = prove::differences(self.world, &proved, &made, pack, view)?;
        if differences.is_empty() {
            Ok(Some(made))
        } else {
            Err(MigrateError::Unproved(differences))
        }
    }
}
