//! What a rule would do to a set of files.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::{Entry, OptName, references};

use super::text::{Doubtful, Text, same, split, switch};
use super::value::Values;
use super::{Facts, World};
use crate::rule::{Assignment, Condition, IfSet, Items, Removal, Rename, Rule};

/// One thing that is done to a file.
#[derive(Debug, Clone)]
pub(super) enum Effect<'d> {
    /// An entry gets another value where it stands.
    Replace {
        file: usize,
        entry: Entry<'d, 'd>,
        option: OptName,
        value: Text,
        from: OptName,
    },
    /// An option is set that was not, near the entries that its value comes from.
    Add {
        file: usize,
        option: OptName,
        value: Text,
        from: OptName,
        sources: Vec<Entry<'d, 'd>>,
    },
    /// An entry goes. `into` is the option that its value is part of now; none when nothing reads it.
    Take {
        file: usize,
        entry: Entry<'d, 'd>,
        option: OptName,
        into: Option<OptName>,
        hidden: bool,
    },
}

impl Effect<'_> {
    /// The option that is set, or goes.
    pub(super) fn option(&self) -> OptName {
        match self {
            Effect::Replace { option, .. }
            | Effect::Add { option, .. }
            | Effect::Take { option, .. } => option.clone(),
        }
    }

    /// The option that it starts from.
    pub(super) fn source(&self) -> OptName {
        match self {
            Effect::Replace { from, .. } | Effect::Add { from, .. } => from.clone(),
            Effect::Take { option, .. } => option.clone(),
        }
    }
}

/// What following a rule comes to.
pub(super) enum Outcome<'d> {
    /// There is nothing to do.
    Idle,
    /// There is only something to say.
    Advice,
    /// The operator has to decide what cannot be told here.
    Undecided(String),
    /// This is done.
    Effects(Vec<Effect<'d>>),
}

pub(super) struct Found<'d> {
    pub(super) outcome: Outcome<'d>,
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
        .filter(|option| world.is_set(option))
        .cloned()
        .collect();
    let outcome = match evaluator.outcome(&mut renames) {
        Ok(effects) if effects.is_empty() => Outcome::Idle,
        Ok(effects) => match evaluator.dangling(&effects) {
            Some(reason) => Outcome::Undecided(reason),
            None => Outcome::Effects(effects),
        },
        Err(reason) => Outcome::Undecided(reason),
    };
    let outcome = match outcome {
        Outcome::Idle if rule.report.is_some() && evaluator.hold(&rule.when) => Outcome::Advice,
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
            .filter(|rename| self.world.is_set(&rename.from))
        {
            if self.world.is_set(&rename.to) && !self.keep_old {
                effects.extend(self.merged(rename)?);
            } else {
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
        if effects.is_empty() {
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
                .any(|effect| matches!(effect, Effect::Replace { .. }));
            if replaces {
                return Err(
                    "a value cannot be both the old and the new one: migrate without --keep-old"
                        .into(),
                );
            }
            effects.retain(|effect| matches!(effect, Effect::Add { .. }));
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
                .is_some_and(|value| same(&value, wanted))
        });
        (set && equals) != condition.not
    }

    /// The options that a report of the outcome names: of removals and lists, those that are affected.
    fn about(&self, outcome: &Outcome<'d>, options: Vec<OptName>) -> Vec<OptName> {
        let Outcome::Effects(effects) = outcome else {
            return options;
        };
        if self.rule.items.is_none() && self.rule.remove.is_none() {
            return options;
        }
        let sources: BTreeSet<OptName> = effects.iter().map(Effect::source).collect();
        options
            .into_iter()
            .filter(|option| sources.contains(option))
            .collect()
    }

    /// Why a value that refers to an option that goes or changes would not be right any more.
    fn dangling(&self, effects: &[Effect<'d>]) -> Option<String> {
        let gone: Vec<(usize, usize)> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Take { file, entry, .. } | Effect::Replace { file, entry, .. } => {
                    Some((*file, entry.line()))
                }
                Effect::Add { .. } => None,
            })
            .collect();
        effects.iter().find_map(|effect| {
            if matches!(effect, Effect::Add { .. }) {
                return None;
            }
            let option = effect.option();
            let referring = self.world.referred.get(&option)?;
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

    /// A renaming whose target is set, too.
    fn merged(&self, rename: &Rename) -> Result<Vec<Effect<'d>>, Doubtful> {
        let (from, to): (&OptName, &OptName) = (&rename.from, &rename.to);
        let old = self.world.entries(from);
        let new = self.world.entries(to);
        let (Some((_, source)), Some((file, target))) = (old.last(), new.last()) else {
            return Ok(Vec::new());
        };
        let mut effects = Vec::new();
        let value = |entry: &Entry<'d, 'd>, option: &OptName| {
            let value = entry.value();
            let raw = value
                .to_str()
                .map_err(|_| format!("the value of {option} is not UTF-8"))?
                .to_owned();
            let read = self.world.read(&raw, option.group())?;
            Ok::<Text, Doubtful>(Text { raw, read })
        };
        let (old_value, new_value) = (value(source, from)?, value(target, to)?);
        let replace = match self.rule.if_target_set {
            IfSet::Target => false,
            IfSet::Source => !same(&old_value.read, &new_value.read),
            IfSet::Either => match (switch(&old_value.read), switch(&new_value.read)) {
                (Some(old), Some(new)) => old && !new,
                _ => return Err(format!("{from} or {to} is neither true nor false")),
            },
            IfSet::Decide if same(&old_value.read, &new_value.read) => false,
            IfSet::Decide => {
                return Err(format!(
                    "{from} and {to} are both set, and differ: keep one of them"
                ));
            }
        };
        if replace {
            if !references(old_value.raw.as_bytes()).is_empty() || old_value.raw.contains('\n') {
                return Err(format!(
                    "{from} and {to} are both set: keep the first under the name of the second"
                ));
            }
            effects.push(Effect::Replace {
                file: *file,
                entry: *target,
                option: to.clone(),
                value: old_value,
                from: from.clone(),
            });
        }
        effects.extend(old.iter().map(|(file, entry)| Effect::Take {
            file: *file,
            entry: *entry,
            option: from.clone(),
            into: Some(to.clone()),
            hidden: !replace,
        }));
        Ok(effects)
    }

    fn assignments(&self) -> Result<Vec<Effect<'d>>, Doubtful> {
        let rule = self.rule;
        let taken: Vec<&OptName> = rule.taken();
        let of_parts = rule.part.values().map(|part| &*part.option);
        let sources: BTreeSet<&OptName> = of_parts
            .chain(taken.iter().copied())
            .filter(|option| self.world.is_set(option))
            .collect();
        let going = taken.is_empty() || taken.iter().any(|option| self.world.is_set(option));
        if !going {
            return Ok(Vec::new());
        }
        let files: BTreeSet<usize> = sources
            .iter()
            .flat_map(|option| self.world.entries(option))
            .map(|(file, _)| file)
            .collect();
        let distinct: BTreeSet<&OptName> = rule.part.values().map(|part| &*part.option).collect();
        if files.len() > 1 && (distinct.len() > 1 || sources.len() > 1) {
            let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
            return Err(format!(
                "{} are set in several files, of which each counts by itself: put them into one",
                names.join(", ")
            ));
        }
        let mut effects = Vec::new();
        for file in files {
            let values = Values {
                world: self.world,
                rule,
                file: Some(file),
                gone: &taken,
            };
            let mut of_file: Vec<Effect<'d>> = Vec::new();
            for set in &rule.set {
                if let Some(effect) = self.assignment(set, &values, file, &of_file)? {
                    of_file.push(effect);
                }
            }
            let into = of_file.first().map(Effect::option);
            let hidden = into.is_none()
                && rule
                    .set
                    .iter()
                    .any(|set| self.hold(&set.when) && self.world.is_set(&set.option));
            let into = into.or_else(|| {
                rule.set
                    .first()
                    .filter(|_| hidden)
                    .map(|set| set.option.0.clone())
            });
            for option in &taken {
                for (_, entry) in self
                    .world
                    .entries(option)
                    .into_iter()
                    .filter(|(of, _)| *of == file)
                {
                    of_file.push(Effect::Take {
                        file,
                        entry,
                        option: (*option).clone(),
                        into: into.clone(),
                        hidden,
                    });
                }
            }
            effects.extend(of_file);
        }
        Ok(effects)
    }

    /// What setting one option comes to; `None` when it keeps what it has.
    fn assignment(
        &self,
        set: &Assignment,
        values: &Values<'_, 'd>,
        file: usize,
        before: &[Effect<'d>],
    ) -> Result<Option<Effect<'d>>, Doubtful> {
        let target: &OptName = &set.option;
        if !self.hold(&set.when) || before.iter().any(|effect| effect.option() == *target) {
            return Ok(None);
        }
        let existing = self.world.entries(target).last().copied();
        let if_set = set.if_set.unwrap_or(self.rule.if_target_set);
        if existing.is_some() && !set.append && if_set == IfSet::Target {
            return Ok(None);
        }
        let Some(value) = values.template(&set.value, target.group())? else {
            return Ok(None);
        };
        if let Some(need) = set.need.iter().find(|need| !self.world.is_set(need)) {
            return Err(format!("{target} needs {need}, which is not set"));
        }
        let used: Vec<Entry<'d, 'd>> = self.sources(values);
        let from = self.source_name(values, target);
        if set.append {
            return self.appended(set, &value, existing, file, from, used);
        }
        let Some((existing_file, entry)) = existing else {
            return Ok(Some(Effect::Add {
                file,
                option: target.clone(),
                value,
                from,
                sources: used,
            }));
        };
        let present = self
            .world
            .value(target)
            .ok_or_else(|| format!("the value of {target} cannot be read"))?;
        let replace = match if_set {
            IfSet::Target => false,
            IfSet::Source => present != value.read,
            IfSet::Either => match (switch(&present), switch(&value.read)) {
                (Some(present), Some(new)) => new && !present,
                _ => return Err(format!("{target} is neither true nor false")),
            },
            IfSet::Decide if same(&present, &value.read) => false,
            IfSet::Decide => {
                return Err(format!(
                    "{target} is set, too, and differs: keep one of them"
                ));
            }
        };
        // In place, the entry of this file is meant; elsewhere, the one that counts.
        let own = values.entry(target).map(|entry| (file, entry));
        let in_place = self.rule.part.values().any(|part| *part.option == *target);
        let (file, entry) = own.filter(|_| in_place).unwrap_or((existing_file, entry));
        Ok(replace.then(|| Effect::Replace {
            file,
            entry,
            option: target.clone(),
            value,
            from,
        }))
    }

    /// Items that are added to a list, to its default when it is not set.
    fn appended(
        &self,
        set: &Assignment,
        value: &Text,
        existing: Option<(usize, Entry<'d, 'd>)>,
        file: usize,
        from: OptName,
        sources: Vec<Entry<'d, 'd>>,
    ) -> Result<Option<Effect<'d>>, Doubtful> {
        let target: &OptName = &set.option;
        let present = match existing {
            Some((_, entry)) => {
                let value = entry.value();
                value
                    .to_str()
                    .map_err(|_| format!("the value of {target} is not UTF-8"))?
                    .to_owned()
            }
            None => match self.facts.default_of(target) {
                Some(default) => default,
                None if self.facts.is_list(target).is_some() => String::new(),
                None => {
                    return Err(format!(
                        "{target} is not set, and its default is not known here: set it"
                    ));
                }
            },
        };
        let read = self.world.read(&present, target.group())?;
        let has = split(&read, None);
        let missing = |text: &str| -> Vec<String> {
            split(text, None)
                .into_iter()
                .filter(|item| !has.contains(item))
                .map(str::to_owned)
                .collect()
        };
        let new = missing(&value.read);
        if new.is_empty() {
            return Ok(None);
        }
        let joint = if present.contains(", ") { ", " } else { "," };
        let with = |present: &str, new: Vec<String>| {
            let items = split(present, None)
                .into_iter()
                .map(str::to_owned)
                .chain(new);
            items.collect::<Vec<_>>().join(joint)
        };
        let value = Text {
            read: with(&read, new),
            raw: with(&present, missing(&value.raw)),
        };
        let option = target.clone();
        Ok(Some(match existing {
            Some((file, entry)) => Effect::Replace {
                file,
                entry,
                option,
                value,
                from,
            },
            None => Effect::Add {
                file,
                option,
                value,
                from,
                sources,
            },
        }))
    }

    /// The entries that a rule's values come from, in the order in which they stand.
    fn sources(&self, values: &Values<'_, 'd>) -> Vec<Entry<'d, 'd>> {
        let parts = self.rule.part.values().map(|part| &*part.option);
        let conditions = self.rule.when.iter().map(|condition| &*condition.option);
        let options: BTreeSet<&OptName> =
            parts.chain(conditions).chain(self.rule.taken()).collect();
        let mut entries: Vec<Entry<'d, 'd>> = options
            .into_iter()
            .filter_map(|option| values.entry(option))
            .collect();
        let taken = self.rule.taken();
        let is_taken = |entry: &Entry<'d, 'd>| {
            let (group, key) = (entry.group(), entry.key());
            taken
                .iter()
                .any(|option| *group == *option.group() && *key == *option.name())
        };
        entries.sort_by_key(|entry| (!is_taken(entry), entry.line()));
        entries
    }

    fn source_name(&self, values: &Values<'_, 'd>, target: &OptName) -> OptName {
        let first = self.sources(values).into_iter().next();
        first.map_or_else(
            || target.clone(),
            |entry| OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy()),
        )
    }

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
                let option = option.0.clone();
                if kept.is_empty() && self.facts.is_list(&option) == Some(false) {
                    effects.push(Effect::Take {
                        file,
                        entry,
                        option,
                        into: None,
                        hidden: false,
                    });
                    continue;
                }
                if kept.is_empty() {
                    return Err(format!(
                        "nothing would be left of {} in {option}: write what takes its place",
                        present.join(", ")
                    ));
                }
                let raw = kept.join(if raw.contains(", ") { ", " } else { "," });
                let read = self.world.read(&raw, option.group())?;
                let value = Text { raw, read };
                let from = option.clone();
                effects.push(Effect::Replace {
                    file,
                    entry,
                    option,
                    value,
                    from,
                });
            }
        }
        Ok(effects)
    }

    fn removal(&self, removal: &Removal) -> Result<Vec<Effect<'d>>, Doubtful> {
        let mut effects = Vec::new();
        for option in removal
            .options
            .iter()
            .filter(|option| self.facts.is_gone(option))
        {
            if let (Some(kept), Some(value)) = (&removal.kept, self.world.value(option))
                && !same(&value, kept)
            {
                return Err(format!(
                    "it asks for something else than {kept}, which cannot be had any more: {}",
                    self.rule.why
                ));
            }
            effects.extend(self.world.entries(option).into_iter().map(|(file, entry)| {
                Effect::Take {
                    file,
                    entry,
                    option: option.0.clone(),
                    into: None,
                    hidden: false,
                }
            }));
        }
        Ok(effects)
    }
}
