//! Virtual media as ironic.conf configures it, hosted on a web server.

use std::fs;
use std::path::Path;

use driver::virtual_media::{BootIsoRequest, VirtualMedia};
use tempfile::TempDir;

use super::image::{LoaderFiles, both, esp, kernel, ramdisk, written};
use super::web::{BASE, names, open_dir};
use super::{node, options, uuid};

/// The names of the web server's two options.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OptionNames {
    /// `[pxe] http_url`, as before Ironic 4.2.
    Pxe,
    /// `[deploy] http_url`, as in Ironic since 4.2.
    Deploy,
    /// `[deploy] http_server_url`, as in the blueprint.
    Blueprint,
}

/// The text of an ironic.conf for a web server that serves `root` at `url`, followed by `more`.
pub(crate) fn conf(names: OptionNames, root: &Path, url: &str, more: &str) -> String {
    let root = root.display();
    let hosting = match names {
        OptionNames::Pxe => format!("[pxe]\nhttp_url = {url}\nhttp_root = {root}\n"),
        OptionNames::Deploy => format!("[deploy]\nhttp_url = {url}\nhttp_root = {root}\n"),
        OptionNames::Blueprint => {
            format!("[deploy]\nhttp_server_url = {url}\nhttp_server_root = {root}\n")
        }
    };
    format!(
        "{hosting}[ilo]\nuse_http_web_server_for_images = True\nimage_networks = 127.0.0.0/8\n\
         {more}"
    )
}

pub(crate) fn media(text: &str) -> VirtualMedia {
    VirtualMedia::from_options(&options(text)).unwrap()
}

/// A web server's directory, and files to make boot ISOs of.
pub(crate) struct Fixture {
    pub(crate) www: TempDir,
    pub(crate) files: LoaderFiles,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let files = LoaderFiles::new();
        fs::write(files.path("vmlinuz"), kernel().1).unwrap();
        fs::write(files.path("initrd"), ramdisk().1).unwrap();
        fs::write(files.path("esp.img"), esp().1).unwrap();
        fs::write(files.path("deploy.iso"), written(&both(&files))).unwrap();
        let www = open_dir();
        Self { www, files }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.files.path(name).display().to_string()
    }

    /// An ironic.conf whose isolinux is [`LoaderFiles`].
    pub(crate) fn conf(&self, names: OptionNames, url: &str) -> String {
        let (bin, library) = (self.path("isolinux.bin"), self.path("ldlinux.c32"));
        let more = format!("[DEFAULT]\nisolinux_bin = {bin}\nldlinux_c32 = {library}\n");
        conf(names, self.www.path(), url, &more)
    }

    pub(crate) fn media(&self) -> VirtualMedia {
        media(&self.conf(OptionNames::Deploy, BASE))
    }

    pub(crate) fn request(&self) -> BootIsoRequest {
        BootIsoRequest::new(self.path("vmlinuz"), self.path("initrd"))
    }

    /// Requests a boot ISO that must be refused, and returns the error. Panics when anything was
    /// published or left over, or the node changed.
    pub(crate) async fn refused(&self, media: &VirtualMedia, request: BootIsoRequest) -> String {
        let mut changed = node(1);
        let error = media.publish_boot_iso(&mut changed, request).await;
        let error = error.unwrap_err().to_string();
        assert_eq!(names(self.www.path()), [""; 0], "{error}");
        assert_eq!(changed, node(1));
        assert!(error.contains(&uuid(1).to_string()), "{error}");
        error
    }
}
