//! The actions that make up the steps of a deployment.

use url::Url;

use super::boot_iso::ChosenBootIso;
use super::error::DeployError;
use super::{Action, Flow, IloDeploy, Outcome, parameters};
use crate::bmc::{Bmc, Drive, Power};
use crate::host::Which;
use crate::image::Floppy;
use crate::node::{Section, boot_mode_of};
use crate::virtual_media::ROOT_UUID;

/// A step in progress on one node: its BMC, and the outcome so far.
pub(super) struct NodeWork<'d> {
    pub(super) deploy: &'d IloDeploy,
    pub(super) bmc: Box<dyn Bmc>,
    pub(super) outcome: Outcome,
}

impl NodeWork<'_> {
    fn record(&mut self, action: Action) {
        log::info!("node {}: {action}", self.outcome.node.uuid());
        self.outcome.done.push(action);
    }

    pub(super) async fn eject(&mut self, drive: Drive) -> Result<(), DeployError> {
        self.bmc.eject(drive).await?;
        self.record(Action::Ejected(drive));
        Ok(())
    }

    pub(super) async fn insert(&mut self, drive: Drive, url: &Url) -> Result<(), DeployError> {
        self.bmc.insert(drive, url).await?;
        self.record(Action::Inserted(drive, crate::http::url::redacted(url)));
        Ok(())
    }

    pub(super) async fn power(&mut self, power: Power) -> Result<(), DeployError> {
        self.bmc.power(power).await?;
        self.record(Action::Power(power));
        Ok(())
    }

    /// Makes the server boot once from the CD drive.
    pub(super) async fn boot_once(&mut self) -> Result<(), DeployError> {
        let mode = boot_mode_of(&self.outcome.node);
        self.bmc.boot_once(Drive::Cd, mode).await?;
        self.record(Action::BootOnce(Drive::Cd));
        Ok(())
    }

    /// Creates the floppy with the parameters, inserts it, and removes older ones.
    pub(super) async fn floppy(&mut self) -> Result<(), DeployError> {
        let floppy = self.parameter_floppy()?;
        let published = self
            .deploy
            .media
            .publish_floppy(&self.outcome.node, floppy)
            .await?;
        self.record(Action::Published(published.name.clone()));
        self.insert(Drive::Floppy, &published.url).await?;
        self.remove(Which::OthersThan(published.name)).await
    }

    fn parameter_floppy(&mut self) -> Result<Floppy, DeployError> {
        let node = &mut self.outcome.node;
        let own = match &self.deploy.parameters {
            Some(parameters) => parameters(node),
            None => Vec::new(),
        };
        let flow = Flow::of(node)?;
        let ironics = parameters::of_node(node, flow, self.deploy.api_url.as_deref())?;
        let replaced = |key: &str| own.iter().any(|(own, _)| own == key);
        let ironics = ironics.into_iter().filter(|(key, _)| !replaced(key));
        let all: Vec<(String, String)> = ironics.chain(own.iter().cloned()).collect();
        Ok(Floppy::new().parameters(all))
    }

    /// Finds or creates the boot ISO, inserts it, and removes older ones.
    pub(super) async fn insert_boot_iso(&mut self) -> Result<(), DeployError> {
        match self.deploy.choose_boot_iso(&self.outcome.node).await? {
            ChosenBootIso::Given(url) => self.insert(Drive::Cd, &url).await,
            ChosenBootIso::ToCreate(request) => {
                let node = &mut self.outcome.node;
                let published = self.deploy.media.publish_boot_iso(node, *request).await?;
                self.record(Action::Published(published.name.clone()));
                self.insert(Drive::Cd, &published.url).await?;
                self.remove(Which::OthersThan(published.name)).await
            }
        }
    }

    pub(super) fn record_root(&mut self, root_uuid: &str) {
        self.outcome
            .node
            .set(Section::DriverInternalInfo, ROOT_UUID, root_uuid);
    }

    pub(super) async fn remove(&mut self, which: Which) -> Result<(), DeployError> {
        let node = self.outcome.node.uuid();
        for name in self.deploy.media.host().unpublish(node, which).await? {
            self.record(Action::Removed(name));
        }
        Ok(())
    }

    pub(super) async fn clean_up(&mut self) -> Result<(), DeployError> {
        // Eject first: an image in use must not be removed.
        self.eject(Drive::Floppy).await?;
        self.eject(Drive::Cd).await?;
        for name in self.deploy.media.clean_up(&mut self.outcome.node).await? {
            self.record(Action::Removed(name));
        }
        parameters::forget(&mut self.outcome.node);
        Ok(())
    }
}
