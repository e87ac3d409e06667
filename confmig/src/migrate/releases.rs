//! From release to release: what each one changed, one after the other, on texts in memory.
//!
//! The migration over many releases is by construction what going release by release makes. A step
//! whose names are not in the files costs nothing.

mod schemas;
mod steps;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use oslo_config::{Opt, OptName, OptType, ParsedFile, SourceFile, references};

use super::convert::{Active, Converted, Facts, convert};
use super::{Decision, FileMigration, MigrateError, Migration, Settings, rename};
use crate::diagnostic::Code;
use crate::pack::{Pack, Rule as Renaming};
use crate::release::{self, Lives, Series};
use crate::rule::{Automatic, Rename};
pub use schemas::migrate_schemas;
use trail::Trail;

/// How often a rule may give a name that another one of the same release is about.
const LINKS_MAX: usize = 8;

/// The id under which names are reported that the release does not read.
const NOT_READ: &str = "not-read";

/// From which release to which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The release that the files were written for.
    pub from: Series,
    /// The release that is to read them.
    pub to: Series,
}

/// Migrates files from one release of Ironic to another: the changes of each release after the first,
/// and what the first itself calls deprecated, in their order. The rules of `site`, if any, are
/// followed at the end.
///
/// # Errors
///
/// When the new texts cannot be made, read back, or shown to mean what they must.
pub fn migrate_releases(
    files: &[ParsedFile<'_>],
    span: Span,
    site: Option<&Pack>,
    settings: &Settings,
    lives: &Lives,
) -> Result<Migration, MigrateError> {
    let mut walk = Walk::new(files, settings);
    let mut interests = steps::Interests::new(&walk.texts, lives, None)?;
    for series in span.from.through(span.to) {
        if series > span.from {
            walk.step(series, span.from, lives, &mut interests)?;
        }
        // What has its name from this release only may be gone for long: who goes on from here would
        // find that at once.
        for _ in 0..LINKS_MAX {
            if !walk.step(series, series, lives, &mut interests)? {
                break;
            }
        }
    }
    if let Some(site) = site {
        walk.follow(site)?;
    }
    if !settings.keep_old {
        walk.leftovers(span, lives)?;
    }
    walk.finish()
}

/// Migrates files by a pack that has rules that do more than rename.
pub(super) fn migrate_by_rules(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    settings: &Settings,
) -> Result<Migration, MigrateError> {
    let mut walk = Walk::new(files, settings);
    walk.follow(pack)?;
    walk.finish()
}

fn release_pack(series: Series) -> Pack {
    release::pack(series, &BTreeSet::new(), &Lives::default())
}

/// What a release tells of options.
struct InRelease<'l> {
    series: Series,
    lives: &'l Lives,
}

impl Facts for InRelease<'_> {
    fn default_of(&self, option: &OptName) -> Option<String> {
        let life = self.lives.of_option(option)?;
        let definition = life.definition(self.series)?;
        let default = definition.default();
        (!definition.runtime_default && !default.is_empty()).then(|| default.join(","))
    }

    fn is_list(&self, option: &OptName) -> Option<bool> {
        let life = self.lives.of_option(option)?;
        Some(life.definition(self.series)?.kind == "list")
    }

    fn is_gone(&self, option: &OptName) -> bool {
        self.lives
            .of_option(option)
            .is_none_or(|life| !life.is_read(self.series))
    }
}

/// What a pack tells of options.
struct InPack<'p>(&'p Pack);

impl InPack<'_> {
    fn find(&self, option: &OptName) -> Option<&Opt> {
        self.0.opts.iter().find(|opt| opt.name() == option)
    }
}

impl Facts for InPack<'_> {
    fn default_of(&self, option: &OptName) -> Option<String> {
        let default = self.find(option)?.default();
        (!default.is_empty()).then(|| default.join(","))
    }

    fn is_list(&self, option: &OptName) -> Option<bool> {
        Some(matches!(self.find(option)?.kind(), OptType::List { .. }))
    }

    fn is_gone(&self, _: &OptName) -> bool {
        true
    }
}

/// A pack with these renamings alone.
fn renames_pack(
    renames: Vec<(Rename, String)>,
    base: Pack,
    define: &dyn Fn(&OptName) -> Option<Opt>,
) -> Pack {
    let mut targets: BTreeMap<OptName, Vec<(OptName, String)>> = BTreeMap::new();
    for (Rename { from, to }, id) in renames {
        targets.entry(to.0).or_default().push((from.0, id));
    }
    let mut pack = Pack {
        opts: Vec::new(),
        rules: Vec::new(),
        conversions: Vec::new(),
        ..base
    };
    for (to, formers) in targets {
        let opt = define(&to).unwrap_or_else(|| Opt::new(to.group(), to.name(), OptType::string()));
        let mut plain = Opt::new(to.group(), to.name(), opt.kind().clone());
        if opt.is_multi() {
            plain = plain.multi();
        }
        for (from, id) in formers {
            plain = plain.with_deprecated(from.group(), from.name());
            pack.rules.push(Renaming {
                id,
                from,
                to: to.clone(),
                why: String::new(),
                proof: None,
            });
        }
        pack.opts.push(plain);
    }
    pack
}

/// A migration on its way.
struct Walk<'w> {
    before: &'w [ParsedFile<'w>],
    settings: &'w Settings,
    texts: Vec<SourceFile>,
    made: Vec<FileMigration>,
    trails: Vec<Trail>,
    /// What is left to decide, each with the name of the entry that it is about.
    decisions: Vec<(OptName, Decision)>,
}

impl<'w> Walk<'w> {
    /// Follows what a release changed, or what files that are for it may have of older ones when it is the
    /// one to go `from`. Tells whether anything changed.
    fn step<'l>(
        &mut self,
        series: Series,
        from: Series,
        lives: &'l Lives,
        interests: &mut steps::Interests<'l>,
    ) -> Result<bool, MigrateError> {
        if !interests.concern(series, from) {
            return Ok(false);
        }
        let facts = InRelease { series, lives };
        let former = interests.renamed(series);
        let pack = release::renaming(series, &former, lives);
        let renamed = self.rename(&pack, Some(series))?;
        if renamed {
            *interests = steps::Interests::new(&self.texts, lives, Some(interests))?;
        }
        let mut rules = interests.copies(series, self.before.len() > 1);
        let mut own = interests.rules(series, from);
        // What the operator has to decide is said once, and changes nothing.
        own.retain(|active| !self.is_decided(active));
        rules.extend(own);
        let base = release_pack(series);
        let (mut changed, renames) = self.convert(rules, &base, &facts, Some(series))?;
        let pack = renames_pack(renames, base, &|option| {
            release::option(option, series, lives)
        });
        changed |= self.rename(&pack, Some(series))?;
        if changed {
            *interests = steps::Interests::new(&self.texts, lives, Some(interests))?;
        }
        Ok(changed || renamed)
    }

    fn new(files: &'w [ParsedFile<'w>], settings: &'w Settings) -> Self {
        let text = |file: &ParsedFile<'_>| SourceFile {
            path: file.path.to_owned(),
            text: file.document.text().to_vec(),
        };
        let made = |file: &ParsedFile<'_>| FileMigration {
            path: file.path.to_owned(),
            after: file.document.text().to_owned(),
            changes: Vec::new(),
        };
        Walk {
            before: files,
            settings,
            texts: files.iter().map(text).collect(),
            made: files.iter().map(made).collect(),
            trails: files
                .iter()
                .map(|file| Trail::new(&file.document))
                .collect(),
            decisions: Vec::new(),
        }
    }

    /// Tells whether a rule waits for the operator, who was told.
    fn is_decided(&self, active: &Active) -> bool {
        let rule = &active.rule;
        rule.automatic != Automatic::Yes
            && !self.settings.accept_rules.contains(&rule.id)
            && self
                .decisions
                .iter()
                .any(|(_, decision)| decision.rule.as_ref() == Some(&rule.id))
    }

    /// The renamings and rules of a pack.
    fn follow(&mut self, pack: &Pack) -> Result<(), MigrateError> {
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
    fn rename(&mut self, pack: &Pack, release: Option<Series>) -> Result<bool, MigrateError> {
        if pack.opts.iter().all(|opt| opt.deprecated().is_empty()) {
            return Ok(false);
        }
        let texts = std::mem::take(&mut self.texts);
        let parsed = parse(&texts)?;
        let migration = rename(&parsed, pack, self.settings)?;
        let new = self.absorb(&parsed, migration.files, migration.decisions, release);
        drop(parsed);
        let changed = new.is_some();
        self.texts = new.unwrap_or(texts);
        Ok(changed)
    }

    /// Follows rules until all are; tells whether anything changed, and the renamings that are left.
    fn convert(
        &mut self,
        rules: Vec<Active>,
        pack: &Pack,
        facts: &dyn Facts,
        release: Option<Series>,
    ) -> Result<(bool, Vec<(Rename, String)>), MigrateError> {
        let (mut left, mut renames, mut changed) = (rules, Vec::new(), false);
        while !left.is_empty() {
            let texts = std::mem::take(&mut self.texts);
            let parsed = parse(&texts)?;
            let Converted {
                files,
                decisions,
                renames: found,
                postponed,
            } = convert(&parsed, pack, left, facts, self.settings)?;
            changed |= files.is_some();
            // Without a change, what was postponed would be postponed again.
            left = if files.is_some() {
                postponed
            } else {
                Vec::new()
            };
            let new = self.absorb(&parsed, files.unwrap_or_default(), decisions, release);
            drop(parsed);
            self.texts = new.unwrap_or(texts);
            renames.extend(found);
        }
        Ok((changed, renames))
    }

    /// Takes over what a step made, with the lines of the files as they were at first. Gives the new
    /// texts when there are any.
    fn absorb(
        &mut self,
        parsed: &[ParsedFile<'_>],
        files: Vec<FileMigration>,
        decisions: Vec<Decision>,
        release: Option<Series>,
    ) -> Option<Vec<SourceFile>> {
        for mut decision in decisions {
            let mut name = decision.option.clone();
            if let Some(at) = parsed.iter().position(|file| file.path == decision.path) {
                name = name_at(&parsed[at], decision.line).unwrap_or(name);
                decision.line = self.trails[at].first_line(&parsed[at].document, decision.line);
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
            return None;
        }
        for (at, file) in files.iter().enumerate() {
            let changes = self.trails[at].follow(&parsed[at].document, &file.changes);
            self.made[at]
                .changes
                .extend(changes.into_iter().map(|mut change| {
                    change.release = release.map(|series| series.to_string());
                    change
                }));
        }
        let text = |file: FileMigration| SourceFile {
            path: file.path,
            text: file.after.into(),
        };
        Some(files.into_iter().map(text).collect())
    }

    /// Reports what is set and no longer read.
    fn leftovers(&mut self, span: Span, lives: &Lives) -> Result<(), MigrateError> {
        let parsed = parse(&self.texts)?;
        let mut found: Vec<(OptName, Decision)> = Vec::new();
        for (at, file) in parsed.iter().enumerate() {
            for entry in file.document.entries() {
                let (group, key) = (entry.group(), entry.key());
                let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
                    continue;
                };
                let Some(life) = lives.of(group, key) else {
                    continue;
                };
                let option = OptName::new(group, key);
                let told =
                    self.decisions.iter().chain(&found).any(|(name, decision)| {
                        *name == option || decision.options.contains(&option)
                    });
                if life.is_read(span.to) || told {
                    continue;
                }
                let early = life.span().is_some_and(|(first, _)| first > span.to);
                let gone = life
                    .span()
                    .and_then(|(_, last)| last.after())
                    .filter(|gone| *gone <= span.to);
                found.push((
                    option.clone(),
                    Decision {
                        reason: format!(
                            "{option}: {}",
                            release::whereabouts(&option, span.to, lives)
                        ),
                        options: vec![option.clone()],
                        option,
                        path: file.path.to_owned(),
                        line: self.trails[at].first_line(&file.document, entry.line()),
                        acceptable: false,
                        rule: Some(NOT_READ.into()),
                        release: gone.map(|series| series.to_string()),
                        advice: None,
                        code: if early {
                            Code::UnknownOption
                        } else {
                            Code::RemovedOption
                        },
                    },
                ));
            }
        }
        self.decisions.extend(found);
        Ok(())
    }

    fn finish(mut self) -> Result<Migration, MigrateError> {
        let parsed = parse(&self.texts)?;
        let mut set = BTreeSet::new();
        for (at, file) in parsed.iter().enumerate() {
            for entry in file.document.entries() {
                set.insert((entry.group().to_vec(), entry.key().to_vec()));
                let value = entry.value();
                for reference in references(&value) {
                    let (group, name) = reference.parts();
                    let group = group
                        .map_or_else(|| entry.group().to_vec(), |group| group.as_bytes().to_vec());
                    set.insert((group, name.as_bytes().to_vec()));
                    set.insert((b"DEFAULT".to_vec(), name.as_bytes().to_vec()));
                }
            }
            self.made[at].after = file.document.text().to_owned();
        }
        // What a later step took out, or gave another name, is no longer to be decided.
        let is_set = |option: &OptName| {
            set.contains(&(
                option.group().as_bytes().to_vec(),
                option.name().as_bytes().to_vec(),
            ))
        };
        self.decisions
            .retain(|(name, decision)| is_set(name) || is_set(&decision.option));
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

fn parse(texts: &[SourceFile]) -> Result<Vec<ParsedFile<'_>>, MigrateError> {
    let parsed: Result<_, _> = texts.iter().map(SourceFile::parse).collect();
    parsed.map_err(MigrateError::Unreadable)
}

/// The name of the entry in a line.
fn name_at(file: &ParsedFile<'_>, line: usize) -> Option<OptName> {
    let entry = file.document.entries().find(|entry| entry.line() == line)?;
    Some(OptName::new(
        entry.group().to_str().ok()?,
        entry.key().to_str().ok()?,
    ))
}
