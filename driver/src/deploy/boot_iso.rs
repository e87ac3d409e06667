//! Choosing the boot ISO of an instance.

use std::collections::BTreeMap;

use url::Url;

use super::downloads::{ImageKey, NamedBy};
use super::error::DeployCause;
use super::event::Reporter;
use super::image_service::{ImageLocation, look_up};
use super::{IloDeploy, deploy_iso};
use crate::http::work;
use crate::image::source::from_reference;
use crate::image::{HttpClient, HttpSource, SourceError};
use crate::node::{BootMode, Node, Section};
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
    pub(super) async fn choose_boot_iso(
        &self,
        node: &Node,
        reporter: &Reporter,
    ) -> Result<ChosenBootIso, DeployCause> {
        if let Some(given) = node.text(Section::InstanceInfo, ILO_BOOT_ISO)
            && !has_own_boot_iso(node)
        {
            let what = "instance_info.ilo_boot_iso";
            let url = self.reachable_url(node, what, given, NamedBy::User).await?;
            return Ok(ChosenBootIso::Given(url));
        }
        let properties = self.image_properties(node).await?;
        if let Some(boot_iso) = properties.get("boot_iso") {
            let what = "the image property boot_iso";
            let url = self
                .reachable_url(node, what, boot_iso, NamedBy::User)
                .await?;
            return Ok(ChosenBootIso::Given(url));
        }
        let request = self.boot_iso_request(node, &properties, reporter).await?;
        Ok(ChosenBootIso::ToCreate(Box::new(request)))
    }

    /// Returns the properties of the instance's image, if it is in the image service.
    async fn image_properties(&self, node: &Node) -> Result<BTreeMap<String, String>, DeployCause> {
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
        reporter: &Reporter,
    ) -> Result<BootIsoRequest, DeployCause> {
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
            return Err(DeployCause::NothingToBoot {
                node: node.uuid(),
                missing: missing.join(" and "),
            });
        };
        let image = |what, text| self.image_ref(reporter, what, text, NamedBy::User);
        let mut kernel = image(KERNEL.0, kernel).await;
        if self.downloads.is_some() {
            // The ramdisk is not downloaded in vain.
            kernel = Ok(kernel?);
        }
        let mut request = match (kernel, image(RAMDISK.0, ramdisk).await) {
            (Ok(kernel), Ok(ramdisk)) => BootIsoRequest::new(kernel, ramdisk),
            (kernel, ramdisk) => {
                let causes = [kernel.err(), ramdisk.err()].into_iter().flatten();
                return Err(DeployCause::all(causes.collect()));
            }
        };
        // The deploy ISO is needed only for its EFI boot loader, which BIOS does not use.
        if self.media.boot_mode(node)? != Some(BootMode::Bios)
            && let Some(deploy_iso) = deploy_iso(node)
        {
            let what = "driver_info.ilo_deploy_iso";
            let image = self.image_ref(reporter, what, deploy_iso, NamedBy::Operator);
            request = request.uefi(Uefi::DeployIso(image.await?));
        }
        if let Some(root) = node.text(Section::DriverInternalInfo, ROOT_UUID) {
            request = request.root_uuid(root);
        }
        Ok(request)
    }

    /// Opens the image that a node's field names, if it may be read.
    async fn image_ref(
        &self,
        reporter: &Reporter,
        what: &'static str,
        text: &str,
        by: NamedBy,
    ) -> Result<ImageRef, DeployCause> {
        let node = reporter.node;
        let failed = |cause| DeployCause::Image { node, what, cause };
        let (reference, key, http) = match ImageLocation::read(text) {
            ImageLocation::Http(url) => {
                let key = ImageKey::Reference(url.to_owned(), by);
                (url.to_owned(), key, self.client(by))
            }
            ImageLocation::File(file) => {
                let path = self.media.access().file(file).map_err(failed)?;
                let reference = path.map_or(file.to_owned(), |path| path.display().to_string());
                let key = ImageKey::Reference(reference.clone(), by);
                (reference, key, self.client(by))
            }
            ImageLocation::Service(id) => {
                let image = look_up(self.image_service_ref(), node, what, id).await?;
                let key = ImageKey::Service(id.to_owned(), image.checksum());
                (image.url.into(), key, self.client(NamedBy::Operator))
            }
        };
        let opened = match &self.downloads {
            Some(downloads) => downloads.get(key, &reference, &http, reporter).await,
            None => blocking(move || from_reference(&reference, &http)).await,
        };
        opened.map(ImageRef::Source).map_err(failed)
    }

    /// Returns the URL from which the BMC can fetch an image, after checking that a web server
    /// serves it.
    pub(super) async fn reachable_url(
        &self,
        node: &Node,
        what: &'static str,
        text: &str,
        by: NamedBy,
    ) -> Result<Url, DeployCause> {
        let by = match ImageLocation::read(text) {
            ImageLocation::Service(_) => NamedBy::Operator,
            ImageLocation::Http(_) | ImageLocation::File(_) => by,
        };
        let url = self.media_url(node, what, text).await?;
        let (http, text) = (self.client(by), url.to_string());
        let node = node.uuid();
        blocking(move || HttpSource::new(&http, &text))
            .await
            .map(|_| url)
            .map_err(|cause| DeployCause::Image { node, what, cause })
    }

    /// Returns the client that fetches images named in this way.
    fn client(&self, by: NamedBy) -> HttpClient {
        let http = self.media.http();
        match by {
            NamedBy::User => self.media.access().client(http),
            NamedBy::Operator => http.clone(),
        }
    }
}

/// Opens a source on a blocking thread.
async fn blocking<T: Send + 'static>(
    open: impl FnOnce() -> Result<T, SourceError> + Send + 'static,
) -> Result<T, SourceError> {
    let opened = work::run(open).await;
    opened.unwrap_or_else(|error| Err(SourceError::other("the request", error)))
}
