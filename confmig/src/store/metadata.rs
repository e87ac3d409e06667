//! Who may do what with a file: owner, group, mode and extended attributes, which hold access
//! control lists and SELinux labels.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;

use rustix::fs::{Gid, Mode, Uid, XattrFlags};
use rustix::io::Errno;

const ACL: &str = "system.posix_acl_access";

/// Signatures of a file's content and inode: of no use on another file, and the kernel refuses or
/// renews them.
const SIGNATURES: [&str; 2] = ["security.ima", "security.evm"];

/// Owner, group, mode and extended attributes of one file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Metadata {
    owner: u32,
    group: u32,
    mode: u32,
    attributes: BTreeMap<OsString, Vec<u8>>,
}

impl std::fmt::Debug for Metadata {
    /// Names of attributes only: a value can be anything.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metadata")
            .field("owner", &self.owner)
            .field("group", &self.group)
            .field("mode", &format_args!("{:04o}", self.mode))
            .field("attributes", &self.attributes.keys())
            .finish()
    }
}

/// A part of a file's metadata that cannot be read or given to another file.
#[derive(Debug)]
pub(super) struct Unkept {
    pub(super) what: String,
    pub(super) cause: io::Error,
}

impl Unkept {
    fn new(what: impl Into<String>) -> impl FnOnce(Errno) -> Self {
        |errno| Self {
            what: what.into(),
            cause: errno.into(),
        }
    }
}

impl Metadata {
    /// Reads the metadata of an open file.
    pub(super) fn of(file: &File) -> Result<Self, Unkept> {
        let stat = file.metadata().map_err(|cause| Unkept {
            what: "owner and mode".into(),
            cause,
        })?;
        Ok(Self {
            owner: stat.uid(),
            group: stat.gid(),
            mode: stat.mode() & 0o7777,
            attributes: attributes(file)?,
        })
    }

    /// The permission bits.
    pub(super) fn mode(&self) -> u32 {
        self.mode
    }

    /// Whether an access control list says more than the mode.
    fn has_acl(&self) -> bool {
        self.attributes.contains_key(OsStr::new(ACL))
    }

    /// Gives `file`, new and of mode 0600, this metadata, and says what it then has: attributes
    /// that the directory or the system gives to new files may have come on top.
    ///
    /// The order matters, so that at no instant more people can read it than should: the owner
    /// first, since others may already read what the mode lets a *group* read; the access control
    /// list before the mode, since with a list the mode's group bits are not the group's rights
    /// but the most that the list may give.
    pub(super) fn give_to(&self, file: &File) -> Result<Self, Unkept> {
        let new = Self::of(file)?;
        let owner = (new.owner != self.owner).then(|| Uid::from_raw(self.owner));
        let group = (new.group != self.group).then(|| Gid::from_raw(self.group));
        if owner.is_some() {
            rustix::fs::fchown(file, owner, None).map_err(Unkept::new(self.owner_text()))?;
        }
        if group.is_some() {
            rustix::fs::fchown(file, None, group).map_err(Unkept::new(self.group_text()))?;
        }
        // The directory's default list comes with every new file.
        if new.has_acl() && !self.has_acl() {
            remove_acl(file)?;
        }
        for (name, value) in &self.attributes {
            if new.attributes.get(name) != Some(value) {
                rustix::fs::fsetxattr(file, name.as_os_str(), value, XattrFlags::empty())
                    .map_err(Unkept::new(attribute_text(name)))?;
            }
        }
        set_mode(file, self.mode)?;
        let now = Self::of(file)?;
        self.check(&now)?;
        Ok(now)
    }

    /// Some file systems take a change and do not make it.
    fn check(&self, now: &Self) -> Result<(), Unkept> {
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
        Err(Unkept {
            what,
            cause: io::Error::other("the file system did not take it"),
        })
    }

    fn owner_text(&self) -> String {
        format!("owner (uid {})", self.owner)
    }

    fn group_text(&self) -> String {
        format!("group (gid {})", self.group)
    }
}

/// Gives a new file the readers of another, as far as this user may, and never more: its group if
/// allowed, and its mode, with no more for the group than for all others where the group differs or
/// an access control list says what the group really may.
pub(super) fn resemble(file: &File, like: &Metadata) -> Result<(), Unkept> {
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

/// Gives a new file exactly this mode, and no access control list.
pub(super) fn set_mode_only(file: &File, mode: u32) -> Result<(), Unkept> {
    if Metadata::of(file)?.has_acl() {
        remove_acl(file)?;
    }
    set_mode(file, mode)
}

fn set_mode(file: &File, mode: u32) -> Result<(), Unkept> {
    let now = file
        .metadata()
        .map_err(|cause| Unkept {
            what: mode_text(mode),
            cause,
        })?
        .mode();
    if now & 0o7777 == mode {
        return Ok(());
    }
    rustix::fs::fchmod(file, Mode::from_raw_mode(mode)).map_err(Unkept::new(mode_text(mode)))
}

fn remove_acl(file: &File) -> Result<(), Unkept> {
    rustix::fs::fremovexattr(file, ACL)
        .map_err(Unkept::new("mode, free of the directory's default ACL"))
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

/// All extended attributes that this user sees, but for [`SIGNATURES`].
fn attributes(file: &File) -> Result<BTreeMap<OsString, Vec<u8>>, Unkept> {
    let listed = grow(
        || rustix::fs::flistxattr_query(file),
        |buffer| rustix::fs::flistxattr(file, buffer),
    );
    let names = match listed {
        Ok(names) => names,
        // The file system has no extended attributes.
        Err(Errno::OPNOTSUPP) => return Ok(BTreeMap::new()),
        Err(errno) => return Err(Unkept::new("extended attributes")(errno)),
    };
    let mut attributes = BTreeMap::new();
    for name in names
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
    {
        let name = OsStr::from_bytes(name);
        if SIGNATURES.iter().any(|signature| name == *signature) {
            continue;
        }
        let value = grow(
            || rustix::fs::fgetxattr_query(file, name),
            |buffer| rustix::fs::fgetxattr(file, name, buffer),
        );
        match value {
            Ok(value) => attributes.insert(OsString::from_vec(name.as_bytes().to_vec()), value),
            // Gone since it was listed.
            Err(Errno::NODATA) => continue,
            Err(errno) => return Err(Unkept::new(attribute_text(name))(errno)),
        };
    }
    Ok(attributes)
}

/// Fetches what has to be asked for its size first, and may grow in between.
fn grow(
    size: impl Fn() -> rustix::io::Result<usize>,
    fetch: impl Fn(&mut [u8]) -> rustix::io::Result<usize>,
) -> rustix::io::Result<Vec<u8>> {
    loop {
        let mut buffer = vec![0; size()?];
        if buffer.is_empty() {
            return Ok(buffer);
        }
        match fetch(&mut buffer) {
            Ok(length) => {
                buffer.truncate(length);
                return Ok(buffer);
            }
            Err(Errno::RANGE) => {}
            Err(errno) => return Err(errno),
        }
    }
}
