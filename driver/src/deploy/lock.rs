//! Locks of nodes: one step at a time works on a node.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::error::DeployCause;
use super::step::DeployStep;
use crate::host::BoxError;
use crate::node::NodeUuid;

/// What holds a caller's lock, which dropping it releases.
pub type LockGuard = Box<dyn Send + Sync>;

/// The boxed future that [`NodeLock::lock`] returns.
pub type LockFuture<'a> = Pin<Box<dyn Future<Output = Result<LockGuard, BoxError>> + Send + 'a>>;

/// A lock of nodes across processes and machines, such as a node's reservation in Ironic.
///
/// Within a process, [`IloDeploy`](super::IloDeploy) and its clones let one step at a time work on
/// a node; this lock is taken as well, after that one.
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

/// The nodes that steps of this process work on.
#[derive(Debug, Default)]
pub(super) struct Locks(Mutex<HashMap<NodeUuid, Running>>);

/// A step that works on a node, and who is told when it ends.
#[derive(Debug)]
struct Running {
    step: DeployStep,
    ended: Arc<Notify>,
}

/// The locks of one node, which are released on drop.
pub(super) struct NodeGuard {
    locks: Arc<Locks>,
    node: NodeUuid,
    callers: Option<LockGuard>,
}

impl Locks {
    /// Locks `node` for `step`. While another step works on it, waits if `waits`, or else fails.
    pub(super) async fn lock(
        self: &Arc<Self>,
        node: NodeUuid,
        step: DeployStep,
        waits: bool,
    ) -> Result<NodeGuard, DeployCause> {
        loop {
            let ended = match self.running().entry(node) {
                Entry::Vacant(free) => {
                    free.insert(Running {
                        step,
                        ended: Arc::default(),
                    });
                    break;
                }
                Entry::Occupied(running) if waits => Arc::clone(&running.get().ended),
                Entry::Occupied(running) => {
                    let running = running.get().step;
                    return Err(DeployCause::Busy { node, running });
                }
            };
            // What ended since the look above is not missed: the step is looked for again.
            let notified = ended.notified();
            if self.runs(node, &ended) {
                notified.await;
            }
        }
        Ok(NodeGuard {
            locks: Arc::clone(self),
            node,
            callers: None,
        })
    }

    /// Whether the step that tells `ended` still works on `node`.
    fn runs(&self, node: NodeUuid, ended: &Arc<Notify>) -> bool {
        let running = self.running();
        running
            .get(&node)
            .is_some_and(|running| Arc::ptr_eq(&running.ended, ended))
    }

    fn running(&self) -> MutexGuard<'_, HashMap<NodeUuid, Running>> {
        // Nothing can panic while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl NodeGuard {
    /// Takes the caller's lock, too.
    pub(super) async fn with_callers(
        mut self,
        lock: &dyn NodeLock,
        step: DeployStep,
    ) -> Result<Self, DeployCause> {
        let node = self.node;
        let locked = lock.lock(node, step).await;
        self.callers = Some(locked.map_err(|cause| DeployCause::Lock { node, cause })?);
        Ok(self)
    }
}

impl Drop for NodeGuard {
    fn drop(&mut self) {
        // First, so that whoever waits here gets it.
        drop(self.callers.take());
        if let Some(running) = self.locks.running().remove(&self.node) {
            running.ended.notify_waiters();
        }
    }
}
