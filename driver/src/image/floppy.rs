//! Parameter floppies: small FAT images, built in memory.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use hadris_fat::{FatKind, FatOptions, Geometry, VolumeLabel};
use hadris_fs::{Content, ErrorKind, Node, PathError, Tree, TreeEntry};
use hadris_storage::{BlockSize, MemDevice};

use super::{FLOPPY_LABEL, HOLE, is_zero};

/// The file with the parameters.
const PARAMETERS_FILE: &str = "parameters.txt";
const KIB: u64 = 1024;
/// The maximum number of clusters in FAT12; larger images have larger clusters.
const FAT12_CLUSTERS: u64 = 4084;
const SECTOR: usize = 512;
const BLOCK: BlockSize = match BlockSize::new(SECTOR as u32) {
    Some(size) => size,
    None => unreachable!(), // Only for zero.
};
/// The attribute of the label's entry in the root directory.
const ATTRIBUTE_VOLUME_ID: u8 = 0x08;

/// An image that passes parameters to a ramdisk: FAT12 with the label [`FLOPPY_LABEL`], a file
/// `parameters.txt` of `key=value` lines, and optional further files.
///
/// The default size, [`Floppy::DEFAULT_KIB`], has the geometry of a 3.5 inch diskette, which every
/// BMC accepts. The lines of `parameters.txt` are separated by newlines without a final one, as in
/// Ironic; without parameters the file is omitted.
///
/// The FAT file system is written by `hadris-fat`, a sibling of the crate that writes
/// [`BootIso`](super::BootIso). It is preferred to `fatfs`, whose latest release (0.3.6, of 2023)
/// puts long-name entries in front of `.` and `..` in each directory, which `fsck.fat` reports as
/// damage. Two things that `hadris-fat` lacks are added here: a label in lower case and the
/// geometry of a diskette.
///
/// ```
/// use driver::image::Floppy;
///
/// let image = Floppy::new()
///     .parameter("ipa-api-url", "http://192.0.2.1:6385")
///     .parameter("nonce", "4711")
///     .build()?;
/// assert_eq!(image.len(), 1440 * 1024);
///
/// let error = Floppy::new().parameter("motd", "two\nlines").build().unwrap_err();
/// assert!(error.to_string().contains("\"motd\""));
/// # Ok::<(), driver::image::FloppyError>(())
/// ```
#[derive(Clone, Default)]
pub struct Floppy {
    parameters: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    kib: Option<u32>,
}

/// An error from building a floppy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FloppyError {
    /// A key is empty, or contains `=`, white space or a control character.
    #[error(
        "parameter key {key:?} cannot be written: expected a name without \"=\", spaces or line \
         breaks"
    )]
    Key {
        /// The key.
        key: String,
    },
    /// A value contains a line break or a NUL.
    ///
    /// The error does not contain the value, since parameters include tokens.
    #[error("the value of parameter {key:?} has a line break or a NUL: expected one line of text")]
    Value {
        /// The key.
        key: String,
    },
    /// A key is duplicated.
    #[error("parameter key {key:?} is given twice: expected each key once")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// The path of a further file is not a relative path of FAT names, is duplicated, or is
    /// `parameters.txt` although there are parameters.
    #[error("file {path:?} cannot be put on the floppy: {reason}")]
    Path {
        /// The path as given.
        path: String,
        /// The cause, and what was expected.
        reason: String,
    },
    /// The content does not fit.
    #[error(
        "the content takes {needed_kib} KiB, but a floppy of {size_kib} KiB holds {available_kib} \
         KiB: omit files or choose a larger size"
    )]
    TooMuchContent {
        /// The size of the content in KiB, rounded up to clusters.
        needed_kib: u64,
        /// The capacity of the image in KiB.
        available_kib: u64,
        /// The size of the image in KiB.
        size_kib: u32,
    },
    /// The size is not between [`Floppy::MIN_KIB`] and [`Floppy::MAX_KIB`].
    #[error(
        "a floppy cannot have {kib} KiB: expected {} to {} KiB, and 1440 for old BMCs",
        Floppy::MIN_KIB,
        Floppy::MAX_KIB
    )]
    Size {
        /// The requested size in KiB.
        kib: u32,
    },
    /// The file cannot be written.
    #[error("the floppy cannot be written: {cause}")]
    Write {
        /// The system's error.
        cause: io::Error,
    },
    /// The FAT writer failed, for instance because it cannot store a name.
    #[error("the FAT image cannot be written: {reason}")]
    Fat {
        /// The writer's reason and the path.
        reason: String,
    },
}

/// Does not show values, since parameters include tokens.
impl fmt::Debug for Floppy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self
            .parameters
            .iter()
            .map(|(key, _)| key.as_str())
            .collect();
        let files: Vec<&str> = self.files.iter().map(|(path, _)| path.as_str()).collect();
        f.debug_struct("Floppy")
            .field("keys", &keys)
            .field("files", &files)
            .field("kib", &self.kib)
            .finish()
    }
}

impl Floppy {
    /// The size that every BMC accepts, in KiB.
    pub const DEFAULT_KIB: u32 = 1440;
    /// The smallest size in KiB: the default of Ironic's own function.
    pub const MIN_KIB: u32 = 100;
    /// The largest size in KiB.
    pub const MAX_KIB: u32 = 32 * 1024;

    /// Creates an empty floppy of [`DEFAULT_KIB`](Self::DEFAULT_KIB).
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a line `key=value` to `parameters.txt`.
    ///
    /// A value may contain spaces, but ironic-python-agent splits the file at any white space, and
    /// would truncate it.
    #[must_use]
    pub fn parameter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((key.into(), value.into()));
        self
    }

    /// Appends a line for each of `parameters`.
    #[must_use]
    pub fn parameters<K, V>(mut self, parameters: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        self.parameters
            .extend(parameters.into_iter().map(|(k, v)| (k.into(), v.into())));
        self
    }

    /// Adds a further file at `path`, a relative path with `/` as the separator. Directories are
    /// created as needed.
    #[must_use]
    pub fn file(mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), content.into()));
        self
    }

    /// Sets the size in KiB instead of [`DEFAULT_KIB`](Self::DEFAULT_KIB).
    #[must_use]
    pub fn size_kib(mut self, kib: u32) -> Self {
        self.kib = Some(kib);
        self
    }

    /// Builds the image. Its length is the floppy's size, whatever its content.
    ///
    /// # Errors
    ///
    /// [`FloppyError`].
    pub fn build(&self) -> Result<Vec<u8>, FloppyError> {
        let kib = self.kib.unwrap_or(Self::DEFAULT_KIB);
        if !(Self::MIN_KIB..=Self::MAX_KIB).contains(&kib) {
            return Err(FloppyError::Size { kib });
        }
        let parameters = self.parameter_lines()?;
        let mut tree = Tree::new();
        let mut seen = BTreeSet::new();
        if let Some(lines) = parameters {
            add(&mut tree, &mut seen, PARAMETERS_FILE, lines.into_bytes())?;
        }
        for (path, content) in &self.files {
            add(&mut tree, &mut seen, path, content.clone())?;
        }
        fill(kib, &tree)
    }

    /// Replaces the content of `file` with the image. The empty parts of the floppy are holes in
    /// the file.
    ///
    /// # Errors
    ///
    /// [`FloppyError::Write`] if the file cannot be written; otherwise the same as
    /// [`build`](Self::build).
    pub fn write_to_file(&self, file: &File) -> Result<(), FloppyError> {
        write_sparse(&self.build()?, file).map_err(|cause| FloppyError::Write { cause })
    }

    /// Returns the text of `parameters.txt`; `None` without parameters.
    fn parameter_lines(&self) -> Result<Option<String>, FloppyError> {
        let mut seen = BTreeSet::new();
        for (key, value) in &self.parameters {
            let bad = |c: char| c == '=' || c.is_whitespace() || c.is_control();
            if key.is_empty() || key.contains(bad) {
                return Err(FloppyError::Key { key: key.clone() });
            }
            if value.contains(['\n', '\r', '\0']) {
                return Err(FloppyError::Value { key: key.clone() });
            }
            if !seen.insert(key) {
                return Err(FloppyError::DuplicateKey { key: key.clone() });
            }
        }
        let lines: Vec<String> = self
            .parameters
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        Ok((!lines.is_empty()).then(|| lines.join("\n")))
    }
}

fn add(
    tree: &mut Tree,
    seen: &mut BTreeSet<String>,
    path: &str,
    content: Vec<u8>,
) -> Result<(), FloppyError> {
    let wrong = |reason: &str| FloppyError::Path {
        path: path.into(),
        reason: reason.into(),
    };
    for part in path.split('/') {
        if part.is_empty() || part == "." || part == ".." {
            return Err(wrong(
                "expected a relative path such as \"openstack/latest/data.json\"",
            ));
        }
        if part.ends_with(['.', ' ']) || part.contains(|c: char| c.is_control()) {
            return Err(wrong(
                "FAT names have no control characters and no dot or space at the end",
            ));
        }
    }
    if !seen.insert(path.to_lowercase()) {
        return Err(wrong(
            "it already exists (FAT names do not distinguish case)",
        ));
    }
    let node = Node::file(Content::bytes(content));
    tree.insert(path, node)
        .map(drop)
        .map_err(|error| wrong(error.message()))
}

/// Returns the layout for a size, which is that of a diskette if the size is. Times are 1980-01-01,
/// the earliest in FAT.
fn layout(kib: u32) -> Result<FatOptions, ErrorKind> {
    let bytes = u64::from(kib) * KIB;
    let mut cluster = SECTOR as u32;
    while bytes / u64::from(cluster) > FAT12_CLUSTERS {
        cluster *= 2;
    }
    Ok(FatOptions::new()
        .with_kind(FatKind::Fat12)
        .with_cluster_size(cluster)
        .with_root_entries(if kib >= 2880 { 240 } else { 224 })
        .with_media(0xF0)
        // Recommended by the FAT specification, since some readers check it.
        .with_oem_name(*b"MSWIN4.1")
        // Fixed, so that the same content gives the same bytes; readers use the label.
        .with_serial(0x4952_4F4E)
        .with_label(VolumeLabel::new(FLOPPY_LABEL)?))
}

fn fill(kib: u32, tree: &Tree) -> Result<Vec<u8>, FloppyError> {
    let mut image = vec![0; kib as usize * KIB as usize];
    let mut device = MemDevice::new(image.as_mut_slice(), BLOCK);
    let options = layout(kib).map_err(|kind| fat_error(&kind.into()))?;
    let geometry = hadris_fat::sync::format(&mut device, &options)
        .map_err(|error| fat_error(&error.into()))?;
    check_room(tree, kib, &geometry)?;
    hadris_fat::sync::write(&mut device, tree, &options).map_err(|error| fat_error(&error))?;
    finish_header(&mut image, kib);
    Ok(image)
}

fn write_sparse(image: &[u8], file: &File) -> io::Result<()> {
    if file.metadata()?.len() > 0 {
        file.set_len(0)?;
    }
    let mut at = 0;
    for block in image.chunks(HOLE) {
        if !is_zero(block) {
            file.write_all_at(block, at)?;
        }
        at += block.len() as u64;
    }
    file.set_len(at)
}

fn fat_error(error: &PathError) -> FloppyError {
    // The content fits, as was checked before, so the root directory, whose size is fixed, is full.
    let reason = match error.kind() {
        ErrorKind::NoSpace => "expected fewer or shorter names in its top directory".into(),
        _ => error.to_string(),
    };
    FloppyError::Fat { reason }
}

/// Sets what the FAT writer does not support: the label in lower case, and the geometry of a
/// diskette. Offsets are from Microsoft's FAT specification.
fn finish_header(image: &mut [u8], kib: u32) {
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([image[at], image[at + 1]]));
    let (reserved, tables, root_entries, table) =
        (u16_at(14), usize::from(image[16]), u16_at(17), u16_at(22));
    let root = (reserved + tables * table) * SECTOR;
    let track: u16 = if kib >= 2880 { 36 } else { 18 };
    image[24..26].copy_from_slice(&track.to_le_bytes());
    image[26..28].copy_from_slice(&2u16.to_le_bytes());
    image[36] = 0;
    image[43..54].make_ascii_lowercase();
    let mut entries = image[root..root + root_entries * 32].chunks_exact_mut(32);
    if let Some(label) = entries.find(|entry| entry[11] == ATTRIBUTE_VOLUME_ID) {
        label[..11].make_ascii_lowercase();
    }
}

fn check_room(tree: &Tree, size_kib: u32, geometry: &Geometry) -> Result<(), FloppyError> {
    let cluster = u64::from(geometry.cluster_size());
    let needed = clusters(tree.root(), cluster) * cluster;
    // Clusters are numbered from 2.
    let available = u64::from(geometry.max_cluster().saturating_sub(1)) * cluster;
    if needed > available {
        return Err(FloppyError::TooMuchContent {
            needed_kib: needed.div_ceil(KIB),
            available_kib: available / KIB,
            size_kib,
        });
    }
    Ok(())
}

/// Returns the number of clusters that the content of a directory takes, at least one for each
/// directory in it.
fn clusters(dir: TreeEntry<'_>, cluster: u64) -> u64 {
    let of = |(_, child): (_, TreeEntry<'_>)| match child.node().content() {
        Some(content) => content.len().div_ceil(cluster),
        None => 1 + clusters(child, cluster),
    };
    dir.children().map(of).sum()
}
