//! The progress of kernels and ramdisks that are copied.

use std::sync::Arc;

use crate::node::NodeUuid;

/// How much of a kernel or ramdisk is copied to the web server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BootFileProgress {
    /// The node that the file is for.
    pub node: NodeUuid,
    /// The file's name, such as `deploy_kernel`.
    pub file: &'static str,
    /// The number of bytes that are copied.
    pub done: u64,
    /// The size of the file in bytes.
    pub total: u64,
}

/// What is called while a file is copied.
#[derive(Clone)]
pub(super) struct Progress(Arc<dyn Fn(&BootFileProgress) + Send + Sync>);

impl Progress {
    pub(super) fn new(progress: impl Fn(&BootFileProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(progress))
    }

    pub(super) fn report(&self, node: NodeUuid, file: &'static str, done: u64, total: u64) {
        (self.0)(&BootFileProgress {
            node,
            file,
            done,
            total,
        });
    }
}
