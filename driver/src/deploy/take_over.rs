//! Taking over the nodes of a dead conductor.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize, Serializer};
use tokio::sync::Semaphore;
use tokio::task::{Id, JoinSet};
use tokio::time::{Instant, timeout};
use url::Url;

use super::downloads::Downloads;
use super::error::{DeployCause, DeployError};
use super::node_work::NodeWork;
use super::{Action, DeployStep, Flow, IloDeploy, Outcome, deploy_iso};
use crate::bmc::{Drive, Medium};
use crate::host::{Kind, ObjectName};
use crate::node::{InvalidNode, Node, ProvisionState};
use crate::virtual_media::own_boot_iso;

/// The number of nodes that wait for their BMCs at the same time in a mass take-over.
const WAITING_MAX: usize = 128;

/// After this time, a node is taken to wait for its BMC, and another one begins.
const PATIENCE: Duration = Duration::from_millis(500);

/// The result of taking over a node.
#[derive(Debug, Serialize)]
#[must_use = "the changed node must be passed back to Ironic, and a failure is only in the warning"]
#[non_exhaustive]
pub struct TakeOver {
    /// The node, to be passed back to Ironic; unchanged after a failure.
    pub node: Node,
    /// The actions that were performed, in order.
    pub done: Vec<Action>,
    /// The reason why the node's images were not created again. It is only a warning, since the
    /// server may continue without them.
    #[serde(serialize_with = "as_message")]
    pub warning: Option<DeployError>,
}

/// Serializes an error as its message.
fn as_message<S: Serializer>(error: &Option<DeployError>, to: S) -> Result<S::Ok, S::Error> {
    error.as_ref().map(ToString::to_string).serialize(to)
}

/// The result of taking over all nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "it says how many nodes failed"]
#[non_exhaustive]
pub struct TakenOver {
    /// The number of nodes whose images were created or attached again.
    pub changed: usize,
    /// The number of nodes that needed nothing.
    pub unchanged: usize,
    /// The number of nodes with a warning.
    pub failed: usize,
}

impl IloDeploy {
    /// Takes over a node of a dead conductor.
    ///
    /// - `wait call-back`: its floppy is created and attached again, and the deploy ISO if its
    ///   drive is empty.
    /// - `active`, if it boots from a boot ISO that was created for it: the boot ISO is created
    ///   again from the node's record, and attached.
    /// - Any other state: nothing is done.
    ///
    /// Images in Swift are not tied to a conductor. They are created again only if they no longer
    /// exist, and attached again only if the BMC's URL for them has expired.
    ///
    /// The server's power and next boot device do not change. A failure is logged as a warning and
    /// returned; the node then keeps its old reference.
    pub async fn take_over(&self, node: &Node) -> TakeOver {
        match self.try_take_over(node).await {
            Ok(Outcome { node, done }) => TakeOver {
                node,
                done,
                warning: None,
            },
            Err(error) => TakeOver::failed(node, error),
        }
    }

    /// Takes over all `nodes`, and calls `progress` as each one completes, while it is still
    /// locked: what `progress` stores is what the next step on the node finds.
    ///
    /// Images are made for at most `at_once` nodes concurrently. Besides those, up to 128 nodes
    /// wait for BMCs that are slow to answer, so that many dead BMCs take little longer than one.
    ///
    /// A kernel, ramdisk or deploy ISO on a web server is downloaded once, however many nodes need
    /// it, into a temporary file in [`download_directory`](Self::download_directory). Besides those
    /// that nodes are being created from, the eight that were needed last are kept until the end.
    /// The files have no names, so that nothing is left even if the process is killed. An image of
    /// the [`ImageService`](super::ImageService) is known by its ID and checksum, however its URL
    /// is signed.
    ///
    /// The nodes are taken from the iterator one by one and passed to `progress`, so
    /// that memory use does not grow with their number. If the future is dropped, the remaining
    /// nodes are left unchanged.
    pub async fn take_over_all(
        &self,
        nodes: impl IntoIterator<Item = Node>,
        at_once: NonZeroUsize,
        mut progress: impl FnMut(TakeOver),
    ) -> TakenOver {
        let mut shared = self.clone();
        let turns = at_once.get().min(Semaphore::MAX_PERMITS);
        shared.turns = Some(Arc::new(Semaphore::new(turns)));
        shared.downloads = Some(Arc::new(Downloads::new(self.download_directory.clone())));
        let mut nodes = nodes.into_iter();
        let mut working = JoinSet::new();
        let mut begun: HashMap<Id, Instant> = HashMap::new();
        let mut summary = TakenOver::default();
        loop {
            let slow = begun.values().filter(|begun| begun.elapsed() > PATIENCE);
            let most = slow.count().saturating_add(turns.saturating_mul(2));
            let most = most.min(WAITING_MAX.max(turns));
            while working.len() < most
                && let Some(node) = nodes.next()
            {
                let deploy = shared.clone();
                let task = working.spawn(async move { deploy.take_over_held(&node).await });
                begun.insert(task.id(), Instant::now());
            }
            match timeout(PATIENCE, working.join_next_with_id()).await {
                Err(_) => {}
                Ok(None) => return summary,
                Ok(Some(Ok((id, (result, held))))) => {
                    begun.remove(&id);
                    summary.count(&result);
                    progress(result);
                    drop(held);
                }
                // Deploy code panicked, or the runtime is shutting down.
                Ok(Some(Err(error))) => {
                    begun.remove(&error.id());
                    log::warn!("a node was not taken over: {error}");
                    summary.failed += 1;
                }
            }
        }
    }

    /// Takes over a node, and returns what holds its lock.
    async fn take_over_held(&self, node: &Node) -> (TakeOver, Option<Self>) {
        // What needs nothing is not locked, and what is invalid fails below.
        let needed = matches!(drive_to_restore(node), Ok(Some(_)));
        let held = match needed {
            true => self.hold(node.uuid(), DeployStep::TakeOver).await,
            false => return (self.take_over(node).await, None),
        };
        match held {
            Ok(held) => (held.take_over(node).await, Some(held)),
            Err(error) => (TakeOver::failed(node, error), None),
        }
    }

    async fn try_take_over(&self, node: &Node) -> Result<Outcome, DeployError> {
        let step = DeployStep::TakeOver;
        let drive = drive_to_restore(node).map_err(|invalid| DeployError {
            node: node.uuid(),
            step,
            done: Vec::new(),
            cause: Box::new(invalid.into()),
        })?;
        let Some(drive) = drive else {
            return Ok(Outcome::unchanged(node));
        };
        let mut work = self.work_on(node, step).await?;
        let done = match drive {
            Drive::Floppy => work.take_over_ramdisk().await,
            Drive::Cd => work.take_over_boot_iso().await,
        };
        work.finish(done).await
    }
}

/// Returns the drive whose image the node may have lost together with its conductor.
fn drive_to_restore(node: &Node) -> Result<Option<Drive>, InvalidNode> {
    Ok(match node.provision_state() {
        Some(ProvisionState::WaitCallBack) => Some(Drive::Floppy),
        Some(ProvisionState::Active) => {
            let boots_from_iso = Flow::of(node)?.boots_from_iso(node);
            (boots_from_iso && own_boot_iso(node).is_some()).then_some(Drive::Cd)
        }
        _ => None,
    })
}

impl TakeOver {
    /// Returns the outcome, or the warning as an error, for callers to whom a node that could not
    /// be taken over is a failure as any other.
    ///
    /// # Errors
    ///
    /// [`DeployError`], the warning.
    pub fn into_result(self) -> Result<Outcome, DeployError> {
        match self.warning {
            None => Ok(Outcome {
                node: self.node,
                done: self.done,
            }),
            Some(error) => Err(error),
        }
    }

    /// Returns the result for a node that could not be taken over, and logs why.
    fn failed(node: &Node, error: DeployError) -> Self {
        let (uuid, step) = (node.uuid(), DeployStep::TakeOver);
        log::warn!(
            node:% = uuid, step:%;
            "node {uuid}: the take-over is incomplete: {error}"
        );
        Self {
            node: node.clone(),
            done: error.done.clone(),
            warning: Some(error),
        }
    }
}

impl TakenOver {
    fn count(&mut self, result: &TakeOver) {
        *match (&result.warning, result.done.is_empty()) {
            (Some(_), _) => &mut self.failed,
            (None, true) => &mut self.unchanged,
            (None, false) => &mut self.changed,
        } += 1;
    }
}

impl NodeWork<'_> {
    /// Attaches the floppy again, and the deploy ISO if the BMC has lost it.
    async fn take_over_ramdisk(&mut self) -> Result<(), DeployCause> {
        let floppy = self.take_over_floppy().await?;
        let deploy_iso = deploy_iso(&self.outcome.node).map(str::to_owned);
        let Some(text) = deploy_iso else {
            return Ok(());
        };
        if self.reach(Drive::Cd).await?.is_some() {
            return Ok(());
        }
        let what = "driver_info.ilo_deploy_iso";
        let node = &self.outcome.node;
        let deploy_iso = self.deploy.media_url(node, what, &text).await?;
        self.insert(Drive::Cd, &deploy_iso).await?;
        if let Some(floppy) = floppy {
            self.insert_lost(&[(Drive::Floppy, &floppy), (Drive::Cd, &deploy_iso)])
                .await?;
        }
        Ok(())
    }

    /// Returns the URL of the floppy if it was inserted again.
    async fn take_over_floppy(&mut self) -> Result<Option<Url>, DeployCause> {
        let medium = self.reach(Drive::Floppy).await?;
        let host = self.deploy.media.host();
        if host.outlives_conductors() {
            let stored = host.list(self.outcome.node.uuid()).await?;
            let newest = stored
                .iter()
                .rfind(|result| result.name.kind() == Kind::Floppy);
            if let Some(newest) = newest {
                let name = newest.name.clone();
                return self.renew(Drive::Floppy, medium, &name).await;
            }
        }
        self.floppy().await.map(Some)
    }

    async fn take_over_boot_iso(&mut self) -> Result<(), DeployCause> {
        let medium = self.reach(Drive::Cd).await?;
        let media = &self.deploy.media;
        let node = &self.outcome.node;
        if media.host().outlives_conductors() {
            let kept = own_boot_iso(node);
            let stored = media.host().list(node.uuid()).await?;
            if let Some(name) = kept.filter(|kept| stored.iter().any(|result| result.name == *kept))
            {
                return self.renew(Drive::Cd, medium, &name).await.map(drop);
            }
        }
        self.insert_boot_iso().await
    }

    /// Attaches an image again, unless the BMC's URL for it has not expired yet. Returns the new
    /// URL.
    async fn renew(
        &mut self,
        drive: Drive,
        medium: Option<Medium>,
        name: &ObjectName,
    ) -> Result<Option<Url>, DeployCause> {
        let image = medium.and_then(|medium| medium.image);
        if image.is_some_and(|image| is_valid_url_of(&image, name, SystemTime::now())) {
            return Ok(None);
        }
        let host = self.deploy.media.host();
        let url = host.url(&self.outcome.node, name).await?;
        self.insert(drive, &url).await?;
        Ok(Some(url))
    }
}

/// Whether `image` is a temporary URL of the object `name` that is valid at this time.
fn is_valid_url_of(image: &str, name: &ObjectName, now: SystemTime) -> bool {
    let Ok(url) = Url::parse(image) else {
        return false;
    };
    let object = url.path_segments().and_then(|mut path| path.next_back());
    let expires = url
        .query_pairs()
        .find(|(key, _)| key == "temp_url_expires")
        .and_then(|(_, value)| value.parse::<u64>().ok());
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    object == Some(&*name.to_string()) && expires.is_some_and(|expires| expires > now)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_temporary_url_is_valid_until_it_expires() {
        let name = "boot-1be26c0b-03f2-4d2e-ae87-c02d7f33c123-0123456789abcdef.iso";
        let object: ObjectName = name.parse().unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let url = format!("http://h/v1/AUTH_a/c/{name}?temp_url_sig=0&temp_url_expires=1060");
        assert!(is_valid_url_of(&url, &object, at(1059)));
        assert!(!is_valid_url_of(&url, &object, at(1060)));
        let without_query = url.split('?').next().unwrap();
        assert!(!is_valid_url_of(without_query, &object, at(0)));
        assert!(!is_valid_url_of(
            &url.replace("boot-", "image-"),
            &object,
            at(0)
        ));
        assert!(!is_valid_url_of("", &object, at(0)));
    }
}
