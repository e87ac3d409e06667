//! Files that replace others, and can be taken back.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use rustix::fs::{FileType, symlinkat};
use rustix::io::Errno;

use super::root::Root;
use super::staged::{self, Staged};

/// A file or link under a temporary name that is to replace what has its own name.
#[derive(Debug)]
pub(crate) struct Replacement<'r> {
    root: &'r Root,
    name: String,
    /// The temporary name, which the replaced file has while this one has its own.
    other: String,
    state: State,
    /// The lock of a file, without which another process removes it.
    _lock: Option<File>,
}

/// Which file has which name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The new one has the temporary name.
    Waiting,
    /// The new one has its own name, and the replaced one the temporary name.
    Exchanged,
    /// The new one has its own name, which nothing had before.
    Added,
    /// The new one has its own name, and the replaced one is gone: not every file system can
    /// exchange two files.
    Final,
}

impl<'r> Replacement<'r> {
    /// Makes a complete file the replacement of `name`.
    pub(crate) fn file(root: &'r Root, staged: Staged<'r>, name: &str) -> io::Result<Self> {
        let (other, lock) = staged.keep()?;
        Ok(Self {
            root,
            name: name.to_owned(),
            other,
            state: State::Waiting,
            _lock: Some(lock),
        })
    }

    /// Creates a symbolic link to `target` that is to replace `name`; `None` if `name` is such a
    /// link already.
    pub(crate) fn link(root: &'r Root, target: &str, name: &str) -> io::Result<Option<Self>> {
        if root.link_target(name)?.as_deref() == Some(target) {
            return Ok(None);
        }
        let other = staged::new_name()?;
        symlinkat(target, root.fd(), &other)?;
        Ok(Some(Self {
            root,
            name: name.to_owned(),
            other,
            state: State::Waiting,
            _lock: None,
        }))
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.root.path_of(&self.name)
    }

    /// Gives the file its name. What had it before can be put back. A reader that has the older
    /// file open keeps reading that one.
    pub(crate) fn put(&mut self) -> io::Result<()> {
        let existing = self.root.stat(&self.name)?;
        if let Some(stat) = &existing
            && FileType::from_raw_mode(stat.st_mode) == FileType::Directory
        {
            return Err(Errno::ISDIR.into());
        }
        if existing.is_some() && self.root.exchange(&self.other, &self.name)? {
            self.state = State::Exchanged;
            return Ok(());
        }
        self.root.rename(&self.other, &self.name)?;
        self.state = match existing {
            None => State::Added,
            Some(_) => State::Final,
        };
        Ok(())
    }

    /// Puts back what the file has replaced.
    pub(crate) fn take_back(&mut self) -> io::Result<()> {
        match self.state {
            State::Waiting => {}
            State::Exchanged => {
                if !self.root.exchange(&self.other, &self.name)? {
                    return Err(Errno::NOTSUP.into());
                }
            }
            State::Added => self.root.rename(&self.name, &self.other)?,
            State::Final => return Err(Errno::NOTSUP.into()),
        }
        self.state = State::Waiting;
        Ok(())
    }
}

impl Drop for Replacement<'_> {
    fn drop(&mut self) {
        if matches!(self.state, State::Added | State::Final) {
            return;
        }
        if let Err(e) = self.root.remove(&self.other) {
            // The next sweep removes it.
            let path = self.root.path_of(&self.other);
            log::warn!("cannot remove {}: {e}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_replaced_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let read = |name: &str| std::fs::read_to_string(dir.path().join(name)).ok();
        let root = Root::create(dir.path()).unwrap();
        std::fs::write(dir.path().join("config"), "old").unwrap();
        let mut all: Vec<Replacement<'_>> = ["config", "new"]
            .map(|name| {
                let staged = Staged::create(&root).unwrap();
                std::io::Write::write_all(&mut staged.file(), b"new").unwrap();
                Replacement::file(&root, staged, name).unwrap()
            })
            .into();
        all.push(Replacement::link(&root, "config", "link").unwrap().unwrap());
        for replacement in &mut all {
            replacement.put().unwrap();
        }
        assert_eq!(
            ["config", "new", "link"].map(read),
            [(); 3].map(|()| Some("new".into()))
        );
        for replacement in &mut all {
            replacement.take_back().unwrap();
        }
        drop(all);
        assert_eq!(read("config").as_deref(), Some("old"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path()).unwrap();
        std::fs::create_dir(dir.path().join("config")).unwrap();
        let staged = Staged::create(&root).unwrap();
        let mut replacement = Replacement::file(&root, staged, "config").unwrap();
        let refused = replacement.put().unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::IsADirectory);
        drop(replacement);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
