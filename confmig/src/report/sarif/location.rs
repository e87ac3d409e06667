//! SARIF locations, and the fingerprints by which a result is recognized again.

use std::collections::HashMap;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use bstr::ByteSlice;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::diagnostic::Place;

/// The characters to encode in a URI's path: all but RFC 3986's unreserved ones and the slash.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The most characters that are given of a line, for each change in it.
const LONGEST: usize = 500;

/// The key of fingerprints: the method by which they are made, and its version.
const FINGERPRINT: &str = "confmigText/v1";

/// Returns a path as a URI: a `file:` URI if it is absolute, otherwise a relative one.
pub(super) fn uri(path: &Path) -> String {
    let encoded = percent_encode(path.as_os_str().as_bytes(), IN_PATH);
    if path.is_absolute() {
        format!("file://{encoded}")
    } else {
        encoded.to_string()
    }
}

/// Returns the location of a place.
pub(super) fn of_place(place: &Place) -> Value {
    let length = place.text[place.part.clone()].chars().count();
    let columns = place.column..place.column + length;
    at(&place.path, place.line, columns, &place.text)
}

/// Returns the location of a place's related earlier line.
pub(super) fn of_earlier(place: &Place) -> Option<Value> {
    let (line, text, label) = place.earlier.as_ref()?;
    let mut location = of_line(&place.path, *line, &Line::new(text.as_bytes()));
    location["message"] = json!({ "text": label });
    Some(location)
}

/// A whole line whose text is masked.
pub(super) struct Line {
    /// Its first characters.
    pub(super) text: String,
    /// The number of its characters.
    chars: usize,
}

impl Line {
    pub(super) fn new(text: &[u8]) -> Self {
        let text = text.to_str_lossy();
        Line {
            chars: text.trim_end().chars().count(),
            text: text.chars().take(LONGEST).collect(),
        }
    }
}

/// Returns the location of a whole line.
pub(super) fn of_line(path: &Path, number: usize, line: &Line) -> Value {
    at(path, number, 1..line.chars + 1, &line.text)
}

/// Returns the location of columns in a line whose masked text is `text`. Lines and columns count
/// from 1.
fn at(path: &Path, line: usize, columns: Range<usize>, text: &str) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(path) },
            "region": {
                "startLine": line,
                "startColumn": columns.start,
                "endColumn": columns.end,
                "snippet": { "text": text },
            },
        },
    })
}

/// Creates fingerprints, by which a result is recognized again when its line has moved: a hash of
/// the rule and the masked line, which reveals no secret, and a number that tells equal hashes in
/// one file apart.
#[derive(Default)]
pub(super) struct Fingerprints {
    seen: HashMap<(String, String), usize>,
}

impl Fingerprints {
    pub(super) fn next(&mut self, path: &Path, rule: &str, text: &str) -> Value {
        let mut hash = Sha256::new();
        for part in [rule, text.trim()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let hash = hash.finalize();
        let hash: String = hash[..16].iter().map(|it| format!("{it:02x}")).collect();
        let path = path.to_string_lossy().into_owned();
        let seen = self.seen.entry((path, hash.clone())).or_default();
        *seen += 1;
        json!({ FINGERPRINT: format!("{hash}:{seen}") })
    }
}
