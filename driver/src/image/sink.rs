//! Where images are written to.

use std::fs::File;
use std::io::{self, Write};

/// Where an image's bytes go while it is made.
///
/// It is a [`Write`]: an image writer that takes one can be given it as it is. A host that keeps
/// files adds a faster way for the large parts, the kernel and the ramdisk.
pub trait Sink: Write {
    /// Appends the next `len` bytes of `source`, from its current position.
    ///
    /// A host that writes to a file lets the kernel copy, or share, the bytes, and leaves holes out.
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
