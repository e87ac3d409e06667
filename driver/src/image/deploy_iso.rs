//! Finding the UEFI boot loader in an existing bootable ISO.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use hadris_iso::{Namespace, Platform};

use super::IsoReadError;
use super::iso::{FoundFile, Iso};
use super::source::{SeekingReader, Source, SourceError};

/// The names of EFI boot images that Ironic looks for, in order of preference.
const IMAGE_NAMES: [&str; 3] = ["efiboot.img", "efi.img", "esp.img"];
const GRUB_CFG: &str = "grub.cfg";
/// The path for an EFI boot image that is not a file of the deploy ISO.
const DEFAULT_IMAGE_PATH: &str = "boot/grub/efiboot.img";

/// An ISO that boots the deploy ramdisk with UEFI, read without mounting it. Provides its EFI boot
/// image, and the paths where that image's GRUB may look for its configuration.
///
/// The EFI boot image is the UEFI entry of the El Torito catalogue, whether or not it is also a
/// file; without such an entry, it is the file named `efiboot.img` in any directory, as in Ironic.
///
/// GRUB's configuration may be any file named `grub.cfg`: only the boot image's code determines
/// which of them it reads. An image with a complete embedded configuration reads none of them, and
/// cannot be used.
#[derive(Debug, Clone)]
pub struct DeployIso {
    image: Arc<dyn Source>,
    image_path: String,
    grub_cfg_paths: Vec<String>,
}

/// An error in a deploy ISO.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeployIsoError {
    /// It cannot be read.
    #[error("deploy ISO {name}: {source}")]
    Read {
        /// The name of the ISO.
        name: String,
        /// The cause.
        source: IsoReadError,
    },
    /// It has no EFI boot image.
    #[error(
        "deploy ISO {name} does not boot with UEFI: expected a UEFI entry in its boot catalogue or \
         a file efiboot.img"
    )]
    NoEfiBootImage {
        /// The name of the ISO.
        name: String,
    },
    /// Its boot catalogue refers to something other than an EFI boot image.
    #[error(
        "deploy ISO {name}: its EFI boot image at byte {offset} cannot be used: expected a FAT \
         file system that lies within the ISO"
    )]
    BadEfiBootImage {
        /// The name of the ISO.
        name: String,
        /// The byte offset of the image.
        offset: u64,
    },
    /// It has no file `grub.cfg`.
    #[error(
        "deploy ISO {name} has no file grub.cfg: expected one where its boot loader looks for its \
         configuration"
    )]
    NoGrubCfg {
        /// The name of the ISO.
        name: String,
    },
}

impl DeployIso {
    /// Reads the ISO in `source`. Of an ISO on a web server with support for range requests, only
    /// the needed parts are fetched.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    pub fn from_source(source: Arc<dyn Source>) -> Result<Self, DeployIsoError> {
        Self::open(source.name(), SeekingReader::new(source))
    }

    /// Reads the ISO in `image`, called `name` in messages. `image` is kept, since the EFI boot
    /// image is read from it later.
    ///
    /// # Errors
    ///
    /// [`DeployIsoError`].
    pub fn open<R>(name: impl Into<String>, image: R) -> Result<Self, DeployIsoError>
    where
        R: Read + Seek + Send + 'static,
    {
        let name = name.into();
        let failed = |source| DeployIsoError::Read {
            name: name.clone(),
            source,
        };
        let mut iso = Iso::open(image, None).map_err(failed)?;
        let mut files = iso.files().map_err(failed)?;
        if iso.fs().namespace() == Namespace::Primary {
            // Without Rock Ridge and Joliet, names are in upper case, but the boot image uses lower
            // case, and on the new ISO case matters.
            files
                .iter_mut()
                .for_each(|file| file.path.make_ascii_lowercase());
        }
        let grub_cfg_paths: Vec<String> = named(&files, GRUB_CFG).map(|f| f.path.clone()).collect();
        if grub_cfg_paths.is_empty() {
            return Err(DeployIsoError::NoGrubCfg { name });
        }
        let region = efi_boot_image(&name, &mut iso, &files)?;
        let image = EfiBootImage {
            name: format!("EFI boot image of {name}"),
            offset: region.offset,
            len: region.len,
            image: Arc::new(Mutex::new(iso.into_reader())),
        };
        Ok(Self {
            image: Arc::new(image),
            image_path: region.path,
            grub_cfg_paths,
        })
    }

    /// Returns the EFI boot image: a FAT image from which firmware loads `EFI/BOOT/BOOTX64.EFI`.
    pub fn efi_boot_image(&self) -> Arc<dyn Source> {
        Arc::clone(&self.image)
    }

    /// Returns the path of the EFI boot image, without a leading `/`; the one that Ironic uses if
    /// the image is not a file of the ISO.
    pub fn efi_boot_image_path(&self) -> &str {
        &self.image_path
    }

    /// Returns the sorted paths of all files named `grub.cfg`, without a leading `/`; there is at
    /// least one.
    pub fn grub_cfg_paths(&self) -> &[String] {
        &self.grub_cfg_paths
    }
}

fn named<'a>(files: &'a [FoundFile], name: &'a str) -> impl Iterator<Item = &'a FoundFile> {
    files.iter().filter(move |file| {
        file.path
            .rsplit('/')
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(name))
    })
}

struct Region {
    path: String,
    offset: u64,
    len: u64,
}

fn efi_boot_image<R: Read + Seek>(
    name: &str,
    iso: &mut Iso<R>,
    files: &[FoundFile],
) -> Result<Region, DeployIsoError> {
    let failed = |source| DeployIsoError::Read {
        name: name.into(),
        source,
    };
    let entries = iso.boot_entries().map_err(failed)?;
    let entry = entries
        .iter()
        .find(|entry| entry.is_bootable() && entry.platform() == Platform::Efi);
    let (offset, announced) = match entry {
        Some(entry) => {
            let region = iso.fs().boot_image(entry);
            (region.offset(), region.len())
        }
        None => IMAGE_NAMES
            .into_iter()
            .find_map(|wanted| named(files, wanted).find_map(|file| Some((file.start?, file.len))))
            .ok_or_else(|| DeployIsoError::NoEfiBootImage { name: name.into() })?,
    };
    let bad = || DeployIsoError::BadEfiBootImage {
        name: name.into(),
        offset,
    };
    let mut sector = [0; 512];
    iso.read_at(offset, &mut sector).map_err(|_| bad())?;
    let fat = fat_len(&sector).ok_or_else(bad)?;
    let file = files.iter().find(|file| file.start == Some(offset));
    // Catalogues often announce less than the actual length, because their field is limited to 32
    // MiB or because firmware is known to ignore it.
    let len = file.map_or(fat.max(announced.min(iso.len() - offset)), |file| {
        file.len.max(fat)
    });
    if offset.saturating_add(len) > iso.len() {
        return Err(bad());
    }
    let path = file.map_or_else(|| free_path(files), |file| file.path.clone());
    Ok(Region { path, offset, len })
}

/// Returns a path for a boot image that is not a file of the ISO.
fn free_path(files: &[FoundFile]) -> String {
    let shown = IMAGE_NAMES
        .into_iter()
        .find_map(|wanted| named(files, wanted).next());
    shown.map_or_else(|| DEFAULT_IMAGE_PATH.into(), |file| file.path.clone())
}

/// Returns the length in bytes of the FAT file system that starts with `sector`, according to its
/// BIOS parameter block (Microsoft's FAT specification); `None` if it is not one.
pub(super) fn fat_len(sector: &[u8; 512]) -> Option<u64> {
    let u16_at = |at: usize| u16::from_le_bytes([sector[at], sector[at + 1]]);
    let bytes_per_sector = u16_at(11);
    let sectors = match u16_at(19) {
        0 => u32::from_le_bytes([sector[32], sector[33], sector[34], sector[35]]),
        small => u32::from(small),
    };
    let plausible = sector[510..] == [0x55, 0xAA]
        && matches!(bytes_per_sector, 512 | 1024 | 2048 | 4096)
        && sector[13].is_power_of_two()
        && sectors > 0;
    plausible.then(|| u64::from(sectors) * u64::from(bytes_per_sector))
}

/// The EFI boot image as a part of the ISO.
struct EfiBootImage<R> {
    name: String,
    image: Arc<Mutex<R>>,
    offset: u64,
    len: u64,
}

impl<R> fmt::Debug for EfiBootImage<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EfiBootImage")
            .field("name", &self.name)
            .field("offset", &self.offset)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek + Send + 'static> Source for EfiBootImage<R> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn size(&self) -> u64 {
        self.len
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        let end = self.offset + self.len;
        Ok(Box::new(RegionReader {
            image: Arc::clone(&self.image),
            at: self.offset,
            end,
        }))
    }
}

/// Reads a part of the ISO, and seeks before each read, since other readers share the ISO.
struct RegionReader<R> {
    image: Arc<Mutex<R>>,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Read for RegionReader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        let mut image = self
            .image
            .lock()
            .map_err(|_| io::Error::other("another reader of the ISO panicked"))?;
        image.seek(SeekFrom::Start(self.at))?;
        let got = image.read(&mut buf[..wanted])?;
        self.at += got as u64;
        Ok(got)
    }
}
