//! From what rules do to new texts.

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::{Edit, Entry, OptName, ParsedFile};

use super::Planned;
use super::effect::Effect;
use super::world::World;
use crate::migrate::place::Landings;
use crate::migrate::{Change, ChangeKind, FileMigration, MigrateError, finished};
use crate::rule::Rule;

/// Makes the new text of each file.
pub(super) fn apply<'d>(
    world: &World<'_, 'd>,
    planned: &[Planned<'d>],
) -> Result<Vec<FileMigration>, MigrateError> {
    let files = world.files.iter().enumerate();
    files
        .map(|(index, file)| Applier::new(file).apply(index, planned))
        .collect()
}

struct Applier<'d> {
    file: &'d ParsedFile<'d>,
    edit: Edit<'d, 'd>,
    landings: Landings<'d>,
    removed: HashSet<usize>,
    /// Lines of entries whose place another option took.
    replaced: HashSet<usize>,
    changes: Vec<Change>,
}

impl<'d> Applier<'d> {
    fn new(file: &'d ParsedFile<'d>) -> Self {
        Applier {
            file,
            edit: Edit::new(&file.document),
            landings: Landings::new(&file.document),
            removed: HashSet::default(),
            replaced: HashSet::default(),
            changes: Vec::new(),
        }
    }

    fn apply(
        mut self,
        index: usize,
        planned: &[Planned<'d>],
    ) -> Result<FileMigration, MigrateError> {
        for Planned { active, effects } in planned {
            let mut taken: Vec<Entry<'d, 'd>> = effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Take { file, entry, .. } if *file == index => Some(*entry),
                    _ => None,
                })
                .collect();
            taken.sort_by_key(Entry::line);
            let mut comments = Some(taken);
            for effect in effects {
                match effect {
                    Effect::Replace {
                        file,
                        entry,
                        option,
                        value,
                        from,
                    } if *file == index => {
                        self.replace(*entry, &value.raw);
                        self.record(
                            &active.rule,
                            ChangeKind::Convert,
                            entry.line(),
                            from,
                            option,
                            replaced(option, from),
                        );
                    }
                    Effect::Add {
                        file,
                        option,
                        value,
                        from,
                        sources,
                    } if *file == index => {
                        let taken = comments.take().unwrap_or_default();
                        let line = sources.first().map_or(1, Entry::line);
                        self.add(option, &value.raw, sources, &taken, effects);
                        self.record(
                            &active.rule,
                            ChangeKind::Convert,
                            line,
                            from,
                            option,
                            added(option, sources),
                        );
                    }
                    _ => {}
                }
            }
            for effect in effects {
                if let Effect::Take {
                    file,
                    entry,
                    option,
                    into,
                    hidden,
                } = effect
                    && *file == index
                {
                    self.take(*entry);
                    let of_value = active.rule.items.is_some();
                    let (kind, message) = taken_out(option, into.as_ref(), *hidden, of_value);
                    let to = into.as_ref().unwrap_or(option);
                    // What became part of another option is told of that one.
                    if kind != ChangeKind::Convert
                        || !self.changes.iter().any(|change| {
                            change.line == entry.line() && change.rule == active.rule.id
                        })
                    {
                        self.record(&active.rule, kind, entry.line(), option, to, message);
                    }
                }
            }
        }
        let removed = std::mem::take(&mut self.removed);
        self.landings.finish(&mut self.edit, &removed);
        finished(self.file, self.edit, self.changes)
    }

    /// Gives an entry another value where it stands.
    fn replace(&mut self, entry: Entry<'d, 'd>, value: &str) {
        let text = self.file.document.text();
        let mut ranges = entry.value_ranges();
        let Some(first) = ranges.next() else { return };
        let last = ranges.last().unwrap_or(first.clone());
        let start = first.end - text[first.clone()].trim_start().len();
        let last_start = last.start;
        let end = last_start + text[last].trim_end().len();
        let blank = if start == first.start && start == first.end && !value.is_empty() {
            " "
        } else {
            ""
        };
        self.edit
            .replace(start..end.max(start), format!("{blank}{}", written(value)));
    }

    /// Sets an option in place of an entry of the same section that goes, or else where it belongs.
    fn add(
        &mut self,
        option: &OptName,
        value: &str,
        sources: &[Entry<'d, 'd>],
        taken: &[Entry<'d, 'd>],
        effects: &[Effect<'d>],
    ) {
        let Some(model) = sources.first() else { return };
        let in_section = |entry: &&Entry<'d, 'd>| *entry.group() == *option.group();
        let goes = |entry: &Entry<'d, 'd>| {
            effects.iter().any(|effect| matches!(effect, Effect::Take { entry: taken, .. } if taken.line() == entry.line()))
        };
        let place = sources.iter().find(in_section);
        let free = place.filter(|entry| goes(entry) && !self.replaced.contains(&entry.line()));
        if let Some(entry) = free {
            self.replaced.insert(entry.line());
            self.edit.rename(*entry, option.name());
            self.replace(*entry, value);
            let others: Vec<Entry<'d, 'd>> = taken
                .iter()
                .filter(|other| other.line() != entry.line())
                .copied()
                .collect();
            let comments = self.moved_comments(&others);
            if !comments.is_empty() {
                self.edit.insert_lines(entry.line(), comments);
            }
            return;
        }
        let mut lines = self.moved_comments(taken);
        lines.extend(self.line(*model, option, value));
        match place {
            Some(entry) => self.landings.put_below(*entry, &lines),
            None => self.landings.put(option, &lines, model.section(), None),
        }
    }

    /// The comments of entries that go, which are taken out where they stand.
    fn moved_comments(&mut self, taken: &[Entry<'d, 'd>]) -> Vec<u8> {
        let mut comments = Vec::new();
        for entry in taken {
            let lines = entry.comment_lines();
            if lines.is_empty() || self.removed.contains(&lines.start) {
                continue;
            }
            comments.extend_from_slice(
                &self.file.document.text()[self.file.document.byte_range(lines.clone())],
            );
            self.edit.remove_lines(lines.clone());
            self.removed.extend(lines);
        }
        comments
    }

    /// An entry as its model is written.
    fn line(&self, model: Entry<'d, 'd>, option: &OptName, value: &str) -> Vec<u8> {
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
        [
            option.name().as_bytes(),
            &separator,
            value.as_bytes(),
            document.line_end(),
        ]
        .concat()
    }

    fn take(&mut self, entry: Entry<'d, 'd>) {
        if self.replaced.contains(&entry.line()) || self.removed.contains(&entry.line()) {
            return;
        }
        self.edit.remove_lines(entry.lines());
        self.removed.extend(entry.lines());
    }

    fn record(
        &mut self,
        rule: &Rule,
        kind: ChangeKind,
        line: usize,
        from: &OptName,
        to: &OptName,
        message: String,
    ) {
        self.changes.push(Change {
            rule: rule.id.clone(),
            kind,
            line,
            from: from.clone(),
            to: to.clone(),
            message,
            release: None,
        });
    }
}

fn bracketed(option: &OptName) -> String {
    format!("[{}] {}", option.group(), option.name())
}

fn replaced(option: &OptName, from: &OptName) -> String {
    if option == from {
        format!("changed the value of {}", bracketed(option))
    } else {
        format!(
            "changed the value of {} by that of {}",
            bracketed(option),
            bracketed(from)
        )
    }
}

fn added(option: &OptName, sources: &[Entry<'_, '_>]) -> String {
    let names: Vec<String> = sources
        .iter()
        .map(|entry| format!("[{}] {}", entry.group(), entry.key()))
        .collect();
    format!("set {} from {}", bracketed(option), names.join(", "))
}

fn taken_out(
    option: &OptName,
    into: Option<&OptName>,
    hidden: bool,
    of_value: bool,
) -> (ChangeKind, String) {
    match into {
        Some(target) if hidden => (
            ChangeKind::Drop,
            format!(
                "took out {}, which {} hides",
                bracketed(option),
                bracketed(target)
            ),
        ),
        Some(target) => (
            ChangeKind::Convert,
            format!(
                "took out {}, now told by {}",
                bracketed(option),
                bracketed(target)
            ),
        ),
        None if of_value => (
            ChangeKind::Remove,
            format!("took out {}, whose value is gone", bracketed(option)),
        ),
        None => (
            ChangeKind::Remove,
            format!(
                "took out {}, which nothing reads any more",
                bracketed(option)
            ),
        ),
    }
}

/// A value as it must be written for oslo.config to read it so.
fn written(value: &str) -> String {
    let quote = value.starts_with(['"', '\'']) && value.chars().next() == value.chars().next_back();
    if quote || value.trim() != value {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}
