//! The releases whose readings of a set of files are compared.

use oslo_config::{OptName, ParsedFile, references};

use crate::history::{self, History, ReleaseRange, Series};
use crate::migrate::names::Names;
use crate::pack::Pack;
use crate::schema::Schema;
use crate::target::name_of;

/// A release that reads the files: its name, and the options that it has.
pub(in crate::migrate) struct Reader<'r> {
    pub(super) name: &'r str,
    pack: Pack,
    /// The release alone; `None` for that of a schema.
    releases: Option<ReleaseRange>,
}

impl<'r> Reader<'r> {
    /// Creates a reader with the options of a release that files name, in keys or references.
    pub(in crate::migrate) fn of_release(
        name: &'r str,
        series: Series,
        files: &[ParsedFile<'_>],
        history: &History,
    ) -> Self {
        let entries = files.iter().flat_map(|file| file.document.entries());
        let named = entries.flat_map(|entry| {
            let option = name_of(entry);
            let found = references(&entry.value()).into_iter();
            let found: Vec<OptName> = found.flat_map(|it| it.options(option.group())).collect();
            found.into_iter().chain([option])
        });
        let pack = history::pack(series, &named.collect(), history);
        Reader {
            name,
            pack,
            releases: Some(ReleaseRange {
                from: series,
                to: series,
            }),
        }
    }

    /// Creates a reader with the options of a schema.
    pub(super) fn of_schema(schema: &'r Schema, files: &[ParsedFile<'_>]) -> Self {
        Reader {
            name: schema.name(),
            pack: schema.pack(files),
            releases: None,
        }
    }

    /// Returns the names of the options, and of the entries in files.
    pub(super) fn names<'f>(&'f self, files: &'f [ParsedFile<'_>]) -> Names<'f> {
        Names::new(files, &self.pack, self.releases)
    }
}
