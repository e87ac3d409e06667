//! The files that a service reads, and their order.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::error::SyntaxErrors;

/// A source of configuration, as given on the command line of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `--config-file F`.
    File(PathBuf),
    /// `--config-dir D`: the files `D/*.conf` sorted by name, without those that begin with a dot.
    Dir(PathBuf),
}

impl Source {
    /// Returns the files of this source in reading order.
    ///
    /// # Errors
    ///
    /// Returns an error if a directory cannot be listed.
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

/// Finds the files that oslo.config reads for a project when no sources are given.
///
/// These are the first `PROJECT.conf` in the directories `~/.PROJECT`, `~`, `/etc/PROJECT`, `/etc`
/// (then a snap's), and after it the first directory `PROJECT.conf.d` in them. The
/// `/usr/share/PROJECT/PROJECT-dist.conf` that RPM distributions start their services with is read
/// before both.
///
/// `exists` tells whether a path exists, and `variable` returns an environment variable (`HOME`,
/// `SNAP_COMMON`, `SNAP`): the function itself reads neither the file system nor the environment.
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

/// A file and its contents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as given by the caller.
    pub path: PathBuf,
    /// The contents.
    pub text: Vec<u8>,
}

impl SourceFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
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
    /// Returns the syntax errors with the file's path if the file breaks the format.
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

/// A parsed file.
#[derive(Debug, Clone)]
pub struct ParsedFile<'a> {
    /// The path as given by the caller.
    pub path: &'a Path,
    /// The parsed contents.
    pub document: Document<'a>,
}

/// The reason why a source cannot be used. No message contains text of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file cannot be read.
    #[error("cannot read the file {}: {cause}: {}", path.display(), file_advice(cause))]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        cause: io::Error,
    },
    /// A directory cannot be listed.
    #[error("cannot list the directory {}: {cause}: {}", path.display(), directory_advice(cause))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
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
        io::ErrorKind::IsADirectory => "use --config-dir for a directory",
        io::ErrorKind::PermissionDenied => "run as a user who may read it",
        _ => "make it readable",
    }
}

fn directory_advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::NotADirectory => "use --config-file for a file",
        io::ErrorKind::PermissionDenied => "run as a user who may read it",
        _ => "make it readable",
    }
}
