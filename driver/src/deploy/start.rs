//! How a node's server boots: from which drive, in which mode, and with secure boot or without.

use url::Url;

use super::Action;
use super::error::DeployCause;
use super::node_work::NodeWork;
use crate::bmc::{BootMode, Drive, Power, Step};
use crate::node::{BootWish, Section};

/// The field of `driver_internal_info` that says whether secure boot was on before the deployment
/// changed that. It is restored when the instance ends.
const SECURE_BOOT_BEFORE: &str = "ilo_secure_boot_before";

/// How often lost media are inserted again, if they are lost again and again.
const ROUNDS_MAX: usize = 3;

impl NodeWork<'_> {
    /// Makes the server boot once from the CD drive. What a BMC that was restarted since `media`
    /// were inserted has lost is inserted again.
    pub(super) async fn boot_once_with(
        &mut self,
        media: &[(Drive, &Url)],
    ) -> Result<(), DeployCause> {
        self.boot_once().await?;
        if self.insert_lost(media).await? {
            self.boot_once().await?;
        }
        Ok(())
    }

    pub(super) async fn boot_once(&mut self) -> Result<(), DeployCause> {
        let mode = self.media.boot_mode(&self.outcome.node)?;
        // A mode that is a setting of the server is set as such.
        let mode = match mode {
            Some(_) if self.boot_mode().await?.is_some() => None,
            mode => mode,
        };
        self.begins(Step::BootOnce(Drive::Cd));
        self.bmc.boot_once(Drive::Cd, mode).await?;
        self.record(Action::BootOnce(Drive::Cd));
        Ok(())
    }

    /// Inserts those of `media` again whose drives are empty. Returns whether there were any.
    pub(super) async fn insert_lost(
        &mut self,
        media: &[(Drive, &Url)],
    ) -> Result<bool, DeployCause> {
        let mut found = false;
        // The BMC may restart between two of them.
        for _ in 0..ROUNDS_MAX {
            let mut lost = false;
            for (drive, url) in media {
                if self.bmc.medium(*drive).await?.is_none() {
                    let node = self.outcome.node.uuid();
                    self.warn(&format!(
                        "node {node}: the {drive} drive has lost its medium"
                    ));
                    self.insert(*drive, url).await?;
                    lost = true;
                }
            }
            if !lost {
                break;
            }
            found = true;
        }
        Ok(found)
    }

    /// Switches the server on, and waits until it has taken the settings that were changed for this
    /// start. It reads from the drives minutes later, so that media are still inserted in time that
    /// the BMC lost meanwhile; after the wait, it is started again for those.
    pub(super) async fn start(&mut self, media: &[(Drive, &Url)]) -> Result<(), DeployCause> {
        self.power(Power::On).await?;
        self.insert_lost(media).await?;
        let is_changed =
            |action: &Action| matches!(action, Action::BootMode(_) | Action::BootFromDisk);
        if !self.outcome.done.iter().any(is_changed) {
            return Ok(());
        }
        self.bmc.await_settings().await?;
        if self.insert_lost(media).await? {
            self.power(Power::Off).await?;
            self.boot_once().await?;
            self.power(Power::On).await?;
        }
        Ok(())
    }

    /// Returns the boot mode that the server has from its next start on, which is asked for once.
    async fn boot_mode(&mut self) -> Result<Option<BootMode>, DeployCause> {
        if let Some(known) = self.boot_mode {
            return Ok(known);
        }
        let found = self.bmc.boot_mode().await?;
        self.boot_mode = Some(found);
        Ok(found)
    }

    /// Sets the boot mode that the node is to have, from the next start on.
    pub(super) async fn set_boot_mode(&mut self) -> Result<(), DeployCause> {
        let mode = self.media.boot_mode(&self.outcome.node)?;
        if let Some(mode) = mode
            && self
                .boot_mode()
                .await?
                .is_some_and(|current| current != mode)
        {
            self.begins(Step::SetBootMode(mode));
            self.bmc.set_boot_mode(mode).await?;
            self.boot_mode = Some(Some(mode));
            self.record(Action::BootMode(mode));
        }
        Ok(())
    }

    /// Records what secure boot is, if the node is to have it otherwise. What is recorded already
    /// is from an earlier deployment, and stays.
    pub(super) async fn note_secure_boot(&mut self) -> Result<(), DeployCause> {
        if !self.has_noted_secure_boot() {
            self.secure_boot_to_set().await?;
        }
        Ok(())
    }

    /// Switches secure boot on or off as the node is to have it, from the next start on.
    pub(super) async fn set_secure_boot(&mut self) -> Result<(), DeployCause> {
        if let Some(on) = self.secure_boot_to_set().await? {
            self.begins(Step::SetSecureBoot(on));
            self.bmc.set_secure_boot(on).await?;
            self.record(Action::SecureBoot(on));
        }
        Ok(())
    }

    /// Returns secure boot as the node is to have it, if the server has it otherwise; what it was
    /// is then recorded, unless it is already.
    async fn secure_boot_to_set(&mut self) -> Result<Option<bool>, DeployCause> {
        let Some(wanted) = BootWish::of(&self.outcome.node)?.secure_boot else {
            return Ok(None);
        };
        let Some(before) = self.bmc.secure_boot().await?.filter(|on| *on != wanted) else {
            return Ok(None);
        };
        if !self.has_noted_secure_boot() {
            let node = &mut self.outcome.node;
            node.set(Section::DriverInternalInfo, SECURE_BOOT_BEFORE, before);
        }
        Ok(Some(wanted))
    }

    fn has_noted_secure_boot(&self) -> bool {
        let node = &self.outcome.node;
        let noted = node.get(Section::DriverInternalInfo, SECURE_BOOT_BEFORE);
        noted.is_some()
    }

    /// Sets secure boot to what it was before the deployment.
    pub(super) async fn restore_secure_boot(&mut self) -> Result<(), DeployCause> {
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
}
