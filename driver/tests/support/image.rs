//! Sample kernels, ramdisks, boot loaders and boot ISOs, where nothing is booted.

use std::io::{Cursor, Read};
use std::path::PathBuf;

use driver::image::{BootIso, EfiBoot, Isolinux, PlannedBootIso, Source, SourceError};
use tempfile::TempDir;

/// A source in memory, such as deploy code may add: its name and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Bytes(pub(crate) &'static str, pub(crate) Vec<u8>);

impl Source for Bytes {
    fn name(&self) -> String {
        self.0.into()
    }

    fn size(&self) -> u64 {
        self.1.len() as u64
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(Cursor::new(self.1.clone())))
    }
}

/// Bytes that differ from block to block, so that a misplaced one is noticed.
pub(crate) fn pattern(len: usize, seed: u32) -> Vec<u8> {
    (0..len as u32)
        .map(|i| (i.wrapping_mul(2_654_435_761).wrapping_add(seed) >> 13) as u8)
        .collect()
}

/// A small EFI system partition image, formatted with FAT.
pub(crate) fn esp() -> Bytes {
    let mut image = Cursor::new(vec![0; 256 * 1024]);
    fatfs::format_volume(&mut image, fatfs::FormatVolumeOptions::new()).unwrap();
    let image = image.into_inner();
    Bytes("esp.img", image)
}

/// Stand-ins for isolinux's files.
pub(crate) struct LoaderFiles {
    pub(crate) dir: TempDir,
}

impl LoaderFiles {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("isolinux.bin"), pattern(38_912, 1)).unwrap();
        std::fs::write(dir.path().join("ldlinux.c32"), pattern(119_672, 2)).unwrap();
        Self { dir }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn isolinux(&self) -> Isolinux {
        Isolinux::new(self.path("isolinux.bin")).ldlinux_c32(self.path("ldlinux.c32"))
    }
}

pub(crate) fn kernel() -> Bytes {
    Bytes("kernel", pattern(700_001, 3))
}

pub(crate) fn ramdisk() -> Bytes {
    Bytes("ramdisk", pattern(1_500_000, 4))
}

/// A boot ISO for BIOS and UEFI.
pub(crate) fn both(files: &LoaderFiles) -> PlannedBootIso {
    BootIso::new(kernel(), ramdisk())
        .kernel_params("root=UUID=1-2 nofb")
        .bios(files.isolinux())
        .uefi(EfiBoot::from_esp_image(esp()))
        .plan()
        .unwrap()
}

pub(crate) fn written(iso: &PlannedBootIso) -> Vec<u8> {
    let mut bytes = Vec::new();
    iso.write_to(&mut bytes).unwrap();
    bytes
}
