//! The host for deployments without Swift: a directory that a web server serves.

mod publish;
mod replace;
mod root;
mod selinux;
mod sink;
mod staged;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use url::Url;

use self::publish::WithdrawOnDrop;
pub(crate) use self::replace::Replacement;
pub(crate) use self::root::Root;
pub(crate) use self::sink::FileSink;
pub(crate) use self::staged::{Staged, remove_unfinished};
use self::staged::{is_staging_name, remove_dead};
use super::error::{HostError, Removals};
use super::name::ObjectName;
use super::object::{NewObject, Published, Stored, Swept, Which};
use super::served::{CheckSettings, Checker};
use super::url::BaseUrls;
use super::{Host, HostFuture};
use crate::http::url::BaseUrl;
use crate::http::work::{self, Turns};
use crate::node::{Node, NodeUuid};

/// The default number of images that are written concurrently: enough to keep a disk and a few
/// cores busy.
const AT_ONCE: usize = 8;

/// The inaccuracy of file times, which have a granularity of up to 2 seconds and come from a clock
/// that lags a little.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// The settings of a [`WebHost`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebSettings {
    /// `[deploy] http_server_root`, an absolute path. It is created with mode 0755 if it is
    /// missing.
    pub root: PathBuf,
    /// The URLs under which the web server serves `root`.
    pub urls: BaseUrls,
    /// How to check whether the web server serves an image.
    pub check: CheckSettings,
    /// The maximum number of images that are written concurrently, at least 1; further ones wait.
    /// It bounds memory and threads. An image whose content is waited for, from a slow server, does
    /// not count, but at most three times as many are begun. The default is 8.
    pub at_once: usize,
}

impl WebSettings {
    /// Returns settings for the directory `root`, without any URL.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            urls: BaseUrls::default(),
            check: CheckSettings::default(),
            at_once: AT_ONCE,
        }
    }
}

/// The directory of images is not an absolute path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an absolute path for http_server_root, got {:?}", .0.display())]
pub struct InvalidRoot(
    /// The given path.
    pub PathBuf,
);

/// A directory that a web server serves.
///
/// Images are files with mode 0644 in `http_server_root` itself. While an image is being written,
/// it is a file `.publishing-…` in the same directory that only this user can read; publishing
/// renames it. Files that a dead process left are removed by the first
/// [`publish`](super::Host::publish) of a `WebHost` and one that finds too little space, and by
/// each [`unpublish`](super::Host::unpublish) and [`sweep`](super::Host::sweep) in the same
/// directory. Other publishes do not list the directory, so that they take no longer with the
/// images of many nodes in it.
///
/// The methods must be called on a Tokio runtime; they access files on its blocking threads.
///
/// ```
/// use driver::host::{BaseUrl, WebHost, WebSettings};
///
/// let mut settings = WebSettings::new("/httpboot");
/// settings.urls.server = Some(BaseUrl::parse("http://192.0.2.1:8080/httpboot")?);
/// let host = WebHost::new(settings)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct WebHost(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    urls: BaseUrls,
    checker: Checker,
    turns: Turns,
    /// Whether files of dead processes were looked for.
    is_cleared: AtomicBool,
}

impl WebHost {
    /// Creates a host with these settings. No file is accessed yet.
    ///
    /// # Errors
    ///
    /// [`InvalidRoot`] if the root is not an absolute path.
    pub fn new(settings: WebSettings) -> Result<Self, InvalidRoot> {
        let WebSettings {
            root,
            urls,
            check,
            at_once,
        } = settings;
        if !root.is_absolute() {
            return Err(InvalidRoot(root));
        }
        Ok(Self(Arc::new(Inner {
            root,
            urls,
            checker: Checker::new(check),
            turns: Turns::new(at_once),
            is_cleared: AtomicBool::new(false),
        })))
    }

    /// Publishes `object` in its turn, or in a new one.
    pub(super) async fn publish_file(
        &self,
        node: NodeUuid,
        mut object: NewObject,
    ) -> Result<WithdrawOnDrop, HostError> {
        let turn = match object.turn.take() {
            Some(turn) => turn,
            None => self.0.turns.turn().await,
        };
        let inner = Arc::clone(&self.0);
        let published = work::start(Some(&turn), move |cancellation| {
            let clears = !inner.is_cleared.swap(true, Ordering::Relaxed);
            publish::publish(&inner.root, node, object, clears, cancellation)
        });
        let published = published.wait().await;
        published.map_err(|e| HostError::interrupted(format!("node {node}"), &e))?
    }

    /// Checks that the web server serves an image, and withdraws it otherwise.
    async fn check_served(
        &self,
        node: NodeUuid,
        published: WithdrawOnDrop,
        url: Url,
        size: u64,
    ) -> Result<WithdrawOnDrop, HostError> {
        let inner = Arc::clone(&self.0);
        self.blocking(format!("node {node}"), move |_| {
            let Err(cause) = inner.checker.check(&url, size) else {
                return Ok(published);
            };
            let name = published.name().clone();
            published.withdraw()?;
            Err(HostError::NotServed { name, cause })
        })
        .await
    }

    fn base_url(&self, node: &Node) -> Result<BaseUrl, HostError> {
        let node_uuid = node.uuid();
        self.0.urls.of(node).map_err(|cause| HostError::NoBaseUrl {
            node: node_uuid,
            cause,
        })
    }

    /// Runs `work` on the directory of images, on a blocking thread.
    async fn blocking<T: Send + 'static>(
        &self,
        what: String,
        work: impl FnOnce(&Path) -> Result<T, HostError> + Send + 'static,
    ) -> Result<T, HostError> {
        let inner = Arc::clone(&self.0);
        let done = work::run(move || work(&inner.root)).await;
        done.map_err(|e| HostError::interrupted(what, &e))?
    }
}

impl Host for WebHost {
    fn publish<'a>(&'a self, node: &'a Node, object: NewObject) -> HostFuture<'a, Published> {
        Box::pin(async move {
            let base = self.base_url(node)?;
            let (size, check_served) = (object.size, object.check_served);
            let mut published = self.publish_file(node.uuid(), object).await?;
            let url = base.join(published.name());
            if check_served {
                let checked = self.check_served(node.uuid(), published, url.clone(), size);
                published = checked.await?;
            }
            Ok(Published::new(published.keep(), url, size))
        })
    }

    fn url<'a>(&'a self, node: &'a Node, name: &'a ObjectName) -> HostFuture<'a, Url> {
        Box::pin(async { Ok(self.base_url(node)?.join(name)) })
    }

    /// A missing directory contains no images.
    fn list(&self, node: NodeUuid) -> HostFuture<'_, Vec<Stored>> {
        Box::pin(self.blocking(format!("node {node}"), move |path| {
            let Some(root) = open(path)? else {
                return Ok(Vec::new());
            };
            root.images_of(node).map_err(|e| publish::unusable(path, e))
        }))
    }

    fn unpublish(&self, node: NodeUuid, which: Which) -> HostFuture<'_, Vec<ObjectName>> {
        Box::pin(self.blocking(format!("node {node}"), move |path| {
            let Some(root) = open(path)? else {
                return Ok(Vec::new());
            };
            let found = root.images_of_and(node, is_staging_name);
            let (mut images, staged) = found.map_err(|e| publish::unusable(path, e))?;
            images.retain(|image| which.covers(&image.name));
            remove_dead(&root, &staged);
            remove_all(&root, images)
        }))
    }

    fn sweep(&self, living: HashSet<NodeUuid>, as_of: SystemTime) -> HostFuture<'_, Swept> {
        let before = as_of
            .checked_sub(CLOCK_SLACK)
            .unwrap_or(SystemTime::UNIX_EPOCH);
        Box::pin(
            self.blocking(self.0.root.display().to_string(), move |path| {
                let Some(root) = open(path)? else {
                    return Ok(Swept::default());
                };
                let unfinished = remove_unfinished(&root);
                let mut orphans = root.all_images().map_err(|e| publish::unusable(path, e))?;
                orphans.retain(|image| {
                    !living.contains(&image.name.node()) && image.modified < before
                });
                Ok(Swept {
                    images: remove_all(&root, orphans)?,
                    unfinished,
                })
            }),
        )
    }

    fn check_url(&self, node: &Node) -> Result<(), HostError> {
        self.base_url(node).map(drop)
    }

    fn turns(&self) -> Option<&Turns> {
        Some(&self.0.turns)
    }
}

fn open(path: &Path) -> Result<Option<Root>, HostError> {
    Root::open(path).map_err(|e| publish::unusable(path, e))
}

/// Removes as many of `images` as possible, durably, and returns those that existed.
fn remove_all(root: &Root, images: Vec<Stored>) -> Result<Vec<ObjectName>, HostError> {
    let mut removals = Removals::default();
    for Stored { name, .. } in images {
        let removed = root.remove(&name.to_string());
        removals.record(name, removed);
    }
    let removed = removals.finish()?;
    if !removed.is_empty()
        && let Err(cause) = root.sync()
    {
        return Err(publish::unusable(&root.path_of(""), cause));
    }
    Ok(removed)
}
