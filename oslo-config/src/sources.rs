//! Which files a service reads, and in which order.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::error::SyntaxErrors;

/// One thing that a service was told to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `--config-file F`.
    File(PathBuf),
    /// `--config-dir D`: the files `D/*.conf`, sorted by name. Like a shell's, the pattern does not
    /// match names that begin with a dot.
    Dir(PathBuf),
}

impl Source {
    /// The files that this source stands for, in the order in which they are read.
    ///
    /// # Errors
    ///
    /// When a directory cannot be listed.
    pub fn files(&self) -> Result<Vec<PathBuf>, SourceError> {
        match self {
            Source::File(path) => Ok(vec![path.clone()]),
            Source::Dir(directory) => {
                files_of_directory(directory).map_err(|cause| SourceError::Directory {
                    path: directory.clone(),
                    cause,
                })
            }
        }
    }
}

fn files_of_directory(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names: Vec<OsString> = fs::read_dir(directory)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<_>>()?;
    names.retain(|name| {
        let name = name.as_encoded_bytes();
        name.ends_with(b".conf") && !name.starts_with(b".")
    });
    names.sort();
    Ok(names.into_iter().map(|name| directory.join(name)).collect())
}

/// Where oslo.config looks for a project's files when it is told of none: of the directories
/// `~/.PROJECT`, `~`, `/etc/PROJECT`, `/etc` (then a snap's), the first that has `PROJECT.conf`
/// gives that file, and the first that has `PROJECT.conf.d` gives that directory, which is read
/// after it. The packaged `/usr/share/PROJECT/PROJECT-dist.conf` of RPM distributions, which their
/// services are started with, is read before both.
///
/// `exists` tells whether a path is there, and `variable` gives an environment variable (`HOME`,
/// `SNAP_COMMON`, `SNAP`), so that the search is a matter of the caller's own world.
pub fn search(
    project: &str,
    exists: impl Fn(&Path) -> bool,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Vec<Source> {
    let home = variable("HOME").map(PathBuf::from);
    let snap = |name: &str| variable(name).map(|snap| Path::new(&snap).join("etc").join(project));
    let directories: Vec<PathBuf> = [
        home.as_ref().map(|home| home.join(format!(".{project}"))),
        home,
        Some(Path::new("/etc").join(project)),
        Some(PathBuf::from("/etc")),
        snap("SNAP_COMMON"),
        snap("SNAP"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let first = |name: String| {
        directories
            .iter()
            .map(|directory| directory.join(&name))
            .find(|path| exists(path))
    };
    let packaged = PathBuf::from(format!("/usr/share/{project}/{project}-dist.conf"));
    let packaged = Some(packaged).filter(|path| exists(path)).map(Source::File);
    let file = first(format!("{project}.conf")).map(Source::File);
    let directory = first(format!("{project}.conf.d")).map(Source::Dir);
    [packaged, file, directory].into_iter().flatten().collect()
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is, as the caller named it.
    pub path: PathBuf,
    /// Its bytes.
    pub text: Vec<u8>,
}

impl SourceFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, SourceError> {
        match fs::read(path) {
            Ok(text) => Ok(SourceFile {
                path: path.to_owned(),
                text,
            }),
            Err(cause) => Err(SourceError::File {
                path: path.to_owned(),
                cause,
            }),
        }
    }

    /// Parses the file.
    ///
    /// # Errors
    ///
    /// When the file breaks the format, with the file's path.
    pub fn parse(&self) -> Result<ParsedFile<'_>, SourceError> {
        match Document::parse(&self.text) {
            Ok(document) => Ok(ParsedFile {
                path: &self.path,
                document,
            }),
            Err(errors) => Err(SourceError::Syntax {
                path: self.path.clone(),
                errors,
            }),
        }
    }
}

/// A file that was read and parsed.
#[derive(Debug, Clone)]
pub struct ParsedFile<'a> {
    /// Where it is, as the caller named it.
    pub path: &'a Path,
    /// What stands in it.
    pub document: Document<'a>,
}

/// Why a source could not be used. No message has text of a file in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file cannot be read.
    #[error("cannot read the file {}: {cause}: {}", path.display(), file_advice(cause))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A directory cannot be listed.
    #[error("cannot list the directory {}: {cause}: {}", path.display(), directory_advice(cause))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file breaks the file format.
    #[error("{}: {errors}: {}", path.display(), errors.first().help())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The lines that break it.
        #[source]
        errors: SyntaxErrors,
    },
}

fn file_advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::IsADirectory => "give a directory as --config-dir",
        io::ErrorKind::PermissionDenied => "run as a user who may read it",
        _ => "make it readable",
    }
}

fn directory_advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::NotADirectory => "give a file as --config-file",
        io::ErrorKind::PermissionDenied => "run as a user who may read it",
        _ => "make it readable",
    }
}
