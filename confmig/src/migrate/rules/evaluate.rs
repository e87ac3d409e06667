//! Evaluates a rule: computes its effects on a set of files.

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::OptName;

use super::index::EntryIndex;
use super::text::{Doubtful, says, split};
use crate::migrate::definitions::Definitions;
use crate::migrate::pass::Pass;
use crate::migrate::planned::{Effect, EffectKind, RemovalReason};
use crate::rule::{Condition, IfSet, Items, Name, Removal, Rename, Rule};

/// The evaluation of a rule.
pub(super) struct Evaluation<'d> {
    /// The effects, possibly none, or why the operator has to decide.
    pub(super) outcome: Result<Vec<Effect<'d>>, Doubtful>,
    /// The options that the rule is about.
    pub(super) options: Vec<OptName>,
    /// The renamings that need no merging of values.
    pub(super) renames: Vec<Rename>,
    /// With the old names kept: the renamings that a run before has made. References in copies
    /// follow to these options, too.
    pub(super) copied: Vec<Rename>,
}

/// Evaluates a rule.
pub(super) fn evaluate<'d>(
    rule: &Rule,
    index: &EntryIndex<'_, 'd>,
    definitions: &dyn Definitions,
    pass: Pass<'_, '_>,
) -> Evaluation<'d> {
    let evaluator = Evaluator {
        rule,
        index,
        definitions,
        pass,
    };
    let mut renames = Vec::new();
    let options: Vec<OptName> = rule
        .triggers()
        .into_iter()
        .filter(|option| {
            let mut renamed = rule.rename.iter().map(|rename| &*rename.from);
            let is_renamed = renamed.any(|from| from == *option);
            index.is_set(option) || is_renamed && index.is_in_use(option)
        })
        .cloned()
        .collect();
    let outcome = match evaluator.outcome(&mut renames) {
        Ok(effects) => match evaluator.dangling(&effects) {
            Some(reason) => Err(reason),
            None if effects.is_empty() && rule.report.is_some() && evaluator.hold(&rule.when) => {
                Err(rule.why.clone())
            }
            None if effects.is_empty() && renames.is_empty() => Ok(effects),
            None => match evaluator.undecided() {
                Some(option) => Err(format!(
                    "what the rule makes of it depends on {option}, which is left to decide"
                )),
                None => Ok(effects),
            },
        },
        outcome => outcome,
    };
    let options = evaluator.about(&outcome, evaluator.made_from(options));
    Evaluation {
        copied: outcome.as_ref().map_or(Vec::new(), |_| evaluator.copied()),
        outcome,
        options,
        renames,
    }
}

pub(super) struct Evaluator<'e, 'd> {
    pub(super) rule: &'e Rule,
    pub(super) index: &'e EntryIndex<'e, 'd>,
    pub(super) definitions: &'e dyn Definitions,
    pub(super) pass: Pass<'e, 'e>,
}

impl<'d> Evaluator<'_, 'd> {
    fn outcome(&self, renames: &mut Vec<Rename>) -> Result<Vec<Effect<'d>>, Doubtful> {
        let rule = self.rule;
        if !self.hold(&rule.when) {
            return Ok(Vec::new());
        }
        let mut effects = Vec::new();
        let in_use = rule.rename.iter();
        let in_use = in_use.filter(|rename| self.index.is_in_use(&rename.from));
        for rename in in_use {
            // What a renaming left to decide is reported already.
            if self.is_left(&rename.from) || self.is_left(&rename.to) {
                continue;
            }
            // With `last`, values are merged like those of a deprecated name: by a renaming.
            let target = self.target_of(rename);
            let merges = rule.if_target_set != IfSet::Last
                && self.index.is_set(&rename.from)
                && self.index.is_set(&target);
            match merges {
                true => effects.extend(self.merged(&rename.from, &target)?),
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
        let mut doubts = rule.decide.iter();
        if let Some(doubt) = doubts.find(|doubt| self.holds(&doubt.condition())) {
            return Err(doubt.why.clone());
        }
        if self.pass.settings.keep_old {
            let mut targets = renames.iter().map(|rename| &*rename.to);
            if let Some(option) = targets.find(|option| (self.pass.legacy_has)(option)) {
                return Err(format!(
                    "the legacy program reads {option}, too, so the old and the new name cannot \
                     both be kept: migrate without --keep-old"
                ));
            }
            let replaces = |effect: &Effect<'_>| matches!(effect.kind, EffectKind::Replace(..));
            if effects.iter().any(replaces) {
                let reason = "the old and the new value cannot both be kept: migrate without \
                              --keep-old";
                return Err(reason.into());
            }
            effects.retain(|effect| matches!(effect.kind, EffectKind::Add(..)));
        }
        Ok(effects)
    }

    /// Returns an option that the values depend on and that is left to decide.
    fn undecided(&self) -> Option<&OptName> {
        let renames = || self.rule.rename.iter();
        let mut depends_on = self.rule.depends_on().into_iter();
        let is_renamed = |option: &Name| renames().any(|it| [&it.from, &it.to].contains(&option));
        let found = depends_on.find(|option| !is_renamed(option) && self.is_left(option));
        found.map(|option| &**option)
    }

    /// Tells whether an option is still set under a name whose renaming is left to decide: rules do
    /// not see that value.
    pub(super) fn is_left(&self, option: &OptName) -> bool {
        let former = self.definitions.former(option);
        let held = self.pass.held.former(option).iter();
        let mut names = former.iter().chain(held).chain([option]);
        names.any(|name| {
            let is_undecided =
                (self.pass.is_undecided)(option) || self.pass.is_held(name.group(), name.name());
            is_undecided && self.index.is_set(name)
        })
    }

    pub(super) fn hold(&self, conditions: &[Condition]) -> bool {
        conditions.iter().all(|condition| self.holds(condition))
    }

    fn holds(&self, condition: &Condition) -> bool {
        let set = condition
            .set
            .is_none_or(|set| self.index.is_set(&condition.option) == set);
        let equals = condition.equals.as_ref().is_none_or(|wanted| {
            self.index
                .value(&condition.option)
                .is_some_and(|value| says(&value, wanted))
        });
        let contains = condition.contains.as_ref().is_none_or(|item| {
            let option = &condition.option;
            let value = match self.index.is_set(option) {
                true => self.index.value(option),
                false => self.definitions.default_of(option),
            };
            value.is_some_and(|value| split(&value, None).contains(&item.as_str()))
        });
        (set && equals && contains) != condition.not
    }

    /// Returns the options that values are made from, or all if there are none: a condition is not
    /// what a decision is about.
    fn made_from(&self, options: Vec<OptName>) -> Vec<OptName> {
        let is_part = |option: &&OptName| {
            let mut parts = self.rule.part.values();
            parts.any(|part| *part.option == **option)
        };
        let parts: Vec<OptName> = options.iter().filter(is_part).cloned().collect();
        if parts.is_empty() { options } else { parts }
    }

    /// Returns the options that a decision names: of removals and lists, those that are affected.
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

    /// Describes a value that refers to an option that is removed or changed; `None` when there is
    /// none.
    fn dangling(&self, effects: &[Effect<'d>]) -> Option<String> {
        let gone: HashSet<(usize, usize)> = effects.iter().filter_map(Effect::place).collect();
        let changed = effects.iter().filter(|effect| effect.entry().is_some());
        changed.map(|effect| &effect.option).find_map(|option| {
            let referring = self.index.referred.get(option)?;
            let (file, entry) = referring
                .iter()
                .find(|(file, entry)| !gone.contains(&(*file, entry.line())))?;
            let path = self.index.files[*file].path.display();
            Some(format!(
                "{} in {path}:{} refers to {option}: replace the reference with the value",
                entry.key(),
                entry.line()
            ))
        })
    }

    /// Replaces and drops items of lists.
    fn items(&self, items: &Items) -> Result<Vec<Effect<'d>>, Doubtful> {
        let mut effects = Vec::new();
        for option in &items.options {
            for (file, entry) in self.index.entries(option) {
                let value = entry.value();
                let Ok(raw) = value.to_str() else { continue };
                let present = split(raw, None);
                let (mut kept, mut seen): (Vec<&str>, HashSet<&str>) = Default::default();
                for item in &present {
                    let new = items.replace.get(*item).map_or(*item, String::as_str);
                    if !items.drop.iter().any(|drop| drop == item) && seen.insert(new) {
                        kept.push(new);
                    }
                }
                if kept == present || present.iter().all(|item| seen.contains(item)) {
                    continue;
                }
                if kept.is_empty() && self.definitions.is_list(option) == Some(false) {
                    effects.push(Effect::remove((file, entry), option, RemovalReason::Unread));
                    continue;
                }
                if kept.is_empty() {
                    return Err(format!(
                        "nothing would be left of {} in {option}: write a replacement",
                        present.join(", ")
                    ));
                }
                let raw = kept.join(if raw.contains(", ") { ", " } else { "," });
                let value = self.index.text(raw, option.group())?;
                effects.push(Effect {
                    file,
                    from: option.0.clone(),
                    option: option.0.clone(),
                    kind: EffectKind::Replace(entry, value),
                });
            }
        }
        Ok(effects)
    }

    /// Removes options that are no longer read.
    fn removal(&self, removal: &Removal) -> Result<Vec<Effect<'d>>, Doubtful> {
        let mut effects = Vec::new();
        let options = removal.options.iter();
        for option in options.filter(|option| self.definitions.is_removed(option)) {
            if let (Some(kept), Some(value)) = (&removal.kept, self.index.value(option))
                && !says(&value, kept)
            {
                return Err(format!(
                    "its value is not {kept}, the only behaviour this release supports: {}",
                    self.rule.why
                ));
            }
            let entries = self.index.entries(option).into_iter();
            effects.extend(entries.map(|at| Effect::remove(at, option, RemovalReason::Unread)));
        }
        Ok(effects)
    }
}
