//! Choosing the boot ISO of an instance.

use std::collections::BTreeMap;

use url::Url;

use super::downloads::ImageKey;
use super::error::DeployError;
use super::image_service::{ImageLocation, look_up};
use super::{IloDeploy, deploy_iso};
use crate::http::work;
use crate::image::{HttpSource, SourceError};
use crate::node::{BootMode, Node, NodeUuid, Section, boot_mode_of};
use crate::virtual_media::{
    BootIsoRequest, ILO_BOOT_ISO, ImageRef, ROOT_UUID, Uefi, has_own_boot_iso,
};

/// The boot ISO of an instance.
pub(super) enum ChosenBootIso {
    /// An existing one: the user's, or that of the instance's image.
    Given(Url),
    /// A new one, to be created.
    ToCreate(Box<BootIsoRequest>),
}

/// The node's fields and the image's properties that name the kernel and the ramdisk.
const KERNEL: (&str, &str) = ("instance_info.kernel", "kernel_id");
const RAMDISK: (&str, &str) = ("instance_info.ramdisk", "ramdisk_id");

impl IloDeploy {
    /// Chooses the boot ISO: the user's own, or else that of the instance's image, or else a new
    /// one.
    pub(super) async fn choose_boot_iso(&self, node: &Node) -> Result<ChosenBootIso, DeployError> {
        if let Some(given) = node.text(Section::InstanceInfo, ILO_BOOT_ISO)
            && !has_own_boot_iso(node)
        {
            let what = "instance_info.ilo_boot_iso";
            let url = self.media_url(node, what, given).await?;
            self.check_reachable(node.uuid(), what, &url).await?;
            return Ok(ChosenBootIso::Given(url));
        }
        let properties = self.image_properties(node).await?;
        if let Some(boot_iso) = properties.get("boot_iso") {
            let what = "the image property boot_iso";
            let url = self.media_url(node, what, boot_iso).await?;
            self.check_reachable(node.uuid(), what, &url).await?;
            return Ok(ChosenBootIso::Given(url));
        }
        let request = self.boot_iso_request(node, &properties).await?;
        Ok(ChosenBootIso::ToCreate(Box::new(request)))
    }

    /// Returns the properties of the instance's image, if it is in the image service.
    async fn image_properties(&self, node: &Node) -> Result<BTreeMap<String, String>, DeployError> {
        let source = node.text(Section::InstanceInfo, "image_source");
        let (Some(ImageLocation::Service(id)), Some(service)) =
            (source.map(ImageLocation::read), self.image_service_ref())
        else {
            return Ok(BTreeMap::new());
        };
        let what = "instance_info.image_source";
        let image = look_up(Some(service), node.uuid(), what, id).await?;
        Ok(image.properties)
    }

    /// Returns the request for a boot ISO with the kernel and ramdisk that the node or its image
    /// names.
    async fn boot_iso_request(
        &self,
        node: &Node,
        properties: &BTreeMap<String, String>,
    ) -> Result<BootIsoRequest, DeployError> {
        let named = |(field, property): (&'static str, &str)| {
            let key = field.trim_start_matches("instance_info.");
            let own = node.text(Section::InstanceInfo, key).map(str::to_owned);
            own.or_else(|| properties.get(property).cloned())
        };
        let (kernel, ramdisk) = (named(KERNEL), named(RAMDISK));
        let (Some(kernel), Some(ramdisk)) = (&kernel, &ramdisk) else {
            let missing = [(KERNEL.0, &kernel), (RAMDISK.0, &ramdisk)];
            let missing = missing.iter().filter(|(_, named)| named.is_none());
            let missing: Vec<&str> = missing.map(|(field, _)| *field).collect();
            return Err(DeployError::NothingToBoot {
                node: node.uuid(),
                missing: missing.join(" and "),
            });
        };
        let uuid = node.uuid();
        let kernel = self.image_ref(uuid, KERNEL.0, kernel).await?;
        let ramdisk = self.image_ref(uuid, RAMDISK.0, ramdisk).await?;
        let mut request = BootIsoRequest::new(kernel, ramdisk);
        // The deploy ISO is needed only for its EFI boot loader, which BIOS does not use.
        if boot_mode_of(node) != Some(BootMode::Bios)
            && let Some(deploy_iso) = deploy_iso(node)
        {
            let image = self.image_ref(uuid, "driver_info.ilo_deploy_iso", deploy_iso);
            request = request.uefi(Uefi::DeployIso(image.await?));
        }
        if let Some(root) = node.text(Section::DriverInternalInfo, ROOT_UUID) {
            request = request.root_uuid(root);
        }
        Ok(request)
    }

    /// Returns the image that a node's field names, for reading.
    async fn image_ref(
        &self,
        node: NodeUuid,
        what: &'static str,
        text: &str,
    ) -> Result<ImageRef, DeployError> {
        let (reference, key) = match ImageLocation::read(text) {
            ImageLocation::Http(url) | ImageLocation::File(url) => {
                (url.to_owned(), ImageKey::Reference(url.to_owned()))
            }
            ImageLocation::Service(id) => {
                let image = look_up(self.image_service_ref(), node, what, id).await?;
                let key = ImageKey::Service(id.to_owned(), image.checksum());
                (image.url.into(), key)
            }
        };
        match &self.downloads {
            Some(downloads) => downloads
                .get(key, &reference, self.media.http())
                .await
                .map(ImageRef::Source)
                .map_err(|source| DeployError::Image { node, what, source }),
            None => Ok(reference.into()),
        }
    }

    /// Checks that a web server serves the image at `url`.
    async fn check_reachable(
        &self,
        node: NodeUuid,
        what: &'static str,
        url: &Url,
    ) -> Result<(), DeployError> {
        let (http, url) = (self.media.http().clone(), url.to_string());
        let opened = work::run(move || HttpSource::new(&http, &url)).await;
        let reachable = match opened {
            Ok(reachable) => reachable.map(drop),
            Err(error) => Err(SourceError::other("the request", error)),
        };
        reachable.map_err(|source| DeployError::Image { node, what, source })
    }
}
