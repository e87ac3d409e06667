//! Where images live while a BMC reads them: published, listed, withdrawn and swept.
//!
//! A [`Host`] holds the images of many nodes. Each image belongs to one node and has a name of its
//! own, [`ObjectName`]; an image that is made anew gets a new name. So the bytes under a URL that a
//! BMC has mounted, and reads in thousands of range requests over hours, never change.
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
//! # What holds
//!
//! - A name is visible only once the whole image is there. This holds for a crash of the process or
//!   the machine, and for a full disk. Where reading back was asked for, a web server's directory
//!   shows it only after that, and safe on disk; in Swift it is removed again when that fails.
//!   Either way no URL of it is given out before.
//! - A published image is never changed, replaced or shared with another file.
//! - Whatever the umask, the web server can read it.
//! - Two tasks, processes or conductors may work on one directory or container, and on one node, at
//!   the same time.

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
pub use crate::image::Sink;
use crate::node::{Node, NodeUuid};

/// A place that hosts images. Deploy code does not have to care which one it is.
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
    /// Makes an image and publishes it as an image of `node`.
    ///
    /// When the future is dropped, the work stops at the image's next write and nothing is
    /// published, unless it was as good as done; then the image is one that [`Host::unpublish`]
    /// finds.
    ///
    /// # Errors
    ///
    /// [`HostError`]; nothing is published then.
    pub async fn publish(&self, node: &Node, object: NewObject) -> Result<Published, HostError> {
        match self {
            Self::Web(host) => host.publish(node, object).await,
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.publish(node, object).await,
        }
    }

    /// Whether what is published here may go with the conductor that published it: a directory may
    /// be that conductor's own, a container of Swift is not.
    pub(crate) fn is_tied_to_a_conductor(&self) -> bool {
        matches!(self, Self::Web(_))
    }

    /// The URL under which `node`'s BMC fetches the image `name` now.
    ///
    /// # Errors
    ///
    /// [`HostError::NoBaseUrl`], or that Swift's key for temporary URLs cannot be had. Whether the
    /// image is there is not looked at.
    pub async fn url(&self, node: &Node, name: &ObjectName) -> Result<Url, HostError> {
        match self {
            Self::Web(host) => host.url(node, name),
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.url(node, name).await,
        }
    }

    /// The images of `node`, by kind, older generations first.
    ///
    /// # Errors
    ///
    /// [`HostError`] when the host cannot be asked.
    pub async fn list(&self, node: NodeUuid) -> Result<Vec<Stored>, HostError> {
        match self {
            Self::Web(host) => host.list(node).await,
            #[cfg(feature = "swift")]
            Self::Swift(host) => host.list(node).await,
        }
    }

    /// Removes images of `node`, of every generation, and returns the names of those that this call
    /// removed. An image that is already gone is no error.
    ///
    /// # Errors
    ///
    /// [`HostError::Remove`] names what is left, after all of them were tried; other [`HostError`]s
    /// when the host cannot be asked.
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

    /// Removes what nobody would miss: the images of every node that is not among `living`, and
    /// files that a dead process left half-written.
    ///
    /// `as_of` is the time *before* the list of living nodes was asked for. Younger images are
    /// kept: their node may have been enrolled since. With an empty list every older image goes.
    ///
    /// # Errors
    ///
    /// As for [`Host::unpublish`].
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
