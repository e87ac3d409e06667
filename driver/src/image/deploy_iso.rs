//! Finding the UEFI boot loader in an existing bootable ISO.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

use hadris_iso::{Namespace, Platform};

use super::IsoReadError;
use super::iso::{FoundFile, Iso, MAX_GRUB_CFG_NAMES};
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
///
/// ```no_run
/// use driver::image::{DeployIso, EfiBoot, HttpClient, source};
///
/// // Only the needed parts are fetched.
/// let url = "http://images.example/deploy.iso";
/// let deploy_iso = DeployIso::from_source(source::from_reference(url, &HttpClient::new())?)?;
/// let boot_loader = EfiBoot::from_deploy_iso(&deploy_iso);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    #[error("deploy ISO {name}: {cause}")]
    Read {
        /// The name of the ISO.
        name: String,
        /// The cause.
        cause: IsoReadError,
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
    /// the needed parts are fetched, in a few requests.
    ///
    /// # Errors
    ///
    /// The same as [`open`](Self::open).
    pub fn from_source(source: Arc<dyn Source>) -> Result<Self, DeployIsoError> {
        let reader = SeekingReader::new(Arc::clone(&source));
        let (found, _) = Found::read(source.name(), reader)?;
        Ok(found.within(source))
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
        let (found, reader) = Found::read(name.clone(), image)?;
        let size = found.iso_len;
        Ok(found.within(Arc::new(SharedReader {
            name,
            size,
            image: Arc::new(Mutex::new(reader)),
        })))
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

/// What a deploy ISO has of interest.
struct Found {
    name: String,
    iso_len: u64,
    /// The EFI boot image: its path on the new ISO, and where it is in this one.
    path: String,
    offset: u64,
    len: u64,
    grub_cfg_paths: Vec<String>,
}

impl Found {
    /// Reads the ISO, and returns the reader too.
    fn read<R: Read + Seek>(name: String, image: R) -> Result<(Self, R), DeployIsoError> {
        let failed = |cause| DeployIsoError::Read {
            name: name.clone(),
            cause,
        };
        let mut iso = Iso::open(image, None).map_err(failed)?;
        let entries = iso.boot_entries().map_err(failed)?;
        let entry = entries
            .iter()
            .find(|entry| entry.is_bootable() && entry.platform() == Platform::Efi);
        let entry = entry.map(|entry| iso.fs().boot_image(entry));
        let entry = entry.map(|region| (region.offset(), region.len()));
        let mut files = Files::read(&mut iso, entry.map(|(offset, _)| offset)).map_err(failed)?;
        if files.grub_cfg_paths.is_empty() {
            return Err(DeployIsoError::NoGrubCfg { name });
        }
        let (offset, announced) = entry
            .or_else(|| files.named().and_then(|file| Some((file.start?, file.len))))
            .ok_or_else(|| DeployIsoError::NoEfiBootImage { name: name.clone() })?;
        let bad = || DeployIsoError::BadEfiBootImage {
            name: name.clone(),
            offset,
        };
        let mut sector = [0; 512];
        iso.read_at(offset, &mut sector).map_err(|_| bad())?;
        let fat = fat_len(&sector).ok_or_else(bad)?;
        let file = match entry {
            Some(_) => files.at_entry.as_ref(),
            None => files.named(),
        };
        // Catalogues often announce less than the actual length, because their field is limited to
        // 32 MiB or because firmware is known to ignore it.
        let len = file.map_or(fat.max(announced.min(iso.len() - offset)), |file| {
            file.len.max(fat)
        });
        if offset.saturating_add(len) > iso.len() {
            return Err(bad());
        }
        // An image that is not a file of the ISO gets a path that no other file needs.
        let shown = file.or(files.named());
        let path = shown.map_or_else(|| DEFAULT_IMAGE_PATH.into(), |file| file.path.clone());
        files.grub_cfg_paths.sort();
        let found = Self {
            iso_len: iso.len(),
            path,
            offset,
            len,
            grub_cfg_paths: files.grub_cfg_paths,
            name,
        };
        Ok((found, iso.into_reader()))
    }

    /// Returns the deploy ISO, whose content is `iso`.
    fn within(self, iso: Arc<dyn Source>) -> DeployIso {
        DeployIso {
            image: Arc::new(EfiBootImage {
                name: format!("EFI boot image of {}", self.name),
                offset: self.offset,
                len: self.len,
                iso,
            }),
            image_path: self.path,
            grub_cfg_paths: self.grub_cfg_paths,
        }
    }
}

/// The files of interest. Others are not kept, since an ISO may have many.
#[derive(Debug, Default)]
struct Files {
    /// The file at the offset of the boot catalogue's entry, the first one by path.
    at_entry: Option<FoundFile>,
    /// The first file by path with each of the [`IMAGE_NAMES`].
    named: [Option<FoundFile>; IMAGE_NAMES.len()],
    grub_cfg_paths: Vec<String>,
}

impl Files {
    fn read<R: Read + Seek>(iso: &mut Iso<R>, entry: Option<u64>) -> Result<Self, IsoReadError> {
        // Without Rock Ridge and Joliet, names are in upper case, but the boot image uses lower
        // case, and on the new ISO case matters.
        let in_upper_case = iso.fs().namespace() == Namespace::Primary;
        let mut files = Self::default();
        let mut grub_cfg_names = 0;
        iso.each_file(|found| {
            let mut file = found.to_owned();
            if in_upper_case {
                file.path.make_ascii_lowercase();
            }
            let name = file.path.rsplit('/').next().unwrap_or_default();
            if name.eq_ignore_ascii_case(GRUB_CFG) {
                grub_cfg_names += file.path.len();
                if grub_cfg_names > MAX_GRUB_CFG_NAMES {
                    return Err(IsoReadError::TooManyGrubCfg);
                }
                files.grub_cfg_paths.push(file.path);
                return Ok(());
            }
            let image = IMAGE_NAMES.iter().zip(&mut files.named);
            let named = image.filter(|(wanted, _)| name.eq_ignore_ascii_case(wanted));
            for (_, first) in named.filter(|_| file.start.is_some()) {
                keep_first(first, &file);
            }
            if entry.is_some() && file.start == entry {
                keep_first(&mut files.at_entry, &file);
            }
            Ok(())
        })?;
        Ok(files)
    }

    /// Returns the file that is most likely an EFI boot image by its name.
    fn named(&self) -> Option<&FoundFile> {
        self.named.iter().flatten().next()
    }
}

fn keep_first(first: &mut Option<FoundFile>, file: &FoundFile) {
    if first.as_ref().is_none_or(|first| file.path < first.path) {
        *first = Some(file.clone());
    }
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
#[derive(Debug)]
struct EfiBootImage {
    name: String,
    iso: Arc<dyn Source>,
    offset: u64,
    len: u64,
}

impl Source for EfiBootImage {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn size(&self) -> u64 {
        self.len
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        self.open_range(0, self.len)
    }

    fn open_range(&self, offset: u64, len: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        let len = len.min(self.len.saturating_sub(offset));
        self.iso.open_range(self.offset.saturating_add(offset), len)
    }
}

/// A reader as a source. Its readers share it, and seek before each read.
struct SharedReader<R> {
    name: String,
    size: u64,
    image: Arc<Mutex<R>>,
}

impl<R> fmt::Debug for SharedReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedReader")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl<R: Read + Seek + Send + 'static> Source for SharedReader<R> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        self.open_at(0)
    }

    fn open_at(&self, offset: u64) -> Result<Box<dyn Read + Send>, SourceError> {
        let image = Arc::clone(&self.image);
        Ok(Box::new(SharedReading { image, at: offset }))
    }
}

struct SharedReading<R> {
    image: Arc<Mutex<R>>,
    at: u64,
}

impl<R: Read + Seek> Read for SharedReading<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut image = self
            .image
            .lock()
            .map_err(|_| io::Error::other("another reader of the ISO panicked"))?;
        image.seek(SeekFrom::Start(self.at))?;
        let got = image.read(buf)?;
        self.at += got as u64;
        Ok(got)
    }
}
