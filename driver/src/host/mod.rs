//! Hosts of images: publishing, listing, withdrawing and sweeping.
//!
//! A [`Host`] holds the images of many nodes. Each image belongs to one node and has a unique name,
//! an [`ObjectName`]; a new version of an image gets a new name. The bytes under a URL that a BMC
//! has mounted, and reads in thousands of range requests over hours, therefore never change.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use driver::host::{BaseUrl, Host as _, Kind, NewObject, WebHost, WebSettings, Which};
//! use driver::node::Node;
//! use std::io::Write;
//!
//! let mut settings = WebSettings::new("/httpboot");
//! settings.urls.server = Some(BaseUrl::parse("http://192.0.2.1:8080/httpboot")?);
//! let host = WebHost::new(settings)?;
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
//! [`WebHost`] is the directory of a web server, `SwiftHost` a container of OpenStack Swift, and
//! [`DirectoryHost`] any directory, for tests of deploy code. Deploy code can implement [`Host`]
//! for a service of its own.
//!
//! # Guarantees
//!
//! Those of this library, and what callers may expect of any other:
//!
//! - A name becomes visible only once the image is complete, even if the process or the machine
//!   crashes or the disk is full. If the image is to be read back, a web server's directory shows
//!   it only after that and after it is safe on disk; in Swift it is removed again if reading it
//!   back fails. Either way, no URL of it is returned before.
//! - A published image is never changed, replaced or shared with another file.
//! - The web server can read it, whatever the umask.
//! - Several tasks, processes or conductors may work on the same directory or container, and on the
//!   same node, at the same time.

mod directory;
mod error;
mod name;
mod object;
pub(crate) mod produce;
mod served;
mod settings;
#[cfg(feature = "swift")]
mod swift;
mod url;
pub(crate) mod web;

use std::collections::HashSet;
use std::fmt;
use std::pin::Pin;
use std::time::SystemTime;

use ::url::Url;

pub use self::directory::DirectoryHost;
#[cfg(feature = "swift")]
pub use self::error::SwiftError;
pub use self::error::{BoxError, HostError};
pub use self::name::{Generation, Kind, NotAGeneration, NotAnObjectName, ObjectName};
pub use self::object::{NewObject, Published, ReadBack, Stored, Swept, Which};
pub use self::served::{CheckSettings, NotServed};
pub use self::settings::{HostSettingsError, from_options};
#[cfg(feature = "swift")]
pub use self::swift::{
    Catalogue, CredentialName, Domain, Named, SwiftAuth, SwiftHost, SwiftHostError, SwiftSettings,
    SwiftSettingsError, Tls,
};
pub use self::url::{BaseUrls, NoBaseUrl};
pub use self::web::{InvalidRoot, WebHost, WebSettings};
pub use crate::http::url::{BaseUrl, BaseUrlError};
use crate::http::work::Turns;
pub use crate::image::Sink;
use crate::node::{Node, NodeUuid};

/// The boxed future that the methods of [`Host`] return.
///
/// Unlike `async fn`, it keeps the trait usable as an object, `Arc<dyn Host>`.
pub type HostFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, HostError>> + Send + 'a>>;

/// A host of images.
///
/// Its methods may be called for many nodes, and for one node, at the same time. An implementation
/// gives each image a name of its own, from [`NewObject::new_name`], and publishes it whole or not
/// at all: [`NewObject::write_to`] and [`NewObject::verify`] write and check it, on a thread where
/// they may block. [`HostError::other`] wraps its errors.
///
/// ```
/// use std::collections::{BTreeMap, HashSet};
/// use std::io::Cursor;
/// use std::sync::Mutex;
/// use std::time::SystemTime;
///
/// use driver::host::{
///     Host, HostError, HostFuture, NewObject, ObjectName, Published, Stored, Swept, Which,
/// };
/// use driver::node::{Node, NodeUuid};
/// use driver::url::Url;
///
/// /// Images in memory, which a web server of this program serves.
/// #[derive(Debug, Default)]
/// struct Memory(Mutex<BTreeMap<ObjectName, Vec<u8>>>);
///
/// impl Memory {
///     fn images(&self) -> std::sync::MutexGuard<'_, BTreeMap<ObjectName, Vec<u8>>> {
///         self.0.lock().unwrap()
///     }
///
///     /// Removes the images that `which` selects, and returns their names.
///     fn remove(&self, which: impl Fn(&ObjectName) -> bool) -> Vec<ObjectName> {
///         let mut images = self.images();
///         images.extract_if(.., |name, _| which(name)).map(|(name, _)| name).collect()
///     }
/// }
///
/// impl Host for Memory {
///     fn publish<'a>(
///         &'a self,
///         node: &'a Node,
///         mut object: NewObject,
///     ) -> HostFuture<'a, Published> {
///         Box::pin(async move {
///             let (uuid, name) = (node.uuid(), object.new_name(node.uuid())?);
///             let write = move || {
///                 let mut image = Vec::new();
///                 object.write_to(uuid, &mut image)?;
///                 object.verify(uuid, &mut Cursor::new(&image))?;
///                 Ok::<_, HostError>(image)
///             };
///             let written = tokio::task::spawn_blocking(write).await;
///             let image =
///                 written.map_err(|error| HostError::other("publish", "an image", error))??;
///             let (url, size) = (self.url(node, &name).await?, image.len() as u64);
///             self.images().insert(name.clone(), image);
///             Ok(Published::new(name, url, size))
///         })
///     }
///
///     fn url<'a>(&'a self, _: &'a Node, name: &'a ObjectName) -> HostFuture<'a, Url> {
///         let url = Url::parse(&format!("http://192.0.2.1/{name}"));
///         Box::pin(async { url.map_err(|error| HostError::other("locate", "an image", error)) })
///     }
///
///     fn list(&self, node: NodeUuid) -> HostFuture<'_, Vec<Stored>> {
///         let images = self.images();
///         let of_node = images.iter().filter(|(name, _)| name.node() == node);
///         let listed = of_node.map(|(name, image)| {
///             Stored::new(name.clone(), image.len() as u64, SystemTime::now())
///         });
///         let listed: Vec<Stored> = listed.collect();
///         Box::pin(async { Ok(listed) })
///     }
///
///     fn unpublish(&self, node: NodeUuid, which: Which) -> HostFuture<'_, Vec<ObjectName>> {
///         let removed = self.remove(|name| name.node() == node && which.covers(name));
///         Box::pin(async { Ok(removed) })
///     }
///
///     fn sweep(&self, living: HashSet<NodeUuid>, _: SystemTime) -> HostFuture<'_, Swept> {
///         let mut swept = Swept::default();
///         swept.images = self.remove(|name| !living.contains(&name.node()));
///         Box::pin(async { Ok(swept) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use driver::host::Kind;
///
/// let host = Memory::default();
/// let node = Node::from_json(br#"{"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}"#)?;
/// let object = NewObject::new(Kind::Floppy, 6, |out| out.write_all(b"floppy"));
/// let published = host.publish(&node, object).await?;
/// assert_eq!(host.list(node.uuid()).await?[0].name, published.name);
/// assert_eq!(host.unpublish(node.uuid(), Which::All).await?, [published.name]);
/// # Ok(()) }
/// ```
pub trait Host: fmt::Debug + Send + Sync {
    /// Creates an image and publishes it for `node`.
    ///
    /// If the future is dropped, the work stops at once, even while it waits for a server, and
    /// nothing is published, unless it was almost complete; [`unpublish`](Self::unpublish) finds
    /// the image in that case.
    ///
    /// # Errors
    ///
    /// [`HostError`]; then nothing is published.
    fn publish<'a>(&'a self, node: &'a Node, object: NewObject) -> HostFuture<'a, Published>;

    /// Returns the URL from which `node`'s BMC can fetch the image `name` now. Does not check
    /// whether the image exists.
    ///
    /// # Errors
    ///
    /// [`HostError::NoBaseUrl`], or another [`HostError`] if a URL cannot be created.
    fn url<'a>(&'a self, node: &'a Node, name: &'a ObjectName) -> HostFuture<'a, Url>;

    /// Lists the images of `node`, by kind, older generations first.
    ///
    /// # Errors
    ///
    /// [`HostError`] if the host cannot be reached.
    fn list(&self, node: NodeUuid) -> HostFuture<'_, Vec<Stored>>;

    /// Removes images of `node`, of every generation, and returns the names of those that this call
    /// removed. An image that no longer exists is not an error.
    ///
    /// # Errors
    ///
    /// [`HostError::Remove`] with the images that remain, after trying to remove each of them;
    /// other [`HostError`]s if the host cannot be reached.
    fn unpublish(&self, node: NodeUuid, which: Which) -> HostFuture<'_, Vec<ObjectName>>;

    /// Removes orphaned images, those of every node that is not in `living`, and files that a dead
    /// process left half-written.
    ///
    /// `as_of` is the time *before* the list of living nodes was requested. Younger images are
    /// kept, since their node may have been enrolled in the meantime. If the list is empty, every
    /// older image is removed.
    ///
    /// # Errors
    ///
    /// The same as [`unpublish`](Self::unpublish).
    fn sweep(&self, living: HashSet<NodeUuid>, as_of: SystemTime) -> HostFuture<'_, Swept>;

    /// Checks that images of `node` have a URL, without creating one. The default does nothing.
    ///
    /// # Errors
    ///
    /// [`HostError::NoBaseUrl`] if neither the host nor the node has one.
    fn check_url(&self, _node: &Node) -> Result<(), HostError> {
        Ok(())
    }

    /// Whether images survive the conductor that published them, and get a new URL each time they
    /// are attached, as in Swift. A boot ISO is then recorded as `swift:` and its name instead of
    /// by its URL, and is not created again at a take-over. The default returns `false`.
    fn outlives_conductors(&self) -> bool {
        false
    }

    /// Returns the limit on concurrent work that preparing an image counts for, too.
    #[doc(hidden)]
    fn turns(&self) -> Option<&Turns> {
        None
    }
}
