//! Writing and removing a node's files on the web server.

use std::io::{self, Write};
use std::path::PathBuf;

use super::error::IpxeError;
use super::progress::Progress;
use super::request::MacAddress;
use crate::host::produce::Metered;
use crate::host::web::{FileSink, Replacement, Root, Staged, remove_unfinished};
use crate::http::work::Cancellation;
use crate::image::source::ExactReader;
use crate::image::{Sink, Source, SourceError};
use crate::node::NodeUuid;

/// The name of a node's configuration in its directory.
pub(super) const CONFIG: &str = "config";

/// The maximum size in bytes of an existing script that is compared with the new one.
const SCRIPT_MAX: u64 = 1024 * 1024;

/// The files of one node in the web server's directory.
pub(super) struct Files<'a> {
    pub(super) node: NodeUuid,
    pub(super) root: Root,
    /// The subdirectory of links from MAC addresses.
    pub(super) config_subdir: &'a str,
    pub(super) cancellation: &'a Cancellation,
    pub(super) progress: Option<&'a Progress>,
}

impl Files<'_> {
    /// Copies a kernel or ramdisk into the node's directory `dir`, as the replacement of `name`.
    pub(super) fn copy<'r>(
        &self,
        dir: &'r Root,
        name: &'static str,
        source: &dyn Source,
    ) -> Result<Replacement<'r>, IpxeError> {
        let size = source.size();
        let failed = |cause| IpxeError::Source {
            node: self.node,
            file: name,
            cause,
        };
        let write = |sink: &mut dyn Sink| -> Result<(), SourceError> {
            let done = match source.open_file()? {
                Some(mut file) => sink.append(&mut file, size),
                None => io::copy(&mut ExactReader::open(source)?, sink).map(drop),
            };
            done.map_err(|error| SourceError::from_io(&source.name(), error))
        };
        self.write(dir, name, size, |sink| {
            let Some(progress) = self.progress else {
                return write(sink).map_err(failed);
            };
            let mut report = |done, total| progress.report(self.node, name, done, total);
            write(&mut Metered::new(sink, size, &mut report)).map_err(failed)
        })
    }

    /// Writes the node's configuration into its directory `dir`, as the replacement of another one.
    pub(super) fn config<'r>(
        &self,
        dir: &'r Root,
        text: &str,
    ) -> Result<Replacement<'r>, IpxeError> {
        self.write_text(dir, CONFIG, text)
    }

    /// Writes the script that every node runs first, unless it exists with this content.
    pub(super) fn write_script(&self, name: &str, text: &str) -> Result<(), IpxeError> {
        let existing = self.root.read(name, SCRIPT_MAX);
        if existing.map_err(|e| self.failed("read the boot script", &self.root, name, e))?
            == Some(text.as_bytes().to_vec())
        {
            return Ok(());
        }
        let mut script = self.write_text(&self.root, name, text)?;
        let replaced = script.put().and_then(|()| self.root.sync());
        replaced.map_err(|e| self.failed("replace the boot script", &self.root, name, e))
    }

    /// Creates the links from MAC addresses to the node's configuration, those that are missing or
    /// different, in the directory `links`.
    pub(super) fn links<'r>(
        &self,
        links: &'r Root,
        macs: &[MacAddress],
    ) -> Result<Vec<Replacement<'r>>, IpxeError> {
        let mut created = Vec::new();
        for mac in macs {
            let name = mac.to_string();
            let link = Replacement::link(links, &self.link_target(), &name)
                .map_err(|e| self.failed("link a MAC address", links, &name, e))?;
            created.extend(link);
        }
        Ok(created)
    }

    /// Gives the new files their names, in order: all of them, or none.
    pub(super) fn replace(
        &self,
        mut new: Vec<Replacement<'_>>,
        dirs: [&Root; 2],
    ) -> Result<(), IpxeError> {
        let mut replace = || {
            for file in &mut new {
                let put = file.put();
                put.map_err(|e| ("replace a file", file.path(), e))?;
            }
            for dir in dirs {
                let synced = dir.sync();
                synced.map_err(|e| ("sync the directory", dir.path_of(""), e))?;
            }
            Ok(())
        };
        let Err((step, path, cause)) = replace() else {
            return Ok(());
        };
        let failed = IpxeError::Write {
            node: self.node,
            step,
            path,
            cause,
        };
        let mut left = Vec::new();
        for file in new.iter_mut().rev() {
            if file.take_back().is_err() {
                left.push(file.path());
            }
        }
        if left.is_empty() {
            return Err(failed);
        }
        Err(IpxeError::HalfReplaced {
            node: self.node,
            left,
            cause: Box::new(failed),
        })
    }

    /// Opens the directory of links, after creating it if it is missing.
    pub(super) fn link_directory(&self) -> Result<Root, IpxeError> {
        let links = self.root.make_subdirectory(self.config_subdir);
        links.map_err(|e| self.failed("create a directory", &self.root, self.config_subdir, e))
    }

    /// Removes the node's files and the links to them, and returns their paths relative to the web
    /// server's directory.
    pub(super) fn remove(&self) -> Result<Vec<PathBuf>, IpxeError> {
        let mut removed = Vec::new();
        self.remove_links(&mut removed)?;
        let uuid = self.node.to_string();
        let dir = match self.root.subdirectory(&uuid) {
            Ok(dir) => dir,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(removed),
            Err(e) => return Err(self.failed("open the directory", &self.root, &uuid, e)),
        };
        let names = dir.names(|name| name != "." && name != "..");
        for name in names.map_err(|e| self.failed("list the files", &dir, "", e))? {
            match dir.remove(&name) {
                Ok(true) => removed.push(PathBuf::from(&uuid).join(&name)),
                Ok(false) => {}
                Err(e) => return Err(self.failed("remove a file", &dir, &name, e)),
            }
        }
        self.root
            .remove_subdirectory(&uuid)
            .and_then(|_| self.root.sync())
            .map_err(|e| self.failed("remove the directory", &self.root, &uuid, e))?;
        removed.sort();
        Ok(removed)
    }

    /// Removes the links to the node's configuration, whichever network cards it has now.
    fn remove_links(&self, removed: &mut Vec<PathBuf>) -> Result<(), IpxeError> {
        let links = match self.root.subdirectory(self.config_subdir) {
            Ok(links) => links,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => {
                return Err(self.failed("open the directory", &self.root, self.config_subdir, e));
            }
        };
        let target = self.link_target();
        // A MAC address has 17 characters, or up to 59 for an InfiniBand card.
        let names = links.names(|name| name.contains('-'));
        for name in names.map_err(|e| self.failed("list the links", &links, "", e))? {
            let remove = || -> io::Result<bool> {
                let is_ours = links.link_target(&name)?.as_deref() == Some(target.as_str());
                Ok(is_ours && links.remove(&name)?)
            };
            if remove().map_err(|e| self.failed("remove a link", &links, &name, e))? {
                removed.push(PathBuf::from(self.config_subdir).join(&name));
            }
        }
        links
            .sync()
            .map_err(|e| self.failed("sync the directory of links", &links, "", e))
    }

    fn link_target(&self) -> String {
        format!("../{}/{CONFIG}", self.node)
    }

    /// Opens the node's directory, after creating it if it is missing.
    pub(super) fn node_directory(&self) -> Result<Root, IpxeError> {
        let uuid = self.node.to_string();
        let produced = self.root.make_subdirectory(&uuid);
        produced.map_err(|e| self.failed("create the directory", &self.root, &uuid, e))
    }

    fn write_text<'r>(
        &self,
        dir: &'r Root,
        name: &str,
        text: &str,
    ) -> Result<Replacement<'r>, IpxeError> {
        self.write(dir, name, text.len() as u64, |sink| {
            sink.write_all(text.as_bytes())
                .map_err(|e| self.failed("write a file", dir, name, e))
        })
    }

    /// Writes a file that is to replace `name`, complete and safe on disk.
    fn write<'r>(
        &self,
        dir: &'r Root,
        name: &str,
        size: u64,
        produce: impl FnOnce(&mut FileSink<'_>) -> Result<(), IpxeError>,
    ) -> Result<Replacement<'r>, IpxeError> {
        let failed = |step, e| self.failed(step, dir, name, e);
        remove_unfinished(dir);
        let staged = Staged::create(dir).map_err(|e| failed("create a file", e))?;
        staged
            .check_space(size)
            .map_err(|e| failed("find space for a file", e))?;
        let mut sink = FileSink::new(staged.file(), size, self.cancellation);
        let produced = produce(&mut sink);
        let flushed = sink.flush();
        let refused = sink.refused.take();
        drop(sink);
        // The sink knows why it refused bytes; the producer only saw that it did.
        if let Some(e) = refused {
            return Err(failed("write a file", e));
        }
        produced?;
        flushed.map_err(|e| failed("write a file", e))?;
        staged
            .finish(name)
            .map_err(|(_, e)| failed("finish a file", e))?;
        Replacement::file(dir, staged, name).map_err(|e| failed("keep a file", e))
    }

    fn failed(&self, step: &'static str, dir: &Root, name: &str, cause: io::Error) -> IpxeError {
        IpxeError::Write {
            node: self.node,
            step,
            path: dir.path_of(name),
            cause,
        }
    }
}
