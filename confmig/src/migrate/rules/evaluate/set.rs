//! Options that are set, with values made from others or with that of a former name.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use oslo_config::{Entry, OptName, references};

use super::Evaluator;
use crate::migrate::effect::{Because, Effect, Kind};
use crate::migrate::rules::text::{Doubtful, Text, same, split, switch};
use crate::migrate::rules::value::Values;
use crate::rule::{Assignment, IfSet, Rename};
use crate::target::name_of;

impl<'d> Evaluator<'_, 'd> {
    /// A renaming whose target is set, too.
    pub(super) fn merged(&self, rename: &Rename) -> Result<Vec<Effect<'d>>, Doubtful> {
        let (from, to): (&OptName, &OptName) = (&rename.from, &rename.to);
        let old = self.world.entries(from);
        let new = self.world.entries(to);
        let (Some((_, source)), Some((file, target))) = (old.last(), new.last()) else {
            return Ok(Vec::new());
        };
        let mut effects = Vec::new();
        let value = |entry: Entry<'_, '_>, option: &OptName| {
            let raw = self.world.raw(entry, option)?;
            self.world.text(raw, option.group())
        };
        let (old_value, new_value) = (value(*source, from)?, value(*target, to)?);
        let is_same = same(&self.facts.define(to), &old_value.read, &new_value.read);
        let replace = match self.rule.if_target_set {
            IfSet::Target | IfSet::Last => false,
            IfSet::Source => !is_same,
            IfSet::Either => match (switch(&old_value.read), switch(&new_value.read)) {
                (Some(old), Some(new)) => old && !new,
                _ => return Err(format!("{from} or {to} is neither true nor false")),
            },
            IfSet::Decide if is_same => false,
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
            effects.push(Effect {
                file: *file,
                from: from.clone(),
                option: to.clone(),
                kind: Kind::Replace(*target, old_value),
            });
        }
        let because = match replace {
            true => Because::PartOf(to.clone()),
            false => Because::HiddenBy(to.clone()),
        };
        let old = old.into_iter();
        effects.extend(old.map(|at| Effect::remove(at, from, because.clone())));
        Ok(effects)
    }

    /// The options that a rule sets.
    pub(super) fn assignments(&self) -> Result<Vec<Effect<'d>>, Doubtful> {
        let rule = self.rule;
        let taken: Vec<&OptName> = rule.taken();
        let is_set = |option: &&OptName| self.world.is_set(option);
        if !taken.is_empty() && !taken.iter().any(is_set) {
            return Ok(Vec::new());
        }
        let parts: BTreeSet<&OptName> = rule.part.values().map(|part| &*part.option).collect();
        // What is set for a condition alone is set where the condition holds.
        let conditions = rule.when.iter().filter(|_| parts.is_empty());
        let conditions = conditions.map(|condition| &*condition.option);
        let all = parts.iter().chain(&taken).copied().chain(conditions);
        let sources: BTreeSet<&OptName> = all.filter(is_set).collect();
        let files: BTreeSet<usize> = sources
            .iter()
            .flat_map(|option| self.world.entries(option))
            .map(|(file, _)| file)
            .collect();
        if files.len() > 1 && (parts.len() > 1 || sources.len() > 1) {
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
                file,
                gone: &taken,
                put_in: RefCell::default(),
            };
            let mut of_file: Vec<Effect<'d>> = Vec::new();
            for set in &rule.set {
                if let Some(effect) = self.assignment(set, &values, file, &of_file)? {
                    of_file.push(effect);
                }
            }
            self.leave_out_useless(&mut of_file);
            let because = match of_file.first() {
                Some(effect) => Because::PartOf(effect.option.clone()),
                None => self.hiding(),
            };
            for option in &taken {
                let entries = self.world.entries(option).into_iter();
                let here = entries.filter(|(of, _)| *of == file);
                of_file.extend(here.map(|at| Effect::remove(at, option, because.clone())));
            }
            effects.extend(of_file);
        }
        one_value_each(effects)
    }

    /// Why the options go when nothing is set: what was to be set is, and hides them.
    fn hiding(&self) -> Because {
        let is_set = |set: &Assignment| self.hold(&set.when) && self.world.is_set(&set.option);
        match self.rule.set.first() {
            Some(first) if self.rule.set.iter().any(is_set) => {
                Because::HiddenBy(first.option.0.clone())
            }
            _ => Because::Unread,
        }
    }

    /// Leaves out options that nothing reads in the end, as long as the value goes to another one.
    fn leave_out_useless(&self, effects: &mut Vec<Effect<'d>>) {
        let useless = |effect: &Effect<'d>| {
            matches!(effect.kind, Kind::Add(..)) && !self.facts.is_of_use(&effect.option)
        };
        if !effects.iter().all(useless) {
            effects.retain(|effect| !useless(effect));
        }
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
        if !self.hold(&set.when) || before.iter().any(|effect| effect.option == *target) {
            return Ok(None);
        }
        let if_set = set.if_set.unwrap_or(self.rule.if_target_set);
        let by_file = if_set == IfSet::Last && !set.append;
        let existing = self.existing(target, file);
        // What an earlier file sets does not count beside this one.
        let existing = existing.filter(|(of, _)| !by_file || *of >= file);
        if existing.is_some() && !set.append && matches!(if_set, IfSet::Target | IfSet::Last) {
            return Ok(None);
        }
        // A later file that has the target gives it a value of its own.
        if existing.is_some_and(|(of, _)| of > file && self.gives(of)) && !set.append {
            return Ok(None);
        }
        let Some(value) = values.template(&set.value, target.group())? else {
            return Ok(None);
        };
        if let Some(need) = set.need.iter().find(|need| !self.world.is_set(need)) {
            return Err(format!("{target} needs {need}, which is not set"));
        }
        let used: Vec<Entry<'d, 'd>> = self.sources(values);
        // The name of the entry that the value comes from first.
        let from = used.first().map(|entry| name_of(*entry));
        let from = from.unwrap_or_else(|| target.clone());
        let effect = |file: usize, kind: Kind<'d>| Effect {
            file,
            from: from.clone(),
            option: target.clone(),
            kind,
        };
        if set.append {
            let value = self.appended(set, &value, existing)?;
            return Ok(value.map(|value| match existing {
                Some((file, entry)) => effect(file, Kind::Replace(entry, value)),
                None => effect(file, Kind::Add(used.clone(), value)),
            }));
        }
        let Some((existing_file, entry)) = existing else {
            return Ok(Some(effect(file, Kind::Add(used.clone(), value))));
        };
        let present = self
            .world
            .value_of(&entry, target)
            .ok_or_else(|| format!("the value of {target} cannot be read"))?;
        let replace = match if_set {
            IfSet::Target | IfSet::Last => false,
            IfSet::Source => present != value.read,
            IfSet::Either => match (switch(&present), switch(&value.read)) {
                (Some(present), Some(new)) => new && !present,
                _ => return Err(format!("{target} is neither true nor false")),
            },
            IfSet::Decide if same(&self.facts.define(target), &present, &value.read) => false,
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
        Ok(replace.then(|| effect(file, Kind::Replace(entry, value))))
    }

    /// The entry of an option that the value from one file is compared with: the one that counts. Where
    /// several files have a value to give, each has an entry of its own.
    fn existing(&self, target: &OptName, file: usize) -> Option<(usize, Entry<'d, 'd>)> {
        let entries = self.world.entries(target);
        let has_others = |option: &OptName| {
            let mut entries = self.world.entries(option).into_iter();
            entries.any(|(of, _)| of != file)
        };
        let mut parts = self.rule.part.values();
        let own = entries.iter().rfind(|(of, _)| *of == file);
        let own = own.filter(|_| parts.any(|part| has_others(&part.option)));
        own.or(entries.last()).copied()
    }

    /// Tells whether a file has an entry that the rule makes values of.
    fn gives(&self, file: usize) -> bool {
        let mut parts = self.rule.part.values();
        parts.any(|part| {
            let mut entries = self.world.entries(&part.option).into_iter();
            entries.any(|(of, _)| of == file)
        })
    }

    /// A list with the items that are added to it, or to its default when it is not set; `None`
    /// when it has them.
    fn appended(
        &self,
        set: &Assignment,
        value: &Text,
        existing: Option<(usize, Entry<'d, 'd>)>,
    ) -> Result<Option<Text>, Doubtful> {
        let target: &OptName = &set.option;
        let present = match existing {
            Some((_, entry)) => self.world.raw(entry, target)?,
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
        Ok(Some(Text {
            read: with(&read, new),
            raw: with(&present, missing(&value.raw)),
        }))
    }

    /// The entries that a rule's values come from, in the order in which they stand.
    fn sources(&self, values: &Values<'_, 'd>) -> Vec<Entry<'d, 'd>> {
        let parts = self.rule.part.values().map(|part| &*part.option);
        let conditions = self.rule.when.iter().map(|condition| &*condition.option);
        let options: BTreeSet<&OptName> =
            parts.chain(conditions).chain(self.rule.taken()).collect();
        let taken = self.rule.taken();
        let entry = |option: &OptName| {
            let entry = values.entry(option)?;
            let stays = !taken.iter().any(|taken| **taken == *option);
            Some((stays, entry.line(), entry))
        };
        let mut entries: Vec<_> = options.into_iter().filter_map(entry).collect();
        entries.sort_by_key(|(stays, line, _)| (*stays, *line));
        entries.into_iter().map(|(.., entry)| entry).collect()
    }
}

/// The effects, each entry being replaced once; else why it cannot be.
fn one_value_each(effects: Vec<Effect<'_>>) -> Result<Vec<Effect<'_>>, Doubtful> {
    let mut values: BTreeMap<(usize, usize), Text> = BTreeMap::new();
    let mut kept = Vec::with_capacity(effects.len());
    for effect in effects {
        if let Kind::Replace(entry, value) = &effect.kind {
            match values.insert((effect.file, entry.line()), value.clone()) {
                Some(other) if other == *value => continue,
                Some(_) => {
                    return Err(format!(
                        "several files give {} another value each: put them into one",
                        effect.option
                    ));
                }
                None => {}
            }
        }
        kept.push(effect);
    }
    Ok(kept)
}
