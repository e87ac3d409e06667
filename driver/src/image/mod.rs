//! The two images that a ProLiant server boots from, written without root privileges, mounts,
//! temporary directories or external programs.
//!
//! - [`Floppy`] passes parameters to the ramdisk.
//! - [`BootIso`] boots a kernel and a ramdisk with BIOS, UEFI or both, and is streamed to any
//!   [`std::io::Write`], such as a file, a socket or an upload.
//! - [`DeployIso`] finds the UEFI boot loader in an existing bootable ISO.
//! - [`Source`] provides a kernel or ramdisk: from a path, from a URL, or from deploy code.
//! - [`IsoContents`] lists the content of a finished ISO.
//!
//! Everything here is synchronous and blocks on I/O. Asynchronous code must run it on a blocking
//! thread, with `tokio::task::spawn_blocking` for example.
//!
//! The same input produces the same bytes: images do not depend on the time, random numbers or the
//! host name.
//!
//! ```no_run
//! use driver::image::{BootIso, DeployIso, EfiBoot, HttpClient, Isolinux, source};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let http = HttpClient::new();
//! let kernel = source::from_reference("http://images.example/vmlinuz", &http)?;
//! let ramdisk = source::from_reference("/var/lib/images/initrd", &http)?;
//! let deploy_iso = DeployIso::open("deploy.iso", std::fs::File::open("deploy.iso")?)?;
//! let iso = BootIso::new(kernel, ramdisk)
//!     .kernel_params("root=UUID=6fd0a1c2-5b1e-4a4e-9c2b-0d5b7f3a1e11 nofb nomodeset")
//!     .bios(
//!         Isolinux::new("/usr/lib/ISOLINUX/isolinux.bin")
//!             .ldlinux_c32("/usr/lib/syslinux/modules/bios/ldlinux.c32"),
//!     )
//!     .uefi(EfiBoot::from_deploy_iso(&deploy_iso))
//!     .plan()?;
//! println!("{} bytes", iso.size());
//! let mut file = std::fs::File::create_new("boot.iso")?;
//! iso.write_to(&mut file)?;
//! iso.verify(std::fs::File::open("boot.iso")?)?;
//! # Ok(())
//! # }
//! ```

mod boot_iso;
mod deploy_iso;
mod floppy;
mod iso;
mod iso_contents;
pub mod source;

use std::fs::File;
use std::io::{self, Write};

pub use crate::http::networks::{Networks, NotANetwork};
pub use boot_iso::{BootIso, BootIsoError, EfiBoot, Isolinux, PlannedBootIso, VerifyError};
pub use deploy_iso::{DeployIso, DeployIsoError};
pub use floppy::{Floppy, FloppyError};
pub use iso::IsoReadError;
pub use iso_contents::{BootImage, IsoContents, IsoFile, Platform};
pub use source::{
    Checksum, FileSource, HttpClient, HttpSource, Source, SourceAccess, SourceError, Verified,
};

/// The volume id of a boot ISO, as Ironic writes it (`images.py` of Ironic 4.2).
pub const BOOT_ISO_LABEL: &str = "VMEDIA_BOOT_ISO";

/// The file system label of a parameter floppy. Ramdisks look it up in `/dev/disk/by-label/`, so
/// its case matters.
pub const FLOPPY_LABEL: &str = "ir-vfd-dev";

/// The destination of an image's bytes while it is produced.
///
/// It is a [`Write`] with a faster way to append whole files, for the large parts of an image: the
/// kernel and the ramdisk.
pub trait Sink: Write {
    /// Appends the next `len` bytes of `source`, from its current position.
    ///
    /// A host that writes to a file lets the kernel copy or share the bytes, and preserves holes.
    ///
    /// # Errors
    ///
    /// Any error from reading or writing; [`io::ErrorKind::UnexpectedEof`] if `source` ends early.
    fn append(&mut self, source: &mut File, len: u64) -> io::Result<()>;
}

/// The number of zero bytes from which on a hole in a file pays off.
pub(crate) const HOLE: usize = 16 * 1024;

/// Whether a block of at most [`HOLE`] bytes consists of zeros.
pub(crate) fn is_zero(block: &[u8]) -> bool {
    static ZEROS: [u8; HOLE] = [0; HOLE];
    ZEROS.starts_with(block)
}
