//! What a rule would do to a set of files.

mod items;
mod remove;
mod rename;
mod set;

use oslo_config::OptName;

use super::Facts;
use super::text::{Doubtful, says};
use super::world::World;
use crate::migrate::effect::{Effect, Kind};
use crate::rule::{Condition, IfSet, Rename, Rule};

pub(super) struct Found<'d> {
    /// What is done, which may be nothing, or why the operator has to decide.
    pub(super) outcome: Result<Vec<Effect<'d>>, Doubtful>,
    /// The options that it is about.
    pub(super) options: Vec<OptName>,
    /// Renamings without any doubt, which are made by the engine for these.
    pub(super) renames: Vec<Rename>,
}

/// Works out what a rule would do.
pub(super) fn evaluate<'d>(
    rule: &Rule,
    world: &World<'_, 'd>,
    facts: &dyn Facts,
    keep_old: bool,
) -> Found<'d> {
    let evaluator = Evaluator {
        rule,
        world,
        facts,
        keep_old,
    };
    let mut renames = Vec::new();
    let options: Vec<OptName> = rule
        .triggers()
        .into_iter()
        .filter(|option| {
            let mut renamed = rule.rename.iter().map(|rename| &*rename.from);
            let is_renamed = renamed.any(|from| from == *option);
            world.is_set(option) || is_renamed && world.is_in_use(option)
        })
        .cloned()
        .collect();
    let outcome = match evaluator.outcome(&mut renames) {
        Ok(effects) => match evaluator.dangling(&effects) {
            Some(reason) => Err(reason),
            // There is only something to say.
            None if effects.is_empty() && rule.report.is_some() && evaluator.hold(&rule.when) => {
                Err(rule.why.clone())
            }
            None => Ok(effects),
        },
        outcome => outcome,
    };
    let options = evaluator.about(&outcome, options);
    Found {
        outcome,
        options,
        renames,
    }
}

struct Evaluator<'e, 'd> {
    rule: &'e Rule,
    world: &'e World<'e, 'd>,
    facts: &'e dyn Facts,
    keep_old: bool,
}

impl<'d> Evaluator<'_, 'd> {
    fn outcome(&self, renames: &mut Vec<Rename>) -> Result<Vec<Effect<'d>>, Doubtful> {
        let rule = self.rule;
        if !self.hold(&rule.when) {
            return Ok(Vec::new());
        }
        let mut effects = Vec::new();
        for rename in rule
            .rename
            .iter()
            .filter(|rename| self.world.is_in_use(&rename.from))
        {
            // What `last` says is what a renaming does with a deprecated name.
            let merges = rule.if_target_set != IfSet::Last
                && self.world.is_set(&rename.from)
                && self.world.is_set(&rename.to);
            if merges {
                effects.extend(self.merged(rename)?);
            }
            if !merges {
                renames.push(rename.clone());
            }
        }
        if !rule.set.is_empty() {
            effects.extend(self.assignments()?);
        }
        if let Some(items) = &rule.items {
            effects.extend(self.items(items)?);
        }
        if let Some(removal) = &rule.remove {
            effects.extend(self.removal(removal)?);
        }
        if effects.is_empty() && renames.is_empty() {
            return Ok(effects);
        }
        if let Some(doubt) = rule
            .decide
            .iter()
            .find(|doubt| self.holds(&doubt.condition()))
        {
            return Err(doubt.why.clone());
        }
        if self.keep_old {
            let replaces = effects
                .iter()
                .any(|effect| matches!(effect.kind, Kind::Replace(..)));
            if replaces {
                return Err(
                    "a value cannot be both the old and the new one: migrate without --keep-old"
                        .into(),
                );
            }
            effects.retain(|effect| matches!(effect.kind, Kind::Add(..)));
        }
        Ok(effects)
    }

    fn hold(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| self.holds(condition))
    }

    fn holds(&self, condition: &Condition) -> bool {
        let set = condition
            .set
            .is_none_or(|set| self.world.is_set(&condition.option) == set);
        let equals = condition.equals.as_ref().is_none_or(|wanted| {
            self.world
                .value(&condition.option)
                .is_some_and(|value| says(&value, wanted))
        });
        (set && equals) != condition.not
    }

    /// The options that a report of the outcome names: of removals and lists, those that are affected.
    fn about(
        &self,
        outcome: &Result<Vec<Effect<'d>>, Doubtful>,
        mut options: Vec<OptName>,
    ) -> Vec<OptName> {
        let affects = self.rule.items.is_some() || self.rule.remove.is_some();
        if let Ok(effects) = outcome
            && affects
            && !effects.is_empty()
        {
            options.retain(|option| effects.iter().any(|effect| effect.from == *option));
        }
        options
    }

    /// Why a value that refers to an option that goes or changes would not be right any more.
    fn dangling(&self, effects: &[Effect<'d>]) -> Option<String> {
        let place = |effect: &Effect<'_>| Some((effect.file, effect.entry()?.line()));
        let gone: Vec<(usize, usize)> = effects.iter().filter_map(place).collect();
        let changed = effects.iter().filter(|effect| effect.entry().is_some());
        changed.map(|effect| &effect.option).find_map(|option| {
            let referring = self.world.referred.get(option)?;
            let (file, entry) = referring
                .iter()
                .find(|(file, entry)| !gone.contains(&(*file, entry.line())))?;
            let path = self.world.files[*file].path.display();
            Some(format!(
                "{} in {path}:{} refers to {option}: put the value itself there",
                entry.key(),
                entry.line()
            ))
        })
    }
}
