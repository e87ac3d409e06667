//! Hosts that publish into a web server's directory.

use std::fs;
use std::path::Path;

use driver::host::{BaseUrl, Kind, NewObject, ObjectName, WebHost, WebSettings};

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
