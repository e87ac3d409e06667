//! The state of a migration: the files after the steps so far, and what the steps did.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bstr::{BString, ByteSlice};
use foldhash::{HashMap, HashSet};
use oslo_config::{Document, LineMap, OptName, ParsedFile};

use super::definitions::{Definitions, renamings};
use super::pass::{Held, Pass};
use super::planned::Applied;
use super::rename::{Superseded, rename};
use super::rules::{Active, Followed, follow};
use super::view::View;
use super::{Decision, FileMigration, MigrateError, NotPinned, Settings};
use crate::history::{ReleaseRange, Series};
use crate::pack::Pack;
use crate::rule::Automatic;

/// The number of passes in which the rules of one step may trigger each other.
pub(super) const LINKS_MAX: usize = 8;

/// The state of a migration.
pub(super) struct Migrator<'m> {
    pub(super) before: &'m [ParsedFile<'m>],
    pub(super) settings: &'m Settings,
    /// The new texts of the files that steps changed. That of an earlier step is no longer needed.
    pub(super) documents: Vec<Option<Document<'static>>>,
    pub(super) results: Vec<FileMigration>,
    /// The decisions that are left, each with the current name of its entry.
    pub(super) decisions: Vec<(OptName, Decision)>,
    pub(super) not_pinned: Vec<NotPinned>,
    /// The names, without groups, of the options that the current step changed.
    pub(super) changed: HashSet<String>,
    /// The options that earlier steps left to decide.
    pub(super) held: Held,
    /// The entries that stay although another one hid them from a release: by file and original
    /// line, the names there, since a copy comes from the same line.
    pub(super) superseded: HashMap<(usize, usize), HashSet<OptName>>,
    /// Tells whether the legacy program has an option of a name.
    legacy_has: Box<dyn Fn(&OptName) -> bool + 'm>,
    /// The release of the legacy program.
    pub(super) older: Option<Series>,
}

impl<'m> Migrator<'m> {
    pub(super) fn new(files: &'m [ParsedFile<'m>], settings: &'m Settings) -> Self {
        let unchanged = |file: &ParsedFile<'_>| FileMigration {
            path: file.path.to_path_buf(),
            after: BString::default(),
            changes: Vec::new(),
            lines: LineMap::identity(file.document.line_count()),
        };
        Migrator {
            before: files,
            settings,
            documents: files.iter().map(|_| None).collect(),
            results: files.iter().map(unchanged).collect(),
            decisions: Vec::new(),
            not_pinned: Vec::new(),
            changed: HashSet::default(),
            held: Held::default(),
            superseded: HashMap::default(),
            legacy_has: Box::new(|_| false),
            older: None,
        }
    }

    /// Sets the options of the legacy program for the following steps.
    pub(super) fn set_legacy(&mut self, has: impl Fn(&OptName) -> bool + 'm) {
        self.legacy_has = Box::new(has);
    }

    /// Returns the original line of a line of a file.
    pub(super) fn original_line(&self, file: usize, line: usize) -> usize {
        self.results[file].lines.original(line).unwrap_or(line)
    }

    /// Tells whether a rule waits for a decision that is reported already.
    pub(super) fn awaits_decision(&self, active: &Active) -> bool {
        let rule = &active.rule;
        (rule.automatic != Automatic::Yes || active.doubt.is_some())
            && !self.settings.accept_rules.contains(&rule.id)
            && self
                .decisions
                .iter()
                .any(|(_, decision)| decision.rule.as_ref() == Some(&rule.id))
    }

    /// Follows the renamings of a pack; returns whether anything changed.
    pub(super) fn rename(
        &mut self,
        pack: &Pack,
        releases: Option<ReleaseRange>,
    ) -> Result<bool, MigrateError> {
        self.rename_by(pack, false, releases)
    }

    fn rename_by(
        &mut self,
        pack: &Pack,
        by_rules: bool,
        releases: Option<ReleaseRange>,
    ) -> Result<bool, MigrateError> {
        if pack.renamings.is_empty() {
            return Ok(false);
        }
        let release = releases.map(|releases| releases.to);
        let current = self.files();
        let view = View::of_pack(&current, pack);
        let seen = seen(&current, &view);
        let was_empty = |file, line| self.was_empty(file, line);
        let is_superseded = |file, line| self.is_superseded(file, line);
        // The renamings of a step are planned anew; those of its rules leave them alone.
        let undecided = if by_rules {
            self.undecided()
        } else {
            HashSet::default()
        };
        let mut pass = Pass {
            by_rules,
            releases,
            is_undecided: &|option| undecided.contains(option),
            is_superseded: &is_superseded,
            ..self.pass(&seen, pack, &view, &was_empty)
        };
        if release.is_some() && release == self.older && !by_rules {
            // The legacy program reads an option by its own former names: both can be kept.
            pass.legacy_has = &|_| false;
        }
        let renamed = rename(pass)?;
        for Superseded { file, line, by } in renamed.superseded {
            // A later release may not read what was copied from an entry.
            let original = |line| self.original_line(file, line);
            if release.is_some() && original(line) == original(by) {
                continue;
            }
            if let Some(name) = name_at(&self.document(file), line) {
                let place = (file, self.original_line(file, line));
                self.superseded.entry(place).or_default().insert(name);
            }
        }
        Ok(self.absorb(renamed.files, renamed.decisions, release))
    }

    /// Tells whether the entry on a line stays although another one hid it from a release.
    pub(super) fn is_superseded(&self, file: usize, line: usize) -> bool {
        if self.superseded.is_empty() {
            return false;
        }
        let names = self.superseded.get(&(file, self.original_line(file, line)));
        names.is_some_and(|names| {
            let name = name_at(&self.document(file), line);
            name.is_some_and(|name| names.contains(&name))
        })
    }

    /// Returns the current files.
    pub(super) fn files(&self) -> Vec<ParsedFile<'_>> {
        let files = self.before.iter().enumerate();
        files
            .map(|(at, file)| ParsedFile {
                path: Cow::Borrowed(&file.path),
                document: self.document(at),
            })
            .collect()
    }

    /// Returns the current contents of a file.
    pub(super) fn document(&self, file: usize) -> Document<'_> {
        match &self.documents[file] {
            Some(changed) => changed.borrowed(),
            None => self.before[file].document.borrowed(),
        }
    }

    fn pass<'p, 'd>(
        &'p self,
        seen: &'d [ParsedFile<'d>],
        pack: &'p Pack,
        view: &'p View,
        was_empty: &'p dyn Fn(usize, usize) -> bool,
    ) -> Pass<'p, 'd> {
        Pass {
            files: seen,
            pack,
            settings: self.settings,
            view,
            was_empty,
            legacy_has: &*self.legacy_has,
            held: &self.held,
            is_undecided: &|_| false,
            is_superseded: &|_, _| false,
            releases: None,
            by_rules: false,
        }
    }

    /// Follows rules, including postponed ones, and their renamings; returns whether anything
    /// changed.
    pub(super) fn follow(
        &mut self,
        rules: Vec<Active>,
        pack: &Pack,
        definitions: &dyn Definitions,
        releases: Option<ReleaseRange>,
    ) -> Result<bool, MigrateError> {
        let release = releases.map(|releases| releases.to);
        let (mut left, mut waits, mut changed) = (rules, true, false);
        while !left.is_empty() {
            let other_names = |option: &OptName| self.held.other_names(option, definitions);
            let rules = left.iter().map(|active| &*active.rule);
            let current = self.files();
            let view = View::of_rules(&current, rules, &other_names);
            let seen = seen(&current, &view);
            let was_empty = |file, line| self.was_empty(file, line);
            let undecided = self.undecided();
            let pass = Pass {
                is_undecided: &|option| undecided.contains(option),
                releases,
                ..self.pass(&seen, pack, &view, &was_empty)
            };
            let Followed {
                files,
                decisions,
                renames,
                postponed,
            } = follow(pass, left, definitions, waits)?;
            let mut has_changed = self.absorb(files, decisions, release);
            has_changed |=
                self.rename_by(&renamings(renames, pack, definitions), true, releases)?;
            changed |= has_changed;
            // Without a change, the same rules would be postponed again.
            left = if has_changed || waits {
                postponed
            } else {
                Vec::new()
            };
            waits = has_changed;
        }
        Ok(changed)
    }

    /// Tells whether the section with this header line was empty in the original file.
    pub(super) fn was_empty(&self, file: usize, line: usize) -> bool {
        let first = self.results[file].lines.original(line);
        let section = first.and_then(|first| self.before[file].document.section_at(first));
        section.is_some_and(|section| {
            Some(section.line()) == first && section.entries().next().is_none()
        })
    }

    /// Takes over the outcome of a pass, with lines mapped to those of the original files. Returns
    /// whether anything changed.
    pub(super) fn absorb(
        &mut self,
        files: Vec<Applied>,
        decisions: Vec<(usize, Decision)>,
        release: Option<Series>,
    ) -> bool {
        let first = |(at, decision): &(usize, Decision)| self.original_line(*at, decision.line);
        let lines: Vec<usize> = decisions.iter().map(first).collect();
        let mut has_changed = false;
        let mut made: HashSet<OptName> = HashSet::default();
        for (at, file) in files.into_iter().enumerate() {
            let Some(document) = file.document else {
                continue;
            };
            has_changed = true;
            for mut change in file.changes {
                made.insert(change.to.clone());
                let names = [&change.from, &change.to].map(|option| option.name().to_owned());
                self.changed.extend(names);
                change.line = self.original_line(at, change.line);
                change.release = release.map(|series| series.to_string());
                self.results[at].changes.push(change);
            }
            self.results[at].lines = self.results[at].lines.then(&file.lines);
            self.documents[at] = Some(document);
        }
        // A decision about an option that is renamed after all is no longer needed, nor is one that
        // is made anew.
        let key = |decision: &Decision| (decision.option.clone(), decision.rule.clone());
        let anew = decisions.iter().map(|(_, decision)| key(decision));
        let mut anew: HashSet<_> = anew.collect();
        self.decisions.retain(|(_, known)| {
            let is_made_anew = !anew.is_empty() && anew.contains(&key(known));
            (known.rule.is_some() || !made.contains(&known.option)) && !is_made_anew
        });
        let mut by_file: HashMap<usize, Vec<usize>> = HashMap::default();
        for ((at, _), line) in decisions.iter().zip(&lines) {
            by_file.entry(*at).or_default().push(*line);
        }
        let current = by_file.into_iter();
        let current: HashMap<usize, BTreeMap<usize, usize>> = current
            .map(|(at, lines)| (at, self.results[at].lines.current_lines(lines)))
            .collect();
        let mut left = Vec::new();
        // Of several about the same, the last one counts.
        for ((at, mut decision), line) in decisions.into_iter().zip(lines).rev() {
            if !anew.remove(&key(&decision)) {
                continue;
            }
            let now = current[&at].get(&line).copied();
            let name = now.and_then(|line| name_at(&self.document(at), line));
            let name = name.unwrap_or_else(|| decision.option.clone());
            decision.line = line;
            decision.release = decision
                .release
                .or_else(|| release.map(|series| series.to_string()));
            left.push((name, decision));
        }
        self.decisions.extend(left.into_iter().rev());
        has_changed
    }
}

/// Returns the files narrowed to a view.
fn seen<'d>(files: &[ParsedFile<'d>], view: &View) -> Vec<ParsedFile<'d>> {
    let files = files.iter().cloned();
    files.map(|file| view.narrow(file)).collect()
}

/// Returns the name of the entry on a line.
pub(super) fn name_at(document: &Document<'_>, line: usize) -> Option<OptName> {
    let entry = document.entry_at(line)?;
    Some(OptName::new(
        entry.group().to_str().ok()?,
        entry.key().to_str().ok()?,
    ))
}
