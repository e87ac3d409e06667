//! The boot loaders of boot ISOs, from the options or from where distributions install them.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::image::{EfiBoot, Isolinux};
use crate::options::Options;

/// The paths of isolinux and its library in distributions.
const ISOLINUX: [(&str, &str); 3] = [
    // Debian, Ubuntu.
    (
        "/usr/lib/ISOLINUX/isolinux.bin",
        "/usr/lib/syslinux/modules/bios/ldlinux.c32",
    ),
    // Fedora, Red Hat, SUSE.
    (
        "/usr/share/syslinux/isolinux.bin",
        "/usr/share/syslinux/ldlinux.c32",
    ),
    // Arch.
    (
        "/usr/lib/syslinux/bios/isolinux.bin",
        "/usr/lib/syslinux/bios/ldlinux.c32",
    ),
];

/// The paths where the GRUB of an EFI system partition image may look for its configuration: the
/// two defaults that `[DEFAULT] grub_config_path` has had, and the directories of distributions
/// with a signed GRUB.
const GRUB_CFG: [&str; 7] = [
    "boot/grub/grub.cfg",
    "EFI/BOOT/grub.cfg",
    "EFI/centos/grub.cfg",
    "EFI/debian/grub.cfg",
    "EFI/fedora/grub.cfg",
    "EFI/redhat/grub.cfg",
    "EFI/ubuntu/grub.cfg",
];

/// The parts of boot ISOs other than the kernel and the ramdisk.
pub(super) struct BootLoaders {
    isolinux_bin: PathBuf,
    ldlinux_c32: Option<PathBuf>,
    isolinux_config_template: Option<PathBuf>,
    grub_config_template: Option<PathBuf>,
    grub_config_path: Option<PathBuf>,
    pub(super) esp_image: Option<PathBuf>,
    pub(super) kernel_append_params: String,
}

/// Does not show the kernel parameters, which may be secret.
impl fmt::Debug for BootLoaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootLoaders")
            .field("isolinux_bin", &self.isolinux_bin)
            .field("esp_image", &self.esp_image)
            .finish_non_exhaustive()
    }
}

impl BootLoaders {
    pub(super) fn from_options(options: &Options) -> Self {
        Self {
            isolinux_bin: options.isolinux_bin.clone(),
            ldlinux_c32: options.ldlinux_c32.clone(),
            isolinux_config_template: options.isolinux_config_template.clone(),
            grub_config_template: options.grub_config_template.clone(),
            grub_config_path: options.grub_config_path.clone(),
            esp_image: options.esp_image.clone(),
            kernel_append_params: options.kernel_append_params.clone(),
        }
    }

    /// Returns isolinux from the path in the option or, if that is Ironic's default, from the paths
    /// of distributions. `None` if it is not found, unless `needed` or the option is set to another
    /// path.
    pub(super) fn isolinux(&self, needed: bool) -> Option<Isolinux> {
        let set = (self.isolinux_bin.as_path(), None);
        let known = ISOLINUX.map(|(bin, library)| (Path::new(bin), Some(Path::new(library))));
        let is_default = self.isolinux_bin == Path::new(Options::ISOLINUX_BIN);
        let (bin, library) = if is_default && !set.0.exists() {
            let found = known.into_iter().find(|(bin, _)| bin.exists());
            found.or(needed.then_some(set))?
        } else {
            let pair = known.into_iter().find(|(bin, _)| *bin == set.0);
            pair.unwrap_or(set)
        };
        let mut isolinux = Isolinux::new(bin);
        let beside = bin.with_file_name("ldlinux.c32");
        let library = library.unwrap_or(&beside);
        if let Some(library) = &self.ldlinux_c32 {
            isolinux = isolinux.ldlinux_c32(library);
        } else if library.exists() {
            isolinux = isolinux.ldlinux_c32(library);
        }
        if let Some(template) = &self.isolinux_config_template {
            isolinux = isolinux.config_template(template);
        }
        Some(isolinux)
    }

    pub(super) fn set_up(&self, mut efi: EfiBoot) -> EfiBoot {
        if let Some(path) = &self.grub_config_path {
            efi = efi.grub_cfg_path(path);
        }
        if let Some(template) = &self.grub_config_template {
            efi = efi.config_template(template);
        }
        efi
    }

    /// Does the same as [`set_up`](Self::set_up) for an image whose GRUB looks at an unknown path.
    pub(super) fn set_up_esp_image(&self, efi: EfiBoot) -> EfiBoot {
        self.set_up(efi.grub_cfg_paths(GRUB_CFG))
    }
}
