//! Hosts that publish into a web server's directory, and what is in that directory.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use driver::host::{BaseUrl, Kind, NewObject, ObjectName, WebHost, WebSettings};
use tempfile::TempDir;

/// The base URL of hosts in tests that fetch nothing.
pub(crate) const BASE: &str = "http://192.0.2.1:8080/httpboot";

pub(crate) fn settings(root: &Path, base: &str) -> WebSettings {
    let mut settings = WebSettings::new(root);
    settings.urls.server = Some(BaseUrl::parse(base).unwrap());
    settings
}

pub(crate) fn host(root: &Path) -> WebHost {
    WebHost::new(settings(root, BASE)).unwrap()
}

/// An image of these bytes.
pub(crate) fn object(kind: Kind, bytes: impl Into<Vec<u8>>) -> NewObject {
    let bytes = bytes.into();
    NewObject::new(kind, bytes.len() as u64, move |out| out.write_all(&bytes))
}

/// The bytes of a published image.
pub(crate) fn read(root: &Path, name: &ObjectName) -> Vec<u8> {
    fs::read(root.join(name.to_string())).unwrap()
}

/// A temporary directory that other users, such as the web server's, may enter.
pub(crate) fn open_dir() -> TempDir {
    tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .unwrap()
}

/// The names of everything in `dir`, sorted.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The number of half-written images in `dir`.
pub(crate) fn unfinished(dir: &Path) -> usize {
    names(dir)
        .iter()
        .filter(|name| name.starts_with(".publishing-"))
        .count()
}

/// The permission bits of a file, without following a link.
pub(crate) fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
