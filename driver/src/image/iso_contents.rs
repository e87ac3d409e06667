//! The content of a finished ISO.

use std::io::{Read, Seek};

use hadris_iso::{Emulation, IsoId, Namespace};

use super::IsoReadError;
use super::iso::{FoundFile, Iso};

/// The content of an ISO: its files and its boot images.
///
/// ```no_run
/// use driver::image::IsoContents;
///
/// let contents = IsoContents::read(std::fs::File::open("boot.iso")?)?;
/// for file in &contents.files {
///     println!("{}: {} bytes", file.path, file.size);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IsoContents {
    /// The length of the image in bytes.
    pub size: u64,
    /// The volume ID.
    pub volume_id: String,
    /// The kinds of long names: `Rock Ridge` and `Joliet`, in this order.
    pub names: Vec<&'static str>,
    /// The bootable entries of the boot catalogue, the default one first.
    pub boot: Vec<BootImage>,
    /// The files, sorted by path.
    pub files: Vec<IsoFile>,
}

/// A file on an ISO.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IsoFile {
    /// The path from the root, without a leading `/`.
    pub path: String,
    /// The size in bytes.
    pub size: u64,
    /// Its byte offset in the ISO; `None` for an empty file.
    pub offset: Option<u64>,
}

/// An entry of the El Torito boot catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BootImage {
    /// The firmware that it is for.
    pub platform: Platform,
    /// Whether firmware loads it directly, instead of emulating a diskette or a disk.
    pub no_emulation: bool,
    /// The number of sectors of 512 bytes that firmware loads.
    pub load_sectors: u16,
    /// Its byte offset in the ISO.
    pub offset: u64,
    /// The file at that offset, if there is one.
    pub path: Option<String>,
}

/// The firmware a boot image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// The BIOS of an x86 machine, platform ID 0.
    Bios,
    /// UEFI, platform ID 0xEF.
    Uefi,
    /// Another platform, by its ID.
    Other(u8),
}

impl Platform {
    /// Returns the platform ID of the El Torito specification or, for UEFI, of the UEFI
    /// specification.
    pub fn id(self) -> u8 {
        match self {
            Self::Bios => 0,
            Self::Uefi => 0xEF,
            Self::Other(id) => id,
        }
    }

    fn from_id(id: u8) -> Self {
        match id {
            0 => Self::Bios,
            0xEF => Self::Uefi,
            id => Self::Other(id),
        }
    }
}

impl IsoContents {
    /// Reads the descriptors, the boot catalogue and the directories of an ISO, but not the content
    /// of its files.
    ///
    /// # Errors
    ///
    /// [`IsoReadError`]; [`IsoReadError::Damaged`] also if the Rock Ridge and Joliet trees differ.
    pub fn read(image: impl Read + Seek) -> Result<Self, IsoReadError> {
        let mut iso = Iso::open(image, None)?;
        let found = iso.files()?;
        let boot = boot_images(&mut iso, &found)?;
        let volume_id = String::from_utf8_lossy(iso.fs().info().id(IsoId::Volume)).into_owned();
        let namespaces = iso.fs().namespaces();
        let preferred = iso.fs().namespace();
        let size = iso.len();
        let mut names = Vec::new();
        if namespaces.contains(Namespace::RockRidge) {
            names.push("Rock Ridge");
        }
        if namespaces.joliet_level().is_some() {
            names.push("Joliet");
            if preferred != Namespace::Joliet {
                let joliet = Iso::open(iso.into_reader(), Some(Namespace::Joliet))?.files()?;
                check_same_files(&found, &joliet)?;
            }
        }
        let files = found
            .into_iter()
            .map(|file| IsoFile {
                path: file.path,
                size: file.len,
                offset: file.start,
            })
            .collect();
        Ok(Self {
            size,
            volume_id,
            names,
            boot,
            files,
        })
    }
}

fn boot_images<R: Read + Seek>(
    iso: &mut Iso<R>,
    files: &[FoundFile],
) -> Result<Vec<BootImage>, IsoReadError> {
    let entries = iso.boot_entries()?;
    let image = |entry: &hadris_iso::CatalogEntry| {
        let offset = iso.fs().boot_image(entry).offset();
        BootImage {
            platform: Platform::from_id(entry.platform().id()),
            no_emulation: entry.emulation() == Some(Emulation::NoEmulation),
            load_sectors: entry.sector_count(),
            offset,
            path: files
                .iter()
                .find(|file| file.start == Some(offset))
                .map(|file| file.path.clone()),
        }
    };
    Ok(entries
        .iter()
        .filter(|entry| entry.is_bootable())
        .map(image)
        .collect())
}

/// Compares two lists of the same files, each sorted by path.
fn check_same_files(rock_ridge: &[FoundFile], joliet: &[FoundFile]) -> Result<(), IsoReadError> {
    let same = rock_ridge.len() == joliet.len()
        && rock_ridge
            .iter()
            .zip(joliet)
            .all(|(a, b)| (&a.path, a.len, a.start) == (&b.path, b.len, b.start));
    if same {
        return Ok(());
    }
    let reason = "its Rock Ridge and Joliet trees list different files".into();
    Err(IsoReadError::Damaged { reason })
}
