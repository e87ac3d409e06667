//! What a rule would do to a set of files.

mod set;

use bstr::ByteSlice;
use oslo_config::OptName;

use super::Facts;
use super::text::{Doubtful, says, split};
use super::world::World;
use crate::migrate::effect::{Because, Effect, Kind};
use crate::rule::{Condition, IfSet, Items, Removal, Rename, Rule};

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
            match merges {
                true => effects.extend(self.merged(rename)?),
                false => renames.push(rename.clone()),
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

    /// Items of lists that are replaced or dropped.
    fn items(&self, items: &Items) -> Result<Vec<Effect<'d>>, Doubtful> {
        let mut effects = Vec::new();
        for option in &items.options {
            for (file, entry) in self.world.entries(option) {
                let value = entry.value();
                let Ok(raw) = value.to_str() else { continue };
                let present = split(raw, None);
                let mut kept: Vec<&str> = Vec::new();
                for item in &present {
                    let new = items.replace.get(*item).map_or(*item, String::as_str);
                    if !items.drop.iter().any(|drop| drop == item) && !kept.contains(&new) {
                        kept.push(new);
                    }
                }
                if kept == present || present.iter().all(|item| kept.contains(item)) {
                    continue;
                }
                if kept.is_empty() && self.facts.is_list(option) == Some(false) {
                    effects.push(Effect::remove((file, entry), option, Because::Unread));
                    continue;
                }
                if kept.is_empty() {
                    return Err(format!(
                        "nothing would be left of {} in {option}: write what takes its place",
                        present.join(", ")
                    ));
                }
                let raw = kept.join(if raw.contains(", ") { ", " } else { "," });
                let value = self.world.text(raw, option.group())?;
                effects.push(Effect {
                    file,
                    from: option.0.clone(),
                    option: option.0.clone(),
                    kind: Kind::Replace(entry, value),
                });
            }
        }
        Ok(effects)
    }

    /// Options that nothing reads any more.
    fn removal(&self, removal: &Removal) -> Result<Vec<Effect<'d>>, Doubtful> {
        let mut effects = Vec::new();
        for option in removal
            .options
            .iter()
            .filter(|option| self.facts.is_gone(option))
        {
            if let (Some(kept), Some(value)) = (&removal.kept, self.world.value(option))
                && !says(&value, kept)
            {
                return Err(format!(
                    "it asks for something else than {kept}, which is no longer supported: {}",
                    self.rule.why
                ));
            }
            let entries = self.world.entries(option).into_iter();
            effects.extend(entries.map(|at| Effect::remove(at, option, Because::Unread)));
        }
        Ok(effects)
    }
}
