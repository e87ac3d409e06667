//! Taking over the nodes of a conductor that died.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::task::JoinSet;
use url::Url;

use super::downloads::Downloads;
use super::error::DeployError;
use super::node_work::NodeWork;
use super::{Action, Flow, IloDeploy, Outcome};
use crate::bmc::Drive;
use crate::host::{Kind, ObjectName};
use crate::node::{Node, ProvisionState};
use crate::virtual_media::own_boot_iso;

/// What became of a node that was taken over.
#[derive(Debug)]
pub struct TakeOver {
    /// The node as it is to be handed back to Ironic: as it was when something failed.
    pub node: Node,
    /// What was done, in order.
    pub done: Vec<Action>,
    /// Why the node's images were not made again. It is a warning: the server may go on without.
    pub warning: Option<DeployError>,
}

/// What became of all nodes that were taken over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Nodes whose images were made or attached again.
    pub changed: usize,
    /// Nodes that needed nothing.
    pub unchanged: usize,
    /// Nodes with a warning.
    pub failed: usize,
}

impl IloDeploy {
    /// Takes over a node whose conductor died.
    ///
    /// - `wait call-back`: its floppy is made and attached again.
    /// - `active`, when it boots from a boot ISO that was made for it: that is made and attached
    ///   again, from what the node remembers.
    /// - Any other state: nothing is done.
    ///
    /// Images in Swift are not tied to a conductor. They are not made again, unless they are gone;
    /// and they are attached again when the URL that the BMC has for them has expired.
    ///
    /// The server's power and what it boots next stay as they are. What fails is logged as a
    /// warning and returned; the node then keeps its old reference.
    pub async fn take_over(&self, node: &Node) -> TakeOver {
        match self.try_take_over(node).await {
            Ok(Outcome { node, done }) => TakeOver {
                node,
                done,
                warning: None,
            },
            Err(error) => {
                log::warn!("node {}: not all was taken over: {error}", node.uuid());
                TakeOver {
                    node: node.clone(),
                    done: Vec::new(),
                    warning: Some(error),
                }
            }
        }
    }

    /// Takes over all `nodes`, at most `at_once` at a time, and calls `progress` for each as it is
    /// done.
    ///
    /// A kernel or ramdisk on a web server is fetched once, however many nodes boot it, into a
    /// temporary file. The nodes are taken one by one as their turn comes, and handed to
    /// `progress`, so that the memory does not grow with their number. When the future is dropped,
    /// the nodes whose turn has not come are left as they were.
    pub async fn take_over_all(
        &self,
        nodes: impl IntoIterator<Item = Node>,
        at_once: NonZeroUsize,
        mut progress: impl FnMut(TakeOver),
    ) -> TakenOver {
        let mut shared = self.clone();
        shared.downloads = Some(Arc::new(Downloads::new(std::env::temp_dir())));
        let mut nodes = nodes.into_iter();
        let mut working = JoinSet::new();
        let mut taken = TakenOver::default();
        loop {
            while working.len() < at_once.get()
                && let Some(node) = nodes.next()
            {
                let deploy = shared.clone();
                working.spawn(async move { deploy.take_over(&node).await });
            }
            match working.join_next().await {
                None => return taken,
                Some(Ok(one)) => {
                    taken.count(&one);
                    progress(one);
                }
                // A panic of deploy code's own parts, or the runtime's end.
                Some(Err(error)) => {
                    log::warn!("a node was not taken over: {error}");
                    taken.failed += 1;
                }
            }
        }
    }

    async fn try_take_over(&self, node: &Node) -> Result<Outcome, DeployError> {
        let unchanged = || Outcome {
            node: node.clone(),
            done: Vec::new(),
        };
        match node.provision_state() {
            Some(ProvisionState::WaitCallBack) => {
                let mut work = self.work_on(node)?;
                work.take_over_floppy().await?;
                Ok(work.outcome)
            }
            Some(ProvisionState::Active) if Flow::of(node)?.boots_from_iso(node) => {
                if own_boot_iso(node).is_none() {
                    return Ok(unchanged());
                }
                let mut work = self.work_on(node)?;
                work.take_over_boot_iso().await?;
                Ok(work.outcome)
            }
            _ => Ok(unchanged()),
        }
    }
}

impl TakenOver {
    fn count(&mut self, one: &TakeOver) {
        *match (&one.warning, one.done.is_empty()) {
            (Some(_), _) => &mut self.failed,
            (None, true) => &mut self.unchanged,
            (None, false) => &mut self.changed,
        } += 1;
    }
}

impl NodeWork<'_> {
    async fn take_over_floppy(&mut self) -> Result<(), DeployError> {
        let host = self.deploy.media.host();
        if !host.is_tied_to_a_conductor() {
            let stored = host.list(self.outcome.node.uuid()).await?;
            let newest = stored.iter().rfind(|one| one.name.kind() == Kind::Floppy);
            if let Some(newest) = newest {
                let name = newest.name.clone();
                return self.renew(Drive::Floppy, &name).await;
            }
        }
        self.floppy().await
    }

    async fn take_over_boot_iso(&mut self) -> Result<(), DeployError> {
        let media = &self.deploy.media;
        let node = &self.outcome.node;
        if !media.host().is_tied_to_a_conductor() {
            let kept = own_boot_iso(node);
            let stored = media.host().list(node.uuid()).await?;
            if let Some(name) = kept.filter(|kept| stored.iter().any(|one| one.name == *kept)) {
                return self.renew(Drive::Cd, &name).await;
            }
        }
        self.insert_boot_iso().await
    }

    /// Attaches an image again, unless the BMC has it by a URL that has not expired.
    async fn renew(&mut self, drive: Drive, name: &ObjectName) -> Result<(), DeployError> {
        let medium = self.bmc.medium(drive).await?;
        let image = medium.and_then(|medium| medium.image);
        if image.is_some_and(|image| is_good_for(&image, name, SystemTime::now())) {
            return Ok(());
        }
        let host = self.deploy.media.host();
        let url = host.url(&self.outcome.node, name).await?;
        self.insert(drive, &url).await
    }
}

/// Whether `image`, a temporary URL of Swift, leads to the object `name` at this time.
fn is_good_for(image: &str, name: &ObjectName, now: SystemTime) -> bool {
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
    fn a_temporary_url_is_good_until_it_expires() {
        let name = "boot-1be26c0b-03f2-4d2e-ae87-c02d7f33c123-0123456789abcdef.iso";
        let object: ObjectName = name.parse().unwrap();
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let url = format!("http://h/v1/AUTH_a/c/{name}?temp_url_sig=0&temp_url_expires=1060");
        assert!(is_good_for(&url, &object, at(1059)));
        assert!(!is_good_for(&url, &object, at(1060)));
        let without_query = url.split('?').next().unwrap();
        assert!(!is_good_for(without_query, &object, at(0)));
        assert!(!is_good_for(
            &url.replace("boot-", "image-"),
            &object,
            at(0)
        ));
        assert!(!is_good_for("", &object, at(0)));
    }
}
