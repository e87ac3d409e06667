//! The actions that make up the steps of a deployment.

use url::Url;

use super::boot_iso::ChosenBootIso;
use super::error::{DeployCause, DeployError};
use super::event::{Begun, EventKind};
use super::{Action, Flow, IloDeploy, Outcome, parameters};
use crate::bmc::{Bmc, Drive, Medium, Power, Step};
use crate::host::{Kind, Published, Which};
use crate::image::Floppy;
use crate::node::{BootWish, Node, Section};
use crate::virtual_media::{ROOT_UUID, VirtualMedia, is_recorded_boot_iso};

/// The field of `driver_internal_info` that says whether secure boot was on before the deployment
/// changed that. It is restored when the instance ends.
const SECURE_BOOT_BEFORE: &str = "ilo_secure_boot_before";

/// A step in progress on one node: its BMC, and the outcome so far.
pub(super) struct NodeWork<'d> {
    pub(super) deploy: &'d IloDeploy,
    begun: Begun,
    pub(super) bmc: Box<dyn Bmc>,
    /// Reports how images are written.
    media: VirtualMedia,
    pub(super) outcome: Outcome,
    /// The images that this step published, which a failure withdraws, with their drives.
    published: Vec<(Drive, Published)>,
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
    fn warn(&self, error: &dyn std::fmt::Display) {
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

    fn record(&mut self, action: Action) {
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

    /// Makes the server boot once from the CD drive.
    pub(super) async fn boot_once(&mut self) -> Result<(), DeployCause> {
        let mode = self.media.boot_mode(&self.outcome.node)?;
        // A mode that is a setting of the server is set as such.
        let mode = match self.bmc.boot_mode().await? {
            Some(_) => None,
            None => mode,
        };
        self.begins(Step::BootOnce(Drive::Cd));
        self.bmc.boot_once(Drive::Cd, mode).await?;
        self.record(Action::BootOnce(Drive::Cd));
        Ok(())
    }

    /// Sets the boot mode and secure boot that the node is to have, from the next start on.
    async fn set_how_it_boots(&mut self) -> Result<(), DeployCause> {
        let mode = self.media.boot_mode(&self.outcome.node)?;
        if let Some(mode) = mode
            && let Some(current) = self.bmc.boot_mode().await?
            && current != mode
        {
            self.begins(Step::SetBootMode(mode));
            self.bmc.set_boot_mode(mode).await?;
            self.record(Action::BootMode(mode));
        }
        if let Some(on) = BootWish::of(&self.outcome.node)?.secure_boot
            && let Some(before) = self.bmc.secure_boot().await?
            && before != on
        {
            self.begins(Step::SetSecureBoot(on));
            self.bmc.set_secure_boot(on).await?;
            let node = &mut self.outcome.node;
            // A repeated deployment must not forget what was there at first.
            if node
                .get(Section::DriverInternalInfo, SECURE_BOOT_BEFORE)
                .is_none()
            {
                node.set(Section::DriverInternalInfo, SECURE_BOOT_BEFORE, before);
            }
            self.record(Action::SecureBoot(on));
        }
        Ok(())
    }

    /// Sets secure boot to what it was before the deployment.
    async fn restore_secure_boot(&mut self) -> Result<(), DeployCause> {
        let node = &mut self.outcome.node;
        let before = node.get(Section::DriverInternalInfo, SECURE_BOOT_BEFORE);
        let Some(before) = before.and_then(serde_json::Value::as_bool) else {
            return Ok(());
        };
        if self.bmc.secure_boot().await?.is_some_and(|on| on != before) {
            self.begins(Step::SetSecureBoot(before));
            self.bmc.set_secure_boot(before).await?;
            self.record(Action::SecureBoot(before));
        }
        let node = &mut self.outcome.node;
        node.remove(Section::DriverInternalInfo, SECURE_BOOT_BEFORE);
        Ok(())
    }

    /// Creates the floppy with the parameters, and inserts it.
    pub(super) async fn floppy(&mut self) -> Result<(), DeployCause> {
        let url = self.publish_floppy().await?;
        self.insert(Drive::Floppy, &url).await
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
    pub(super) async fn deploy(&mut self, deploy_iso: &Url) -> Result<(), DeployCause> {
        let floppy = self.publish_floppy().await?;
        self.set_how_it_boots().await?;
        self.power(Power::SoftOff).await?;
        self.eject(Drive::Floppy).await?;
        self.eject(Drive::Cd).await?;
        self.insert(Drive::Floppy, &floppy).await?;
        self.insert(Drive::Cd, deploy_iso).await?;
        self.boot_once().await?;
        self.power(Power::On).await
    }

    pub(super) async fn continue_deploy(&mut self) -> Result<(), DeployCause> {
        let flow = Flow::of(&self.outcome.node)?;
        self.reach(Drive::Cd).await?;
        let boot_iso = match flow.boots_from_iso(&self.outcome.node) {
            true => Some(self.boot_iso().await?),
            false => None,
        };
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
        if let Some(boot_iso) = boot_iso {
            self.insert(Drive::Cd, &boot_iso).await?;
            self.boot_once().await?;
        }
        self.power(Power::On).await
    }

    /// Inserts the recorded boot ISO, or finds or creates one, as for the first boot, if the
    /// instance boots from one.
    pub(super) async fn boot_instance(&mut self) -> Result<(), DeployCause> {
        let node = &self.outcome.node;
        if !Flow::of(node)?.boots_from_iso(node) {
            return Ok(());
        }
        if is_recorded_boot_iso(node) {
            let url = self.media.boot_iso_url(node).await?;
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
