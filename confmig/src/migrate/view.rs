//! The part of a set of files that a step is about.
//!
//! A release changes a few options. The entries of all others are hidden while it is followed: they are
//! of no option that a rule names, refer to nothing and are referred to by nothing, so that they can
//! neither change what is done nor be changed by it. That they stand there afterwards as before is part
//! of the proof.

use std::path::PathBuf;

use bstr::ByteSlice;
use foldhash::HashSet;
use oslo_config::{Document, LineKind, OptName, ParsedFile, SourceFile, references};

use super::{MigrateError, parse};
use crate::pack::Pack;
use crate::rule::{Name, Rule};

/// Which entries are seen.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// Those with one of these keys, in whatever section, and those with references; all when absent.
    keys: Option<HashSet<Vec<u8>>>,
}

impl View {
    /// Everything.
    pub(crate) fn all() -> Self {
        View::default()
    }

    /// What renamings of a pack are about.
    pub(crate) fn of_pack(files: &[ParsedFile<'_>], pack: &Pack) -> Self {
        let mut keys = Keys::default();
        for opt in &pack.opts {
            keys.add(opt.name());
            opt.deprecated().iter().for_each(|name| keys.add(name));
            opt.default()
                .iter()
                .for_each(|text| keys.add_referred(text.as_bytes()));
        }
        keys.view(files)
    }

    /// What rules are about.
    pub(crate) fn of_rules<'r>(
        files: &[ParsedFile<'_>],
        rules: impl IntoIterator<Item = &'r Rule>,
    ) -> Self {
        let mut keys = Keys::default();
        for rule in rules {
            rule.names()
                .into_iter()
                .for_each(|name: &Name| keys.add(name));
            if let Some(crate::rule::Sections::Having { having, .. }) = &rule.sections {
                keys.0.insert(having.as_bytes().to_vec());
            }
            rule.texts()
                .into_iter()
                .for_each(|text| keys.add_referred(text.as_bytes()));
        }
        keys.view(files)
    }

    /// The files with what is seen alone.
    pub(crate) fn narrow<'d>(&self, files: Vec<ParsedFile<'d>>) -> Vec<ParsedFile<'d>> {
        let Some(keys) = &self.keys else { return files };
        let narrow = |file: ParsedFile<'d>| ParsedFile {
            path: file.path,
            document: file
                .document
                .narrowed(|entry| keys.contains(entry.key().as_bytes()) || refers(entry)),
        };
        files.into_iter().map(narrow).collect()
    }

    /// Reads new texts of files as these are seen.
    ///
    /// # Errors
    ///
    /// When a text cannot be read, or has not the same hidden lines as before.
    pub(crate) fn parse<'t>(
        &self,
        texts: &'t [SourceFile],
        before: &[ParsedFile<'_>],
    ) -> Result<Vec<ParsedFile<'t>>, MigrateError> {
        let parsed = self.narrow(parse(texts)?);
        for (old, new) in before.iter().zip(&parsed) {
            if !hidden(&old.document).eq(hidden(&new.document)) {
                let path: PathBuf = new.path.to_owned();
                return Err(MigrateError::Disturbed { path });
            }
        }
        Ok(parsed)
    }
}

/// The hidden lines, each with the header above it.
fn hidden<'d>(document: &'d Document<'_>) -> impl Iterator<Item = (&'d [u8], &'d [u8])> {
    let text = |line| {
        document
            .line_text(line)
            .map_or(&[][..], |text| text.as_bytes())
    };
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

fn refers(entry: &oslo_config::Entry<'_, '_>) -> bool {
    let document = entry.section().document();
    document.text()[document.byte_range(entry.lines())].contains(&b'$')
}

/// Keys on their way into a view.
#[derive(Default)]
struct Keys(HashSet<Vec<u8>>);

impl Keys {
    fn add(&mut self, name: &OptName) {
        self.0.insert(name.name().as_bytes().to_vec());
    }

    /// Adds what a text refers to.
    fn add_referred(&mut self, text: &[u8]) {
        for reference in references(text) {
            self.0.insert(reference.parts().1.as_bytes().to_vec());
        }
    }

    fn view(mut self, files: &[ParsedFile<'_>]) -> View {
        for file in files
            .iter()
            .filter(|file| file.document.text().contains(&b'$'))
        {
            for entry in file.document.entries().filter(refers) {
                self.add_referred(&entry.value());
            }
        }
        View { keys: Some(self.0) }
    }
}
