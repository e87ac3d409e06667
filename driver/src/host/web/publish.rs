//! Publishing one image.

use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use super::super::error::{CANCELLED, HostError};
use super::super::name::{Generation, Kind, ObjectName};
use super::super::object::{NewObject, Produce, Verify};
use super::root::Root;
use super::sink::{self, FileSink};
use super::staged::{Staged, remove_unfinished};
use crate::http::work::Cancellation;
use crate::node::NodeUuid;

/// The image that is being published, for messages.
struct Job<'a> {
    node: NodeUuid,
    kind: Kind,
    size: u64,
    root: &'a Path,
}

/// A published image that is withdrawn on drop unless it is kept: the task that requested it may be
/// gone when it is done, and then nobody would learn its name.
#[derive(Debug)]
pub(in crate::host) struct WithdrawOnDrop {
    root: Root,
    name: ObjectName,
    kept: bool,
}

impl WithdrawOnDrop {
    pub(in crate::host) fn name(&self) -> &ObjectName {
        &self.name
    }

    pub(in crate::host) fn keep(mut self) -> ObjectName {
        self.kept = true;
        self.name.clone()
    }

    pub(super) fn withdraw(mut self) -> Result<(), HostError> {
        self.kept = true;
        let removed = self.root.remove(&self.name.to_string());
        removed
            .and_then(|_| self.root.sync())
            .map_err(|cause| HostError::Remove {
                left: vec![self.name.clone()],
                removed: Vec::new(),
                cause,
            })
    }
}

impl Drop for WithdrawOnDrop {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(e) = self.root.remove(&self.name.to_string()) {
            log::warn!(
                "{} remains published although its task was cancelled: {e}",
                self.name
            );
        }
    }
}

/// Produces the image and publishes it in the directory at `path`. If it `clears`, files of dead
/// processes are removed first.
pub(super) fn publish(
    path: &Path,
    node: NodeUuid,
    object: NewObject,
    clears: bool,
    cancellation: &Cancellation,
) -> Result<WithdrawOnDrop, HostError> {
    let NewObject {
        kind,
        size,
        produce,
        verify,
        generation,
        check_served: _,
        turn: _,
    } = object;
    let job = Job {
        node,
        kind,
        size,
        root: path,
    };
    let root = Root::create(path).map_err(|e| unusable(path, e))?;
    if let Some(generation) = &generation {
        job.check_free(&root, generation)?;
    }
    if clears {
        clear(&root);
    }
    if cancellation.is_cancelled() {
        return Err(job.cancelled());
    }
    let mut staged = Staged::create(&root).map_err(|e| match e.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => unusable(path, e),
        _ => job.refused("create a file for", e),
    })?;
    if staged.check_space(size).is_err() {
        // Files of dead processes may take it up.
        clear(&root);
        let checked = staged.check_space(size);
        checked.map_err(|e| job.refused("find space for", e))?;
    }
    job.write(&staged, produce, cancellation)?;
    if let Some(verify) = verify {
        job.read_back(&staged, verify)?;
    }
    if cancellation.is_cancelled() {
        return Err(job.cancelled());
    }
    let name = job.rename(&mut staged, generation)?;
    drop(staged);
    let published = WithdrawOnDrop {
        root,
        name,
        kept: false,
    };
    published
        .root
        .sync()
        .map_err(|e| job.refused("sync the directory of", e))?;
    Ok(published)
}

/// Removes half-written files of dead processes.
fn clear(root: &Root) {
    let removed = remove_unfinished(root);
    if removed > 0 {
        let path = root.path_of("");
        log::info!(
            "removed {removed} half-written images from {}",
            path.display()
        );
    }
}

/// Returns the error for an unusable directory of images.
pub(super) fn unusable(path: &Path, cause: io::Error) -> HostError {
    HostError::Root {
        root: path.to_owned(),
        cause,
    }
}

impl Job<'_> {
    /// Fails early if the name is taken, before a large image is produced in vain.
    fn check_free(&self, root: &Root, generation: &Generation) -> Result<(), HostError> {
        let name = ObjectName::new(self.kind, self.node, generation.clone());
        match root.stat(&name.to_string()) {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(HostError::AlreadyPublished { name }),
            Err(e) => Err(unusable(self.root, e)),
        }
    }

    fn write(
        &self,
        staged: &Staged<'_>,
        mut produce: Produce,
        cancellation: &Cancellation,
    ) -> Result<(), HostError> {
        let mut sink = FileSink::new(staged.file(), self.size, cancellation);
        let produced = produce(&mut sink).and_then(|()| Ok(sink.flush()?));
        let written = self.size - sink.left();
        // The sink knows why it refused bytes; the producer only saw that it did.
        if let Some(e) = sink.refused.take() {
            return Err(self.refused("write", e));
        }
        if cancellation.is_cancelled() {
            return Err(self.cancelled());
        }
        let size_error = |written, more| {
            let (node, kind, announced) = (self.node, self.kind, self.size);
            HostError::Size {
                node,
                kind,
                announced,
                written,
                more,
            }
        };
        if sink.too_much {
            return Err(size_error(written, true));
        }
        produced.map_err(|cause| HostError::Content {
            node: self.node,
            kind: self.kind,
            cause,
        })?;
        let len = staged.len().map_err(|e| self.refused("measure", e))?;
        if written != self.size || len != self.size {
            return Err(size_error(written.min(len), false));
        }
        Ok(())
    }

    fn read_back(&self, staged: &Staged<'_>, verify: Verify) -> Result<(), HostError> {
        let mut file = staged.file();
        file.rewind().map_err(|e| self.refused("read back", e))?;
        verify(&mut file).map_err(|cause| HostError::ReadBack {
            node: self.node,
            kind: self.kind,
            cause,
        })
    }

    /// Renames the file to the image's name, with the requested generation or a new one.
    fn rename(
        &self,
        staged: &mut Staged<'_>,
        requested: Option<Generation>,
    ) -> Result<ObjectName, HostError> {
        let node = self.node;
        let is_requested = requested.is_some();
        let generation = match requested {
            Some(generation) => generation,
            None => Generation::new().map_err(|cause| HostError::Random { node, cause })?,
        };
        let mut name = ObjectName::new(self.kind, node, generation);
        staged
            .finish(&name.to_string())
            .map_err(|(step, e)| self.refused(step, e))?;
        loop {
            match staged.publish(&name.to_string()) {
                Ok(()) => return Ok(name),
                Err(e) if e.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(self.refused("rename", e));
                }
                Err(_) if is_requested => return Err(HostError::AlreadyPublished { name }),
                // Another image got the same random digits in the same millisecond.
                Err(_) => {
                    let generation =
                        Generation::new().map_err(|cause| HostError::Random { node, cause })?;
                    name = ObjectName::new(self.kind, node, generation);
                }
            }
        }
    }

    fn refused(&self, step: &'static str, cause: io::Error) -> HostError {
        let (node, kind, root) = (self.node, self.kind, PathBuf::from(self.root));
        if sink::is_full(&cause) {
            return HostError::NoSpace {
                node,
                kind,
                size: self.size,
                root,
            };
        }
        HostError::Write {
            node,
            kind,
            step,
            root,
            cause,
        }
    }

    fn cancelled(&self) -> HostError {
        HostError::interrupted(format!("node {}", self.node), &CANCELLED)
    }
}
