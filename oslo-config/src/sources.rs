//! The files that a service reads, and their order.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::document::Document;
use crate::error::SyntaxErrors;

/// A source of configuration, as given on the command line of a service. A path converts to a
/// [`File`](Source::File).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `--config-file F`.
    File(PathBuf),
    /// `--config-dir D`: the files `D/*.conf` sorted by name, without those that begin with a dot.
    Dir(PathBuf),
}

impl<P: Into<PathBuf>> From<P> for Source {
    fn from(path: P) -> Self {
        Source::File(path.into())
    }
}

/// Reads and parses files, in the order in which a service reads them.
///
/// # Errors
///
/// Returns an error if a file cannot be read or breaks the format, or if a directory cannot be
/// listed.
///
/// ```no_run
/// use oslo_config::{Config, Opt, OptType, Source};
///
/// let directory = Source::Dir("/etc/ironic/ironic.conf.d".into());
/// let files = oslo_config::load(["/etc/ironic/ironic.conf".into(), directory])?;
/// let opts = vec![Opt::new("ilo", "client_port", OptType::port()).with_default("443")];
/// let config = Config::new(files, opts).with_environment(std::env::vars_os());
/// let port: u16 = config.get("ilo", "client_port")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn load(
    sources: impl IntoIterator<Item = impl Into<Source>>,
) -> Result<Vec<ParsedFile<'static>>, SourceError> {
    let mut loaded = Vec::new();
    for source in sources {
        for path in source.into().files()? {
            let SourceFile { path, text } = SourceFile::read(path)?;
            match Document::parse_owned(text) {
                Ok(document) => loaded.push(ParsedFile {
                    path: Cow::Owned(path),
                    document,
                }),
                Err(errors) => return Err(SourceError::Syntax { path, errors }),
            }
        }
    }
    Ok(loaded)
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

/// A file and its contents. Its `Debug` does not show these, which may be secret.
///
/// ```
/// use oslo_config::SourceFile;
///
/// let file = SourceFile { path: "ironic.conf".into(), text: b"[ilo]\nclient_port 443\n".into() };
/// let error = file.parse().unwrap_err().to_string();
/// assert!(error.starts_with("ironic.conf: line 2, column 1: No ':' or '=' found in assignment"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The path as given by the caller.
    pub path: PathBuf,
    /// The contents.
    pub text: Vec<u8>,
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceFile")
            .field("path", &self.path)
            .field("bytes", &self.text.len())
            .finish()
    }
}

impl SourceFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, SourceError> {
        let path = path.as_ref();
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
                path: Cow::Borrowed(&self.path),
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
    pub path: Cow<'a, Path>,
    /// The parsed contents.
    pub document: Document<'a>,
}

impl<'a> ParsedFile<'a> {
    /// Creates a parsed file from the path that messages show and the contents.
    pub fn new(path: &'a (impl AsRef<Path> + ?Sized), document: Document<'a>) -> Self {
        ParsedFile {
            path: Cow::Borrowed(path.as_ref()),
            document,
        }
    }
}

/// The reason why a source cannot be used. No message contains text of a file; each contains its
/// cause.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file cannot be read.
    #[error("cannot read the file {}: {cause}: {}", path.display(), file_advice(cause))]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A directory cannot be listed.
    #[error("cannot list the directory {}: {cause}: {}", path.display(), directory_advice(cause))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// A file breaks the file format.
    #[error("{}: {errors}: {}", path.display(), errors.first().help())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The lines that break it.
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
