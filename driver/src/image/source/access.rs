//! The files and servers that references of users may name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FileSource, HttpClient, Source, SourceError, from_reference};
use crate::http::networks::Networks;
use crate::http::url::redacted_text;

/// Directories that hold secrets or devices, from which nothing is read even if a directory above
/// them is allowed, as in Ironic.
const NEVER: [&str; 6] = ["/boot", "/dev", "/etc", "/proc", "/run", "/sys"];

/// A file system in memory, and no device.
const MEMORY: &str = "/dev/shm";

/// Which files and servers a reference may name that comes from a node or from the properties of an
/// image, and therefore perhaps from a user of the cloud.
///
/// Such a reference must neither publish files of this machine nor reach services of its network.
/// [`IloDeploy`](crate::deploy::IloDeploy) opens every image that a node names in this way. Deploy
/// code that passes a reference of a user to
/// [`BootIsoRequest`](crate::virtual_media::BootIsoRequest), [`NodeBoot`](crate::ipxe::NodeBoot) or
/// [`from_reference`] itself opens it here first:
///
/// ```no_run
/// use driver::image::{HttpClient, SourceAccess};
/// use driver::virtual_media::BootIsoRequest;
///
/// # fn example(kernel: &str, ramdisk: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let access = SourceAccess {
///     paths: vec!["/var/lib/ironic".into()],
///     networks: "10.20.0.0/16".parse()?,
/// };
/// let http = HttpClient::new();
/// let request = BootIsoRequest::new(access.open(kernel, &http)?, access.open(ramdisk, &http)?);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceAccess {
    /// The directories that files may be below: `[conductor] file_url_allowed_paths`. Whoever may
    /// write there is trusted. Files in `/boot`, `/dev`, `/etc`, `/proc`, `/run` and `/sys` are
    /// never read.
    pub paths: Vec<PathBuf>,
    /// The networks that URLs may lead to besides public addresses: `[ilo] image_networks`.
    pub networks: Networks,
}

impl SourceAccess {
    /// Opens the source for a reference, as [`from_reference`] does, if it may be read. Blocks.
    ///
    /// # Errors
    ///
    /// [`SourceError::Path`] and [`SourceError::Address`] if it may not be read; otherwise the same
    /// as [`from_reference`].
    pub fn open(&self, reference: &str, http: &HttpClient) -> Result<Arc<dyn Source>, SourceError> {
        match self.file(reference)? {
            Some(path) => Ok(Arc::new(FileSource::new(path)?)),
            None => from_reference(reference, &self.client(http)),
        }
    }

    /// Returns a client like `http` that connects only to the addresses that URLs may lead to.
    pub(crate) fn client(&self, http: &HttpClient) -> HttpClient {
        http.clone().public_and(self.networks.clone())
    }

    /// Returns the path of the file that `reference` names, without symbolic links, if it may be
    /// read; `None` for a URL of a web server.
    pub(crate) fn file(&self, reference: &str) -> Result<Option<PathBuf>, SourceError> {
        let url = url::Url::parse(reference).ok();
        let path = match &url {
            Some(url) if matches!(url.scheme(), "http" | "https") => return Ok(None),
            Some(url) if url.scheme() == "file" => url.to_file_path().ok(),
            _ => Some(PathBuf::from(reference)).filter(|path| path.is_absolute()),
        };
        let path = path.ok_or_else(|| SourceError::Reference {
            reference: redacted_text(reference),
        })?;
        // The same error whether the file exists or not: others must not learn which do.
        let refused = || SourceError::Path {
            name: path.display().to_string(),
        };
        let real = path.canonicalize().map_err(|_| refused())?;
        let is_below = |directory: &Path| {
            let directory = directory.canonicalize();
            directory.is_ok_and(|directory| real.starts_with(directory))
        };
        let never = NEVER.iter().any(|directory| is_below(Path::new(directory)))
            && !is_below(Path::new(MEMORY));
        if never || !self.paths.iter().any(|allowed| is_below(allowed)) {
            return Err(refused());
        }
        Ok(Some(real))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_files_below_the_allowed_directories_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let allowed = dir.path().join("images");
        fs::create_dir(&allowed).unwrap();
        fs::write(allowed.join("kernel"), "k").unwrap();
        fs::write(dir.path().join("images-of-others"), "o").unwrap();
        symlink("/etc/passwd", allowed.join("link")).unwrap();
        symlink("kernel", allowed.join("inside")).unwrap();
        let access = SourceAccess {
            paths: vec![allowed.clone(), "/".into()],
            networks: Networks::default(),
        };
        let only = SourceAccess {
            paths: vec![allowed.clone()],
            ..access.clone()
        };
        let at = |name: &str| allowed.join(name).display().to_string();
        for reference in [
            at("kernel"),
            format!("file://{}", at("kernel")),
            at("inside"),
            at("../images/kernel"),
        ] {
            let file = only.file(&reference).unwrap();
            let expected = allowed.join("kernel").canonicalize().unwrap();
            assert_eq!(file, Some(expected), "{reference}");
        }
        for reference in [
            at("../images-of-others"),
            at("link"),
            at("missing"),
            "/etc/passwd".into(),
            "file:///etc/passwd".into(),
            "file:/etc/passwd".into(),
            "FILE://localhost/etc/passwd".into(),
        ] {
            let error = only.file(&reference).unwrap_err();
            assert!(matches!(error, SourceError::Path { .. }), "{error}");
        }
        // The root contains directories from which nothing is ever read.
        for reference in ["/etc/passwd", "/proc/self/environ", &at("link")] {
            assert!(access.file(reference).is_err(), "{reference}");
        }
        for reference in ["kernel", "../kernel", "ftp://h/kernel", ""] {
            let error = only.file(reference).unwrap_err();
            assert!(matches!(error, SourceError::Reference { .. }), "{error}");
        }
        assert_eq!(only.file("http://h/etc/passwd").unwrap(), None);
    }
}
