//! The parameter floppy: a small FAT image made in memory.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{Cursor, Write};

use fatfs::{Date, DateTime, FatType, FileSystem, FormatVolumeOptions, FsOptions, Time};

use super::FLOPPY_LABEL;

/// The file the parameters are in.
const PARAMETERS_FILE: &str = "parameters.txt";
const KIB: u64 = 1024;
/// FAT12 ends at 4084 clusters; clusters grow with the image to stay below.
const FAT12_CLUSTERS: u64 = 4084;

/// The image that carries parameters to a ramdisk: FAT12, label [`FLOPPY_LABEL`], with the file
/// `parameters.txt` of `key=value` lines, and further files if wanted.
///
/// The default size, [`Floppy::DEFAULT_KIB`], has the geometry of a 3.5 inch diskette, which is what
/// every BMC accepts. The lines of `parameters.txt` are joined by a newline with none at the end,
/// as Ironic writes them; without parameters the file is left out.
///
/// The crate behind it is `fatfs`. Its younger relative `hadris-fat` shares a family with the ISO
/// writer used here and is better kept, but turns labels into capitals, and ramdisks look for the
/// label in small letters. `fatfs` also knows diskette geometry. It is used without its clock.
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

/// Why a floppy cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FloppyError {
    /// A key is empty, or holds `=`, white space or a control character.
    #[error(
        "parameter key {key:?} cannot be written: expected a name without \"=\", spaces or line \
         breaks"
    )]
    Key {
        /// The key.
        key: String,
    },
    /// A value holds a line break or a NUL.
    ///
    /// The value itself is left out, since parameters carry tokens.
    #[error("the value of parameter {key:?} has a line break or a NUL: expected one line of text")]
    Value {
        /// The key.
        key: String,
    },
    /// A key occurs twice.
    #[error("parameter key {key:?} is given twice: expected each key once")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A further file's path is not a relative path of FAT names, occurs twice, or is
    /// `parameters.txt` while there are parameters.
    #[error("file {path:?} cannot be put on the floppy: {reason}")]
    Path {
        /// The path as given.
        path: String,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// The content does not fit.
    #[error(
        "the content takes {needed_kib} KiB, and a floppy of {size_kib} KiB holds {available_kib} \
         KiB: leave files out or choose a larger size"
    )]
    TooMuchContent {
        /// What the content takes in KiB, rounded up to clusters.
        needed_kib: u64,
        /// What the image holds in KiB.
        available_kib: u64,
        /// The size of the image in KiB.
        size_kib: u32,
    },
    /// The size is not between [`Floppy::MIN_KIB`] and [`Floppy::MAX_KIB`].
    #[error(
        "a floppy of {kib} KiB cannot be made: expected {} to {} KiB, and 1440 for old BMCs",
        Floppy::MIN_KIB,
        Floppy::MAX_KIB
    )]
    Size {
        /// The size asked for, in KiB.
        kib: u32,
    },
    /// The FAT writer failed, on a name it cannot store for instance.
    #[error("the FAT image cannot be written: {what}: {source}")]
    Fat {
        /// What was being written.
        what: String,
        /// The writer's error.
        source: std::io::Error,
    },
}

/// 1980-01-01, the first day FAT can express, for everything on the image.
#[derive(Debug)]
struct NoClock;

impl fatfs::TimeProvider for NoClock {
    fn get_current_date(&self) -> Date {
        Date {
            year: 1980,
            month: 1,
            day: 1,
        }
    }

    fn get_current_date_time(&self) -> DateTime {
        let time = Time {
            hour: 0,
            min: 0,
            sec: 0,
            millis: 0,
        };
        DateTime {
            date: self.get_current_date(),
            time,
        }
    }
}

static NO_CLOCK: NoClock = NoClock;

type Fat<'a> = FileSystem<Cursor<&'a mut Vec<u8>>>;

/// Without values, since parameters carry tokens.
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
    /// The size every BMC accepts, in KiB.
    pub const DEFAULT_KIB: u32 = 1440;
    /// The smallest size, in KiB: what Ironic's own function defaults to.
    pub const MIN_KIB: u32 = 100;
    /// The largest size, in KiB.
    pub const MAX_KIB: u32 = 32 * 1024;

    /// An empty floppy of [`DEFAULT_KIB`](Self::DEFAULT_KIB).
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line `key=value` to `parameters.txt`, after those added before.
    ///
    /// A value may hold spaces, though ironic-python-agent splits the file at any white space and
    /// takes a value to end there.
    #[must_use]
    pub fn parameter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((key.into(), value.into()));
        self
    }

    /// Adds a line for each of `parameters`, in their order.
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

    /// Adds a further file at `path`, a relative path with `/` between its parts. Directories
    /// are made as needed.
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

    /// Makes the image. Its length is its size, whatever is on it.
    ///
    /// # Errors
    ///
    /// Each variant of [`FloppyError`] says when it occurs.
    pub fn build(&self) -> Result<Vec<u8>, FloppyError> {
        let kib = self.kib.unwrap_or(Self::DEFAULT_KIB);
        if !(Self::MIN_KIB..=Self::MAX_KIB).contains(&kib) {
            return Err(FloppyError::Size { kib });
        }
        let parameters = self.parameter_lines()?;
        let mut files: Vec<(Vec<&str>, &[u8])> = Vec::new();
        if let Some(lines) = &parameters {
            files.push((vec![PARAMETERS_FILE], lines.as_bytes()));
        }
        for (path, content) in &self.files {
            files.push((path_parts(path)?, content));
        }
        check_paths(&files)?;
        let mut image = vec![0; kib as usize * KIB as usize];
        fill(&mut image, kib, &files)?;
        Ok(image)
    }

    /// The text of `parameters.txt`, or `None` without parameters.
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

fn path_parts(path: &str) -> Result<Vec<&str>, FloppyError> {
    let wrong = |reason: &str| FloppyError::Path {
        path: path.into(),
        reason: reason.into(),
    };
    let parts: Vec<&str> = path.split('/').collect();
    for part in &parts {
        if part.is_empty() || *part == "." || *part == ".." {
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
    Ok(parts)
}

/// Refuses paths that FAT, which ignores case, would take for one.
fn check_paths(files: &[(Vec<&str>, &[u8])]) -> Result<(), FloppyError> {
    let mut seen = BTreeSet::new();
    for (parts, _) in files {
        let path = parts.join("/");
        if !seen.insert(path.to_lowercase()) {
            let reason = "it is there already (case does not tell FAT names apart)".into();
            return Err(FloppyError::Path { path, reason });
        }
    }
    Ok(())
}

/// The layout for a size. Below 2880 KiB it is that of the common diskettes.
fn layout(kib: u32) -> FormatVolumeOptions {
    let bytes = u64::from(kib) * KIB;
    let mut cluster = 512;
    while bytes / u64::from(cluster) > FAT12_CLUSTERS {
        cluster *= 2;
    }
    let mut label = [b' '; 11];
    label[..FLOPPY_LABEL.len()].copy_from_slice(FLOPPY_LABEL.as_bytes());
    let (root_entries, track) = if kib >= 2880 { (240, 36) } else { (224, 18) };
    FormatVolumeOptions::new()
        .fat_type(FatType::Fat12)
        .bytes_per_cluster(cluster)
        .max_root_dir_entries(root_entries)
        .media(0xF0)
        .sectors_per_track(track)
        .heads(2)
        .drive_num(0)
        // Fixed, so that equal content gives equal bytes; the label is what readers go by.
        .volume_id(0x4952_4F4E)
        .volume_label(label)
}

fn fill(
    image: &mut Vec<u8>,
    size_kib: u32,
    files: &[(Vec<&str>, &[u8])],
) -> Result<(), FloppyError> {
    let format_failed = |source| FloppyError::Fat {
        what: "the empty file system".into(),
        source,
    };
    fatfs::format_volume(Cursor::new(&mut *image), layout(size_kib)).map_err(format_failed)?;
    let options = FsOptions::new().time_provider(&NO_CLOCK);
    let fat = FileSystem::new(Cursor::new(image), options).map_err(format_failed)?;
    check_room(&fat, size_kib, files)?;
    for (parts, content) in files {
        write_file(&fat, parts, content).map_err(|source| FloppyError::Fat {
            what: parts.join("/"),
            source,
        })?;
    }
    fat.unmount().map_err(format_failed)
}

fn check_room(
    fat: &Fat<'_>,
    size_kib: u32,
    files: &[(Vec<&str>, &[u8])],
) -> Result<(), FloppyError> {
    let stats = fat.stats().map_err(|source| FloppyError::Fat {
        what: "the allocation table".into(),
        source,
    })?;
    let cluster = u64::from(stats.cluster_size());
    let directories: BTreeSet<_> = files
        .iter()
        .flat_map(|(parts, _)| (1..parts.len()).map(|n| &parts[..n]))
        .collect();
    let clusters: u64 = files
        .iter()
        .map(|(_, content)| (content.len() as u64).div_ceil(cluster))
        .sum();
    let needed = (clusters + directories.len() as u64) * cluster;
    let available = u64::from(stats.free_clusters()) * cluster;
    if needed > available {
        return Err(FloppyError::TooMuchContent {
            needed_kib: needed.div_ceil(KIB),
            available_kib: available / KIB,
            size_kib,
        });
    }
    Ok(())
}

fn write_file(fat: &Fat<'_>, parts: &[&str], content: &[u8]) -> std::io::Result<()> {
    let mut dir = fat.root_dir();
    let Some((name, directories)) = parts.split_last() else {
        return Ok(());
    };
    for part in directories {
        dir = dir.create_dir(part)?;
    }
    dir.create_file(name)?.write_all(content)
}
