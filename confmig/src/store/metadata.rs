//! The metadata of a file: owner, group, mode and extended attributes, which include access control
//! lists and SELinux labels.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;

use rustix::fs::{Gid, Mode, Uid};
use rustix::io::Errno;
use xattr::FileExt;

const ACL: &str = "system.posix_acl_access";

/// Signatures of a file's content and inode. They are useless on another file; the kernel refuses
/// or renews them.
const SIGNATURES: [&str; 2] = ["security.ima", "security.evm"];

/// Owner, group, mode and extended attributes of one file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    owner: u32,
    group: u32,
    /// The permission bits.
    pub(super) mode: u32,
    attributes: BTreeMap<OsString, Vec<u8>>,
}

impl std::fmt::Debug for Metadata {
    /// Prints only the names of attributes, since a value can be anything.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metadata")
            .field("owner", &self.owner)
            .field("group", &self.group)
            .field("mode", &format_args!("{:04o}", self.mode))
            .field("attributes", &self.attributes.keys())
            .finish()
    }
}

/// A failure to read a part of a file's metadata, or to set it on another file.
#[derive(Debug)]
pub(super) struct MetadataError {
    pub(super) what: String,
    pub(super) cause: io::Error,
}

impl MetadataError {
    fn new<E: Into<io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        |cause| Self {
            what: what.into(),
            cause: cause.into(),
        }
    }
}

impl Metadata {
    /// Reads the metadata of an open file.
    pub(super) fn of(file: &File) -> Result<Self, MetadataError> {
        let stat = file
            .metadata()
            .map_err(MetadataError::new("owner and mode"))?;
        Ok(Self {
            owner: stat.uid(),
            group: stat.gid(),
            mode: stat.mode() & 0o7777,
            attributes: attributes(file)?,
        })
    }

    /// Returns whether there is an access control list.
    fn has_acl(&self) -> bool {
        self.attributes.contains_key(OsStr::new(ACL))
    }

    /// Sets this metadata on `file`, which is new and has mode 0600. Returns the metadata it then
    /// has, which may include attributes that the directory or the system gives to new files.
    ///
    /// The order matters, so that at no time more users can read the file than should: the owner
    /// comes first, since others may already read what the mode lets a *group* read; the access
    /// control list comes before the mode, since with a list the mode's group bits are not the
    /// group's rights, but the most that the list may grant.
    pub(super) fn give_to(&self, file: &File) -> Result<Self, MetadataError> {
        let new = Self::of(file)?;
        let owner = (new.owner != self.owner).then(|| Uid::from_raw(self.owner));
        let group = (new.group != self.group).then(|| Gid::from_raw(self.group));
        if owner.is_some() {
            rustix::fs::fchown(file, owner, None).map_err(MetadataError::new(self.owner_text()))?;
        }
        if group.is_some() {
            rustix::fs::fchown(file, None, group).map_err(MetadataError::new(self.group_text()))?;
        }
        // Every new file gets the directory's default list.
        if new.has_acl() && !self.has_acl() {
            remove_acl(file)?;
        }
        for (name, value) in &self.attributes {
            if new.attributes.get(name) != Some(value) {
                file.set_xattr(name, value)
                    .map_err(MetadataError::new(attribute_text(name)))?;
            }
        }
        set_mode(file, self.mode)?;
        let now = Self::of(file)?;
        self.check(&now)?;
        Ok(now)
    }

    /// Checks that the metadata was set: some file systems accept a change without making it.
    fn check(&self, now: &Self) -> Result<(), MetadataError> {
        let what = if now.owner != self.owner {
            self.owner_text()
        } else if now.group != self.group {
            self.group_text()
        } else if now.mode != self.mode {
            mode_text(self.mode)
        } else if now.has_acl() != self.has_acl() {
            attribute_text(OsStr::new(ACL))
        } else {
            return Ok(());
        };
        let cause = io::Error::other("the file system did not apply it");
        Err(MetadataError { what, cause })
    }

    fn owner_text(&self) -> String {
        format!("owner (uid {})", self.owner)
    }

    fn group_text(&self) -> String {
        format!("group (gid {})", self.group)
    }
}

/// Makes a new file readable by the same users as another as far as permitted, and never by more.
/// It gets the same group if permitted, and the same mode; but if the groups differ, or an access
/// control list sets the group's rights, the group gets no more rights than others.
pub(super) fn resemble(file: &File, like: &Metadata) -> Result<(), MetadataError> {
    let new = Metadata::of(file)?;
    let same_group = new.group == like.group
        || rustix::fs::fchown(file, None, Some(Gid::from_raw(like.group))).is_ok();
    let mode = like.mode & 0o777;
    let others = mode & 0o007;
    let exact = same_group && !like.has_acl();
    set_mode_only(
        file,
        if exact {
            mode
        } else {
            mode & (0o707 | (others << 3))
        },
    )
}

/// Sets exactly this mode on a new file, without an access control list.
pub(super) fn set_mode_only(file: &File, mode: u32) -> Result<(), MetadataError> {
    if Metadata::of(file)?.has_acl() {
        remove_acl(file)?;
    }
    set_mode(file, mode)
}

fn set_mode(file: &File, mode: u32) -> Result<(), MetadataError> {
    let now = file
        .metadata()
        .map_err(MetadataError::new(mode_text(mode)))?;
    if now.mode() & 0o7777 == mode {
        return Ok(());
    }
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode)).map_err(MetadataError::new(mode_text(mode)))
}

fn remove_acl(file: &File) -> Result<(), MetadataError> {
    file.remove_xattr(ACL).map_err(MetadataError::new(
        "mode without the directory's default ACL",
    ))
}

fn mode_text(mode: u32) -> String {
    format!("mode {mode:04o}")
}

fn attribute_text(name: &OsStr) -> String {
    match name.to_str() {
        Some(ACL) => "access control list".into(),
        Some("security.selinux") => "SELinux label".into(),
        _ => format!("extended attribute {}", name.display()),
    }
}

/// Returns all extended attributes that this user can see, except [`SIGNATURES`].
fn attributes(file: &File) -> Result<BTreeMap<OsString, Vec<u8>>, MetadataError> {
    let names = match file.list_xattr() {
        Ok(names) => names,
        // The file system has no extended attributes.
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::OPNOTSUPP) => {
            return Ok(BTreeMap::new());
        }
        Err(cause) => return Err(MetadataError::new("extended attributes")(cause)),
    };
    let mut attributes = BTreeMap::new();
    for name in names.filter(|name| SIGNATURES.iter().all(|signature| name != signature)) {
        let value = file.get_xattr(&name);
        // It may have been removed since it was listed.
        if let Some(value) = value.map_err(MetadataError::new(attribute_text(&name)))? {
            attributes.insert(name, value);
        }
    }
    Ok(attributes)
}
