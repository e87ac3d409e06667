//! The actions that make up the steps of a deployment.

use url::Url;

use super::boot_iso::ChosenBootIso;
use super::error::DeployError;
use super::{Action, Flow, IloDeploy, Outcome, parameters};
use crate::bmc::{Bmc, BmcError, Cause, Drive, Medium, Power};
use crate::host::{Kind, Published, Which};
use crate::image::Floppy;
use crate::node::{Node, Section};
use crate::virtual_media::{ROOT_UUID, is_recorded_boot_iso};

/// A step in progress on one node: its BMC, and the outcome so far.
pub(super) struct NodeWork<'d> {
    pub(super) deploy: &'d IloDeploy,
    pub(super) bmc: Box<dyn Bmc>,
    pub(super) outcome: Outcome,
    /// The images that this step published, which a failure withdraws, with their drives.
    published: Vec<(Drive, Published)>,
}

impl<'d> NodeWork<'d> {
    pub(super) fn new(deploy: &'d IloDeploy, bmc: Box<dyn Bmc>, node: &Node) -> Self {
        Self {
            deploy,
            bmc,
            outcome: Outcome {
                node: node.clone(),
                done: Vec::new(),
            },
            published: Vec::new(),
        }
    }

    /// Ends the step: removes the images that those which it published replace, or withdraws the
    /// latter if it failed. Closes the session with the BMC.
    pub(super) async fn finish(
        mut self,
        done: Result<(), DeployError>,
    ) -> Result<Outcome, DeployError> {
        let published = std::mem::take(&mut self.published);
        match &done {
            Ok(()) => self.remove_replaced(published).await,
            Err(error) => self.withdraw_all(&published, error).await,
        }
        if let Err(error) = self.bmc.close().await {
            log::warn!("{error}");
        }
        done.map(|()| self.outcome)
    }

    async fn remove_replaced(&mut self, published: Vec<(Drive, Published)>) {
        for (_, published) in published {
            // What remains is removed by the next step or by the clean-up.
            if let Err(error) = self.remove(Which::OthersThan(published.name)).await {
                log::warn!("{error}");
            }
        }
    }

    async fn withdraw_all(&self, published: &[(Drive, Published)], error: &DeployError) {
        let answers = !matches!(
            error,
            DeployError::Bmc(BmcError {
                cause: Cause::NoAnswer { .. },
                ..
            })
        );
        for (drive, published) in published {
            // A BMC that does not answer would only take as long again.
            if answers {
                self.eject_published(*drive, published).await;
            }
            self.withdraw(published).await;
        }
    }

    /// Ejects an image that is about to be removed, if it is in the drive.
    async fn eject_published(&self, drive: Drive, published: &Published) {
        let is_in = async {
            let image = self
                .bmc
                .medium(drive)
                .await?
                .and_then(|medium| medium.image);
            let name = published.name.to_string();
            Ok::<_, BmcError>(image.is_some_and(|image| image.contains(&name)))
        };
        let ejected = match is_in.await {
            Ok(true) => self.bmc.eject(drive).await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = ejected {
            log::warn!("{error}");
        }
    }

    async fn withdraw(&self, published: &Published) {
        let (node, name) = (self.outcome.node.uuid(), &published.name);
        let host = self.deploy.media.host();
        match host.unpublish(node, Which::Only(name.clone())).await {
            Ok(_) => log::info!("node {node}: withdrew {name}, since the step failed"),
            Err(error) => {
                log::warn!("node {node}: {name} remains although its step failed: {error}");
            }
        }
    }

    /// Returns the medium in a drive. Before images are made, this checks that the BMC answers.
    pub(super) async fn reach(&self, drive: Drive) -> Result<Option<Medium>, DeployError> {
        Ok(self.bmc.medium(drive).await?)
    }

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
        let mode = self.deploy.media.boot_mode(&self.outcome.node)?;
        self.bmc.boot_once(Drive::Cd, mode).await?;
        self.record(Action::BootOnce(Drive::Cd));
        Ok(())
    }

    /// Creates the floppy with the parameters, and inserts it.
    pub(super) async fn floppy(&mut self) -> Result<(), DeployError> {
        let parameters = self.deploy.parameters_of(&mut self.outcome.node)?;
        let floppy = Floppy::new().parameters(parameters);
        let published = {
            let _turn = self.deploy.turn().await;
            let media = &self.deploy.media;
            media.publish_floppy(&self.outcome.node, floppy).await?
        };
        self.insert_published(Drive::Floppy, published).await
    }

    /// Inserts a new image. Older ones are kept until the step has succeeded.
    async fn insert_published(
        &mut self,
        drive: Drive,
        published: Published,
    ) -> Result<(), DeployError> {
        self.record(Action::Published(published.name.clone()));
        self.published.push((drive, published.clone()));
        self.insert(drive, &published.url).await
    }

    /// Finds or creates the boot ISO, and inserts it.
    pub(super) async fn insert_boot_iso(&mut self) -> Result<(), DeployError> {
        let turn = self.deploy.turn().await;
        match self.deploy.choose_boot_iso(&self.outcome.node).await? {
            ChosenBootIso::Given(url) => {
                drop(turn);
                self.insert(Drive::Cd, &url).await
            }
            ChosenBootIso::ToCreate(request) => {
                let node = &mut self.outcome.node;
                let published = self.deploy.media.publish_boot_iso(node, *request).await?;
                drop(turn);
                self.insert_published(Drive::Cd, published).await
            }
        }
    }

    pub(super) async fn deploy(&mut self, deploy_iso: &Url) -> Result<(), DeployError> {
        self.eject(Drive::Floppy).await?;
        self.eject(Drive::Cd).await?;
        self.floppy().await?;
        self.insert(Drive::Cd, deploy_iso).await?;
        self.boot_once().await?;
        self.power(Power::Cycle).await
    }

    pub(super) async fn continue_deploy(&mut self, flow: Flow) -> Result<(), DeployError> {
        self.eject(Drive::Floppy).await?;
        self.remove(Which::Kind(Kind::Floppy)).await?;
        self.eject(Drive::Cd).await?;
        if flow.boots_from_iso(&self.outcome.node) {
            self.insert_boot_iso().await?;
            self.boot_once().await?;
        }
        self.power(Power::Cycle).await
    }

    /// Inserts the recorded boot ISO, or finds or creates one, as for the first boot.
    pub(super) async fn boot_instance(&mut self) -> Result<(), DeployError> {
        let node = &self.outcome.node;
        if is_recorded_boot_iso(node) {
            let url = self.deploy.media.boot_iso_url(node).await?;
            if let Some(url) = url {
                self.insert(Drive::Cd, &url).await?;
            }
        } else {
            self.reach(Drive::Cd).await?;
            self.insert_boot_iso().await?;
        }
        self.boot_once().await
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

    pub(super) async fn tear_down(&mut self) -> Result<(), DeployError> {
        self.power(Power::Off).await?;
        self.clean_up().await
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
