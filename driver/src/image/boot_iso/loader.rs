//! The boot loaders: isolinux for BIOS, and an EFI boot image for UEFI.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hadris_iso::{BootEntry, BootInfo};

use super::template::{self, Template, Variables};
use super::{BootIsoError, read_loader_file};
use crate::image::DeployIso;
use crate::image::deploy_iso::fat_len;
use crate::image::source::{Source, SourceError};

pub(super) const ISOLINUX_BIN: &str = "isolinux/isolinux.bin";
pub(super) const ISOLINUX_CFG: &str = "isolinux/isolinux.cfg";
pub(super) const LDLINUX_C32: &str = "isolinux/ldlinux.c32";

/// The default paths of an EFI boot image and of its GRUB's configuration, which Ironic has used
/// since it supports EFI system partition images (`[DEFAULT] grub_config_path`).
const ESP_IMAGE_PATH: &str = "boot/grub/efiboot.img";
const ESP_GRUB_CFG: &str = "boot/grub/grub.cfg";

/// isolinux, the boot loader for BIOS.
#[derive(Debug, Clone)]
pub struct Isolinux {
    isolinux_bin: PathBuf,
    ldlinux_c32: Option<PathBuf>,
    template: Template,
}

impl Isolinux {
    /// Uses the file `isolinux.bin` at this path, `[DEFAULT] isolinux_bin`. Debian's package
    /// `isolinux` installs it as `/usr/lib/ISOLINUX/isolinux.bin`.
    pub fn new(isolinux_bin: impl Into<PathBuf>) -> Self {
        Self {
            isolinux_bin: isolinux_bin.into(),
            ldlinux_c32: None,
            template: Template::BuiltIn("built-in isolinux.cfg", template::ISOLINUX_CFG),
        }
    }

    /// Adds the library `ldlinux.c32`, `[DEFAULT] ldlinux_c32`, which isolinux 5 and newer need.
    /// Debian's package `syslinux-common` installs it as
    /// `/usr/lib/syslinux/modules/bios/ldlinux.c32`.
    #[must_use]
    pub fn ldlinux_c32(mut self, path: impl Into<PathBuf>) -> Self {
        self.ldlinux_c32 = Some(path.into());
        self
    }

    /// Renders isolinux's configuration from the Jinja2 template at this path, `[DEFAULT]
    /// isolinux_config_template`, instead of the built-in one. As in Ironic, its variables are
    /// `kernel`, `ramdisk` and `kernel_params`.
    #[must_use]
    pub fn config_template(mut self, path: impl Into<PathBuf>) -> Self {
        self.template = Template::File(path.into());
        self
    }

    /// Returns the boot entry: no emulation, four sectors, and the table with isolinux's own
    /// location.
    pub(super) fn boot_entry() -> BootEntry {
        BootEntry::bios(ISOLINUX_BIN)
            .with_load_size(4)
            .with_boot_info(BootInfo::Table)
    }

    pub(super) fn read_isolinux_bin(&self) -> Result<Vec<u8>, BootIsoError> {
        /// isolinux itself starts after the four sectors that the firmware loads.
        const MIN: usize = 4 * 512;
        let bytes = read_loader_file("isolinux.bin", &self.isolinux_bin)?;
        if bytes.len() < MIN {
            return Err(BootIsoError::LoaderFile {
                what: "isolinux.bin",
                path: self.isolinux_bin.clone(),
                reason: format!(
                    "expected at least {MIN} bytes, found {}; set [DEFAULT] isolinux_bin",
                    bytes.len()
                ),
            });
        }
        Ok(bytes)
    }

    pub(super) fn read_ldlinux_c32(&self) -> Result<Option<Vec<u8>>, BootIsoError> {
        self.ldlinux_c32
            .as_deref()
            .map(|path| read_loader_file("ldlinux.c32", path))
            .transpose()
    }

    pub(super) fn config(&self, variables: &Variables<'_>) -> Result<Vec<u8>, BootIsoError> {
        self.template.render(variables)
    }
}

/// An EFI boot image (a FAT image with a boot loader), and the paths where its GRUB looks for
/// `grub.cfg`.
#[derive(Debug, Clone)]
pub struct EfiBoot {
    image: Arc<dyn Source>,
    image_path: String,
    config_paths: Vec<String>,
    template: Template,
}

impl EfiBoot {
    /// Uses the EFI boot image of a deploy ISO, and the paths that it and GRUB's configuration have
    /// there.
    pub fn from_deploy_iso(deploy_iso: &DeployIso) -> Self {
        Self::new(
            deploy_iso.efi_boot_image(),
            deploy_iso.efi_boot_image_path().into(),
            deploy_iso.grub_cfg_paths().to_vec(),
        )
    }

    /// Uses an EFI system partition image, stored as `boot/grub/efiboot.img`. Its GRUB looks for
    /// `boot/grub/grub.cfg` unless [`grub_cfg_path`](Self::grub_cfg_path) is set.
    pub fn from_esp_image(image: impl Source + 'static) -> Self {
        Self::new(
            Arc::new(image),
            ESP_IMAGE_PATH.into(),
            vec![ESP_GRUB_CFG.into()],
        )
    }

    fn new(image: Arc<dyn Source>, image_path: String, config_paths: Vec<String>) -> Self {
        let template = Template::BuiltIn("built-in grub.cfg", template::GRUB_CFG);
        Self {
            image,
            image_path,
            config_paths,
            template,
        }
    }

    /// Stores GRUB's configuration only at this path, `[DEFAULT] grub_config_path`. A leading `/`
    /// is ignored.
    #[must_use]
    pub fn grub_cfg_path(self, path: impl AsRef<Path>) -> Self {
        self.grub_cfg_paths([path])
    }

    /// Stores GRUB's configuration at each of these paths, for an image whose GRUB looks at an
    /// unknown one. A leading `/` is ignored.
    #[must_use]
    pub fn grub_cfg_paths<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let text = |path: P| {
            path.as_ref()
                .to_string_lossy()
                .trim_start_matches('/')
                .into()
        };
        self.config_paths = paths.into_iter().map(text).collect();
        self
    }

    /// Renders GRUB's configuration from the Jinja2 template at this path, `[DEFAULT]
    /// grub_config_template`, instead of the built-in one. As in Ironic, its variables are `linux`,
    /// `initrd` and `kernel_params`.
    #[must_use]
    pub fn config_template(mut self, path: impl Into<PathBuf>) -> Self {
        self.template = Template::File(path.into());
        self
    }

    pub(super) fn boot_entry(&self) -> BootEntry {
        BootEntry::uefi(&self.image_path)
    }

    /// Checks the first sector, since firmware silently skips an image that is not a FAT file
    /// system.
    pub(super) fn check_image(&self) -> Result<(), BootIsoError> {
        let wrong = |reason| BootIsoError::EfiBootImage {
            name: self.image.name(),
            reason,
        };
        let mut sector = [0; 512];
        self.image
            .open_range(0, sector.len() as u64)?
            .read_exact(&mut sector)
            .map_err(|error| SourceError::from_io(&self.image.name(), error))?;
        let len = fat_len(&sector).ok_or_else(|| wrong("it has no FAT boot sector".into()))?;
        if len > self.image.size() {
            let size = self.image.size();
            return Err(wrong(format!(
                "its header says {len} bytes, but it has {size}"
            )));
        }
        Ok(())
    }

    pub(super) fn config_paths(&self) -> &[String] {
        &self.config_paths
    }

    pub(super) fn image_path(&self) -> &str {
        &self.image_path
    }

    pub(super) fn image(&self) -> &Arc<dyn Source> {
        &self.image
    }

    pub(super) fn into_image(self) -> Arc<dyn Source> {
        self.image
    }

    pub(super) fn config(&self, variables: &Variables<'_>) -> Result<Vec<u8>, BootIsoError> {
        self.template.render(variables)
    }
}
