//! Applies the effects of a rule to one file.

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::{Entry, OptName};

use super::comments::moves_with;
use super::draft::Lines;
use super::file::FileApplier;
use crate::diagnostic::{all_bracketed, bracketed};
use crate::migrate::ChangeKind;
use crate::migrate::planned::{Effect, EffectKind, RemovalReason};
use crate::rule::Rule;
use crate::target::name_of;

impl<'d> FileApplier<'_, 'd> {
    /// Applies the effects of a rule to this file.
    pub(super) fn apply_rule(&mut self, rule: &Rule, effects: &[&Effect<'d>]) {
        let removed = effects.iter().filter_map(|effect| match effect.kind {
            EffectKind::Remove(entry, _) => Some(entry),
            _ => None,
        });
        let mut leaving: Vec<Entry<'d, 'd>> = removed.collect();
        leaving.sort_by_key(Entry::line);
        let leaving_lines: HashSet<usize> = leaving.iter().map(Entry::line).collect();
        // The comments of removed entries move to the first option that is set.
        let (mut moved, mut recorded) = (HashSet::default(), HashSet::default());
        for effect in effects {
            let (from, option) = (&effect.from, &effect.option);
            let (line, message) = match &effect.kind {
                EffectKind::Replace(entry, value) => {
                    self.replace(*entry, &value.raw);
                    (entry.line(), describe_replacement(option, from))
                }
                EffectKind::Add(sources, value) => {
                    let parts = parts_of(rule, option, sources);
                    let Some(model) = parts.first() else { continue };
                    let with_comments = std::mem::take(&mut leaving);
                    let commented = self.add(
                        (option, &value.raw),
                        (*model, sources),
                        &with_comments,
                        &leaving_lines,
                    );
                    moved.extend(commented);
                    (model.line(), describe_addition(option, &parts))
                }
                EffectKind::Remove(..) => continue,
            };
            let change = (ChangeKind::Convert, message);
            self.record(&rule.id, line, (from, option), change);
            recorded.insert(line);
        }
        let set = effects
            .iter()
            .filter(|effect| !matches!(effect.kind, EffectKind::Remove(..)));
        let set: Vec<&OptName> = set.map(|effect| &effect.option).collect();
        for effect in effects {
            let EffectKind::Remove(entry, reason) = &effect.kind else {
                continue;
            };
            self.remove(*entry);
            let (kind, to, mut message) = describe_removal(rule, &effect.option, reason, &set);
            if moved.contains(&entry.line()) {
                message.push_str(", and its comment moves there");
            }
            // A change of the other option on the same line says it already.
            if kind != ChangeKind::Convert || !recorded.contains(&entry.line()) {
                let names = (&effect.option, to);
                self.record(&rule.id, entry.line(), names, (kind, message));
            }
        }
    }

    /// Gives an entry another value.
    fn replace(&mut self, entry: Entry<'d, 'd>, value: &str) {
        self.replaced.insert(entry.line());
        let text = self.file.document.text();
        let mut ranges = entry.value_ranges();
        let Some(first) = ranges.next() else { return };
        let last = ranges.last().unwrap_or(first.clone());
        let start = first.end - text[first.clone()].trim_start().len();
        let end = last.start + text[last].trim_end().len();
        let blank = if start == first.start && start == first.end && !value.is_empty() {
            " "
        } else {
            ""
        };
        self.draft
            .edit
            .replace(start..end.max(start), format!("{blank}{}", written(value)));
    }

    /// Sets an option, in the style of an entry `model` that its value comes from: in place of a
    /// source in the same section that is removed, or else where it belongs. The comments of the
    /// entries `leaving` move there; returns the lines of those that had any. `leaving_lines` are
    /// the lines of all entries that the rule removes.
    fn add(
        &mut self,
        (option, value): (&OptName, &str),
        (model, sources): (Entry<'d, 'd>, &[Entry<'d, 'd>]),
        leaving: &[Entry<'d, 'd>],
        leaving_lines: &HashSet<usize>,
    ) -> Vec<usize> {
        let in_section = |entry: &&Entry<'d, 'd>| *entry.group() == *option.group();
        let place = sources.iter().find(in_section);
        let free = place.filter(|entry| {
            leaving_lines.contains(&entry.line()) && !self.replaced.contains(&entry.line())
        });
        if let Some(entry) = free {
            self.draft.edit.rename(*entry, option.name());
            self.replace(*entry, value);
            let others: Vec<Entry<'d, 'd>> = leaving
                .iter()
                .filter(|other| other.line() != entry.line())
                .copied()
                .collect();
            let (comments, moved) = self.moved_comments(&others);
            if !comments.is_empty() {
                self.draft
                    .edit
                    .insert_lines_from(entry.line(), comments.text, comments.from);
            }
            return moved;
        }
        let (mut lines, moved) = self.moved_comments(leaving);
        lines.push(&self.line(model, option, value));
        match place {
            Some(entry) => self.draft.insert_below(*entry, &lines),
            None => self.draft.insert(option, &lines, model.section(), None),
        }
        moved
    }

    /// Removes the comments of entries, and returns them with the lines of these entries.
    fn moved_comments(&mut self, leaving: &[Entry<'d, 'd>]) -> (Lines, Vec<usize>) {
        let (mut comments, mut moved) = (Lines::default(), Vec::new());
        let document = &self.file.document;
        for entry in leaving {
            let lines = moves_with(*entry, self.with.names);
            if lines.is_empty() || self.draft.removes(lines.start) {
                continue;
            }
            comments.push(&Lines {
                text: document.text()[document.byte_range(lines.clone())].to_vec(),
                from: lines.clone().map(Some).collect(),
            });
            moved.push(entry.line());
            self.draft.remove(lines);
        }
        (comments, moved)
    }

    /// Returns the line of an entry, written in the style of another one.
    fn line(&self, model: Entry<'d, 'd>, option: &OptName, value: &str) -> Lines {
        let document = &self.file.document;
        let separator = model.value_ranges().next().map(|range| {
            let blanks = range.len() - document.text()[range.clone()].trim_start().len();
            let end = if blanks == range.len() {
                range.start
            } else {
                range.start + blanks
            };
            document.text()[model.key_range().end..end].to_vec()
        });
        let separator = separator.unwrap_or_else(|| b" = ".to_vec());
        let value = written(value);
        let line = [
            option.name().as_bytes(),
            &separator,
            value.as_bytes(),
            document.line_end(),
        ];
        Lines::one(&line.concat(), Some(model.line()))
    }

    fn remove(&mut self, entry: Entry<'d, 'd>) {
        if self.replaced.contains(&entry.line()) || self.draft.removes(entry.line()) {
            return;
        }
        self.draft.remove(entry.lines());
    }
}

fn describe_replacement(option: &OptName, from: &OptName) -> String {
    let changed = format!("changed the value of {}", bracketed(option));
    if option == from {
        changed
    } else {
        format!("{changed} because of {}", bracketed(from))
    }
}

/// Returns those sources that a rule makes the value of an option from, or all if there are none.
fn parts_of<'d>(rule: &Rule, option: &OptName, sources: &[Entry<'d, 'd>]) -> Vec<Entry<'d, 'd>> {
    let parts = sources.iter().copied();
    let parts = parts.filter(|entry| rule.makes(option, &name_of(*entry)));
    let parts: Vec<Entry<'d, 'd>> = parts.collect();
    match parts.is_empty() {
        true => sources.to_vec(),
        false => parts,
    }
}

fn describe_addition(option: &OptName, parts: &[Entry<'_, '_>]) -> String {
    let names: Vec<OptName> = parts.iter().map(|entry| name_of(*entry)).collect();
    let names: Vec<&OptName> = names.iter().collect();
    format!("set {} from {}", bracketed(option), all_bracketed(&names))
}

/// Returns the kind of a removal, the option that takes over, and a description; `set` are the
/// options that the rule sets.
fn describe_removal<'e>(
    rule: &Rule,
    option: &'e OptName,
    reason: &'e RemovalReason,
    set: &[&OptName],
) -> (ChangeKind, &'e OptName, String) {
    let (kind, to, why) = match reason {
        RemovalReason::HiddenBy(other) => {
            let why = format!(", hidden by {}", bracketed(other));
            (ChangeKind::Drop, other, why)
        }
        RemovalReason::PartOf(other) => {
            let set = set.iter().copied();
            let set: Vec<&OptName> = set.filter(|set| rule.makes(set, option)).collect();
            let set = if set.is_empty() { vec![other] } else { set };
            let why = format!("; its value is now part of {}", all_bracketed(&set));
            (ChangeKind::Convert, other, why)
        }
        RemovalReason::Unread if rule.items.is_some() => {
            let why = ": nothing is left of its value".to_owned();
            (ChangeKind::Remove, option, why)
        }
        RemovalReason::Unread => {
            let why = ", which is no longer read".to_owned();
            (ChangeKind::Remove, option, why)
        }
    };
    (kind, to, format!("removed {}{why}", bracketed(option)))
}

/// Quotes a value if oslo.config would otherwise read another one.
pub(super) fn written(value: &str) -> String {
    let quote = value.starts_with(['"', '\'']) && value.chars().next() == value.chars().next_back();
    if quote || value.trim() != value {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}
