//! Why a node's files for iPXE could not be written or removed.

use std::io;
use std::path::PathBuf;

use crate::host::{BaseUrlError, InvalidRoot};
use crate::image::SourceError;
use crate::node::NodeUuid;

/// Why the files for iPXE could not be written or removed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IpxeError {
    /// Nothing says where the web server is.
    #[error(
        "expected the URL of the web server that iPXE fetches from: set [deploy] http_server_url"
    )]
    NoUrl,
    /// The URL is not usable.
    #[error("[deploy] http_server_url: {0}")]
    Url(#[from] BaseUrlError),
    /// The directory is not usable.
    #[error("[deploy] http_server_root: {0}")]
    Root(#[from] InvalidRoot),
    /// The name of a file or directory is not one.
    #[error("{option}: expected the name of a file without slashes, got {name:?}")]
    Name {
        /// The option.
        option: &'static str,
        /// What was given.
        name: String,
    },
    /// A template does not give what iPXE could run.
    #[error("cannot make what iPXE runs from {name}: {reason}")]
    Template {
        /// Its path, or that it is built in.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The template has no label for what the node is to boot.
    #[error("cannot make the configuration of node {node} from {name}: it has no line `:{label}`")]
    NoLabel {
        /// The node.
        node: NodeUuid,
        /// The template's path, or that it is built in.
        name: String,
        /// The label.
        label: &'static str,
    },
    /// What was asked for cannot be written into a configuration.
    #[error("cannot make the configuration of node {node}: {what}")]
    Request {
        /// The node.
        node: NodeUuid,
        /// What is wrong, and what was expected.
        what: String,
    },
    /// A kernel or ramdisk cannot be had.
    #[error("cannot publish the {file} of node {node}: {source}")]
    Source {
        /// The node.
        node: NodeUuid,
        /// Its name, such as `deploy_kernel`.
        file: &'static str,
        /// What is wrong.
        source: SourceError,
    },
    /// The file system refuses.
    #[error("cannot {step} for node {node}: {}: {source}", path.display())]
    Write {
        /// The node.
        node: NodeUuid,
        /// What was being done, as a verb and its object.
        step: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The thread that did the work panicked, or the runtime is shutting down.
    #[error("the thread that worked on node {node} ended before its work was done: {reason}")]
    Interrupted {
        /// The node.
        node: NodeUuid,
        /// A panic's message or the runtime's.
        reason: String,
    },
}

/// A text is not a MAC address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a MAC address like 52:54:00:12:34:56, got {0:?}")]
pub struct NotAMac(
    /// The text, cut to its first 80 characters.
    pub String,
);
