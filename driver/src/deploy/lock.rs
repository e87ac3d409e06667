//! Locks of nodes: one step at a time works on a node.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::IloDeploy;
use super::error::{DeployCause, DeployError};
use super::step::DeployStep;
use crate::host::BoxError;
use crate::node::NodeUuid;
use crate::node::locks::{Guard, Locks};

/// What holds a caller's lock, which dropping it releases.
pub type LockGuard = Box<dyn Send + Sync>;

/// The boxed future that [`NodeLock::lock`] returns.
pub type LockFuture<'a> = Pin<Box<dyn Future<Output = Result<LockGuard, BoxError>> + Send + 'a>>;

/// A lock of nodes across processes and machines, such as a node's reservation in Ironic.
///
/// Within a process, [`IloDeploy`] and its clones let one step at a time work on a node; this lock
/// is taken as well, after that one. [`IloDeploy::hold`] keeps both for more than a step.
///
/// ```
/// use std::fs::File;
/// use std::path::PathBuf;
///
/// use driver::deploy::{DeployStep, LockFuture, LockGuard, NodeLock};
/// use driver::node::NodeUuid;
///
/// /// One file for each node, which all processes of this machine lock.
/// #[derive(Debug)]
/// struct LockFiles(PathBuf);
///
/// impl NodeLock for LockFiles {
///     fn lock(&self, node: NodeUuid, _: DeployStep) -> LockFuture<'_> {
///         Box::pin(async move {
///             let file = File::create(self.0.join(format!("{node}.lock")))?;
///             file.try_lock()?;
///             Ok(Box::new(file) as LockGuard)
///         })
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// # let directory = tempfile::tempdir()?;
/// # let locks = LockFiles(directory.path().to_owned());
/// # let node: NodeUuid = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123".parse()?;
/// # let held = locks.lock(node, DeployStep::Deploy).await?;
/// # assert!(locks.lock(node, DeployStep::TakeOver).await.is_err());
/// # drop(held);
/// # locks.lock(node, DeployStep::TakeOver).await?;
/// # Ok(()) }
/// ```
pub trait NodeLock: fmt::Debug + Send + Sync {
    /// Locks `node` for `step`, until the guard is dropped. Waits for the lock, or fails, as the
    /// caller prefers.
    ///
    /// # Errors
    ///
    /// Any error, which the step then fails with before anything is changed.
    fn lock(&self, node: NodeUuid, step: DeployStep) -> LockFuture<'_>;
}

/// The locks of one node, which are released on drop: first the caller's, so that whoever waits for
/// the other one gets it.
pub(super) struct NodeGuard {
    _callers: Option<LockGuard>,
    _own: Guard<DeployStep>,
}

/// A node that is locked for several steps: see [`IloDeploy::hold`].
pub(super) struct Held {
    node: NodeUuid,
    /// The locks of the steps in it, of which one at a time works on the node, too.
    inner: Arc<Locks<DeployStep>>,
    _guard: NodeGuard,
}

impl IloDeploy {
    /// Locks `node` for more than one step, and returns an `IloDeploy` whose steps work on it in
    /// this lock, until it and its clones are dropped. Everybody else's steps on the node are
    /// refused meanwhile, or wait, as during a step; they learn that `step` works on it.
    ///
    /// A step locks its node only while it works on it. What a service does before and after, it
    /// does under this lock: it reads the node from where it is stored, so that nobody changes it
    /// before the step begins, and stores it again, so that nobody works on the older one. The same
    /// is needed for [`VirtualMedia`](crate::virtual_media::VirtualMedia) and
    /// [`Ipxe`](crate::ipxe::Ipxe) if several tasks use them for one node.
    ///
    /// ```
    /// # use driver::deploy::{DeployStep, IloDeploy};
    /// # use driver::node::{Node, NodeUuid};
    /// # async fn read(_: NodeUuid) -> std::io::Result<Node> { unreachable!() }
    /// # async fn store(_: &Node) -> std::io::Result<()> { Ok(()) }
    /// # async fn example(
    /// #     ilo: &IloDeploy,
    /// #     uuid: NodeUuid,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let held = ilo.hold(uuid, DeployStep::Deploy).await?;
    /// let node = read(uuid).await?;
    /// let deployed = held.deploy(&node).await?;
    /// store(&deployed.node).await?;
    /// drop(held);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// [`DeployCause::Busy`] and [`DeployCause::Lock`], as a step's.
    #[must_use = "the lock is released when it is dropped"]
    pub async fn hold(&self, node: NodeUuid, step: DeployStep) -> Result<Self, DeployError> {
        let guard = self.lock(node, step).await.map_err(|cause| DeployError {
            node,
            step,
            done: Vec::new(),
            cause: Box::new(cause),
        })?;
        let mut holding = self.clone();
        holding.held.push(Arc::new(Held {
            node,
            inner: Arc::default(),
            _guard: guard,
        }));
        Ok(holding)
    }

    /// Takes the locks of `node` for `step`.
    pub(super) async fn lock(
        &self,
        node: NodeUuid,
        step: DeployStep,
    ) -> Result<NodeGuard, DeployCause> {
        let held = self.held.iter().rfind(|held| held.node == node);
        let locks = held.map_or(&self.locks, |held| &held.inner);
        let own = if self.waits_if_busy {
            locks.lock(node, step).await
        } else {
            let locked = locks.try_lock(node, step);
            locked.map_err(|running| DeployCause::Busy { node, running })?
        };
        let callers = match &self.node_lock {
            Some(lock) if held.is_none() => Some(lock.lock(node, step).await),
            _ => None,
        };
        let callers = callers.transpose();
        Ok(NodeGuard {
            _callers: callers.map_err(|cause| DeployCause::Lock { node, cause })?,
            _own: own,
        })
    }
}
