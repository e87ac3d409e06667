//! The errors of iPXE.

use std::io;
use std::path::PathBuf;

use crate::host::{BaseUrlError, InvalidRoot};
use crate::image::SourceError;
use crate::node::{InvalidNode, NodeUuid};

/// An error from writing or removing the files of iPXE.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IpxeError {
    /// The URL of the web server is not set.
    #[error(
        "expected the URL of the web server that iPXE fetches from: set [deploy] http_server_url"
    )]
    NoUrl,
    /// The URL is invalid.
    #[error("[deploy] http_server_url: {0}")]
    Url(BaseUrlError),
    /// The directory is invalid.
    #[error("[deploy] http_server_root: {0}")]
    Root(InvalidRoot),
    /// The name of a file or directory is invalid.
    #[error("{option}: expected a file name without slashes, got {name:?}")]
    Name {
        /// The option.
        option: &'static str,
        /// The given name.
        name: String,
    },
    /// A field of the node is invalid.
    #[error(transparent)]
    Node(#[from] InvalidNode),
    /// A template does not produce a script for iPXE.
    #[error("cannot create a script for iPXE from {name}: {reason}")]
    Template {
        /// The template's path, or that it is built in.
        name: String,
        /// The cause.
        reason: String,
    },
    /// The template has no label for the node's boot target.
    #[error(
        "cannot create the configuration of node {node} from {name}: it has no line `:{label}`"
    )]
    NoLabel {
        /// The node.
        node: NodeUuid,
        /// The template's path, or that it is built in.
        name: String,
        /// The label.
        label: &'static str,
    },
    /// The request cannot be written into a configuration.
    #[error("cannot create the configuration of node {node}: {what}")]
    Request {
        /// The node.
        node: NodeUuid,
        /// What was expected.
        what: String,
    },
    /// A kernel or ramdisk cannot be read.
    #[error("cannot publish the {file} of node {node}: {cause}")]
    Source {
        /// The node.
        node: NodeUuid,
        /// The file's name, such as `deploy_kernel`.
        file: &'static str,
        /// The cause.
        cause: SourceError,
    },
    /// A file operation failed.
    #[error("cannot {step} for node {node}: {}: {cause}", path.display())]
    Write {
        /// The node.
        node: NodeUuid,
        /// The step that failed, as a verb and its object.
        step: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// A file could not be replaced, and not all of those before it could be put back.
    #[error(
        "{cause}; the new files {} are in place, and could not be taken back: repeat the call, or \
         clean up",
        paths(.left)
    )]
    HalfReplaced {
        /// The node.
        node: NodeUuid,
        /// The new files that remain in place of the node's previous ones.
        left: Vec<PathBuf>,
        /// The reason why a file could not be replaced.
        cause: Box<IpxeError>,
    },
    /// The work panicked, or the runtime is shutting down.
    #[error("the work on node {node} was interrupted: {reason}")]
    Interrupted {
        /// The node.
        node: NodeUuid,
        /// The message of the panic or of the runtime.
        reason: String,
    },
}

fn paths(paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    shown.join(", ")
}

/// A text that is not a MAC address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a MAC address like 52:54:00:12:34:56, got {0:?}")]
pub struct NotAMac(
    /// The first 80 characters of the text.
    pub String,
);
