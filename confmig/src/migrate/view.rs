//! The part of a set of files that a pass is about.
//!
//! A release changes few options. The entries of all others are masked out during its pass: no rule
//! names their options, they do not refer to these, and no visible entry refers to them, so they
//! can neither affect the changes nor be affected. The proof includes that they are still the same
//! afterwards.

use std::ops::Range;
use std::path::PathBuf;

use foldhash::{HashMap, HashSet};
use oslo_config::{Document, Entry, LineKind, OptName, ParsedFile, references};

use super::MigrateError;
use super::planned::Applied;
use crate::pack::Pack;
use crate::rule::Rule;

/// The entries that are visible: those with one of these keys, or a reference to one, in any
/// section.
#[derive(Debug, Default)]
pub(crate) struct View(HashSet<Vec<u8>>);

impl View {
    /// Creates the view of the options of a pack.
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

    /// Creates the view of the options of rules under all of their names: values may refer to them
    /// by former ones, and what a rule sets may be set under a newer one.
    pub(crate) fn of_rules<'r>(
        files: &[ParsedFile<'_>],
        rules: impl IntoIterator<Item = &'r Rule>,
        other_names: &dyn Fn(&OptName) -> Vec<OptName>,
    ) -> Self {
        let mut view = View::default();
        for rule in rules {
            for option in rule.names() {
                other_names(option).iter().for_each(|name| view.add(name));
            }
            view.0
                .extend(rule.keys().map(|key| key.as_bytes().to_vec()));
            let texts = rule.texts().into_iter();
            view.0
                .extend(texts.flat_map(|text| referred(text.as_bytes())));
        }
        view.with_referred(files)
    }

    /// Adds what visible values refer to, so that the values can be read.
    fn with_referred(mut self, files: &[ParsedFile<'_>]) -> Self {
        let mut referring: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
        for ParsedFile { document, .. } in files {
            let dollars = DollarLines::new(document);
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
        // What a key leads to: the values with it, by their key or a reference.
        let mut values: HashMap<&[u8], Vec<usize>> = HashMap::default();
        for (at, (key, referred)) in referring.iter().enumerate() {
            for key in referred.iter().chain([key]) {
                values.entry(key).or_default().push(at);
            }
        }
        let mut open: Vec<Vec<u8>> = self.0.iter().cloned().collect();
        while let Some(key) = open.pop() {
            for at in values.remove(&*key).unwrap_or_default() {
                for key in &referring[at].1 {
                    if self.0.insert(key.clone()) {
                        open.push(key.clone());
                    }
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

    /// Returns the file with all but the visible entries masked out.
    pub(crate) fn narrow<'d>(
        &self,
        ParsedFile { path, document }: ParsedFile<'d>,
    ) -> ParsedFile<'d> {
        let dollars = DollarLines::new(&document);
        let document = document.narrowed(|entry| {
            self.has(entry.key())
                || dollars.has(entry) && self.has_any_of(&referred(&entry.value()))
        });
        ParsedFile { path, document }
    }

    /// Returns the new files with all but the visible entries masked out.
    ///
    /// # Errors
    ///
    /// When the masked lines of a file are not the same as before.
    pub(crate) fn narrow_new<'t>(
        &self,
        applied: &'t [Applied],
        before: &[ParsedFile<'t>],
    ) -> Result<Vec<ParsedFile<'t>>, MigrateError> {
        let files = applied.iter().zip(before).map(|(applied, before)| {
            let Some(document) = &applied.document else {
                return Ok(before.clone());
            };
            let narrowed = self.narrow(ParsedFile {
                path: before.path.clone(),
                document: document.borrowed(),
            });
            if masked(&before.document).eq(masked(&narrowed.document)) {
                return Ok(narrowed);
            }
            let path: PathBuf = narrowed.path.into_owned();
            Err(MigrateError::Disturbed { path })
        });
        files.collect()
    }
}

/// Returns the masked lines, each with the header above it.
fn masked<'d>(document: &'d Document<'_>) -> impl Iterator<Item = (&'d [u8], &'d [u8])> {
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

/// The lines that contain a dollar sign, in order: only these may have references.
pub(crate) struct DollarLines(Vec<usize>);

impl DollarLines {
    pub(crate) fn new(document: &Document<'_>) -> Self {
        let places = memchr::memchr_iter(b'$', document.text());
        DollarLines(places.map(|at| document.line_at(at)).collect())
    }

    /// Tells whether an entry contains a dollar sign.
    pub(crate) fn has(&self, entry: &Entry<'_, '_>) -> bool {
        self.has_any_in(entry.lines())
    }

    /// Tells whether a range of lines contains a dollar sign.
    pub(crate) fn has_any_in(&self, Range { start, end }: Range<usize>) -> bool {
        let at = self.0.partition_point(|line| *line < start);
        self.0.get(at).is_some_and(|line| *line < end)
    }
}

/// Returns the keys that a text refers to, each once.
fn referred(text: &[u8]) -> Vec<Vec<u8>> {
    let keys = references(text).into_iter();
    let mut keys: Vec<Vec<u8>> = keys
        .map(|reference| reference.parts().1.as_bytes().to_vec())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}
