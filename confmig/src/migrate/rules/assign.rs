//! Computes the options that a rule sets: from other values, or from the value under an old name.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use oslo_config::{Entry, OptName, references};

use super::evaluate::Evaluator;
use super::text::{Doubtful, boolean, same, split};
use super::value::ValueBuilder;
use crate::migrate::planned::{Effect, EffectKind, RemovalReason, Text};
use crate::rule::{Assignment, IfSet, Rename};
use crate::target::name_of;

impl<'d> Evaluator<'_, 'd> {
    /// Returns the new name of a renaming, or the one that a later release has given it if that is
    /// set.
    pub(super) fn target_of(&self, rename: &Rename) -> OptName {
        let to: &OptName = &rename.to;
        if self.index.is_set(to) {
            return to.clone();
        }
        let now = self.definitions.by_former(to);
        now.filter(|now| self.index.is_set(now))
            .unwrap_or_else(|| to.clone())
    }

    /// Merges the values of a renaming whose target is set, too.
    pub(super) fn merged(&self, from: &OptName, to: &OptName) -> Result<Vec<Effect<'d>>, Doubtful> {
        let old = self.index.entries(from);
        let new = self.index.entries(to);
        let (Some((_, source)), Some((file, target))) = (old.last(), new.last()) else {
            return Ok(Vec::new());
        };
        let mut effects = Vec::new();
        let (old_value, new_value) = (self.text(*source, from)?, self.text(*target, to)?);
        let replace = self.replaces(
            self.rule.if_target_set,
            (to, Some(from)),
            &new_value.read,
            &old_value.read,
        )?;
        if replace {
            if !references(old_value.raw.as_bytes()).is_empty() || old_value.raw.contains('\n') {
                return Err(format!(
                    "{from} and {to} are both set: keep the value of the first under the name of \
                     the second"
                ));
            }
            effects.push(Effect {
                file: *file,
                from: from.clone(),
                option: to.clone(),
                kind: EffectKind::Replace(*target, old_value),
            });
        }
        let reason = match replace {
            true => RemovalReason::PartOf(to.clone()),
            false => RemovalReason::HiddenBy(to.clone()),
        };
        let old = old.into_iter();
        effects.extend(old.map(|at| Effect::remove(at, from, reason.clone())));
        Ok(effects)
    }

    /// Returns the renamings of options that have the same value under both names, with the old
    /// names kept.
    pub(super) fn copied(&self) -> Vec<Rename> {
        if !self.pass.settings.keep_old || !self.hold(&self.rule.when) {
            return Vec::new();
        }
        let value = |option: &OptName| {
            let (_, entry) = *self.index.entries(option).last()?;
            Some(self.text(entry, option).ok()?.read)
        };
        let is_copied = |Rename { from, to }: &&Rename| {
            let values = value(from).zip(value(to));
            values.is_some_and(|(old, new)| same(&self.definitions.define(to), &old, &new))
                && !self.is_left(from)
                && !self.is_left(to)
                && !(self.pass.legacy_has)(to)
        };
        let renames = self.rule.rename.iter();
        renames.filter(is_copied).cloned().collect()
    }

    fn text(&self, entry: Entry<'_, '_>, option: &OptName) -> Result<Text, Doubtful> {
        let raw = self.index.raw(entry, option)?;
        self.index.text(raw, option.group())
    }

    /// Computes the assignments of a rule, and the removal of the options that it takes.
    pub(super) fn assignments(&self) -> Result<Vec<Effect<'d>>, Doubtful> {
        let rule = self.rule;
        let taken: Vec<&OptName> = rule.taken();
        let is_set = |option: &&OptName| self.index.is_set(option);
        if !taken.is_empty() && !taken.iter().any(is_set) {
            return Ok(Vec::new());
        }
        let parts: BTreeSet<&OptName> = rule.part.values().map(|part| &*part.option).collect();
        // Without parts, options are set in the files in which the conditions hold.
        let conditions = rule.when.iter().filter(|_| parts.is_empty());
        let conditions = conditions.map(|condition| &*condition.option);
        let all = parts.iter().chain(&taken).copied().chain(conditions);
        let sources: BTreeSet<&OptName> = all.filter(is_set).collect();
        let files: BTreeSet<usize> = sources
            .iter()
            .flat_map(|option| self.index.entries(option))
            .map(|(file, _)| file)
            .collect();
        if files.len() > 1 && (parts.len() > 1 || sources.len() > 1) {
            let names: Vec<String> = sources.iter().map(ToString::to_string).collect();
            return Err(format!(
                "{} are set in several files, each of which is evaluated separately: put them \
                 into one file",
                names.join(", ")
            ));
        }
        let mut effects = Vec::new();
        for file in files {
            let values = ValueBuilder {
                index: self.index,
                rule,
                file,
                removed: &taken,
                inlining: RefCell::default(),
            };
            let mut of_file: Vec<Effect<'d>> = Vec::new();
            for set in &rule.set {
                if of_file.iter().any(|effect| effect.option == *set.option) {
                    continue;
                }
                if let Some(effect) = self.assignment(set, &values, &effects)? {
                    of_file.push(effect);
                }
            }
            self.leave_out_useless(&mut of_file);
            let reason = match of_file.first() {
                Some(effect) => RemovalReason::PartOf(effect.option.clone()),
                None => self.hiding(),
            };
            for option in &taken {
                let entries = self.index.entries(option).into_iter();
                let here = entries.filter(|(of, _)| *of == file);
                of_file.extend(here.map(|at| Effect::remove(at, option, reason.clone())));
            }
            effects.extend(of_file);
        }
        one_value_each(effects)
    }

    /// Returns why options are removed when nothing is set: an option that was to be set already
    /// is, and hides them.
    fn hiding(&self) -> RemovalReason {
        let is_set = |set: &&Assignment| self.hold(&set.when) && self.index.is_set(&set.option);
        match self.rule.set.iter().find(is_set) {
            Some(set) => RemovalReason::HiddenBy(set.option.0.clone()),
            None => RemovalReason::Unread,
        }
    }

    /// Leaves out options that the final target does not read, as long as another one gets the
    /// value.
    fn leave_out_useless(&self, effects: &mut Vec<Effect<'d>>) {
        let useless = |effect: &Effect<'d>| {
            matches!(effect.kind, EffectKind::Add(..))
                && !self.definitions.is_of_use(&effect.option)
        };
        if !effects.iter().all(useless) {
            effects.retain(|effect| !useless(effect));
        }
    }

    /// Computes the effect of an assignment, after those for earlier files; `None` when the option
    /// keeps its value.
    fn assignment(
        &self,
        set: &Assignment,
        values: &ValueBuilder<'_, 'd>,
        earlier: &[Effect<'d>],
    ) -> Result<Option<Effect<'d>>, Doubtful> {
        let (target, file): (&OptName, usize) = (&set.option, values.file);
        if !self.hold(&set.when) {
            return Ok(None);
        }
        let if_set = set.if_set.unwrap_or(self.rule.if_target_set);
        let by_file = if_set == IfSet::Last && !set.append;
        let existing = self.existing(target, file);
        // A value in an earlier file does not count against this one.
        let existing = existing.filter(|(of, _)| !by_file || *of >= file);
        if existing.is_some() && !set.append && matches!(if_set, IfSet::Target | IfSet::Last) {
            return Ok(None);
        }
        // A later file that has the target also has the sources, and gets a value of its own.
        if existing.is_some_and(|(of, _)| of > file && self.has_source(of)) && !set.append {
            return Ok(None);
        }
        let Some(value) = values.template(&set.value, target.group())? else {
            return Ok(None);
        };
        if let Some(need) = set.need.iter().find(|need| !self.index.is_set(need)) {
            return Err(format!("{target} needs {need}, which is not set"));
        }
        let used: Vec<Entry<'d, 'd>> = self.sources(values);
        let from = used.first().map(|entry| name_of(*entry));
        let from = from.unwrap_or_else(|| target.clone());
        let effect = |file: usize, kind: EffectKind<'d>| Effect {
            file,
            from: from.clone(),
            option: target.clone(),
            kind,
        };
        if set.append {
            let value = self.appended(set, &value, existing)?;
            return Ok(value.map(|value| match existing {
                Some((file, entry)) => effect(file, EffectKind::Replace(entry, value)),
                None => effect(file, EffectKind::Add(used.clone(), value)),
            }));
        }
        let Some((existing_file, entry)) = existing else {
            return Ok(Some(effect(file, EffectKind::Add(used.clone(), value))));
        };
        let present = self.present(target, (existing_file, entry), earlier)?;
        let replaces = self.replaces(if_set, (target, None), &present, &value.read)?;
        // The earlier file keeps the value that its own sources give.
        if replaces && existing_file < file && self.has_source(existing_file) {
            return Ok(Some(effect(file, EffectKind::Add(used.clone(), value))));
        }
        // A value that is changed in place replaces the entry of this file, else the effective one.
        let own = values.entry(target).map(|entry| (file, entry));
        let in_place = self.rule.part.values().any(|part| *part.option == *target);
        let (file, entry) = own.filter(|_| in_place).unwrap_or((existing_file, entry));
        Ok(replaces.then(|| effect(file, EffectKind::Replace(entry, value))))
    }

    /// Returns the value that an entry of an option has after the effects of earlier files.
    fn present(
        &self,
        option: &OptName,
        (file, entry): (usize, Entry<'d, 'd>),
        earlier: &[Effect<'d>],
    ) -> Result<String, Doubtful> {
        let place = Some((file, entry.line()));
        let mut of_entry = earlier.iter().filter(|effect| effect.place() == place);
        let given = of_entry.find_map(|effect| match &effect.kind {
            EffectKind::Replace(_, value) => Some(value.read.clone()),
            _ => None,
        });
        given
            .or_else(|| self.index.value_of(&entry, option))
            .ok_or_else(|| format!("the value of {option} cannot be read"))
    }

    /// Tells whether a value, of the old name of an option or computed, replaces the one that the
    /// option has.
    fn replaces(
        &self,
        if_set: IfSet,
        (option, old_name): (&OptName, Option<&OptName>),
        present: &str,
        new: &str,
    ) -> Result<bool, Doubtful> {
        let is_same = || same(&self.definitions.define(option), present, new);
        match if_set {
            IfSet::Target | IfSet::Last => Ok(false),
            _ if is_same() => Ok(false),
            IfSet::Source => Ok(true),
            IfSet::Either => match (boolean(present), boolean(new)) {
                (Some(present), Some(new)) => Ok(new && !present),
                _ => Err(match old_name {
                    Some(old) => format!("{old} or {option} is neither true nor false"),
                    None => format!("{option} is neither true nor false"),
                }),
            },
            IfSet::Decide => Err(match old_name {
                Some(old) => {
                    format!("{old} and {option} are both set and differ: keep one of them")
                }
                None => format!("{option} is already set and differs: keep one of the values"),
            }),
        }
    }

    /// Returns the entry with which the value from a file is compared: the effective one, or the
    /// file's own one if several files have sources.
    fn existing(&self, target: &OptName, file: usize) -> Option<(usize, Entry<'d, 'd>)> {
        let entries = self.index.entries(target);
        let has_others = |option: &OptName| {
            let mut entries = self.index.entries(option).into_iter();
            entries.any(|(of, _)| of != file)
        };
        let mut parts = self.rule.part.values();
        let own = entries.iter().rfind(|(of, _)| *of == file);
        let own = own.filter(|_| parts.any(|part| has_others(&part.option)));
        own.or(entries.last()).copied()
    }

    /// Tells whether a file has an entry from which the rule makes values.
    fn has_source(&self, file: usize) -> bool {
        let mut parts = self.rule.part.values();
        parts.any(|part| {
            let mut entries = self.index.entries(&part.option).into_iter();
            entries.any(|(of, _)| of == file)
        })
    }

    /// Adds items to a list, or to its default when it is not set; `None` when it has them all.
    fn appended(
        &self,
        set: &Assignment,
        value: &Text,
        existing: Option<(usize, Entry<'d, 'd>)>,
    ) -> Result<Option<Text>, Doubtful> {
        let target: &OptName = &set.option;
        let present = match existing {
            Some((_, entry)) => self.index.raw(entry, target)?,
            None => match self.definitions.default_of(target) {
                Some(default) => default,
                None if self.definitions.is_list(target).is_some() => String::new(),
                None => {
                    return Err(format!(
                        "{target} is not set, and its default is not known: set it"
                    ));
                }
            },
        };
        let read = self.index.read(&present, target.group())?;
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

    /// Returns the entries that the values come from: first those that are removed, in order.
    fn sources(&self, values: &ValueBuilder<'_, 'd>) -> Vec<Entry<'d, 'd>> {
        let parts = self.rule.part.values().map(|part| &*part.option);
        // A condition is no source where there are parts.
        let is_only = self.rule.part.is_empty();
        let conditions = self.rule.when.iter().filter(|_| is_only);
        let conditions = conditions.map(|condition| &*condition.option);
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

/// Returns the effects if each entry is replaced with one value only.
fn one_value_each(effects: Vec<Effect<'_>>) -> Result<Vec<Effect<'_>>, Doubtful> {
    let mut values: BTreeMap<(usize, usize), Text> = BTreeMap::new();
    let mut kept = Vec::with_capacity(effects.len());
    for effect in effects {
        if let EffectKind::Replace(entry, value) = &effect.kind {
            match values.insert((effect.file, entry.line()), value.clone()) {
                Some(other) if other == *value => continue,
                Some(_) => {
                    return Err(format!(
                        "several files give {} different values: put them into one file",
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
