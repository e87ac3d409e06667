//! The host of images in OpenStack Swift.

mod catalogue;
mod client;
mod clock;
mod digest;
mod from_options;
mod info;
mod key;
mod keystone;
mod listing;
mod pieces;
mod publish;
mod range;
mod remove;
mod request;
mod session;
mod settings;
mod temp_url;
mod upload;

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::Method;
use tokio::sync::{OnceCell, oneshot};
use url::Url;

use self::client::Client;
use self::info::Info;
use self::listing::{ListedObject, Listing};
use self::publish::Publish;
use self::remove::{orphans, prefixes, remove_abandoned, remove_image};
use self::request::{Request, Resource};
pub use self::settings::{
    Catalogue, CredentialName, Domain, Named, SwiftAuth, SwiftSettings, SwiftSettingsError, Tls,
};
use self::temp_url::Signer;
use super::error::{HostError, Removals, SwiftError};
use super::name::{Kind, ObjectName};
use super::object::{NewObject, Published, Stored, Swept, Which};
use super::{Host, HostFuture};
use crate::http::work::Turns;
use crate::node::{Node, NodeUuid};

/// The inaccuracy of a server's clock, which has whole seconds and is read from a delayed response.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// A container of OpenStack Swift.
///
/// Each image is one object. An image that exceeds the maximum object size is a static large
/// object, whose segments are objects `segments/<name>/…` in the same container. An image is sent
/// while it is produced: there is no intermediate file, and only a few MiB of it are in memory.
/// BMCs fetch it by a temporary URL. A floppy expires `[ilo] swift_object_expiry_timeout` after it
/// was published.
///
/// An object exists once all its bytes are stored and their MD5 matches the one computed here. It
/// is then read back by range requests; an object that fails verification is removed, and its URL
/// is never returned.
///
/// The listings of a Swift with many servers may lag behind, so that a newly published image is
/// missing from them for a moment.
///
/// The methods must be called on a Tokio runtime with I/O and time enabled.
///
/// ```no_run
/// # async fn example(node: driver::node::Node) -> Result<(), Box<dyn std::error::Error>> {
/// use driver::host::{BaseUrl, Host as _, SwiftAuth, SwiftHost, SwiftSettings};
/// use driver::options::Secret;
///
/// let auth = SwiftAuth::V1Password {
///     auth_url: BaseUrl::parse("http://swift.example:8080/auth/v1.0")?,
///     username: "test:ironic".into(),
///     password: Secret::new("…"),
///     account: None,
/// };
/// let host = SwiftHost::new(SwiftSettings::new(auth, "ironic_ilo_container"))?;
/// for image in host.list(node.uuid()).await? {
///     println!("{}: {} bytes", image.name, image.size);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct SwiftHost(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Arc<Client>,
    info: OnceCell<Info>,
    turns: Turns,
}

impl SwiftHost {
    /// Creates a host with these settings. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// [`SwiftHostError`] if the settings are invalid.
    pub fn new(settings: SwiftSettings) -> Result<Self, SwiftHostError> {
        settings.check()?;
        let turns = Turns::new(settings.at_once);
        Ok(Self(Arc::new(Inner {
            client: Arc::new(Client::new(settings)?),
            info: OnceCell::new(),
            turns,
        })))
    }

    async fn info(&self) -> Result<&Info, SwiftError> {
        self.0
            .info
            .get_or_try_init(|| Info::fetch(&self.0.client))
            .await
    }

    async fn signer(&self) -> Result<Signer, SwiftError> {
        Signer::fetch(&self.0.client, self.info().await?.digest()?).await
    }

    /// Returns a temporary URL of the image `name`.
    async fn signed(&self, signer: &Signer, name: &ObjectName) -> Result<Url, SwiftError> {
        let client = &self.0.client;
        let lifetime = match name.kind() {
            Kind::Floppy => client.settings.floppy_lifetime,
            Kind::BootIso => client.settings.boot_iso_url_lifetime,
        };
        let session = client.session().await?;
        let mut url = client.url(&session, Resource::Object(&name.to_string()));
        // The signature is enough. These fail only for URLs without a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(signer.sign(url, lifetime))
    }

    /// Returns the images of `node` that the container lists, by kind, older generations first.
    async fn images_of(&self, node: NodeUuid) -> Result<Vec<Stored>, SwiftError> {
        let mut images = Vec::new();
        for prefix in prefixes(node) {
            let entries = Listing::new(&self.0.client, prefix).all().await?;
            images.extend(entries.iter().filter_map(ListedObject::image));
        }
        images.sort_by(|a, b| {
            let key = |image: &Stored| (image.name.kind(), image.name.clone());
            key(a).cmp(&key(b))
        });
        Ok(images)
    }

    async fn is_there(&self, name: &ObjectName) -> Result<bool, SwiftError> {
        let name = name.to_string();
        let request = Request::new(Method::HEAD, Resource::Object(&name));
        let response = self.0.client.send(&request).await?;
        if response.status == 404 {
            return Ok(false);
        }
        response.success().map(|_| true)
    }

    /// Removes as many of `names` as possible, and returns those that existed.
    async fn remove_all(&self, names: Vec<ObjectName>) -> Result<Vec<ObjectName>, HostError> {
        let mut removals = Removals::default();
        for name in names {
            let removed = remove_image(&self.0.client, &name).await;
            removals.record(name, removed.map_err(io::Error::other));
        }
        removals.finish()
    }
}

impl Host for SwiftHost {
    fn publish<'a>(&'a self, node: &'a Node, mut object: NewObject) -> HostFuture<'a, Published> {
        let uuid = node.uuid();
        Box::pin(async move {
            let turn = match object.turn.take() {
                Some(turn) => turn,
                None => self.0.turns.turn().await,
            };
            // In its own task, which cleans up even if the caller is gone.
            let (waiting, mut cancelled) = oneshot::channel::<()>();
            let host = self.clone();
            let task = tokio::spawn(async move {
                let publish = Publish::new(&host, uuid, turn);
                publish.run(object, &mut cancelled).await
            });
            let done = task.await;
            let done = done.map_err(|error| HostError::interrupted(format!("node {uuid}"), &error));
            drop(waiting);
            done?
        })
    }

    /// This is a new temporary URL each time.
    fn url<'a>(&'a self, node: &'a Node, name: &'a ObjectName) -> HostFuture<'a, Url> {
        Box::pin(async move {
            let signed = async {
                let signer = self.signer().await?;
                self.signed(&signer, name).await
            };
            signed
                .await
                .map_err(failed("create a temporary URL for", || {
                    format!("{name} of node {}", node.uuid())
                }))
        })
    }

    /// Expired floppies, which Swift still lists for a while, are left out.
    fn list(&self, node: NodeUuid) -> HostFuture<'_, Vec<Stored>> {
        let listed = async move {
            let mut images = self.images_of(node).await?;
            let mut there = Vec::with_capacity(images.len());
            for image in images.drain(..) {
                let expires = image.name.kind() == Kind::Floppy;
                if !expires || self.is_there(&image.name).await? {
                    there.push(image);
                }
            }
            Ok(there)
        };
        Box::pin(async move { listed.await.map_err(failed("list", || images_of(node))) })
    }

    fn unpublish(&self, node: NodeUuid, which: Which) -> HostFuture<'_, Vec<ObjectName>> {
        Box::pin(async move {
            let images = self.images_of(node).await;
            let images = images.map_err(failed("list", || images_of(node)))?;
            let names = images.into_iter().map(|image| image.name);
            let covered: Vec<ObjectName> = names.filter(|name| which.covers(name)).collect();
            let removed = self.remove_all(covered).await?;
            for prefix in prefixes(node) {
                let abandoned = remove_abandoned(&self.0.client, &prefix).await;
                abandoned.map_err(failed("remove the segments of", || images_of(node)))?;
            }
            Ok(removed)
        })
    }

    fn sweep(&self, living: HashSet<NodeUuid>, as_of: SystemTime) -> HostFuture<'_, Swept> {
        let before = as_of
            .checked_sub(CLOCK_SLACK)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        Box::pin(async move {
            let client = &self.0.client;
            let all = || format!("the images in container {}", client.settings.container);
            let unfinished = remove_abandoned(client, "").await;
            let unfinished = unfinished.map_err(failed("remove the segments of", all))?;
            let orphans = orphans(client, &living, before).await;
            let orphans = orphans.map_err(failed("list", all))?;
            Ok(Swept {
                images: self.remove_all(orphans).await?,
                unfinished,
            })
        })
    }

    fn outlives_conductors(&self) -> bool {
        true
    }

    fn turns(&self) -> Option<&Turns> {
        Some(&self.0.turns)
    }
}

/// An error from creating a [`SwiftHost`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SwiftHostError {
    /// The settings are invalid.
    #[error(transparent)]
    Settings(#[from] SwiftSettingsError),
    /// A file that the settings name cannot be used.
    #[error(transparent)]
    Swift(#[from] SwiftError),
}

fn images_of(node: NodeUuid) -> String {
    format!("the images of node {node}")
}

/// Returns a conversion that adds the step that failed, and its object.
fn failed(step: &'static str, what: impl Fn() -> String) -> impl Fn(SwiftError) -> HostError {
    move |cause| HostError::Swift {
        step,
        what: what(),
        cause: Box::new(cause),
    }
}
