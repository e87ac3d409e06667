//! From a plan to new texts.

use std::ops::Range;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Document, Edit, Entry, OptName, ParsedFile};

use super::names::Names;
use super::place::Landings;
use super::plan::{Plan, Step};
use super::references::{Rewrite, rewrites};
use super::{Change, ChangeKind, FileMigration, MigrateError, finished};
use crate::pack::Pack;

/// Makes the new text of each file.
pub(crate) fn make<'d>(
    files: &'d [ParsedFile<'d>],
    names: &Names<'_>,
    pack: &Pack,
    plan: &Plan<'d>,
) -> Result<Vec<FileMigration>, MigrateError> {
    let make_file = |(index, file): (usize, &'d ParsedFile<'d>)| {
        Maker {
            file,
            names,
            pack,
            plan,
            edit: Edit::new(&file.document),
            changes: Vec::new(),
        }
        .make(index)
    };
    files.iter().enumerate().map(make_file).collect()
}

struct Maker<'m, 'd> {
    file: &'d ParsedFile<'d>,
    names: &'m Names<'m>,
    pack: &'m Pack,
    plan: &'m Plan<'d>,
    edit: Edit<'d, 'd>,
    changes: Vec<Change>,
}

impl<'d> Maker<'_, 'd> {
    fn make(mut self, index: usize) -> Result<FileMigration, MigrateError> {
        let plan = self.plan;
        let steps: Vec<&Step<'d>> = plan
            .steps
            .iter()
            .filter(|step| step.file == index)
            .collect();
        self.follow_in_place(&steps);
        let removed = self.take_out(&steps);
        self.land(&steps, &removed);
        for step in &steps {
            self.record(step);
        }
        finished(self.file, self.edit, self.changes)
    }

    /// Renames where entries stand, and gives references in entries that stay their new names.
    fn follow_in_place(&mut self, steps: &[&Step<'d>]) {
        let by_line: HashMap<usize, &Step<'d>> = steps
            .iter()
            .map(|step| (step.entry.line(), *step))
            .collect();
        // With both names kept, the old entries are for a program that knows the old ones.
        let keeps_old = self.plan.keep_old;
        let document: &'d Document<'d> = &self.file.document;
        if !keeps_old && document.text().contains(&b'$') {
            for entry in document.entries() {
                let stays = match by_line.get(&entry.line()) {
                    None => true,
                    Some(step) => step.action == ChangeKind::Rename,
                };
                if stays && !self.plan.leaves_entry(entry, self.names) {
                    for rewrite in rewrites(entry, None, self.names, self.plan) {
                        self.edit
                            .replace(rewrite.range.clone(), rewrite.new_name.as_str());
                        self.record_reference(entry, &rewrite);
                    }
                }
            }
        }
        for step in steps
            .iter()
            .filter(|step| step.action == ChangeKind::Rename)
        {
            self.edit.rename(step.entry, step.to.name());
        }
    }

    /// Takes moved and hidden entries out; returns the lines that go.
    fn take_out(&mut self, steps: &[&Step<'d>]) -> HashSet<usize> {
        let mut removed = HashSet::default();
        for step in steps {
            let lines = match step.action {
                ChangeKind::Move => self.comments_of(step.entry).start..step.entry.lines().end,
                ChangeKind::Drop => step.entry.lines(),
                _ => continue,
            };
            self.edit.remove_lines(lines.clone());
            removed.extend(lines);
        }
        removed
    }

    /// Puts moved and copied entries where they belong, in the order in which they stood, except
    /// that the values of a multi-valued option keep the order of the plan.
    fn land(&mut self, steps: &[&Step<'d>], removed: &HashSet<usize>) {
        let mut landings = Landings::new(&self.file.document);
        let moved = |step: &&&Step<'d>| matches!(step.action, ChangeKind::Move | ChangeKind::Copy);
        let mut moved: Vec<&Step<'d>> = steps.iter().filter(moved).copied().collect();
        let mut first_line: HashMap<&OptName, usize> = HashMap::default();
        for step in steps {
            let first = first_line.entry(&step.to).or_insert(usize::MAX);
            *first = step.entry.line().min(*first);
        }
        moved.sort_by_key(|step| first_line.get(&step.to));
        for step in moved {
            let lines = self.moved_lines(step);
            if step.action == ChangeKind::Copy && step.from.group() == step.to.group() {
                landings.put_below(step.entry, &lines);
            } else {
                landings.put(&step.to, &lines, step.entry.section(), step.before);
            }
        }
        landings.finish(&mut self.edit, removed);
    }

    /// The comment lines that go where an entry goes: those directly above it, below the last one that is
    /// another option's commented-out placeholder.
    fn comments_of(&self, entry: Entry<'_, '_>) -> Range<usize> {
        let document = &self.file.document;
        let group = entry.group();
        let is_anothers = |line: &usize| {
            let comment = document.line_text(*line).unwrap_or_default();
            let text = comment.trim_start_with(|character| "#; \t".contains(character));
            let name = text.split(|byte| b"=:".contains(byte)).next();
            let name = name.unwrap_or_default().trim_ascii_end();
            match (group.to_str(), name.to_str()) {
                (Ok(group), Ok(name)) => {
                    *name.as_bytes() != **entry.key() && self.names.is_current(group, name)
                }
                _ => false,
            }
        };
        let lines = entry.comment_lines();
        let last = lines.clone().rev().find(is_anothers);
        last.map_or(lines.start, |line| line + 1)..lines.end
    }

    /// The lines of a moved entry: its comments as they are, its key and references renamed.
    fn moved_lines(&mut self, step: &Step<'d>) -> Vec<u8> {
        let entry = step.entry;
        let document: &'d Document<'d> = &self.file.document;
        let comments = match step.action {
            ChangeKind::Copy => entry.line()..entry.line(),
            _ => self.comments_of(entry),
        };
        let range = document.byte_range(comments.start..entry.lines().end);
        let found = rewrites(entry, Some(step), self.names, self.plan);
        let mut replacements: Vec<(Range<usize>, &str)> = vec![(entry.key_range(), step.to.name())];
        for rewrite in &found {
            replacements.push((rewrite.range.clone(), &rewrite.new_name));
            self.record_reference(entry, rewrite);
        }
        let mut lines = Vec::new();
        let mut kept = range.start;
        for (replaced, new) in replacements {
            lines.extend_from_slice(&document.text()[kept..replaced.start]);
            lines.extend_from_slice(new.as_bytes());
            kept = replaced.end;
        }
        lines.extend_from_slice(&document.text()[kept..range.end]);
        if !lines.ends_with_str("\n") && !lines.ends_with_str("\r") {
            lines.extend_from_slice(document.line_end());
        }
        lines
    }

    fn record(&mut self, step: &Step<'d>) {
        let (from, to) = (&step.from, &step.to);
        let message = match step.action {
            ChangeKind::Rename => {
                format!(
                    "renamed from {} to {} in [{}]",
                    from.name(),
                    to.name(),
                    to.group()
                )
            }
            ChangeKind::Move => format!(
                "moved from [{}] {} to [{}] {}",
                from.group(),
                from.name(),
                to.group(),
                to.name()
            ),
            ChangeKind::Copy => format!(
                "copied from [{}] {} to [{}] {}",
                from.group(),
                from.name(),
                to.group(),
                to.name()
            ),
            ChangeKind::Drop => format!(
                "took out [{}] {}, which another entry of this file for [{}] {} hides",
                from.group(),
                from.name(),
                to.group(),
                to.name()
            ),
            ChangeKind::Reference | ChangeKind::Convert | ChangeKind::Remove => return,
        };
        let kind = step.action;
        self.changes
            .push(self.change(step.entry.line(), kind, from.clone(), to.clone(), message));
    }

    fn record_reference(&mut self, entry: Entry<'_, '_>, rewrite: &Rewrite) {
        let key = entry.key();
        let message = if rewrite.followed {
            format!(
                "the reference in {key} follows {} to {}",
                rewrite.from, rewrite.to
            )
        } else {
            format!(
                "the reference in {key} names its group: ${}",
                rewrite.new_name
            )
        };
        let (from, to) = (rewrite.from.clone(), rewrite.to.clone());
        self.changes
            .push(self.change(entry.line(), ChangeKind::Reference, from, to, message));
    }

    fn change(
        &self,
        line: usize,
        kind: ChangeKind,
        from: OptName,
        to: OptName,
        message: String,
    ) -> Change {
        let rule = match self.pack.rule(&from, &to) {
            Some(rule) => rule.id.clone(),
            None => "neighbour-reference".into(),
        };
        Change {
            rule,
            kind,
            line,
            from,
            to,
            message,
            release: None,
        }
    }
}
