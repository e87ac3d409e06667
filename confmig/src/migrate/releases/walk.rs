//! A migration on its way: texts in memory, and what the steps so far have made of them.

use bstr::ByteSlice;
use bumpalo::Bump;
use foldhash::HashSet;
use oslo_config::{Document, Entry, OptName, ParsedFile, SourceError, references};

use super::facts::InPack;
use super::renames::renames_pack;
use super::trail::Trail;
use crate::migrate::convert::{Active, Converted, Facts, convert};
use crate::migrate::view::View;
use crate::migrate::{Decision, FileMigration, MigrateError, Migration, Settings, rename};
use crate::pack::Pack;
use crate::release::Series;
use crate::rule::{Automatic, Rename};

/// A migration on its way.
pub(super) struct Walk<'w> {
    pub(super) before: &'w [ParsedFile<'w>],
    settings: &'w Settings,
    /// Where the texts are that steps make: each is there as long as the walk.
    texts: &'w Bump,
    /// The files as they are now.
    pub(super) files: Vec<ParsedFile<'w>>,
    made: Vec<FileMigration>,
    pub(super) trails: Vec<Trail>,
    /// What is left to decide, each with the name of the entry that it is about.
    pub(super) decisions: Vec<(OptName, Decision)>,
    /// The names of options, without their groups, that were changed since this was emptied.
    pub(super) changed: HashSet<String>,
}

impl<'w> Walk<'w> {
    pub(super) fn new(
        files: &'w [ParsedFile<'w>],
        settings: &'w Settings,
        texts: &'w Bump,
    ) -> Self {
        let made = |file: &ParsedFile<'_>| FileMigration {
            path: file.path.to_owned(),
            after: file.document.text().to_owned(),
            changes: Vec::new(),
        };
        Walk {
            before: files,
            settings,
            texts,
            files: files.to_vec(),
            made: files.iter().map(made).collect(),
            trails: files
                .iter()
                .map(|file| Trail::new(&file.document))
                .collect(),
            decisions: Vec::new(),
            changed: HashSet::default(),
        }
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

    /// The renamings and rules of a pack.
    pub(super) fn follow(&mut self, pack: &Pack) -> Result<(), MigrateError> {
        self.rename(pack, None)?;
        let rules = pack.conversions.iter().map(|rule| Active {
            rule: std::rc::Rc::new(rule.clone()),
            doubt: None,
        });
        let (_, renames) = self.convert(rules.collect(), pack, &InPack(pack), None)?;
        let define = |option: &OptName| pack.opts.iter().find(|opt| opt.name() == option).cloned();
        let base = Pack {
            opts: Vec::new(),
            ..pack.clone()
        };
        self.rename(&renames_pack(renames, base, &define), None)?;
        Ok(())
    }

    /// Follows renamings; tells whether anything changed.
    pub(super) fn rename(
        &mut self,
        pack: &Pack,
        release: Option<Series>,
    ) -> Result<bool, MigrateError> {
        if pack.opts.iter().all(|opt| opt.deprecated().is_empty()) {
            return Ok(false);
        }
        let view = View::of_pack(&self.files, pack);
        let seen = view.narrow(self.files.clone());
        let migration = rename(&seen, pack, self.settings, &view)?;
        self.absorb(&seen, &migration.files, migration.decisions, release)
    }

    /// Follows rules until all are; tells whether anything changed, and the renamings that are left.
    pub(super) fn convert(
        &mut self,
        rules: Vec<Active>,
        pack: &Pack,
        facts: &dyn Facts,
        release: Option<Series>,
    ) -> Result<(bool, Vec<(Rename, String)>), MigrateError> {
        let (mut left, mut renames, mut changed) = (rules, Vec::new(), false);
        while !left.is_empty() {
            let view = View::of_rules(&self.files, left.iter().map(|active| &*active.rule));
            let seen = view.narrow(self.files.clone());
            let Converted {
                files,
                decisions,
                renames: found,
                postponed,
            } = convert(&seen, pack, left, facts, self.settings, &view)?;
            changed |= files.is_some();
            // Without a change, what was postponed would be postponed again.
            left = if files.is_some() {
                postponed
            } else {
                Vec::new()
            };
            self.absorb(&seen, &files.unwrap_or_default(), decisions, release)?;
            renames.extend(found);
        }
        Ok((changed, renames))
    }

    /// Takes over what a step made of what it saw, with the lines of the files as they were at first.
    /// Tells whether that changes anything.
    fn absorb(
        &mut self,
        seen: &[ParsedFile<'_>],
        files: &[FileMigration],
        decisions: Vec<Decision>,
        release: Option<Series>,
    ) -> Result<bool, MigrateError> {
        for mut decision in decisions {
            let mut name = decision.option.clone();
            if let Some(at) = seen.iter().position(|file| file.path == decision.path) {
                let entries: Vec<_> = seen[at].document.entries().collect();
                name = name_at(&entries, decision.line).unwrap_or(name);
                decision.line = self.trails[at].first_line(&entries, decision.line);
            }
            decision.release = decision
                .release
                .or_else(|| release.map(|series| series.to_string()));
            self.decisions.retain(|(_, known)| {
                known.option != decision.option || known.rule != decision.rule
            });
            self.decisions.push((name, decision));
        }
        if files.iter().all(|file| file.changes.is_empty()) {
            return Ok(false);
        }
        for change in files.iter().flat_map(|file| &file.changes) {
            let names = [&change.from, &change.to].map(|option| option.name().to_owned());
            self.changed.extend(names);
        }
        for (at, file) in files.iter().enumerate() {
            let changes = self.trails[at].follow(&seen[at].document, &file.changes);
            self.made[at]
                .changes
                .extend(changes.into_iter().map(|mut change| {
                    change.release = release.map(|series| series.to_string());
                    change
                }));
        }
        for (file, made) in self.files.iter_mut().zip(files) {
            let parsed = Document::parse(self.texts.alloc_slice_copy(&made.after));
            file.document = parsed.map_err(|errors| {
                let path = made.path.clone();
                MigrateError::Unreadable(SourceError::Syntax { path, errors })
            })?;
        }
        Ok(true)
    }

    pub(super) fn finish(mut self) -> Migration {
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
        // What a later step took out, or gave another name, is no longer to be decided.
        self.decisions
            .retain(|(name, decision)| set.contains(name) || set.contains(&decision.option));
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
        Migration {
            files: self.made,
            decisions,
        }
    }
}

/// The name of the entry in a line.
fn name_at(entries: &[Entry<'_, '_>], line: usize) -> Option<OptName> {
    let entry = entries.iter().find(|entry| entry.line() == line)?;
    Some(OptName::new(
        entry.group().to_str().ok()?,
        entry.key().to_str().ok()?,
    ))
}
