//! Boot ISOs: their content, layout and output.

mod loader;
mod planned;
mod stream;
mod template;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hadris_fs::{PathError, Report};
use hadris_iso::{ElTorito, IsoId, IsoLevel, IsoOptions};

use super::BOOT_ISO_LABEL;
use super::source::{MAX_SIZE, Source, SourceError};
use crate::operator_files;
pub use loader::{EfiBoot, Isolinux};
use loader::{ISOLINUX_BIN, ISOLINUX_CFG, LDLINUX_C32};
pub use planned::{PlannedBootIso, VerifyError};
use template::Variables;

const KERNEL: &str = "vmlinuz";
const RAMDISK: &str = "initrd";
const CATALOG: &str = "boot.cat";
/// Linux on x86 keeps 2048 bytes of command line (`COMMAND_LINE_SIZE`), including the final NUL and
/// the words that boot loaders prepend.
const MAX_KERNEL_PARAMS: usize = 2048 - "BOOT_IMAGE=/vmlinuz initrd=/initrd \0".len();

/// An ISO that boots a kernel and a ramdisk with BIOS, UEFI or both.
///
/// # Content
///
/// The ISO has the volume ID `VMEDIA_BOOT_ISO`, Rock Ridge and Joliet names, `/vmlinuz`, `/initrd`
/// and an El Torito catalogue; for BIOS, `/isolinux/isolinux.bin` (no emulation, load size 4, boot
/// information table), its configuration and `ldlinux.c32`; for UEFI, the EFI boot image, and
/// GRUB's configuration at the paths where that image looks for it. With both, BIOS is the default
/// entry and UEFI the alternative, so that one image serves either kind of server.
///
/// # Output
///
/// The crate `hadris-iso` does the layout and the encoding. Version 3.0.0-rc.2 is pinned: it plans
/// the whole image before any I/O, reads no clock, and writes each block once in ascending order,
/// whereas the stable 2.5 seeks back into its output, and accepts content that is not in memory
/// only through a feature outside its stability guarantee. Two adapters complement it: a block
/// device on top of a plain [`Write`](std::io::Write), and a read-only file system whose files are
/// [`Source`]s, through which content reaches the writer without being held in memory.
///
/// Files of 4 GiB or more are written as several extents (ISO 9660 level 3). Linux and UEFI
/// firmware can read those, but isolinux and GRUB may not, so such a ramdisk boots only if the boot
/// loader supports it.
///
/// ```no_run
/// use driver::image::{BootIso, FileSource, Isolinux};
///
/// let iso = BootIso::new(FileSource::new("vmlinuz")?, FileSource::new("initrd")?)
///     .kernel_params("root=UUID=6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11")
///     .bios(Isolinux::new("/usr/lib/ISOLINUX/isolinux.bin"))
///     .plan()?;
/// iso.write_to(&mut std::fs::File::create_new("boot.iso")?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BootIso {
    kernel: Arc<dyn Source>,
    ramdisk: Arc<dyn Source>,
    kernel_params: String,
    bios: Option<Isolinux>,
    uefi: Option<EfiBoot>,
}

/// Does not show the kernel parameters, which may be secret.
impl fmt::Debug for BootIso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootIso")
            .field("kernel", &self.kernel)
            .field("ramdisk", &self.ramdisk)
            .field("bios", &self.bios)
            .field("uefi", &self.uefi)
            .finish_non_exhaustive()
    }
}

/// An error from planning or writing a boot ISO.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootIsoError {
    /// Neither [`BootIso::bios`] nor [`BootIso::uefi`] was given.
    #[error("the boot ISO would not boot: expected isolinux, an EFI boot image, or both")]
    NoBootLoader,
    /// The kernel parameters do not fit in a boot loader's configuration.
    #[error("the kernel parameters cannot be used: {reason}")]
    KernelParams {
        /// The cause, and what was expected.
        reason: String,
    },
    /// A file of the boot loader cannot be used.
    #[error("{what} {path:?} cannot be used: {reason}")]
    LoaderFile {
        /// The kind of file, such as `isolinux.bin`.
        what: &'static str,
        /// Its path.
        path: PathBuf,
        /// The cause, and what to do.
        reason: String,
    },
    /// The EFI boot image is invalid.
    #[error("EFI boot image {name} cannot be used: {reason}; expected a complete FAT image")]
    EfiBootImage {
        /// The image's name.
        name: String,
        /// The cause.
        reason: String,
    },
    /// A template of a boot loader's configuration is invalid.
    #[error("the template {name} cannot be used: {reason}")]
    Template {
        /// The template's path, or the name of the built-in one.
        name: String,
        /// The cause, and its line.
        reason: String,
    },
    /// Two files have the same path, or a path cannot be stored.
    #[error("{path:?} cannot be put on the boot ISO: {reason}")]
    Path {
        /// The path on the ISO.
        path: String,
        /// The cause.
        reason: String,
    },
    /// The kernel, the ramdisk or the EFI boot image cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The ISO cannot be laid out or encoded.
    #[error("the boot ISO cannot be laid out: {reason}")]
    Layout {
        /// The writer's reason.
        reason: String,
    },
    /// Writing to the output failed.
    #[error("the boot ISO cannot be written: {cause}")]
    Write {
        /// The output's error.
        cause: io::Error,
    },
}

impl BootIso {
    /// Creates a boot ISO with `kernel` and `ramdisk`, still without a boot loader.
    pub fn new(kernel: impl Source + 'static, ramdisk: impl Source + 'static) -> Self {
        Self {
            kernel: Arc::new(kernel),
            ramdisk: Arc::new(ramdisk),
            kernel_params: String::new(),
            bios: None,
            uefi: None,
        }
    }

    /// Sets the kernel parameters. For an instance these are `root=UUID=<root uuid>` followed by
    /// `[pxe] kernel_append_params`.
    #[must_use]
    pub fn kernel_params(mut self, params: impl Into<String>) -> Self {
        self.kernel_params = params.into();
        self
    }

    /// Makes it boot with BIOS.
    #[must_use]
    pub fn bios(mut self, isolinux: Isolinux) -> Self {
        self.bios = Some(isolinux);
        self
    }

    /// Makes it boot with UEFI.
    #[must_use]
    pub fn uefi(mut self, efi: EfiBoot) -> Self {
        self.uefi = Some(efi);
        self
    }

    /// Plans the layout of the image. Reads isolinux, the templates and the first sector of the EFI
    /// boot image, but only the sizes of the kernel and the ramdisk.
    ///
    /// # Errors
    ///
    /// Every [`BootIsoError`] except [`Write`](BootIsoError::Write).
    pub fn plan(self) -> Result<PlannedBootIso, BootIsoError> {
        if self.bios.is_none() && self.uefi.is_none() {
            return Err(BootIsoError::NoBootLoader);
        }
        check_kernel_params(&self.kernel_params)?;
        check_sizes(&[&self.kernel, &self.ramdisk])?;
        let mut planned = PlannedBootIso {
            sources: Vec::new(),
            texts: Vec::new(),
            options: IsoOptions::new(),
            report: Report::new(),
        };
        let variables = Variables::new(KERNEL, RAMDISK, &self.kernel_params);
        planned.sources.push((KERNEL.into(), self.kernel));
        planned.sources.push((RAMDISK.into(), self.ramdisk));
        let mut catalog = ElTorito::new().with_catalog_path(CATALOG);
        if let Some(isolinux) = self.bios {
            catalog = catalog.with_entry(Isolinux::boot_entry());
            planned
                .texts
                .push((ISOLINUX_BIN.into(), isolinux.read_isolinux_bin()?));
            if let Some(ldlinux) = isolinux.read_ldlinux_c32()? {
                planned.texts.push((LDLINUX_C32.into(), ldlinux));
            }
            planned
                .texts
                .push((ISOLINUX_CFG.into(), isolinux.config(&variables)?));
        }
        if let Some(efi) = self.uefi {
            catalog = catalog.with_entry(efi.boot_entry());
            efi.check_image()?;
            check_sizes(&[&planned.sources[0].1, &planned.sources[1].1, efi.image()])?;
            let config = efi.config(&variables)?;
            for path in efi.config_paths() {
                planned.texts.push((path.clone(), config.clone()));
            }
            planned
                .sources
                .push((efi.image_path().into(), efi.into_image()));
        }
        planned.lay_out(&options().with_el_torito(catalog))?;
        Ok(planned)
    }
}

/// Checks that an ISO can hold these sources.
fn check_sizes(sources: &[&Arc<dyn Source>]) -> Result<(), SourceError> {
    let mut sum = 0_u64;
    for source in sources {
        sum = sum.saturating_add(source.size());
        if sum > MAX_SIZE {
            let (name, size) = (source.name(), source.size());
            return Err(SourceError::TooLarge { name, size });
        }
    }
    Ok(())
}

fn check_kernel_params(params: &str) -> Result<(), BootIsoError> {
    let wrong = |reason: String| Err(BootIsoError::KernelParams { reason });
    if params.contains(|c: char| c.is_control()) {
        return wrong("expected one line without control characters".into());
    }
    if params.len() > MAX_KERNEL_PARAMS {
        let found = params.len();
        return wrong(format!(
            "expected at most {MAX_KERNEL_PARAMS} bytes, the limit of Linux, found {found}"
        ));
    }
    Ok(())
}

fn options() -> IsoOptions {
    IsoOptions::new()
        .with_id(IsoId::Volume, BOOT_ISO_LABEL)
        .with_level(IsoLevel::L3)
        .with_rock_ridge()
        .with_joliet()
}

fn layout_error(error: &PathError) -> BootIsoError {
    BootIsoError::Layout {
        reason: error.to_string(),
    }
}

/// Reads a small file of a boot loader.
fn read_loader_file(what: &'static str, path: &Path) -> Result<Vec<u8>, BootIsoError> {
    operator_files::read(path).map_err(|reason| BootIsoError::LoaderFile {
        what,
        path: path.into(),
        reason,
    })
}
