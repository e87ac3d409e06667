//! The memory of a process that writes an image, which does not grow with the ramdisk.

use std::env;
use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::time::Instant;

use driver::image::{BootIso, DeployIso, EfiBoot, FileSource, Source, SourceError, Verified};

use crate::support::child::{child, child_dir, peak_kib, print_peak, run_child};
use crate::support::image::{LoaderFiles, esp, kernel};

/// The environment variable that tells the child what to do.
const TASK: &str = "IMAGE_MEMORY_TASK";
const GIB: u64 = 1 << 30;

/// Counts bytes and discards them.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0 += buf.len() as u64;
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `task` in a process of its own, and returns the peak of its memory in KiB.
fn child_peak(task: &str) -> u64 {
    let dir = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let mut command = child(&[], "memory::child_that_writes_an_image", dir.path());
    command.env(TASK, task);
    let peak = peak_kib(&run_child(command));
    let seconds = start.elapsed().as_secs_f32();
    println!("{task}: peak {peak} KiB in {seconds:.2} s");
    peak
}

#[test]
fn a_ramdisk_of_1_gib_takes_less_than_16_mib_of_memory() {
    assert!(child_peak("file") < 16 * 1024);
    assert!(child_peak("verified deploy") < 16 * 1024);
}

#[test]
fn child_that_writes_an_image() {
    let Some(dir) = child_dir() else { return };
    let task = env::var(TASK).unwrap();
    let path = dir.join("initrd");
    File::create(&path).unwrap().set_len(GIB).unwrap();
    let files = LoaderFiles::new();
    let ramdisk = FileSource::new(&path).unwrap();
    let iso = if task == "file" {
        BootIso::new(kernel(), ramdisk)
            .bios(files.isolinux())
            .plan()
            .unwrap()
    } else {
        // The SHA-256 digest of 1 GiB of zeros.
        let sum = "49bc20df15e412a64472421e13fe86ff1c5165e18b2afccf160d4dc19fe68a14";
        BootIso::new(kernel(), Verified::new(ramdisk, sum.parse().unwrap()))
            .bios(files.isolinux())
            .uefi(EfiBoot::from_deploy_iso(&deploy_iso(&dir, &files)))
            .plan()
            .unwrap()
    };
    let mut count = Count(0);
    iso.write_to(&mut count).unwrap();
    assert_eq!(count.0, iso.size());
    print_peak();
}

/// A deploy ISO on disk, with a ramdisk of 1 GiB.
fn deploy_iso(dir: &Path, files: &LoaderFiles) -> DeployIso {
    let path = dir.join("deploy.iso");
    let ramdisk = FileSource::new(dir.join("initrd")).unwrap();
    let planned = BootIso::new(kernel(), ramdisk)
        .bios(files.isolinux())
        .uefi(EfiBoot::from_esp_image(esp()))
        .plan()
        .unwrap();
    planned.write_to(File::create(&path).unwrap()).unwrap();
    planned.verify(File::open(&path).unwrap()).unwrap();
    DeployIso::open("deploy.iso", File::open(&path).unwrap()).unwrap()
}

/// A source of this many zeros.
#[derive(Debug)]
struct Zeros(u64);

impl Source for Zeros {
    fn name(&self) -> String {
        "zeros".into()
    }

    fn size(&self) -> u64 {
        self.0
    }

    fn open(&self) -> Result<Box<dyn Read + Send>, SourceError> {
        Ok(Box::new(io::repeat(0).take(self.0)))
    }
}

/// Keeps only the blocks that are not zero, so that an ISO of gigabytes can be read back.
#[derive(Default)]
struct Sparse {
    blocks: std::collections::BTreeMap<u64, Vec<u8>>,
    len: u64,
}

impl Write for Sparse {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        for block in buf.chunks(2048) {
            if block.iter().any(|&byte| byte != 0) {
                self.blocks.insert(self.len / 2048, block.to_vec());
            }
            self.len += block.len() as u64;
        }
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_ramdisk_of_more_than_4_gib_takes_several_extents() {
    let files = LoaderFiles::new();
    let size = 4 * GIB + 12_345;
    let iso = BootIso::new(kernel(), Zeros(size))
        .bios(files.isolinux())
        .plan()
        .unwrap();
    let mut out = Sparse::default();
    iso.write_to(&mut out).unwrap();
    assert_eq!(out.len, iso.size());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("boot.iso");
    let mut file = File::create(&path).unwrap();
    file.set_len(out.len).unwrap();
    for (block, bytes) in out.blocks {
        io::Seek::seek(&mut file, io::SeekFrom::Start(block * 2048)).unwrap();
        io::copy(&mut Cursor::new(bytes), &mut file).unwrap();
    }
    let contents = iso.verify(File::open(&path).unwrap()).unwrap();
    let ramdisk = contents
        .files
        .iter()
        .find(|file| file.path == "initrd")
        .unwrap();
    assert_eq!(ramdisk.size, size);
}
