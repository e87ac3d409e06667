//! Hosts of images: publishing, listing, withdrawing and sweeping.
//!
//! A [`Host`] holds the images of many nodes. Each image belongs to one node and has a unique name,
//! an [`ObjectName`]; a new version of an image gets a new name. The bytes under a URL that a BMC
//! has mounted, and reads in thousands of range requests over hours, therefore never change.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use driver::host::{BaseUrl, Host, Kind, NewObject, WebHost, WebSettings, Which};
//! use driver::node::Node;
//! use std::io::Write;
//!
//! let mut settings = WebSettings::new("/httpboot");
//! settings.urls.server = Some(BaseUrl::parse("http://192.0.2.1:8080/httpboot")?);
//! let host = Host::from(WebHost::new(settings)?);
//!
//! let node = Node::from_json(&std::fs::read("node.json")?)?;
//! let floppy = vec![0; 1440 * 1024];
//! let object = NewObject::new(Kind::Floppy, 1440 * 1024, move |out| out.write_all(&floppy));
//! let published = host.publish(&node, object.check_served()).await?;
//! println!("{}", published.url);
//!
//! host.unpublish(node.uuid(), Which::All).await?;
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! - A name becomes visible only once the image is complete, even if the process or the machine
//!   crashes or the disk is full. If the image is to be read back, a web server's directory shows
//!   it only after that and after it is safe on disk; in Swift it is removed again if reading it
//!   back fails. Either way, no URL of it is returned before.
//! - A published image is never changed, replaced or shared with another file.
//! - The web server can read it, whatever the umask.
//! - Several tasks, processes or conductors may work on the same directory or container, and on the
//!   same node, at the same time.

mod error;
mod name;
mod object;
mod served;
mod settings;
#[cfg(feature = "swift")]
mod swift;
mod url;
pub(crate) mod web;

use std::collections::HashSet;
use std::time::SystemTime;

use ::url::Url;

pub use self::error::HostError;
#[cfg(feature = "swift")]
pub use self::error::SwiftError;
pub use self::name::{Generation, Kind, NotAGeneration, NotAnObjectName, ObjectName};
pub use self::object::{BoxError, NewObject, Published, ReadBack, Stored, Swept, Which};
pub use self::served::{CheckSettings, NotServed};
pub use self::settings::HostSettingsError;
#[cfg(feature = "swift")]
pub use self::swift::{
    Catalogue, CredentialName, Domain, Named, SwiftAuth, SwiftHost, SwiftHostError, SwiftSettings,
    SwiftSettingsError, Tls,
};
pub use self::url::{BaseUrls, NoBaseUrl};
pub use self::web::{InvalidRoot, WebHost, WebSettings};
pub use crate::http::url::{BaseUrl, BaseUrlError};
use crate::http::work::Turn;
pub use crate::image::Sink;
use crate::node::{Node, NodeUuid};

/// A host of images. Deploy code does not need to know which kind it is.
///
/// Cloning is cheap: the clones are the same host.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Host {
    /// A directory that a web server serves.
    Web(WebHost),
    /// A container of OpenStack Swift.
    #[cfg(feature = "swift")]
    Swift(SwiftHost),
}

impl From<WebHost> for Host {
    fn from(host: WebHost) -> Self {
        Self::Web(host)
    }
}

#[cfg(feature = "swift")]
impl From<SwiftHost> for Host {
    fn from(host: SwiftHost) -> Self {
        Self::Swift(host)
    }
}

impl Host {
    /// Creates an image and publishes it for `node`.
    ///
    /// If the future is dropped, the work stops at once, even while it waits for a server, and
    /// nothing is published, unless it was almost complete; [`Host::unpublish`] finds the image in
    /// that case.
    ///
    /// # Errors
    ///
    /// [`HostError`]; then nothing is published.
    pub async fn publish(&self, node: &Node, object: NewObject) -> Result<Published, HostError> {
        self.publish_in(self.turn().await, node, object).await
    }

    /// Waits until this host may begin with another image.
    pub(crate) async fn turn(&self) -> Turn {
        match self {
            Self::Web(host) => host.turn().await,
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.turn().await,
        }
    }

    /// Publishes `object` in a turn of this host, in which it was prepared.
    pub(crate) async fn publish_in(
        &self,
        turn: Turn,
        node: &Node,
        object: NewObject,
    ) -> Result<Published, HostError> {
        match self {
            Self::Web(host) => host.publish_in(turn, node, object).await,
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.publish_in(turn, node, object).await,
        }
    }

    /// Whether images may be lost together with the conductor that published them: a directory may
    /// be local to a conductor, a container of Swift is not.
    pub(crate) fn is_tied_to_a_conductor(&self) -> bool {
        matches!(self, Self::Web(_))
    }

    /// Checks that there is a URL under which the node's BMC can reach images. That of a Swift is
    /// in its catalogue.
    ///
    /// # Errors
    ///
    /// [`HostError`] if neither the options nor the node have one.
    pub(crate) fn check_url(&self, node: &Node) -> Result<(), HostError> {
        match self {
            Self::Web(web) => web.base_url(node).map(drop),
            #[cfg(feature = "swift")]
            Self::Swift(_) => Ok(()),
        }
    }

    /// Returns the URL from which `node`'s BMC can fetch the image `name` now. Does not check
    /// whether the image exists.
    ///
    /// # Errors
    ///
    /// [`HostError::NoBaseUrl`], or [`HostError::Swift`] if the key of temporary URLs cannot be
    /// fetched.
    pub async fn url(&self, node: &Node, name: &ObjectName) -> Result<Url, HostError> {
        match self {
            Self::Web(host) => host.url(node, name),
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.url(node, name).await,
        }
    }

    /// Lists the images of `node`, by kind, older generations first.
    ///
    /// # Errors
    ///
    /// [`HostError`] if the host cannot be reached.
    pub async fn list(&self, node: NodeUuid) -> Result<Vec<Stored>, HostError> {
        match self {
            Self::Web(host) => host.list(node).await,
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.list(node).await,
        }
    }

    /// Removes images of `node`, of every generation, and returns the names of those that this call
    /// removed. An image that no longer exists is not an error.
    ///
    /// # Errors
    ///
    /// [`HostError::Remove`] with the images that remain, after trying to remove each of them;
    /// other [`HostError`]s if the host cannot be reached.
    pub async fn unpublish(
        &self,
        node: NodeUuid,
        which: Which,
    ) -> Result<Vec<ObjectName>, HostError> {
        match self {
            Self::Web(host) => host.unpublish(node, which).await,
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.unpublish(node, which).await,
        }
    }

    /// Removes orphaned images, those of every node that is not in `living`, and files that a dead
    /// process left half-written.
    ///
    /// `as_of` is the time *before* the list of living nodes was requested. Younger images are
    /// kept, since their node may have been enrolled in the meantime. If the list is empty, every
    /// older image is removed.
    ///
    /// # Errors
    ///
    /// The same as [`Host::unpublish`].
    pub async fn sweep(
        &self,
        living: HashSet<NodeUuid>,
        as_of: SystemTime,
    ) -> Result<Swept, HostError> {
        match self {
            Self::Web(host) => host.sweep(living, as_of).await,
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.sweep(living, as_of).await,
        }
    }
}
