//! SARIF locations.

use std::ops::Range;
use std::path::Path;

use bstr::ByteSlice;
use serde_json::{Value, json};

use crate::diagnostic::{Place, uri};

/// The most characters that are given of a line, for each change in it.
const LONGEST: usize = 500;

/// Returns the location of a file as a whole.
pub(super) fn of_file(path: &Path) -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path) } } })
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
