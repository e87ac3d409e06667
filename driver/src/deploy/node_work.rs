//! The actions that make up the steps of a deployment.

use url::Url;

use super::boot_iso::ChosenBootIso;
use super::error::{DeployCause, DeployError};
use super::event::{Begun, EventKind};
use super::{Action, Flow, IloDeploy, Outcome, parameters};
use crate::bmc::{Bmc, BootMode, Drive, Medium, Power, Step};
use crate::host::{Kind, Published, Which};
use crate::image::Floppy;
use crate::node::{Node, Section};
use crate::virtual_media::{ROOT_UUID, VirtualMedia, is_recorded_boot_iso};

/// A step in progress on one node: its BMC, and the outcome so far.
pub(super) struct NodeWork<'d> {
    pub(super) deploy: &'d IloDeploy,
    begun: Begun,
    pub(super) bmc: Box<dyn Bmc>,
    /// Reports how images are written.
    pub(super) media: VirtualMedia,
    pub(super) outcome: Outcome,
    /// The images that this step published, which a failure withdraws, with their drives.
    published: Vec<(Drive, Published)>,
    /// The boot mode from the next start on, once it is known; see [`Bmc::boot_mode`].
    pub(super) boot_mode: Option<Option<BootMode>>,
}

impl<'d> NodeWork<'d> {
    pub(super) fn new(deploy: &'d IloDeploy, begun: Begun, bmc: Box<dyn Bmc>, node: &Node) -> Self {
        let mut media = deploy.media.clone();
        if deploy.observer.is_some() {
            let reporter = begun.reporter.clone();
            media = media.on_progress(move |image| {
                reporter.report(EventKind::Image {
                    kind: image.kind,
                    done: image.done,
                    total: image.total,
                });
            });
        }
        Self {
            deploy,
            begun,
            bmc,
            media,
            outcome: Outcome::unchanged(node),
            published: Vec::new(),
            boot_mode: None,
        }
    }

    /// Ends the step: removes the images that those which it published replace, or withdraws the
    /// latter if it failed. Closes the session with the BMC.
    pub(super) async fn finish(
        mut self,
        done: Result<(), DeployCause>,
    ) -> Result<Outcome, DeployError> {
        let published = std::mem::take(&mut self.published);
        match &done {
            Ok(()) => self.remove_replaced(published).await,
            Err(cause) => self.withdraw_all(published, cause).await,
        }
        if let Err(error) = self.bmc.close().await {
            self.warn(&error);
        }
        match done {
            Ok(()) => {
                self.begun.reporter.report(EventKind::Finished);
                Ok(self.outcome)
            }
            Err(cause) => Err(self.begun.fail(self.outcome.done, cause)),
        }
    }

    /// Logs what does not make the step fail. Each error names the node.
    pub(super) fn warn(&self, error: &dyn std::fmt::Display) {
        let (node, step) = (self.begun.reporter.node, self.begun.reporter.step);
        log::warn!(node:%, step:%; "{error}");
    }

    /// Reports that an operation of the BMC begins.
    pub(super) fn begins(&self, operation: Step) {
        self.begun.reporter.report(EventKind::Operation(operation));
    }

    async fn remove_replaced(&mut self, published: Vec<(Drive, Published)>) {
        for (_, published) in published {
            // What remains is removed by the next step or by the clean-up.
            if let Err(error) = self.remove(Which::OthersThan(published.name)).await {
                self.warn(&error);
            }
        }
    }

    async fn withdraw_all(&mut self, published: Vec<(Drive, Published)>, cause: &DeployCause) {
        for (drive, published) in published {
            // A BMC that does not answer would only take as long again.
            if !cause.is_no_answer() {
                self.eject_published(drive, &published).await;
            }
            self.withdraw(&published).await;
        }
    }

    /// Ejects an image that is about to be removed, if it is in the drive.
    async fn eject_published(&mut self, drive: Drive, published: &Published) {
        let image = self.bmc.medium(drive).await;
        let image = image.map(|medium| medium.and_then(|medium| medium.image));
        let name = published.name.to_string();
        let ejected = match image.map(|image| image.is_some_and(|image| image.contains(&name))) {
            Ok(true) => {
                self.begins(Step::Eject(drive));
                self.bmc.eject(drive).await
            }
            Ok(false) => return,
            Err(error) => Err(error),
        };
        match ejected {
            Ok(()) => self.record(Action::Ejected(drive)),
            Err(error) => self.warn(&error),
        }
    }

    async fn withdraw(&mut self, published: &Published) {
        let (node, name) = (self.outcome.node.uuid(), &published.name);
        let host = self.media.host();
        match host.unpublish(node, Which::Only(name.clone())).await {
            Ok(_) => self.record(Action::Removed(name.clone())),
            Err(error) => self.warn(&format!(
                "node {node}: {name} remains although its step failed: {error}"
            )),
        }
    }

    /// Returns the medium in a drive. Before images are made, this checks that the BMC answers.
    pub(super) async fn reach(&self, drive: Drive) -> Result<Option<Medium>, DeployCause> {
        self.begins(Step::Look(drive));
        Ok(self.bmc.medium(drive).await?)
    }

    pub(super) fn record(&mut self, action: Action) {
        let (node, step) = (self.begun.reporter.node, self.begun.reporter.step);
        log::info!(node:%, step:%; "node {node}: {action}");
        self.begun.reporter.report(EventKind::Done(action.clone()));
        self.outcome.done.push(action);
    }

    pub(super) async fn eject(&mut self, drive: Drive) -> Result<(), DeployCause> {
        self.begins(Step::Eject(drive));
        self.bmc.eject(drive).await?;
        self.record(Action::Ejected(drive));
        Ok(())
    }

    pub(super) async fn insert(&mut self, drive: Drive, url: &Url) -> Result<(), DeployCause> {
        self.begins(Step::Insert(drive));
        self.bmc.insert(drive, url).await?;
        self.record(Action::Inserted(drive, crate::http::url::redacted(url)));
        Ok(())
    }

    pub(super) async fn power(&mut self, power: Power) -> Result<(), DeployCause> {
        self.begins(Step::Power(power));
        self.bmc.power(power).await?;
        self.record(Action::Power(power));
        Ok(())
    }

    /// Creates the floppy with the parameters, inserts it, and returns its URL.
    pub(super) async fn floppy(&mut self) -> Result<Url, DeployCause> {
        let url = self.publish_floppy().await?;
        self.insert(Drive::Floppy, &url).await?;
        Ok(url)
    }

    /// Creates the floppy with the parameters, and returns its URL.
    async fn publish_floppy(&mut self) -> Result<Url, DeployCause> {
        let parameters = self.deploy.parameters_of(&mut self.outcome.node)?;
        let floppy = Floppy::new().parameters(parameters);
        let published = {
            let _turn = self.deploy.turn().await;
            let media = &self.media;
            media.publish_floppy(&self.outcome.node, floppy).await?
        };
        Ok(self.keep(Drive::Floppy, published))
    }

    /// Remembers a new image, which a failure withdraws, and returns its URL. Older images are kept
    /// until the step has succeeded.
    fn keep(&mut self, drive: Drive, published: Published) -> Url {
        let url = published.url.clone();
        self.record(Action::Published(published.name.clone()));
        self.published.push((drive, published));
        url
    }

    /// Finds or creates the boot ISO, and returns its URL.
    async fn boot_iso(&mut self) -> Result<Url, DeployCause> {
        let turn = self.deploy.turn().await;
        let (node, reporter) = (&self.outcome.node, &self.begun.reporter);
        match self.deploy.choose_boot_iso(node, reporter).await? {
            ChosenBootIso::Given(url) => Ok(url),
            ChosenBootIso::ToCreate(request) => {
                let node = &mut self.outcome.node;
                let published = self.media.publish_boot_iso(node, *request).await?;
                drop(turn);
                Ok(self.keep(Drive::Cd, published))
            }
        }
    }

    /// Finds or creates the boot ISO, and inserts it.
    pub(super) async fn insert_boot_iso(&mut self) -> Result<(), DeployCause> {
        let url = self.boot_iso().await?;
        self.insert(Drive::Cd, &url).await
    }

    /// Everything that can fail without the BMC is done while the server still runs; what runs on
    /// it reads from the drives until it is off, and a boot device can be set while it is off.
    ///
    /// Secure boot is changed for the instance, not for the deploy ramdisk: it needs UEFI, which
    /// the server may have from this start on. As the node of a failed step is unchanged, it is
    /// recorded in an earlier step than the one that changes it.
    pub(super) async fn deploy(&mut self, deploy_iso: &Url) -> Result<(), DeployCause> {
        let floppy = self.publish_floppy().await?;
        let media = [(Drive::Floppy, &floppy), (Drive::Cd, deploy_iso)];
        self.note_secure_boot().await?;
        self.set_boot_mode().await?;
        self.power(Power::SoftOff).await?;
        self.eject(Drive::Floppy).await?;
        self.eject(Drive::Cd).await?;
        for (drive, url) in media {
            self.insert(drive, url).await?;
        }
        self.boot_once_with(&media).await?;
        self.start(&media).await
    }

    pub(super) async fn continue_deploy(&mut self) -> Result<(), DeployCause> {
        let flow = Flow::of(&self.outcome.node)?;
        self.reach(Drive::Cd).await?;
        let boot_iso = match flow.boots_from_iso(&self.outcome.node) {
            true => Some(self.boot_iso().await?),
            false => None,
        };
        self.set_secure_boot().await?;
        if boot_iso.is_none() {
            self.begins(Step::BootFromDisk);
            if self.bmc.boot_from_disk().await? {
                self.record(Action::BootFromDisk);
            }
        }
        self.power(Power::SoftOff).await?;
        self.eject(Drive::Floppy).await?;
        self.remove(Which::Kind(Kind::Floppy)).await?;
        self.eject(Drive::Cd).await?;
        let Some(boot_iso) = boot_iso else {
            return self.start(&[]).await;
        };
        let media = [(Drive::Cd, &boot_iso)];
        self.insert(Drive::Cd, &boot_iso).await?;
        self.boot_once_with(&media).await?;
        self.start(&media).await
    }

    /// Inserts the recorded boot ISO, or finds or creates one, as for the first boot, if the
    /// instance boots from one.
    pub(super) async fn boot_instance(&mut self) -> Result<(), DeployCause> {
        let node = &self.outcome.node;
        if !Flow::of(node)?.boots_from_iso(node) {
            return Ok(());
        }
        let url = if is_recorded_boot_iso(node) {
            self.media.boot_iso_url(node).await?
        } else {
            self.reach(Drive::Cd).await?;
            Some(self.boot_iso().await?)
        };
        let Some(url) = url else {
            return self.boot_once().await;
        };
        self.insert(Drive::Cd, &url).await?;
        self.boot_once_with(&[(Drive::Cd, &url)]).await
    }

    pub(super) fn record_root(&mut self, root_uuid: &str) {
        self.outcome
            .node
            .set(Section::DriverInternalInfo, ROOT_UUID, root_uuid);
    }

    pub(super) async fn remove(&mut self, which: Which) -> Result<(), DeployCause> {
        let node = self.outcome.node.uuid();
        for name in self.media.host().unpublish(node, which).await? {
            self.record(Action::Removed(name));
        }
        Ok(())
    }

    pub(super) async fn tear_down(&mut self) -> Result<(), DeployCause> {
        self.power(Power::Off).await?;
        self.restore_secure_boot().await?;
        self.clean_up().await
    }

    pub(super) async fn clean_up(&mut self) -> Result<(), DeployCause> {
        // Eject first: an image in use must not be removed.
        self.eject(Drive::Floppy).await?;
        self.eject(Drive::Cd).await?;
        for name in self.media.clean_up(&mut self.outcome.node).await? {
            self.record(Action::Removed(name));
        }
        parameters::forget(&mut self.outcome.node);
        Ok(())
    }
}
