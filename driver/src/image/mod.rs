//! The two images a ProLiant server boots from, written without root, mounts, temporary trees or
//! outside programs.
//!
//! - [`Floppy`] carries parameters to the ramdisk.
//! - [`BootIso`] boots a kernel and a ramdisk, by BIOS, UEFI or both, and is streamed to any
//!   [`std::io::Write`]: a file, a socket, an upload.
//! - [`DeployIso`] finds the UEFI boot loader in an ISO that boots already.
//! - [`Source`] is where a kernel or ramdisk comes from: a path, a URL, or what deploy code adds.
//! - [`IsoContents`] is what a reader sees in a finished ISO.
//!
//! Everything here is synchronous and blocks on I/O. Asynchronous code runs it on a thread meant
//! for blocking work (`tokio::task::spawn_blocking` or the like).
//!
//! The same input gives the same bytes: no clock, no random number and no host name enters an
//! image.
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

pub use boot_iso::{BootIso, BootIsoError, EfiBoot, Isolinux, PlannedBootIso, VerifyError};
pub use deploy_iso::{DeployIso, DeployIsoError};
pub use floppy::{Floppy, FloppyError};
pub use iso::IsoReadError;
pub use iso_contents::{BootImage, IsoContents, IsoFile, Platform};
pub use source::{Checksum, FileSource, HttpClient, HttpSource, Source, SourceError, Verified};

/// The volume id of a boot ISO, as Ironic writes it (`images.py` of Ironic 4.2).
pub const BOOT_ISO_LABEL: &str = "VMEDIA_BOOT_ISO";

/// The file system label of a parameter floppy. Ramdisks look for it under `/dev/disk/by-label/`,
/// so its case matters.
pub const FLOPPY_LABEL: &str = "ir-vfd-dev";

/// Where an image's bytes go while it is made.
///
/// It is a [`Write`]: an image writer that takes one can be given it as it is. A host that keeps
/// files adds a faster way for the large parts, the kernel and the ramdisk.
pub trait Sink: Write {
    /// Appends the next `len` bytes of `source`, from its current position.
    ///
    /// A host that writes to a file lets the kernel copy, or share, the bytes, and leaves holes
    /// out.
    ///
    /// # Errors
    ///
    /// Any error of reading or writing; [`io::ErrorKind::UnexpectedEof`] when `source` ends early.
    fn append(&mut self, source: &mut File, len: u64) -> io::Result<()>;
}

/// As many bytes of zeros as make a hole in a file worth its while.
pub(crate) const HOLE: usize = 16 * 1024;

/// Whether all bytes of a block of at most [`HOLE`] are zeros.
pub(crate) fn is_zero(block: &[u8]) -> bool {
    static ZEROS: [u8; HOLE] = [0; HOLE];
    ZEROS.starts_with(block)
}
