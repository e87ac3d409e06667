//! A boot ISO that is laid out: its size, its files, writing it and comparing it with what was
//! written.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::Arc;

use hadris_fs::{Content, Extent, Node, Report, Tree};
use hadris_iso::{ElTorito, IsoOptions};

use super::stream::{Appended, BLOCK, Sequential, SourceFiles};
use super::{BootIsoError, RAMDISK, layout_error};
use crate::image::source::Source;
use crate::image::{BOOT_ISO_LABEL, IsoContents, IsoFile, IsoReadError, Sink};

/// Content starts after the descriptors, of which there are six at most, from block 16 on.
const FIRST_BLOCK: u64 = 32;
/// The ramdisk begins at a multiple of this many bytes. File systems share blocks of 4096; where
/// they cannot, Linux copies from file to file in pieces of 64 KiB, a third faster when both begin
/// at a piece.
const ALIGNMENT: u64 = 64 * 1024;

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

/// A boot ISO whose every byte is decided, though not yet read or written.
#[derive(Debug)]
pub struct PlannedBootIso {
    /// Content that is streamed, by path on the ISO.
    pub(super) sources: Vec<(String, Arc<dyn Source>)>,
    /// Content that is in memory, by path on the ISO.
    pub(super) texts: Vec<(String, Vec<u8>)>,
    pub(super) options: IsoOptions,
    pub(super) report: Report,
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
        let none = Vec::new();
        self.write(Sequential::new(out, self.size(), append_by_copying, none))
    }

    /// Writes the image to `out` as [`write_to`](Self::write_to) does, except that content that is
    /// a file of this machine is handed over as a file: the system then copies it, or shares its
    /// blocks on file systems that can, without passing it through this process. The ramdisk is
    /// placed so that it may.
    ///
    /// # Errors
    ///
    /// As [`write_to`](Self::write_to).
    pub fn write_to_sink(&self, out: &mut dyn Sink) -> Result<(), BootIsoError> {
        let files = self.files_to_append()?;
        let append = |out: &mut &mut dyn Sink, file: &mut File, len| out.append(file, len);
        self.write(Sequential::new(out, self.size(), append, files))
    }

    /// Makes `file` the image: the same bytes as by [`write_to`](Self::write_to), whatever it held
    /// before. Content that is a file of this machine is copied as by
    /// [`write_to_sink`](Self::write_to_sink).
    ///
    /// # Errors
    ///
    /// As [`write_to`](Self::write_to).
    pub fn write_to_file(&self, mut file: &File) -> Result<(), BootIsoError> {
        // Not where there is nothing to cut off: ext4 takes that for the replacement of a file, and
        // writes it to disk when it is closed.
        file.metadata()
            .and_then(|known| {
                if known.len() > 0 {
                    file.set_len(0)
                } else {
                    Ok(())
                }
            })
            .and_then(|()| file.rewind())
            .map_err(|source| BootIsoError::Write { source })?;
        let files = self.files_to_append()?;
        self.write(Sequential::new(file, self.size(), append_by_copying, files))
    }

    /// The content that can be appended as files.
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

    /// The tree for the writer, and the sources its streamed files are read from, except those that
    /// are `unread`.
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

    /// Where the file at `path` starts, in bytes.
    fn offset(&self, path: &str) -> Option<u64> {
        self.report.extents(path)?.first().map(Extent::offset)
    }

    /// Decides the place of everything, with the ramdisk at a multiple of [`ALIGNMENT`].
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

/// Between files this is `copy_file_range`.
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
