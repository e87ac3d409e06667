//! The SELinux contexts of published files.
//!
//! A new file usually inherits its directory's type, which is right for a web root. If the policy
//! has another type for the path, the web server would be denied access. `matchpathcon`, which is
//! part of every SELinux system, returns the policy's type for the *final* path before the file is
//! visible under it; `restorecon` could only correct it afterwards. As with `restorecon`, only the
//! type changes.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Command;

use rustix::fs::{XattrFlags, fgetxattr, fsetxattr};
use rustix::io::Errno;

/// A file that exists only while SELinux is enabled.
const ENABLED: &str = "/sys/fs/selinux/enforce";

/// Part of `libselinux-utils` (Fedora, RHEL) or `selinux-utils` (Debian).
const MATCHPATHCON: &str = "/usr/sbin/matchpathcon";

/// The extended attribute with a file's context.
const XATTR: &str = "security.selinux";

/// The maximum length of a context: the kernel's limit is one page.
const CONTEXT_MAX: usize = 4096;

/// The class of a labelled file, which the policy distinguishes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Class {
    File,
    Directory,
}

/// Sets the type of the open `file` to the policy's type for `path`. Without SELinux this does
/// nothing; without `matchpathcon` the file keeps the type of its directory.
pub(super) fn restore(file: &File, path: &Path, class: Class) -> io::Result<()> {
    if !Path::new(ENABLED).exists() {
        return Ok(());
    }
    match policy_for(path, class)? {
        Some(policy) => set_type(file, &policy),
        None => Ok(()),
    }
}

/// Sets the type of `file` to that of the context `policy`, unless it is the same already.
fn set_type(file: &File, policy: &str) -> io::Result<()> {
    let Some(current) = context_of(file)? else {
        return Ok(());
    };
    let Some(context) = retyped(&current, policy) else {
        return Ok(());
    };
    log::debug!("SELinux context {current} becomes {context}");
    let value = format!("{context}\0");
    Ok(fsetxattr(
        file,
        XATTR,
        value.as_bytes(),
        XattrFlags::empty(),
    )?)
}

/// Returns the context of `file`; `None` on a file system with one context for all files.
fn context_of(file: &File) -> io::Result<Option<String>> {
    let mut buffer = [0; CONTEXT_MAX];
    match fgetxattr(file, XATTR, &mut buffer[..]) {
        Ok(len) => Ok(Some(trimmed(&buffer[..len]))),
        Err(Errno::NOTSUP | Errno::NODATA) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// Returns the policy's context for `path`; `None` if it has none or `matchpathcon` is missing.
fn policy_for(path: &Path, class: Class) -> io::Result<Option<String>> {
    let mode = match class {
        Class::File => "file",
        Class::Directory => "dir",
    };
    let output = match Command::new(MATCHPATHCON)
        .args(["-n", "-m", mode])
        .arg(path)
        .output()
    {
        Ok(output) => output,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            log::warn!(
                "SELinux is enabled but {MATCHPATHCON} is missing (package libselinux-utils): {} \
                 keeps the type of its directory",
                path.display()
            );
            return Ok(None);
        }
        Err(e) => return Err(e),
    };
    if !output.status.success() {
        let message = trimmed(&output.stderr);
        return Err(io::Error::other(format!(
            "{MATCHPATHCON} failed: {message}"
        )));
    }
    let context = trimmed(&output.stdout);
    Ok((context != "<<none>>").then_some(context))
}

fn trimmed(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .trim_matches(['\0', '\n', ' '])
        .to_owned()
}

/// Returns `current` with the type of `policy`; `None` if it has that type already, or if one of
/// them is not a context. A context is `user:role:type`, in most policies followed by `:range`.
fn retyped(current: &str, policy: &str) -> Option<String> {
    let wanted = policy.split(':').nth(2)?;
    let mut parts: Vec<&str> = current.splitn(4, ':').collect();
    let kind = parts.get_mut(2)?;
    if *kind == wanted {
        return None;
    }
    *kind = wanted;
    Some(parts.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_type_changes() {
        let policy = "system_u:object_r:httpd_sys_content_t:s0";
        assert_eq!(
            retyped("unconfined_u:object_r:default_t:s0:c1,c2", policy).as_deref(),
            Some("unconfined_u:object_r:httpd_sys_content_t:s0:c1,c2")
        );
        assert_eq!(
            retyped("u:r:default_t", "u2:r2:tftpdir_t").as_deref(),
            Some("u:r:tftpdir_t"),
            "a policy without ranges"
        );
        assert_eq!(retyped("u:r:httpd_sys_content_t:s0", policy), None);
        assert_eq!(retyped("unlabeled", policy), None);
        assert_eq!(retyped("u:r:t:s0", "nonsense"), None);
    }

    #[test]
    fn the_type_is_set_on_a_real_file() {
        use std::io::Write;
        // Only root may set it, but even if SELinux is disabled.
        let file = tempfile::tempfile().unwrap();
        let before = b"system_u:object_r:default_t:s0\0";
        if let Err(e) = fsetxattr(&file, XATTR, before, XattrFlags::empty()) {
            // Not with `eprintln`, which the test harness captures.
            let _ = writeln!(io::stderr(), "NOT TESTED: setting an SELinux type ({e})");
            return;
        }
        set_type(&file, "unconfined_u:object_r:httpd_sys_content_t:s0").unwrap();
        let after = context_of(&file).unwrap();
        assert_eq!(
            after.as_deref(),
            Some("system_u:object_r:httpd_sys_content_t:s0")
        );
    }

    #[test]
    fn without_selinux_nothing_is_asked() {
        if Path::new(ENABLED).exists() {
            return;
        }
        let file = tempfile::tempfile().unwrap();
        restore(&file, Path::new("/httpboot/x"), Class::File).unwrap();
    }
}
