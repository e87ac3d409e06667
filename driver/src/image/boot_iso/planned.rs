//! Planned boot ISOs: their size and files, writing and verifying them.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use hadris_fs::{Content, Extent, Node, Report, Tree};
use hadris_iso::{ElTorito, IsoOptions};

use super::stream::{Appended, BLOCK, Sequential, SourceFiles};
use super::{BootIsoError, RAMDISK, layout_error};
use crate::image::source::Source;
use crate::image::{BOOT_ISO_LABEL, IsoContents, IsoFile, IsoReadError, Sink};

/// The block at which content may start: after the descriptors, at most six from block 16 on.
const FIRST_BLOCK: u64 = 32;
/// The alignment of the ramdisk in bytes. File systems share blocks of 4096 bytes; where they
/// cannot, Linux copies between files in pieces of 64 KiB, a third faster if both are aligned.
const ALIGNMENT: u64 = 64 * 1024;

/// A difference between a finished ISO and its plan.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It cannot be read as an ISO.
    #[error(transparent)]
    Read(#[from] IsoReadError),
    /// Its content differs from the plan.
    #[error(
        "the ISO is not as planned: expected {what} {expected}, found {actual}; build it again"
    )]
    Different {
        /// The property that differs.
        what: &'static str,
        /// The planned value.
        expected: String,
        /// The value that was read.
        actual: String,
    },
}

/// A boot ISO whose layout is decided but which is not written yet.
pub struct PlannedBootIso {
    /// Streamed content, by path on the ISO.
    pub(super) sources: Vec<(String, Arc<dyn Source>)>,
    /// Content in memory, by path on the ISO.
    pub(super) texts: Vec<(String, Vec<u8>)>,
    pub(super) options: IsoOptions,
    pub(super) report: Report,
}

/// Does not show the configurations, whose kernel parameters may be secret.
impl fmt::Debug for PlannedBootIso {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedBootIso")
            .field("sources", &self.sources)
            .finish_non_exhaustive()
    }
}

impl PlannedBootIso {
    /// Returns the size of the image in bytes.
    pub fn size(&self) -> u64 {
        self.report.size()
    }

    /// Returns the files of the image, including the boot catalogue, by path.
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

    /// Writes the image to `out` from its first byte to its last, and flushes. Each source is
    /// opened and read once. Further calls write the same bytes.
    ///
    /// # Errors
    ///
    /// [`BootIsoError::Source`] if content cannot be read or has changed, [`BootIsoError::Write`]
    /// if `out` fails. The partial output must then be discarded.
    pub fn write_to(&self, out: impl Write) -> Result<(), BootIsoError> {
        let none = Vec::new();
        self.write(Sequential::new(out, self.size(), append_by_copying, none))
    }

    /// Writes the image to `out` as [`write_to`](Self::write_to) does, but appends local files with
    /// [`Sink::append`]: the system then copies them, or shares their blocks if the file system
    /// supports it, without passing them through this process. The ramdisk is aligned for that.
    ///
    /// # Errors
    ///
    /// The same as [`write_to`](Self::write_to).
    pub fn write_to_sink(&self, out: &mut dyn Sink) -> Result<(), BootIsoError> {
        let files = self.files_to_append()?;
        let append = |out: &mut &mut dyn Sink, file: &mut File, len| out.append(file, len);
        self.write(Sequential::new(out, self.size(), append, files))
    }

    /// Replaces the content of `file` with the image. Local files are copied as by
    /// [`write_to_sink`](Self::write_to_sink).
    ///
    /// # Errors
    ///
    /// The same as [`write_to`](Self::write_to).
    pub fn write_to_file(&self, mut file: &File) -> Result<(), BootIsoError> {
        // Only if necessary: ext4 treats truncation as the replacement of a file, and flushes it to
        // disk on close.
        file.metadata()
            .and_then(|known| {
                if known.len() > 0 {
                    file.set_len(0)
                } else {
                    Ok(())
                }
            })
            .and_then(|()| file.rewind())
            .map_err(|cause| BootIsoError::Write { cause })?;
        let files = self.files_to_append()?;
        self.write(Sequential::new(file, self.size(), append_by_copying, files))
    }

    /// Opens the content that can be appended as files.
    fn files_to_append(&self) -> Result<Vec<Appended>, BootIsoError> {
        let mut files = Vec::new();
        for (index, (path, source)) in self.sources.iter().enumerate() {
            if let (Some(file), Some(at)) = (source.open_file()?, self.offset(path)) {
                files.push(Appended {
                    index,
                    at,
                    file,
                    len: source.size(),
                    name: source.name(),
                });
            }
        }
        Ok(files)
    }

    fn write<W: Write>(&self, mut device: Sequential<W>) -> Result<(), BootIsoError> {
        let unread = device.appended();
        let (tree, sources) = self.tree(|index| unread.contains(&index))?;
        let result = hadris_iso::sync::write(&mut device, &tree, &self.options);
        if let Some(error) = device.take_error() {
            return Err(error);
        }
        if let Some(error) = sources.take_error() {
            return Err(error.into());
        }
        result.map(drop).map_err(|error| layout_error(&error))
    }

    /// Reads a written image back and compares it with this plan: length, volume ID, boot
    /// catalogue, and the names, sizes and positions of its files, with Rock Ridge and with Joliet
    /// names. The content of files is not compared.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Read`] if it is not a readable ISO, [`VerifyError::Different`] for the first
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

    /// Returns the tree for the writer, and the sources of its streamed files. Sources that are
    /// `unread` are not read.
    fn tree(&self, unread: impl Fn(usize) -> bool) -> Result<(Tree, SourceFiles), BootIsoError> {
        let sources = self.sources.iter().enumerate();
        let sources = SourceFiles::new(
            sources.map(|(index, (_, source))| (Arc::clone(source), unread(index))),
        );
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

    /// Returns the byte offset of the file at `path`.
    fn offset(&self, path: &str) -> Option<u64> {
        self.report.extents(path)?.first().map(Extent::offset)
    }

    /// Plans the position of everything, with the ramdisk at a multiple of [`ALIGNMENT`].
    pub(super) fn lay_out(&mut self, options: &IsoOptions) -> Result<(), BootIsoError> {
        self.lay_out_from(FIRST_BLOCK, options)?;
        let offset = self.offset(RAMDISK).unwrap_or_default();
        let missing = offset.next_multiple_of(ALIGNMENT) - offset;
        if missing > 0 {
            self.lay_out_from(FIRST_BLOCK + missing / BLOCK, options)?;
        }
        for warning in self.report.warnings() {
            log::warn!("boot ISO: {warning}");
        }
        Ok(())
    }

    fn lay_out_from(&mut self, block: u64, options: &IsoOptions) -> Result<(), BootIsoError> {
        self.options = options.clone().with_min_blocks(block);
        let (tree, _) = self.tree(|_| false)?;
        self.report =
            hadris_iso::plan(&tree, &self.options).map_err(|error| layout_error(&error))?;
        Ok(())
    }
}

/// Copies `len` bytes of `file` to `out`, between files with `copy_file_range`.
fn append_by_copying<W: Write>(mut out: &mut W, file: &mut File, len: u64) -> io::Result<()> {
    let done = io::copy(&mut Read::take(&mut *file, len), &mut out)?;
    if done < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
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
