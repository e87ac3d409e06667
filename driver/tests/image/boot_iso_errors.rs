//! Boot ISOs that cannot be made, and images that differ from their plan.

use std::fs;
use std::io::{self, Cursor, Read, Write};

use driver::image::{
    BootIso, BootIsoError, EfiBoot, IsoContents, IsoReadError, Isolinux, Source, SourceError,
    VerifyError,
};

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::image::{Bytes, LoaderFiles, both, esp, kernel, pattern, ramdisk, written};

#[test]
fn an_unusable_loader_file_is_named() {
    let files = LoaderFiles::new();
    let plan = |isolinux: Isolinux| {
        BootIso::new(kernel(), ramdisk())
            .bios(isolinux)
            .plan()
            .unwrap_err()
            .to_string()
    };
    let missing = plan(Isolinux::new(files.path("nowhere")));
    assert!(
        missing.contains("isolinux.bin") && missing.contains("nowhere"),
        "{missing}"
    );
    fs::write(files.path("short"), "x").unwrap();
    assert!(plan(Isolinux::new(files.path("short"))).contains("at least 2048 bytes, found 1"));
    fs::write(files.path("long"), vec![0; (1 << 20) + 1]).unwrap();
    assert!(plan(Isolinux::new(files.path("long"))).contains("at most 1024 KiB"));
    assert!(plan(files.isolinux().ldlinux_c32(files.path("nowhere"))).contains("ldlinux.c32"));
    assert!(plan(Isolinux::new(files.dir.path())).contains("directory"));
    // Opening a pipe would wait for somebody who writes to it.
    let pipe = files.path("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for isolinux in [
        Isolinux::new(&pipe),
        files.isolinux().ldlinux_c32(&pipe),
        files.isolinux().config_template(&pipe),
    ] {
        let text = plan(isolinux);
        assert!(
            text.contains("it is a device, a pipe or a socket: expected a regular file"),
            "{text}"
        );
    }
}

#[test]
fn a_damaged_efi_boot_image_is_refused() {
    let refusal = |image: Vec<u8>| {
        let efi = EfiBoot::from_esp_image(Bytes("esp.img", image));
        BootIso::new(kernel(), ramdisk())
            .uefi(efi)
            .plan()
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        refusal(pattern(100_000, 5)),
        "EFI boot image esp.img cannot be used: it has no FAT boot sector; expected a complete \
         FAT image"
    );
    let cut = refusal(esp().1[..100_000].to_vec());
    assert!(
        cut.contains("its header says 262144 bytes, but it has 100000"),
        "{cut}"
    );
    assert!(refusal(vec![1; 100]).contains("esp.img"));
}

#[test]
fn a_path_of_grub_cfg_that_clashes_is_refused() {
    let files = LoaderFiles::new();
    for path in [
        "vmlinuz",
        "boot/grub/efiboot.img",
        "isolinux/isolinux.cfg",
        "vmlinuz/x",
        "../x",
    ] {
        let error = BootIso::new(kernel(), ramdisk())
            .bios(files.isolinux())
            .uefi(EfiBoot::from_esp_image(esp()).grub_cfg_path(path))
            .plan()
            .unwrap_err();
        assert!(
            matches!(error, BootIsoError::Path { .. }),
            "{path}: {error}"
        );
    }
}

/// A source that announces the first size and has the second.
#[derive(Debug)]
struct WrongSize(u64, usize);

impl Source for WrongSize {
    fn name(&self) -> String {
        "wrong size".into()
    }

    fn size(&self) -> u64 {
        self.0
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(io::repeat(1).take(self.1 as u64)))
    }
}

#[test]
fn a_source_with_another_size_than_announced_is_an_error() {
    let files = LoaderFiles::new();
    let write = |ramdisk: WrongSize| {
        let iso = BootIso::new(kernel(), ramdisk)
            .bios(files.isolinux())
            .plan()
            .unwrap();
        iso.write_to(io::sink()).unwrap_err().to_string()
    };
    assert_eq!(
        write(WrongSize(300_000, 299_999)),
        "wrong size ended after 299999 bytes: expected 300000"
    );
    assert_eq!(
        write(WrongSize(300_000, 300_001)),
        "wrong size changed during use: expected 300000 bytes, found more"
    );
}

#[test]
fn an_error_of_a_source_is_kept() {
    #[derive(Debug)]
    struct Gone;
    impl Source for Gone {
        fn name(&self) -> String {
            "image 42".into()
        }
        fn size(&self) -> u64 {
            5000
        }
        fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
            Err(SourceError::other(
                self.name(),
                "the image service says 403",
            ))
        }
    }
    let files = LoaderFiles::new();
    let iso = BootIso::new(Gone, ramdisk())
        .bios(files.isolinux())
        .plan()
        .unwrap();
    let error = iso.write_to(io::sink()).unwrap_err();
    assert!(
        matches!(error, BootIsoError::Source(SourceError::Other { .. })),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "image 42 cannot be read: the image service says 403"
    );
}

/// A writer that accepts this many bytes, like a disk that fills up.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if self.0 < buf.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.0 -= buf.len();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_error_of_the_output_is_kept() {
    let files = LoaderFiles::new();
    let iso = both(&files);
    for room in [0, 100_000, 1_000_000] {
        match iso.write_to(Full(room)).unwrap_err() {
            BootIsoError::Write { cause } => assert_eq!(cause.kind(), io::ErrorKind::StorageFull),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_image_that_differs_from_its_plan_is_detected() {
    let files = LoaderFiles::new();
    let iso = both(&files);
    let good = written(&iso);
    let verify = |bytes: &[u8]| iso.verify(Cursor::new(bytes.to_vec())).unwrap_err();

    let cut = verify(&good[..good.len() - 1]);
    assert!(
        matches!(cut, VerifyError::Read(IsoReadError::Truncated { .. })),
        "{cut}"
    );
    let mut long = good.clone();
    long.extend([0; 2048]);
    assert!(verify(&long).to_string().contains("a length in bytes of"));
    assert!(matches!(
        verify(&[]),
        VerifyError::Read(IsoReadError::NotAnIso)
    ));
    assert!(matches!(
        verify(&vec![0; good.len()]),
        VerifyError::Read(IsoReadError::NotAnIso)
    ));

    let mut renamed = good.clone();
    renamed[16 * 2048 + 40] = b'X';
    assert!(verify(&renamed).to_string().contains("volume id"));
    let contents = IsoContents::read(Cursor::new(&good)).unwrap();
    let catalogue = contents
        .files
        .iter()
        .find(|file| file.path == "boot.cat")
        .unwrap();
    let catalogue = catalogue.offset.unwrap() as usize;
    // Platform, bootable, media type, load size and load block of the first entry, and platform and
    // load block of the second.
    for (at, wrong) in [
        (1, 1),
        (32, 0),
        (33, 2),
        (38, 5),
        (40, 0),
        (65, 0),
        (104, 0),
    ] {
        let mut changed = good.clone();
        changed[catalogue + at] = wrong;
        verify(&changed);
    }

    let other = BootIso::new(Bytes("k", vec![1; 9]), ramdisk())
        .bios(files.isolinux())
        .plan()
        .unwrap();
    assert!(matches!(
        verify(&written(&other)),
        VerifyError::Different { .. }
    ));
}
