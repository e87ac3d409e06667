//! Paths as URIs.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

/// The characters to encode in a URI's path: all but RFC 3986's unreserved ones and the slash.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Returns a path as a URI: a `file:` URI if it is absolute, otherwise a relative one.
pub(crate) fn uri(path: &Path) -> String {
    let encoded = percent_encode(path.as_os_str().as_bytes(), IN_PATH);
    if path.is_absolute() {
        format!("file://{encoded}")
    } else {
        encoded.to_string()
    }
}
