//! Locks of nodes in this process: one holder at a time for each node.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::NodeUuid;

/// Locks of nodes, each held for a purpose `P`.
#[derive(Debug)]
pub(crate) struct Locks<P>(Mutex<HashMap<NodeUuid, Holder<P>>>);

/// What a lock is held for, and who is told when it is released.
#[derive(Debug)]
struct Holder<P> {
    purpose: P,
    released: Arc<Notify>,
}

/// The lock of a node, which is released on drop.
pub(crate) struct Guard<P> {
    locks: Arc<Locks<P>>,
    node: NodeUuid,
}

impl<P> Default for Locks<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<P: Copy> Locks<P> {
    /// Locks `node`, or returns what its lock is held for.
    pub(crate) fn try_lock(self: &Arc<Self>, node: NodeUuid, purpose: P) -> Result<Guard<P>, P> {
        match self.holders().entry(node) {
            Entry::Vacant(free) => {
                free.insert(Holder {
                    purpose,
                    released: Arc::default(),
                });
            }
            Entry::Occupied(held) => return Err(held.get().purpose),
        }
        Ok(Guard {
            locks: Arc::clone(self),
            node,
        })
    }

    /// Locks `node` once nobody else holds its lock.
    pub(crate) async fn lock(self: &Arc<Self>, node: NodeUuid, purpose: P) -> Guard<P> {
        loop {
            if let Ok(guard) = self.try_lock(node, purpose) {
                return guard;
            }
            let released = self.holders().get(&node).map(|held| held.released.clone());
            let Some(released) = released else { continue };
            // A release since the look above is not missed: the holder is looked for again.
            let notified = released.notified();
            if self.is_held_by(node, &released) {
                notified.await;
            }
        }
    }
}

impl<P> Locks<P> {
    /// Whether whoever tells `released` still holds the lock of `node`.
    fn is_held_by(&self, node: NodeUuid, released: &Arc<Notify>) -> bool {
        let holders = self.holders();
        let held = holders.get(&node);
        held.is_some_and(|held| Arc::ptr_eq(&held.released, released))
    }

    fn holders(&self) -> MutexGuard<'_, HashMap<NodeUuid, Holder<P>>> {
        // Nothing can panic while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P> fmt::Debug for Guard<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("node", &self.node).finish()
    }
}

impl<P> Drop for Guard<P> {
    fn drop(&mut self) {
        if let Some(held) = self.locks.holders().remove(&self.node) {
            held.released.notify_waiters();
        }
    }
}
