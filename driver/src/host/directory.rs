//! A directory on this machine, for tests of deploy code.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::SystemTime;

use url::Url;

use super::error::HostError;
use super::name::ObjectName;
use super::object::{NewObject, Published, Stored, Swept, Which};
use super::web::{InvalidRoot, WebHost, WebSettings};
use super::{Host, HostFuture};
use crate::http::work::Turns;
use crate::node::{Node, NodeUuid};

/// A directory on this machine, for tests of deploy code. Images get `file://` URLs, which a
/// stand-in for a BMC can read without a web server.
///
/// Otherwise it does what a [`WebHost`] does. [`NewObject::check_served`] has no effect.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use driver::host::{DirectoryHost, Host as _, Kind, NewObject};
/// use driver::node::Node;
///
/// let directory = tempfile::tempdir()?;
/// let host = DirectoryHost::new(directory.path())?;
/// let node = Node::from_json(br#"{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}"#)?;
/// let object = NewObject::new(Kind::Floppy, 6, |out| out.write_all(b"floppy"));
/// let published = host.publish(&node, object).await?;
/// let path = published.url.to_file_path().unwrap();
/// assert_eq!(std::fs::read(path)?, b"floppy");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct DirectoryHost {
    web: WebHost,
    root: PathBuf,
}

impl DirectoryHost {
    /// Hosts images in `directory`, which is created if it is missing.
    ///
    /// # Errors
    ///
    /// [`InvalidRoot`] if it is not an absolute path.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self, InvalidRoot> {
        let root = directory.into();
        Ok(Self {
            web: WebHost::new(WebSettings::new(&root))?,
            root,
        })
    }

    fn file_url(&self, name: &ObjectName) -> Result<Url, HostError> {
        // Fails only for a relative path, which `new` refuses.
        Url::from_file_path(self.root.join(name.to_string()))
            .map_err(|()| HostError::other("find the URL of", name.to_string(), "not a path"))
    }
}

impl Host for DirectoryHost {
    fn publish<'a>(&'a self, node: &'a Node, mut object: NewObject) -> HostFuture<'a, Published> {
        Box::pin(async move {
            object.check_served = false;
            let size = object.size;
            let published = self.web.publish_file(node.uuid(), object).await?;
            let url = self.file_url(published.name())?;
            Ok(Published::new(published.keep(), url, size))
        })
    }

    fn url<'a>(&'a self, _: &'a Node, name: &'a ObjectName) -> HostFuture<'a, Url> {
        Box::pin(async { self.file_url(name) })
    }

    fn list(&self, node: NodeUuid) -> HostFuture<'_, Vec<Stored>> {
        self.web.list(node)
    }

    fn unpublish(&self, node: NodeUuid, which: Which) -> HostFuture<'_, Vec<ObjectName>> {
        self.web.unpublish(node, which)
    }

    fn sweep(&self, living: HashSet<NodeUuid>, as_of: SystemTime) -> HostFuture<'_, Swept> {
        self.web.sweep(living, as_of)
    }

    fn turns(&self) -> Option<&Turns> {
        self.web.turns()
    }
}
