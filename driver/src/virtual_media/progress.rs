//! The progress of images that are written.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::host::{Kind, NewObject};
use crate::node::NodeUuid;

/// How much of an image is written to its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageProgress {
    /// The node that the image is for.
    pub node: NodeUuid,
    /// The kind of image.
    pub kind: Kind,
    /// The number of bytes that are written. It begins again at 0 if a host has to have the image
    /// produced again.
    pub done: u64,
    /// The size of the image in bytes.
    pub total: u64,
}

/// What is called while an image is written.
#[derive(Clone)]
pub(super) struct Progress(Arc<dyn Fn(&ImageProgress) + Send + Sync>);

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress(…)")
    }
}

impl Progress {
    pub(super) fn new(progress: impl Fn(&ImageProgress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(progress))
    }

    /// Lets `object`, an image for `node`, report how much of it is written.
    pub(super) fn observe(&self, node: NodeUuid, object: NewObject) -> NewObject {
        let (progress, kind) = (Arc::clone(&self.0), object.kind());
        object.on_progress(move |done, total| {
            progress(&ImageProgress {
                node,
                kind,
                done,
                total,
            });
        })
    }
}
