//! Memory stays small however large the ramdisk is.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by it"
)]
#![allow(clippy::print_stdout, reason = "figures for whoever runs it")]

mod image_support;

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::process::Command;
use std::time::Instant;

use driver::image::{BootIso, DeployIso, EfiBoot, FileSource, Source, SourceError, Verified};
use image_support::{LoaderFiles, kernel};

/// Set in the child process, to what it is to do.
const TASK: &str = "IMAGE_MEMORY_TASK";
const GIB: u64 = 1 << 30;

/// The most memory this process has had resident, in KiB.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Counts bytes and drops them.
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

/// Runs `task` in a process of its own, and gives the peak of its memory in KiB.
fn child_peak(task: &str) -> u64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(TASK, task)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let peak = text
        .lines()
        .find_map(|line| line.split("PEAK ").nth(1))
        .unwrap();
    println!(
        "{task}: peak {peak} KiB{}",
        text.split("TOOK")
            .nth(1)
            .map_or("", |t| t.lines().next().unwrap())
    );
    peak.trim().parse().unwrap()
}

#[test]
fn one_gib_of_ramdisk_takes_less_than_16_mib() {
    assert!(child_peak("file") < 16 * 1024);
    assert!(child_peak("verified deploy") < 16 * 1024);
}

/// Not a test of its own: what the process of the test above does.
#[test]
fn child() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("initrd");
    File::create(&path).unwrap().set_len(GIB).unwrap();
    let files = LoaderFiles::new();
    let ramdisk = FileSource::new(&path).unwrap();
    let start = Instant::now();
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
    println!("TOOK in {:.2} s", start.elapsed().as_secs_f32());
    println!("PEAK {}", peak_kib());
}

/// A deploy ISO of 1 GiB on disk.
fn deploy_iso(dir: &tempfile::TempDir, files: &LoaderFiles) -> DeployIso {
    let path = dir.path().join("deploy.iso");
    let ramdisk = FileSource::new(dir.path().join("initrd")).unwrap();
    let esp = image_support::esp();
    let planned = BootIso::new(kernel(), ramdisk)
        .bios(files.isolinux())
        .uefi(EfiBoot::from_esp_image(esp))
        .plan()
        .unwrap();
    planned.write_to(File::create(&path).unwrap()).unwrap();
    planned.verify(File::open(&path).unwrap()).unwrap();
    DeployIso::open("deploy.iso", File::open(&path).unwrap()).unwrap()
}

/// Zeros without end, as many as wanted.
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

/// Keeps what is not zero, so that an ISO of gigabytes can be read back.
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
fn more_than_4_gib_of_ramdisk_takes_several_extents() {
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
