//! Requests for boot ISOs, and planning them.

use std::fmt;
use std::sync::Arc;

use super::error::VirtualMediaError;
use super::loaders::BootLoaders;
use crate::http::url::redacted_text;
use crate::image::source::from_reference;
use crate::image::{
    BootIso, DeployIso, DeployIsoError, EfiBoot, HttpClient, PlannedBootIso, Source, SourceError,
};
use crate::node::{BootMode, NodeUuid};

/// A kernel, a ramdisk or a boot loader image, which is opened as it is: any file that this process
/// may read, and any server that it reaches.
///
/// A reference that a user of the cloud chose is opened with
/// [`SourceAccess`](crate::image::SourceAccess) first, which gives a source.
#[derive(Clone)]
pub enum ImageRef {
    /// A path, or a `file://`, `http://` or `https://` URL.
    Reference(String),
    /// Any other source, such as an image service's.
    Source(Arc<dyn Source>),
}

/// Shows URLs without their secrets.
impl fmt::Debug for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reference(text) => write!(f, "Reference({:?})", redacted_text(text)),
            Self::Source(source) => write!(f, "Source({source:?})"),
        }
    }
}

impl From<&str> for ImageRef {
    fn from(reference: &str) -> Self {
        Self::Reference(reference.into())
    }
}

impl From<String> for ImageRef {
    fn from(reference: String) -> Self {
        Self::Reference(reference)
    }
}

impl From<Arc<dyn Source>> for ImageRef {
    fn from(source: Arc<dyn Source>) -> Self {
        Self::Source(source)
    }
}

impl ImageRef {
    pub(crate) fn source(self, http: &HttpClient) -> Result<Arc<dyn Source>, SourceError> {
        match self {
            Self::Reference(reference) => from_reference(&reference, http),
            Self::Source(source) => Ok(source),
        }
    }
}

/// The source of the boot loader for UEFI.
#[derive(Debug, Clone)]
pub enum Uefi {
    /// A deploy ISO.
    DeployIso(ImageRef),
    /// An EFI system partition image.
    EspImage(ImageRef),
}

/// A request for a node's boot ISO.
#[derive(Debug, Clone)]
pub struct BootIsoRequest {
    kernel: ImageRef,
    ramdisk: ImageRef,
    uefi: Option<Uefi>,
    boot_mode: Option<BootMode>,
    pub(super) root_uuid: Option<String>,
}

impl BootIsoRequest {
    /// Requests a boot ISO with this kernel and ramdisk, for every boot mode whose boot loader is
    /// available.
    pub fn new(kernel: impl Into<ImageRef>, ramdisk: impl Into<ImageRef>) -> Self {
        Self {
            kernel: kernel.into(),
            ramdisk: ramdisk.into(),
            uefi: None,
            boot_mode: None,
            root_uuid: None,
        }
    }

    /// Sets the source of the boot loader for UEFI, instead of `[DEFAULT] esp_image`.
    #[must_use]
    pub fn uefi(mut self, uefi: Uefi) -> Self {
        self.uefi = Some(uefi);
        self
    }

    /// Makes it boot in this mode only. Otherwise it boots in the mode of the node, and also in the
    /// other one if its boot loader is available.
    #[must_use]
    pub fn boot_mode(mut self, mode: BootMode) -> Self {
        self.boot_mode = Some(mode);
        self
    }

    /// Sets the UUID of the instance's root file system, which is added to the front of the kernel
    /// parameters as `root=UUID=`.
    #[must_use]
    pub fn root_uuid(mut self, uuid: impl Into<String>) -> Self {
        self.root_uuid = Some(uuid.into());
        self
    }

    /// Opens the requested sources and plans the ISO for a node that is to boot in `wished` mode,
    /// with these kernel parameters after `root=`. Blocks.
    pub(super) fn plan(
        self,
        node: NodeUuid,
        wished: Option<BootMode>,
        append_params: &str,
        (loaders, http): (&BootLoaders, &HttpClient),
    ) -> Result<PlannedBootIso, VirtualMediaError> {
        let failed = |what| move |cause| VirtualMediaError::Source { node, what, cause };
        let params = kernel_params(node, self.root_uuid.as_deref(), append_params)?;
        let kernel = self.kernel.source(http).map_err(failed("kernel"))?;
        let ramdisk = self.ramdisk.source(http).map_err(failed("ramdisk"))?;
        let mut iso = BootIso::new(kernel, ramdisk).kernel_params(params);
        let may = |mode| self.boot_mode.is_none_or(|only| only == mode);
        let must = |mode| self.boot_mode.or(wished) == Some(mode);
        let isolinux = loaders.isolinux(must(BootMode::Bios));
        let isolinux = isolinux.filter(|_| may(BootMode::Bios));
        let boots_with_bios = isolinux.is_some();
        if let Some(isolinux) = isolinux {
            iso = iso.bios(isolinux);
        }
        if may(BootMode::Uefi) {
            let esp_image = || {
                let path = loaders.esp_image.as_ref()?;
                Some(Uefi::EspImage(path.display().to_string().into()))
            };
            let efi = self.uefi.or_else(esp_image);
            match efi.map(|uefi| efi_boot(node, uefi, loaders, http)) {
                Some(Ok(efi)) => iso = iso.uefi(efi),
                Some(Err(error))
                    if boots_with_bios && !must(BootMode::Uefi) && has_no_loader(&error) =>
                {
                    log::info!(node:%; "{error}; it boots with BIOS only");
                }
                Some(Err(error)) => return Err(error),
                None if must(BootMode::Uefi) => {
                    return Err(VirtualMediaError::NoEfiBootImage { node });
                }
                None => {}
            }
        }
        iso.plan()
            .map_err(|cause| VirtualMediaError::BootIso { node, cause })
    }
}

fn efi_boot(
    node: NodeUuid,
    uefi: Uefi,
    loaders: &BootLoaders,
    http: &HttpClient,
) -> Result<EfiBoot, VirtualMediaError> {
    let failed = |what| move |cause| VirtualMediaError::Source { node, what, cause };
    match uefi {
        Uefi::DeployIso(image) => {
            let source = image.source(http).map_err(failed("deploy ISO"))?;
            let deploy_iso = DeployIso::from_source(source)
                .map_err(|cause| VirtualMediaError::DeployIso { node, cause })?;
            Ok(loaders.set_up(EfiBoot::from_deploy_iso(&deploy_iso)))
        }
        Uefi::EspImage(image) => {
            let what = "EFI system partition image";
            let image = image.source(http).map_err(failed(what))?;
            Ok(loaders.set_up_esp_image(EfiBoot::from_esp_image(image)))
        }
    }
}

/// Whether a deploy ISO has no boot loader for UEFI.
fn has_no_loader(error: &VirtualMediaError) -> bool {
    let VirtualMediaError::DeployIso { cause, .. } = error else {
        return false;
    };
    matches!(
        cause,
        DeployIsoError::NoEfiBootImage { .. } | DeployIsoError::NoGrubCfg { .. }
    )
}

/// Returns `root=UUID=…` followed by the configured parameters.
fn kernel_params(
    node: NodeUuid,
    root_uuid: Option<&str>,
    append: &str,
) -> Result<String, VirtualMediaError> {
    let append = append.trim();
    let Some(root_uuid) = root_uuid else {
        return Ok(append.into());
    };
    if !is_root_uuid(root_uuid) {
        let root_uuid = root_uuid.chars().take(80).collect();
        return Err(VirtualMediaError::RootUuid { node, root_uuid });
    }
    Ok(format!("root=UUID={root_uuid} {append}").trim_end().into())
}

/// Whether `text` is safe as the UUID of a file system in the kernel parameters.
pub(crate) fn is_root_uuid(text: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_comes_first_and_cannot_carry_more() {
        let uuid = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123".parse().unwrap();
        let params = |root, append| kernel_params(uuid, root, append);
        assert_eq!(
            params(Some("1A-2"), " nofb ").unwrap(),
            "root=UUID=1A-2 nofb"
        );
        assert_eq!(params(Some("1A-2"), "").unwrap(), "root=UUID=1A-2");
        assert_eq!(params(None, "nofb").unwrap(), "nofb");
        for wrong in ["", "1 init=/bin/sh", "1\n2", "$x"] {
            let error = params(Some(wrong), "nofb").unwrap_err();
            assert!(error.to_string().contains("root UUID"), "{error}");
        }
    }
}
