//! A migration on its way: texts in memory, and what the steps so far have made of them.

use bstr::ByteSlice;
use bumpalo::Bump;
use foldhash::{HashMap, HashSet};
use oslo_config::{Document, Entry, LineMap, Opt, OptName, ParsedFile, references};

use super::pass::{Applied, Held, Pass};
use super::put_back::put_back;
use super::rename::{Renamed, rename};
use super::rules::{Active, Facts, Followed, follow};
use super::view::View;
use super::{
    Change, ChangeKind, Decision, FileMigration, MigrateError, Migration, Settings, finish,
};
use crate::pack::{self, Pack};
use crate::release::Series;
use crate::rule::{Automatic, Name, Rename};

/// A migration on its way.
pub(super) struct Migrator<'m> {
    pub(super) before: &'m [ParsedFile<'m>],
    pub(super) settings: &'m Settings,
    /// Holds the texts that steps make, as long as the migration takes.
    texts: &'m Bump,
    /// The files as they are now.
    pub(super) files: Vec<ParsedFile<'m>>,
    made: Vec<FileMigration>,
    /// What is left to decide, each with the name of the entry that it is about.
    pub(super) decisions: Vec<(OptName, Decision)>,
    /// The names of options, without their groups, that were changed since this was emptied.
    pub(super) changed: HashSet<String>,
    /// What is left to decide and stays so.
    held: Held,
    /// Entries that stay although another one hid them for a release: file and line at first, with
    /// the names there, since a copy comes from the same line.
    pub(super) superseded: HashMap<(usize, usize), HashSet<OptName>>,
    /// Tells whether the program that knows the old names has an option of a name.
    is_old: Box<dyn Fn(&OptName) -> bool + 'm>,
}

impl<'m> Migrator<'m> {
    pub(super) fn new(
        files: &'m [ParsedFile<'m>],
        settings: &'m Settings,
        texts: &'m Bump,
    ) -> Self {
        let made = |file: &ParsedFile<'_>| FileMigration {
            path: file.path.to_owned(),
            after: file.document.text().to_owned(),
            changes: Vec::new(),
            lines: LineMap::identity(file.document.line_count()),
        };
        Migrator {
            before: files,
            settings,
            texts,
            files: files.to_vec(),
            made: files.iter().map(made).collect(),
            decisions: Vec::new(),
            changed: HashSet::default(),
            held: Held::default(),
            superseded: HashMap::default(),
            is_old: Box::new(|_| false),
        }
    }

    /// From here on, what is left to decide stays so, by whichever of its names: the option's own and
    /// the former ones, as `former` returns them. A newer release may read these otherwise.
    pub(super) fn hold_decided(&mut self, former: impl Fn(&OptName) -> Vec<OptName>) {
        let decided = self.decisions.iter().map(|(_, decision)| decision);
        let renamings = decided.filter(|decision| decision.rule.is_none());
        for Decision { option, .. } in renamings {
            self.held.add(option, former(option));
        }
    }

    /// From here on, old names that stay are those of a program that has these options.
    pub(super) fn keep_for(&mut self, is_old: impl Fn(&OptName) -> bool + 'm) {
        self.is_old = Box::new(is_old);
    }

    /// Returns the line that a line of a file had at first.
    pub(super) fn first_line(&self, file: usize, line: usize) -> usize {
        self.made[file].lines.original(line).unwrap_or(line)
    }

    /// Tells whether a rule waits for the operator, who was told.
    pub(super) fn is_decided(&self, active: &Active) -> bool {
        let rule = &active.rule;
        (rule.automatic != Automatic::Yes || active.doubt.is_some())
            && !self.settings.accept_rules.contains(&rule.id)
            && self
                .decisions
                .iter()
                .any(|(_, decision)| decision.rule.as_ref() == Some(&rule.id))
    }

    /// Follows the renamings of a pack; tells whether anything changed.
    pub(super) fn rename(
        &mut self,
        pack: &Pack,
        release: Option<Series>,
    ) -> Result<bool, MigrateError> {
        self.rename_by(pack, false, release)
    }

    fn rename_by(
        &mut self,
        pack: &Pack,
        by_rules: bool,
        release: Option<Series>,
    ) -> Result<bool, MigrateError> {
        if pack.rules.is_empty() {
            return Ok(false);
        }
        let view = View::of_pack(&self.files, pack);
        let seen = self.seen(&view);
        let was_empty = |file, line| self.was_empty(file, line);
        let is_superseded = |file: usize, line| {
            let names = || self.superseded.get(&(file, self.first_line(file, line)));
            // The name is looked up for these lines only, since that reads the whole file.
            let has = |names: &HashSet<OptName>| {
                let name = name_at(&self.files[file].document, line);
                name.is_some_and(|name| names.contains(&name))
            };
            !self.superseded.is_empty() && names().is_some_and(has)
        };
        let Renamed {
            files,
            decisions,
            superseded,
        } = rename(Pass {
            by_rules,
            is_superseded: &is_superseded,
            ..self.pass(&seen, pack, &view, &was_empty)
        })?;
        for (file, line) in superseded {
            if let Some(name) = name_at(&self.files[file].document, line) {
                let place = (file, self.first_line(file, line));
                self.superseded.entry(place).or_default().insert(name);
            }
        }
        Ok(self.absorb(files, decisions, release))
    }

    fn pass<'p, 'd>(
        &'p self,
        seen: &'d [ParsedFile<'d>],
        pack: &'p Pack,
        view: &'p View,
        was_empty: &'p dyn Fn(usize, usize) -> bool,
    ) -> Pass<'p, 'd, 'm> {
        Pass {
            files: seen,
            pack,
            settings: self.settings,
            view,
            was_empty,
            texts: self.texts,
            is_old: &*self.is_old,
            held: &self.held,
            is_superseded: &|_, _| false,
            by_rules: false,
        }
    }

    fn seen(&self, view: &View) -> Vec<ParsedFile<'m>> {
        let files = self.files.iter();
        files.map(|file| view.narrow(file.clone())).collect()
    }

    /// Follows rules until all are, and the renamings that these leave; tells whether anything changed.
    pub(super) fn follow(
        &mut self,
        rules: Vec<Active>,
        pack: &Pack,
        facts: &dyn Facts,
        release: Option<Series>,
    ) -> Result<bool, MigrateError> {
        let (mut left, mut waits, mut changed) = (rules, true, false);
        while !left.is_empty() {
            let former = |option: &OptName| facts.former(option);
            let rules = left.iter().map(|active| &*active.rule);
            let view = View::of_rules(&self.files, rules, &former);
            let seen = self.seen(&view);
            let was_empty = |file, line| self.was_empty(file, line);
            let pass = self.pass(&seen, pack, &view, &was_empty);
            let Followed {
                files,
                decisions,
                renames,
                postponed,
            } = follow(pass, left, facts, waits)?;
            let mut has_changed = self.absorb(files, decisions, release);
            has_changed |= self.rename_by(&renamings(renames, pack, facts), true, release)?;
            changed |= has_changed;
            // Without a change, what was postponed would be postponed again.
            left = if has_changed || waits {
                postponed
            } else {
                Vec::new()
            };
            waits = has_changed;
        }
        Ok(changed)
    }

    /// Tells whether the header in a line of a file is that of a section that had no entry at
    /// first.
    fn was_empty(&self, file: usize, line: usize) -> bool {
        let first = self.made[file].lines.original(line);
        let mut sections = self.before[file].document.sections();
        let section = sections.find(|section| Some(section.line()) == first);
        section.is_some_and(|section| section.entries().next().is_none())
    }

    /// Takes over what a step made of what it saw, with the lines of the files as they were at first.
    /// Tells whether that changes anything.
    fn absorb(
        &mut self,
        files: Vec<Applied<'m>>,
        decisions: Vec<(usize, Decision)>,
        release: Option<Series>,
    ) -> bool {
        let first = |(at, decision): &(usize, Decision)| self.first_line(*at, decision.line);
        let lines: Vec<usize> = decisions.iter().map(first).collect();
        let mut has_changed = false;
        for (at, file) in files.into_iter().enumerate() {
            let Some(document) = file.document else {
                continue;
            };
            has_changed = true;
            for mut change in file.changes {
                // What was left to decide of an option before, and is done now, is decided.
                self.decisions
                    .retain(|(_, known)| known.rule.is_some() || known.option != change.to);
                let names = [&change.from, &change.to].map(|option| option.name().to_owned());
                self.changed.extend(names);
                change.line = self.first_line(at, change.line);
                change.release = release.map(|series| series.to_string());
                self.made[at].changes.push(change);
            }
            self.made[at].lines = self.made[at].lines.then(&file.lines);
            self.files[at].document = document;
        }
        for ((at, mut decision), line) in decisions.into_iter().zip(lines) {
            let now = self.made[at].lines.current(line);
            let name = now.and_then(|line| name_at(&self.files[at].document, line));
            let name = name.unwrap_or_else(|| decision.option.clone());
            decision.line = line;
            decision.release = decision
                .release
                .or_else(|| release.map(|series| series.to_string()));
            self.decisions.retain(|(_, known)| {
                known.option != decision.option || known.rule != decision.rule
            });
            self.decisions.push((name, decision));
        }
        has_changed
    }

    /// Puts comments back whose entries went to another section and were removed there.
    fn put_back_comments(&mut self) -> Result<(), MigrateError> {
        for ((made, file), first) in self.made.iter_mut().zip(&mut self.files).zip(self.before) {
            let removes = |change: &Change| change.kind == ChangeKind::Remove;
            if !made.changes.iter().any(removes) {
                continue;
            }
            if let Some(edit) = put_back(&first.document, &file.document, &made.lines) {
                let (document, lines) = finish(edit, &made.path, self.texts)?;
                made.lines = made.lines.then(&lines);
                file.document = document;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Migration, MigrateError> {
        self.put_back_comments()?;
        let mut set = HashSet::default();
        for (at, file) in self.files.iter().enumerate() {
            for entry in file.document.entries() {
                let group = entry.group();
                let group = group.to_str_lossy();
                set.insert(OptName::new(&*group, entry.key().to_str_lossy()));
                for reference in references(&entry.value()) {
                    set.extend(reference.options(&group));
                }
            }
            self.made[at].after = file.document.text().to_owned();
        }
        // What a later step removed, or gave another name, is no longer to be decided.
        let held = &self.held;
        self.decisions.retain(|(name, Decision { option, .. })| {
            let mut names = held.former(option).iter().chain([name, option]);
            names.any(|name| set.contains(name))
        });
        for (file, before) in self.made.iter_mut().zip(self.before) {
            file.changes.sort_by_key(|change| change.line);
            if file.after == before.document.text() {
                file.changes.clear();
            }
        }
        let order = |path: &std::path::Path| self.before.iter().position(|file| file.path == path);
        let mut decisions: Vec<Decision> = self
            .decisions
            .into_iter()
            .map(|(_, decision)| decision)
            .collect();
        decisions.sort_by_key(|decision| (order(&decision.path), decision.line));
        Ok(Migration {
            files: self.made,
            decisions,
        })
    }
}

/// The name of the entry in a line.
fn name_at(document: &Document<'_>, line: usize) -> Option<OptName> {
    let is_there = |entry: &Entry<'_, '_>| entry.line() == line;
    let entry = document.entries().find(is_there)?;
    Some(OptName::new(
        entry.group().to_str().ok()?,
        entry.key().to_str().ok()?,
    ))
}

/// The options of a pack with the renamings alone that rules leave, each with the id of its rule.
fn renamings(renames: Vec<(Rename, String)>, base: &Pack, facts: &dyn Facts) -> Pack {
    let mut opts: Vec<Opt> = base.opts.clone();
    let mut rules: Vec<pack::Rule> = Vec::new();
    for (Rename { from, to: Name(to) }, id) in renames {
        // What is given a former name belongs to the option that reads it.
        let reads = |opt: &&Opt| opt.deprecated().contains(&to);
        let is_option = base.opts.iter().any(|opt| *opt.name() == to);
        let reader = base.opts.iter().find(reads).filter(|_| !is_option);
        let to = reader.map_or(to.clone(), |opt| opt.name().clone());
        let at = opts.iter().position(|opt| *opt.name() == to);
        let at = at.unwrap_or_else(|| {
            opts.push(facts.define(&to));
            opts.len() - 1
        });
        opts[at] = opts[at].clone().with_deprecated(from.group(), from.name());
        rules.push(pack::Rule {
            id,
            from: from.0,
            to,
            why: String::new(),
            proof: None,
        });
    }
    Pack {
        name: base.name.clone(),
        project: base.project.clone(),
        opts,
        rules,
        ..Pack::default()
    }
}
