//! Following rules: which are, which wait for others, and which are the operator's to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use foldhash::HashSet;
use oslo_config::OptName;

use super::evaluate::{self, Found};
use super::world::{World, opts};
use super::{Active, Facts, Followed};
use crate::diagnostic::Code;
use crate::migrate::effect::{Effect, Planned};
use crate::migrate::names::Names;
use crate::migrate::pass::Pass;
use crate::migrate::{Decision, MigrateError};
use crate::rule::{Automatic, Rule, concrete};

/// Follows rules on what is seen of a set of files. With `waits`, one that another may give something to
/// do is postponed.
pub(crate) fn follow<'m>(
    pass: Pass<'_, '_, 'm>,
    rules: Vec<Active>,
    facts: &dyn Facts,
    waits: bool,
) -> Result<Followed<'m>, MigrateError> {
    let names = Names::new(pass.files, pass.pack);
    let opts = opts(pass.files, &names, &rules);
    let world = World::new(pass, &names, &opts, facts);
    let mut converter = Converter {
        world: &world,
        facts,
        pass,
        planned: Vec::new(),
        made: Followed::default(),
    };
    converter.follow(rules, waits);
    converter.apply_proved(&names)?;
    Ok(converter.made)
}

struct Converter<'c, 'd, 'm> {
    world: &'c World<'c, 'd>,
    facts: &'c dyn Facts,
    pass: Pass<'c, 'd, 'm>,
    planned: Vec<Planned<'d>>,
    made: Followed<'m>,
}

impl<'d, 'm> Converter<'_, 'd, 'm> {
    fn follow(&mut self, rules: Vec<Active>, waits: bool) {
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
                let mut renamed = rule.rename.iter().map(|rename| &*rename.from);
                if rule.triggers().iter().any(|option| world.is_set(option))
                    || renamed.any(|option| world.is_in_use(option))
                {
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
        let made = made_options(&all, world);
        for active in all {
            if waits && is_fed(&active.rule, &made) {
                self.made.postponed.push(active);
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
                None => self.evaluate(active),
            }
        }
    }

    fn evaluate(&mut self, active: Active) {
        let settings = self.pass.settings;
        let rule = &active.rule;
        let Found {
            outcome,
            options,
            renames,
        } = evaluate::evaluate(rule, self.world, self.facts, settings.keep_old);
        let effects = match outcome {
            Ok(effects) if effects.is_empty() && renames.is_empty() => return,
            Ok(effects) => effects,
            Err(reason) => return self.decide(rule, &options, &reason, false),
        };
        let acceptable = rule.automatic != Automatic::Advice;
        let is_accepted = acceptable && settings.accept_rules.contains(&rule.id);
        let by_rule = (rule.automatic != Automatic::Yes).then_some(&rule.why);
        let doubt = active.doubt.as_ref().or(by_rule);
        if let Some(doubt) = doubt.filter(|_| !is_accepted) {
            return self.decide(rule, &options, doubt, acceptable);
        }
        if self.collides(&effects) {
            return self.made.postponed.push(active);
        }
        let renames = renames.into_iter().map(|rename| (rename, rule.id.clone()));
        self.made.renames.extend(renames);
        if !effects.is_empty() {
            self.planned.push(Planned::Rule(active.rule, effects));
        }
    }

    /// Tells whether another rule sets one of the same options, or changes one of the same entries: then
    /// it is followed afterwards.
    fn collides(&self, effects: &[Effect<'_>]) -> bool {
        let entry = |effect: &Effect<'_>| Some((effect.file, effect.entry()?.line()));
        let mut planned = self.planned.iter().flat_map(Planned::effects);
        planned.any(|planned| {
            effects.iter().any(|effect| {
                let same_entry = entry(effect).is_some() && entry(effect) == entry(planned);
                same_entry || effect.option == planned.option
            })
        })
    }

    /// Leaves what a rule is about to the operator.
    fn decide<'o>(
        &mut self,
        rule: &Rule,
        options: impl IntoIterator<Item = &'o OptName>,
        reason: &str,
        acceptable: bool,
    ) {
        let set = options.into_iter().filter_map(|option| {
            let (file, entry) = self.world.place(option)?;
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
        let path = self.world.files[file].path;
        let decision = Decision {
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
            ..Decision::new(&option, path, line, format!("{names}: {reason}"))
        };
        self.made.decisions.push((file, decision));
    }

    /// Makes the new texts, without those rules that cannot be proved.
    fn apply_proved(&mut self, names: &Names<'_>) -> Result<(), MigrateError> {
        let planned = std::mem::take(&mut self.planned);
        if planned.is_empty() {
            return Ok(());
        }
        let none = HashSet::default();
        let proved = self.pass.apply_proved(names, &none, &planned)?;
        for (at, difference) in proved.unproved {
            if let Planned::Rule(rule, effects) = &planned[at] {
                let sources = effects.iter().map(|effect| &effect.from);
                self.decide(rule, sources, &difference.to_string(), false);
            }
        }
        self.made.files = proved.files;
        Ok(())
    }
}

/// The options that rules may set, each with the ids of these rules.
fn made_options(rules: &[Active], world: &World<'_, '_>) -> BTreeMap<OptName, BTreeSet<String>> {
    let mut made: BTreeMap<OptName, BTreeSet<String>> = BTreeMap::new();
    for Active { rule, .. } in rules {
        let renamed = rule.rename.iter();
        let renamed = renamed.filter(|rename| world.is_set(&rename.from));
        let set = rule.set.iter().map(|set| &set.option);
        for option in renamed.map(|rename| &rename.to).chain(set) {
            let by = made.entry(option.0.clone()).or_default();
            by.insert(rule.id.clone());
        }
    }
    made
}

/// Tells whether another rule may give one something to do.
fn is_fed(rule: &Rule, made: &BTreeMap<OptName, BTreeSet<String>>) -> bool {
    rule.triggers().into_iter().any(|option| {
        let by = made.get(option).into_iter().flatten();
        by.into_iter().any(|id| *id != rule.id)
    })
}
