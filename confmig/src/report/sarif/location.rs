//! Where things stand: paths as URIs, lines as regions, and what finds a result again.

use std::collections::{BTreeMap, HashMap};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest, Sha256};

use super::form::{ArtifactLocation, Location, Message, PhysicalLocation, Region};
use crate::diagnostic::Place;

/// What a path of a URI has to have encoded: all but RFC 3986's unreserved characters and the slash.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The name under which fingerprints stand: the way they are made, and its version.
const FINGERPRINT: &str = "confmigText/v1";

/// A path as a URI: absolute ones as `file:`, others relative to where the program was run.
pub(super) fn uri(path: &Path) -> String {
    let encoded = percent_encode(path.as_os_str().as_bytes(), IN_PATH);
    if path.is_absolute() {
        format!("file://{encoded}")
    } else {
        encoded.to_string()
    }
}

/// The location of a part of a line.
pub(super) fn of_place(place: &Place) -> Location {
    let length = place.text[place.part.clone()].chars().count();
    let columns = place.column..place.column + length;
    at(&place.path, place.line, columns, &place.text)
}

/// The location of an earlier line that a place has to do with.
pub(super) fn of_earlier(place: &Place) -> Option<Location> {
    let (line, text, label) = place.earlier.as_ref()?;
    let mut location = of_line(&place.path, *line, text);
    location.message = Some(Message::new(*label));
    Some(location)
}

/// The location of a whole line.
pub(super) fn of_line(path: &Path, line: usize, text: &str) -> Location {
    at(path, line, 1..text.trim_end().chars().count() + 1, text)
}

/// The location of columns of a line, `text` being the line as it may be shown.
fn at(path: &Path, line: usize, columns: std::ops::Range<usize>, text: &str) -> Location {
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(path) },
            region: Region {
                start_line: line,
                start_column: columns.start,
                end_line: None,
                end_column: columns.end,
                snippet: Some(Message::new(text)),
            },
        },
        message: None,
    }
}

/// Makes what finds a result again when its line has moved: a hash of the rule and of the line as it
/// is shown, so that it tells nothing of a secret, and the how-manieth of that kind it is in its file.
#[derive(Default)]
pub(super) struct Fingerprints {
    seen: HashMap<(String, String), usize>,
}

impl Fingerprints {
    pub(super) fn next(
        &mut self,
        path: &str,
        rule: &str,
        text: &str,
    ) -> BTreeMap<&'static str, String> {
        let mut hash = Sha256::new();
        for part in [rule, text.trim()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let hash = hash.finalize();
        let hash: String = hash[..16].iter().map(|it| format!("{it:02x}")).collect();
        let seen = self.seen.entry((path.to_owned(), hash.clone()));
        let seen = seen.and_modify(|count| *count += 1).or_insert(1);
        [(FINGERPRINT, format!("{hash}:{seen}"))].into()
    }
}
