//! The boot ISO: what goes on it, how it is laid out, and how it is written.

mod loader;
mod stream;
mod template;

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hadris_fs::{Content, Node, PathError, Report, Tree};
use hadris_iso::{ElTorito, IsoId, IsoLevel, IsoOptions};

use super::source::{Source, SourceError};
use super::{BOOT_ISO_LABEL, IsoContents, IsoFile, IsoReadError};
pub use loader::{EfiBoot, Isolinux};
use loader::{ISOLINUX_BIN, ISOLINUX_CFG, LDLINUX_C32};
use stream::{Sequential, SourceFiles};
use template::Variables;

const KERNEL: &str = "vmlinuz";
const RAMDISK: &str = "initrd";
const CATALOG: &str = "boot.cat";
/// Linux on x86 keeps 2048 bytes of command line (`COMMAND_LINE_SIZE`), its final NUL and what boot
/// loaders add in front included.
const MAX_KERNEL_PARAMS: usize = 2048 - "BOOT_IMAGE=/vmlinuz initrd=/initrd \0".len();

/// An ISO that boots a kernel and a ramdisk, by BIOS, by UEFI, or by both.
///
/// # What is on it
///
/// Volume id `VMEDIA_BOOT_ISO`, Rock Ridge and Joliet names, `/vmlinuz`, `/initrd` and an El Torito
/// catalogue; for BIOS `/isolinux/isolinux.bin` (no emulation, load size 4, boot information
/// table), its configuration and `ldlinux.c32`; for UEFI the EFI boot image and GRUB's
/// configuration at the paths where that image looks for it. With both, BIOS is the default entry
/// and UEFI the alternative one, so that one image serves either kind of server.
///
/// # How it is written
///
/// The layout and the encoding are those of the crate `hadris-iso`. Of its versions, 3.0.0-rc.2 is
/// used and pinned: it plans the whole image before any I/O, reads no clock, and writes each block
/// once in ascending order, while stable 2.5 seeks back into what it has written and takes content
/// that is not in memory only through a feature outside its own promise of stability. Two pieces
/// stand beside it here: a block device that is a plain [`Write`], and a read-only file system whose
/// files are [`Source`]s, which is how content reaches the writer without being held in memory.
///
/// Files of 4 GiB and more are written as several extents (ISO 9660 level 3). Linux and UEFI
/// firmware read those; isolinux and GRUB need not, so such a ramdisk boots only where its boot
/// loader can read it.
#[derive(Debug)]
pub struct BootIso {
    kernel: Arc<dyn Source>,
    ramdisk: Arc<dyn Source>,
    kernel_params: String,
    bios: Option<Isolinux>,
    uefi: Option<EfiBoot>,
}

/// Why a boot ISO cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootIsoError {
    /// Neither [`BootIso::bios`] nor [`BootIso::uefi`] was given.
    #[error("the boot ISO would not boot: expected isolinux, an EFI boot image, or both")]
    NoBootLoader,
    /// The kernel parameters cannot stand in one line of a boot loader's configuration.
    #[error("the kernel parameters cannot be used: {reason}")]
    KernelParams {
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// A file of the boot loader cannot be used.
    #[error("{what} {path:?} cannot be used: {reason}")]
    LoaderFile {
        /// What the file is, such as `isolinux.bin`.
        what: &'static str,
        /// Where it was looked for.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// A template of a boot loader's configuration is broken.
    #[error("the template {name} cannot be used: {reason}")]
    Template {
        /// The template's path, or which built-in one it is.
        name: String,
        /// What is wrong with it, and in which line.
        reason: String,
    },
    /// Two files would have the same path, or one cannot be stored.
    #[error("{path:?} cannot be put on the boot ISO: {reason}")]
    Path {
        /// The path on the ISO.
        path: String,
        /// What is wrong.
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
    /// The output took no more bytes.
    #[error("the boot ISO cannot be written: {source}")]
    Write {
        /// The output's error.
        source: io::Error,
    },
}

/// How a finished ISO differs from its plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It cannot be read as an ISO.
    #[error(transparent)]
    Read(#[from] IsoReadError),
    /// It can be read, and holds something else than was planned.
    #[error(
        "the ISO is not as planned: expected {what} {expected}, found {actual}; build it again"
    )]
    Different {
        /// What was compared.
        what: &'static str,
        /// What was planned.
        expected: String,
        /// What was read.
        actual: String,
    },
}

impl BootIso {
    /// A boot ISO for `kernel` and `ramdisk`, so far without a boot loader.
    pub fn new(kernel: impl Source + 'static, ramdisk: impl Source + 'static) -> Self {
        Self {
            kernel: Arc::new(kernel),
            ramdisk: Arc::new(ramdisk),
            kernel_params: String::new(),
            bios: None,
            uefi: None,
        }
    }

    /// Sets the kernel's parameters. For an instance these are `root=UUID=<root uuid>` and then
    /// `[pxe] pxe_append_params`.
    #[must_use]
    pub fn kernel_params(mut self, params: impl Into<String>) -> Self {
        self.kernel_params = params.into();
        self
    }

    /// Makes it boot by BIOS.
    #[must_use]
    pub fn bios(mut self, isolinux: Isolinux) -> Self {
        self.bios = Some(isolinux);
        self
    }

    /// Makes it boot by UEFI.
    #[must_use]
    pub fn uefi(mut self, efi: EfiBoot) -> Self {
        self.uefi = Some(efi);
        self
    }

    /// Lays the image out: reads isolinux and the templates, and of the kernel, the ramdisk and the
    /// EFI boot image only their sizes.
    ///
    /// # Errors
    ///
    /// Every [`BootIsoError`] but [`Write`](BootIsoError::Write).
    pub fn plan(self) -> Result<PlannedBootIso, BootIsoError> {
        if self.bios.is_none() && self.uefi.is_none() {
            return Err(BootIsoError::NoBootLoader);
        }
        check_kernel_params(&self.kernel_params)?;
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
            let config = efi.config(&variables)?;
            for path in efi.config_paths() {
                planned.texts.push((path.clone(), config.clone()));
            }
            planned
                .sources
                .push((efi.image_path().into(), efi.into_image()));
        }
        planned.options = options().with_el_torito(catalog);
        let (tree, _) = planned.tree()?;
        planned.report =
            hadris_iso::plan(&tree, &planned.options).map_err(|error| layout_error(&error))?;
        Ok(planned)
    }
}

fn check_kernel_params(params: &str) -> Result<(), BootIsoError> {
    let wrong = |reason: String| Err(BootIsoError::KernelParams { reason });
    if params.contains(|c: char| c.is_control()) {
        return wrong("expected one line without control characters".into());
    }
    if params.len() > MAX_KERNEL_PARAMS {
        let found = params.len();
        return wrong(format!(
            "expected at most {MAX_KERNEL_PARAMS} bytes, which is what Linux keeps, found {found}"
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

/// A boot ISO whose every byte is decided, though not yet read or written.
#[derive(Debug)]
pub struct PlannedBootIso {
    /// Content that is streamed, by path on the ISO.
    sources: Vec<(String, Arc<dyn Source>)>,
    /// Content that is in memory, by path on the ISO.
    texts: Vec<(String, Vec<u8>)>,
    options: IsoOptions,
    report: Report,
}

impl PlannedBootIso {
    /// The size of the image in bytes.
    pub fn size(&self) -> u64 {
        self.report.size()
    }

    /// The files on the image by path, the boot catalogue included, with their sizes and places.
    pub fn files(&self) -> Vec<IsoFile> {
        let file = |(path, extents): (&hadris_fs::Name, &[hadris_fs::Extent])| {
            let path = String::from_utf8_lossy(path.as_bytes()).into_owned();
            let size = extents.iter().map(hadris_fs::Extent::len).sum();
            IsoFile {
                path,
                size,
                offset: extents.first().map(hadris_fs::Extent::offset),
            }
        };
        self.report.files().map(file).collect()
    }

    /// Writes the image to `out` from its first byte to its last, and flushes. The kernel, the
    /// ramdisk and the EFI boot image are opened and read once each. It may be called again, and
    /// then writes the same bytes.
    ///
    /// # Errors
    ///
    /// [`BootIsoError::Source`] when content cannot be read or is not what was announced,
    /// [`BootIsoError::Write`] when `out` fails. What was written until then is to be thrown away.
    pub fn write_to(&self, out: impl Write) -> Result<(), BootIsoError> {
        let (tree, sources) = self.tree()?;
        let mut device = Sequential::new(out, self.size());
        let result = hadris_iso::sync::write(&mut device, &tree, &self.options);
        if let Some(source) = device.take_error() {
            return Err(BootIsoError::Write { source });
        }
        if let Some(error) = sources.take_error() {
            return Err(error.into());
        }
        let report = result.map_err(|error| layout_error(&error))?;
        debug_assert_eq!(report.size(), self.size());
        Ok(())
    }

    /// Reads a written image back and compares it with this plan: length, volume id, boot
    /// catalogue, file list, sizes and places, by Rock Ridge and by Joliet names. Content is not
    /// compared.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Read`] when it is no readable ISO, [`VerifyError::Different`] for the first
    /// difference.
    pub fn verify(&self, image: impl Read + Seek) -> Result<IsoContents, VerifyError> {
        let contents = IsoContents::read(image)?;
        same("a length in bytes of", &self.size(), &contents.size)?;
        same(
            "the volume id",
            &BOOT_ISO_LABEL,
            &contents.volume_id.as_str(),
        )?;
        same(
            "the names",
            &["Rock Ridge", "Joliet"].as_slice(),
            &contents.names.as_slice(),
        )?;
        same("the files", &self.files(), &contents.files)?;
        let entries = self
            .options
            .el_torito()
            .map(ElTorito::entries)
            .unwrap_or_default();
        let planned: Vec<_> = entries
            .iter()
            .map(|entry| {
                (
                    entry.platform().id(),
                    entry.image().map(str::to_owned),
                    true,
                )
            })
            .collect();
        let found: Vec<_> = contents
            .boot
            .iter()
            .map(|image| (image.platform.id(), image.path.clone(), image.no_emulation))
            .collect();
        same("the boot images", &planned, &found)?;
        for (entry, image) in entries.iter().zip(&contents.boot) {
            let planned = entry.load_size().unwrap_or(image.load_sectors);
            same("a load size in sectors of", &planned, &image.load_sectors)?;
        }
        Ok(contents)
    }

    /// The tree for the writer, and the sources its streamed files are read from.
    fn tree(&self) -> Result<(Tree, SourceFiles), BootIsoError> {
        let sources = SourceFiles::new(self.sources.iter().map(|(_, source)| Arc::clone(source)));
        let mut tree = Tree::new();
        for (index, (path, _)) in self.sources.iter().enumerate() {
            let content = sources
                .content(index)
                .map_err(|error| layout_error(&error))?;
            insert(&mut tree, path, content)?;
        }
        for (path, bytes) in &self.texts {
            insert(&mut tree, path, Content::bytes(bytes.clone()))?;
        }
        Ok((tree, sources))
    }
}

fn insert(tree: &mut Tree, path: &str, content: Content) -> Result<(), BootIsoError> {
    tree.insert(path, Node::file(content))
        .map_err(|error| BootIsoError::Path {
            path: path.into(),
            reason: error.message().into(),
        })
}

fn same<T: PartialEq + std::fmt::Debug>(
    what: &'static str,
    expected: &T,
    actual: &T,
) -> Result<(), VerifyError> {
    if expected == actual {
        return Ok(());
    }
    let (expected, actual) = (format!("{expected:?}"), format!("{actual:?}"));
    Err(VerifyError::Different {
        what,
        expected,
        actual,
    })
}

/// Reads a small file that belongs to a boot loader.
fn read_loader_file(what: &'static str, path: &Path) -> Result<Vec<u8>, BootIsoError> {
    /// Far above any release of isolinux, ldlinux.c32 or a template.
    const LIMIT: u64 = 1 << 20;
    let wrong = |reason: String| BootIsoError::LoaderFile {
        what,
        path: path.into(),
        reason,
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(error.to_string()))?;
    if bytes.len() as u64 > LIMIT {
        return Err(wrong(format!("expected at most {} KiB", LIMIT / 1024)));
    }
    Ok(bytes)
}
