//! The part of a set of files that a step is about.
//!
//! A release changes a few options. The entries of all others are hidden while it is followed: they are
//! of no option that a rule names, refer to none of these and are not referred to by what is seen, so that
//! they can neither change what is done nor be changed by it. That they stand there afterwards as before
//! is part of the proof.

use std::ops::Range;
use std::path::PathBuf;

use foldhash::HashSet;
use oslo_config::{Document, Entry, LineKind, OptName, ParsedFile, references};

use super::MigrateError;
use super::pass::Applied;
use crate::pack::Pack;
use crate::rule::Rule;

/// Which entries are seen: those with one of these keys or with a reference to one, in whatever
/// section.
#[derive(Debug, Default)]
pub(crate) struct View(HashSet<Vec<u8>>);

impl View {
    /// What renamings of a pack are about.
    pub(crate) fn of_pack(files: &[ParsedFile<'_>], pack: &Pack) -> Self {
        let mut view = View::default();
        for opt in &pack.opts {
            view.add(opt.name());
            opt.deprecated().iter().for_each(|name| view.add(name));
            let defaults = opt.default().iter();
            view.0
                .extend(defaults.flat_map(|text| referred(text.as_bytes())));
        }
        view.with_referred(files)
    }

    /// What rules are about, and the former names of it, by which values may refer to it.
    pub(crate) fn of_rules<'r>(
        files: &[ParsedFile<'_>],
        rules: impl IntoIterator<Item = &'r Rule>,
        former: &dyn Fn(&OptName) -> Vec<OptName>,
    ) -> Self {
        let mut view = View::default();
        for rule in rules {
            for option in rule.names() {
                former(option).iter().for_each(|name| view.add(name));
            }
            view.0
                .extend(rule.keys().map(|key| key.as_bytes().to_vec()));
            let texts = rule.texts().into_iter();
            view.0
                .extend(texts.flat_map(|text| referred(text.as_bytes())));
        }
        view.with_referred(files)
    }

    /// Adds what is referred to by what is seen, to read the values.
    fn with_referred(mut self, files: &[ParsedFile<'_>]) -> Self {
        let mut referring: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
        for ParsedFile { document, .. } in files {
            let dollars = Dollars::new(document);
            if dollars.0.is_empty() {
                continue;
            }
            let sections = document.sections();
            let entries = sections
                .filter(|section| dollars.has_any_in(section.lines()))
                .flat_map(|section| section.entries())
                .filter(|entry| dollars.has(entry));
            referring.extend(entries.map(|entry| (entry.key().to_vec(), referred(&entry.value()))));
        }
        let mut seen = 0;
        while seen < self.0.len() {
            seen = self.0.len();
            for (key, referred) in &referring {
                if self.has(key) || self.has_any_of(referred) {
                    self.0.extend(referred.iter().cloned());
                }
            }
        }
        self
    }

    fn add(&mut self, name: &OptName) {
        self.0.insert(name.name().as_bytes().to_vec());
    }

    fn has(&self, key: &[u8]) -> bool {
        self.0.contains(key)
    }

    fn has_any_of(&self, keys: &[Vec<u8>]) -> bool {
        keys.iter().any(|key| self.has(key))
    }

    /// The file with what is seen alone.
    pub(crate) fn narrow<'d>(
        &self,
        ParsedFile { path, document }: ParsedFile<'d>,
    ) -> ParsedFile<'d> {
        let dollars = Dollars::new(&document);
        let document = document.narrowed(|entry| {
            self.has(entry.key())
                || dollars.has(entry) && self.has_any_of(&referred(&entry.value()))
        });
        ParsedFile { path, document }
    }

    /// What is seen of new texts of files.
    ///
    /// # Errors
    ///
    /// When a text has not the same hidden lines as before.
    pub(crate) fn see<'t>(
        &self,
        made: &[Applied<'t>],
        before: &[ParsedFile<'t>],
    ) -> Result<Vec<ParsedFile<'t>>, MigrateError> {
        let files = made.iter().zip(before).map(|(made, before)| {
            let Some(document) = &made.document else {
                return Ok(before.clone());
            };
            let seen = self.narrow(ParsedFile {
                path: before.path,
                document: document.clone(),
            });
            if hidden(&before.document).eq(hidden(&seen.document)) {
                return Ok(seen);
            }
            let path: PathBuf = seen.path.to_owned();
            Err(MigrateError::Disturbed { path })
        });
        files.collect()
    }
}

/// The hidden lines, each with the header above it.
fn hidden<'d>(document: &'d Document<'_>) -> impl Iterator<Item = (&'d [u8], &'d [u8])> {
    let text = |line| document.line_text(line).map_or(&[][..], |text| text);
    let mut header: &[u8] = &[];
    (1..=document.line_count()).filter_map(move |line| match document.line_kind(line)? {
        LineKind::Header => {
            header = text(line);
            None
        }
        LineKind::Hidden => Some((header, text(line))),
        _ => None,
    })
}

/// The lines with a dollar sign, in their order.
pub(crate) struct Dollars(Vec<usize>);

impl Dollars {
    pub(crate) fn new(document: &Document<'_>) -> Self {
        let places = memchr::memchr_iter(b'$', document.text());
        Dollars(places.map(|at| document.line_at(at)).collect())
    }

    /// Tells whether an entry has one in its lines.
    pub(crate) fn has(&self, entry: &Entry<'_, '_>) -> bool {
        self.has_any_in(entry.lines())
    }

    /// Tells whether any of these lines has one.
    pub(crate) fn has_any_in(&self, Range { start, end }: Range<usize>) -> bool {
        let at = self.0.partition_point(|line| *line < start);
        self.0.get(at).is_some_and(|line| *line < end)
    }
}

/// The keys that a text refers to.
fn referred(text: &[u8]) -> Vec<Vec<u8>> {
    let keys = references(text).into_iter();
    keys.map(|reference| reference.parts().1.as_bytes().to_vec())
        .collect()
}
