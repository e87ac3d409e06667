//! ISOs that are made to take much memory or time.

use std::fs;
use std::time::{Duration, Instant};

use driver::image::{DeployIso, FileSource, IsoContents};

use crate::support::child::{child, child_dir, peak_kib, print_peak, run_child};
use crate::support::image::esp;

const SECTOR: usize = 2048;
/// The number of directories within each other.
const DEPTH: usize = 62;
/// The sector of the path table.
const PATHS: usize = 18;
/// The first sector after the descriptors.
const FIRST: usize = 20;

fn both<const N: usize>(little: [u8; N]) -> Vec<u8> {
    little.into_iter().chain(little.into_iter().rev()).collect()
}

/// A directory record with its system use entries.
fn record(name: &[u8], sector: usize, size: usize, is_dir: bool, entries: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0];
    bytes.extend(both((sector as u32).to_le_bytes()));
    bytes.extend(both((size as u32).to_le_bytes()));
    bytes.extend([80, 1, 1, 0, 0, 0, 0, u8::from(is_dir) * 2, 0, 0]);
    bytes.extend(both(1_u16.to_le_bytes()));
    bytes.push(name.len() as u8);
    bytes.extend(name);
    if name.len().is_multiple_of(2) {
        bytes.push(0);
    }
    bytes.extend(entries);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes[0] = bytes.len() as u8;
    bytes
}

/// The Rock Ridge entry with a name.
fn long_name(name: &str) -> Vec<u8> {
    let mut entry = vec![b'N', b'M', 5 + name.len() as u8, 1, 0];
    entry.extend(name.bytes());
    entry
}

/// The Rock Ridge entry with a mode, a number of hard links and a serial number.
fn mode(mode: u32, links: u32, serial: u32) -> Vec<u8> {
    let mut entry = vec![b'P', b'X', 44, 1];
    for number in [mode, links, 0, 0, serial] {
        entry.extend(both(number.to_le_bytes()));
    }
    entry
}

/// Records in sectors, none of which crosses the end of one.
fn sectors(records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for record in records {
        if bytes.len() % SECTOR + record.len() > SECTOR {
            bytes.resize(usize::next_multiple_of(bytes.len(), SECTOR), 0);
        }
        bytes.extend(record);
    }
    bytes.resize(usize::next_multiple_of(bytes.len(), SECTOR), 0);
    bytes
}

/// A deploy ISO with directories of long names within each other, and `files` in the innermost.
fn hostile(files: usize, name: impl Fn(usize) -> String, links: u32) -> Vec<u8> {
    let leaf: Vec<Vec<u8>> = (0..files)
        .map(|n| {
            let mut entries = if links > 1 {
                mode(0o100_644, links, n as u32 + 1)
            } else {
                Vec::new()
            };
            entries.extend(long_name(&name(n)));
            record(format!("{n:06}").as_bytes(), 0, 0, false, &entries)
        })
        .collect();
    let dots = |of: usize, size| {
        let mut entries = b"SP\x07\x01\xbe\xef\x00".to_vec();
        entries.extend(mode(0o40_755, 1, 0));
        let entries = if of == 0 { entries } else { Vec::new() };
        let parent = FIRST + of.max(1) - 1;
        vec![
            record(b"\0", FIRST + of, size, true, &entries),
            record(b"\x01", parent, SECTOR, true, &[]),
        ]
    };
    let innermost = |size| sectors(&[dots(DEPTH, size), leaf.clone()].concat());
    let leaf_size = innermost(0).len();
    let esp = esp().1;
    let image = FIRST + DEPTH + leaf_size / SECTOR;
    let grub_cfg = image + esp.len() / SECTOR;
    let mut bytes = Vec::new();
    for depth in 0..DEPTH {
        let mut records = dots(depth, SECTOR);
        let size = if depth + 1 < DEPTH { SECTOR } else { leaf_size };
        let name = long_name(&format!("d{depth:03}{}", "x".repeat(190)));
        records.push(record(b"D", FIRST + depth + 1, size, true, &name));
        if depth == 0 {
            let entry = long_name("efiboot.img");
            records.push(record(b"EFI.IMG;1", image, esp.len(), false, &entry));
            records.push(record(
                b"GRUB.CFG;1",
                grub_cfg,
                5,
                false,
                &long_name("grub.cfg"),
            ));
        }
        bytes.extend(sectors(&records));
    }
    bytes.extend(innermost(leaf_size));
    bytes.extend(esp);
    bytes.extend([b'x'; SECTOR]);
    [descriptors(grub_cfg + 1), bytes].concat()
}

fn descriptors(total: usize) -> Vec<u8> {
    let mut bytes = vec![0; FIRST * SECTOR];
    let primary = &mut bytes[16 * SECTOR..];
    let mut put = |at: usize, field: &[u8]| primary[at..at + field.len()].copy_from_slice(field);
    put(0, b"\x01CD001\x01");
    put(8, &[b' '; 64]);
    put(80, &both((total as u32).to_le_bytes()));
    put(120, &both(1_u16.to_le_bytes()));
    put(124, &both(1_u16.to_le_bytes()));
    put(128, &both((SECTOR as u16).to_le_bytes()));
    put(156, &record(b"\0", FIRST, SECTOR, true, &[]));
    put(881, &[1]);
    // The path table lists the root and the innermost directory.
    let mut paths = Vec::new();
    for (sector, name) in [(FIRST, 0), (FIRST + DEPTH, b'D')] {
        paths.extend([1, 0]);
        paths.extend((sector as u32).to_le_bytes());
        paths.extend([1, 0, name, 0]);
    }
    put(132, &both((paths.len() as u32).to_le_bytes()));
    put(140, &(PATHS as u32).to_le_bytes());
    bytes[PATHS * SECTOR..][..paths.len()].copy_from_slice(&paths);
    bytes[17 * SECTOR..17 * SECTOR + 7].copy_from_slice(b"\xffCD001\x01");
    bytes
}

#[test]
fn many_files_with_long_paths_take_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(
        dir.path().join("many"),
        hostile(20_000, |n| format!("g{n:05x}"), 1),
    )
    .unwrap();
    fs::write(
        dir.path().join("grub"),
        hostile(20_000, |_| "grub.cfg".into(), 1),
    )
    .unwrap();
    fs::write(
        dir.path().join("linked"),
        hostile(20_000, |n| format!("g{n:05x}"), 2),
    )
    .unwrap();
    let start = Instant::now();
    let peak = peak_kib(&run_child(child(
        &[],
        "hostile_iso::child_that_reads",
        dir.path(),
    )));
    println!("peak {peak} KiB, {:.1?}", start.elapsed());
    assert!(peak < 64 * 1024, "{peak} KiB");
    assert!(start.elapsed() < Duration::from_secs(120));
}

#[test]
fn child_that_reads() {
    let Some(dir) = child_dir() else { return };
    let source = |name| std::sync::Arc::new(FileSource::new(dir.join(name)).unwrap());
    // Of the files that nobody asks for, nothing is kept.
    let found = DeployIso::from_source(source("many")).unwrap();
    assert_eq!(found.grub_cfg_paths(), ["grub.cfg"]);
    let error = DeployIso::from_source(source("grub"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("16 KiB of paths of grub.cfg"), "{error}");
    // For each file that says to have other names, the reader looks for them in all directories.
    let start = Instant::now();
    let error = DeployIso::from_source(source("linked"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("takes too long"), "{error}");
    println!("given up after {:.1?}", start.elapsed());
    let file = fs::File::open(dir.join("many")).unwrap();
    let error = IsoContents::read(file).unwrap_err().to_string();
    assert!(error.contains("16 MiB of names"), "{error}");
    print_peak();
}
