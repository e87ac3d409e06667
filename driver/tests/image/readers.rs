//! Images read by independent programs.
//!
//! Debian packages: dosfstools mtools xorriso genisoimage libarchive-tools python3-venv. The test
//! of pycdlib installs it from PyPI.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use driver::image::Floppy;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::image::{LoaderFiles, both, esp, kernel, pattern, ramdisk, written};
use crate::support::tools::{printed, run, tool};

fn floppy(dir: &TempDir) -> PathBuf {
    let image = Floppy::new()
        .parameters([("ipa-api-url", "http://192.0.2.1:6385"), ("nonce", "4711")])
        .file("openstack/latest/meta_data.json", "{\"a\": 1}")
        .file("A long name with spaces.txt", vec![b'x'; 5000])
        .build()
        .unwrap();
    let path = dir.path().join("floppy.img");
    fs::write(&path, image).unwrap();
    path
}

#[test]
fn fsck_finds_no_error_in_the_floppy() {
    let dir = tempfile::tempdir().unwrap();
    let fsck = tool("fsck.fat", "dosfstools");
    let text = printed(
        &fsck,
        ["-n".as_ref(), "-v".as_ref(), floppy(&dir).as_os_str()],
    );
    for line in [
        "Media byte 0xf0 (5.25\" or 3.5\" HD floppy)",
        "512 bytes per logical sector",
        "512 bytes per cluster",
        "2 FATs, 12 bit entries",
        "224 root directory entries",
        "18 sectors/track, 2 heads",
        "2880 sectors total",
    ] {
        assert!(text.contains(line), "no {line:?} in\n{text}");
    }
    let last = text.lines().last().unwrap();
    assert!(last.ends_with("files, 14/2847 clusters"), "{text}");
    for kib in [100, 720, 2880, 8192, 32 * 1024] {
        let image = Floppy::new()
            .size_kib(kib)
            .parameter("a", "b")
            .build()
            .unwrap();
        let path = dir.path().join(format!("{kib}.img"));
        fs::write(&path, image).unwrap();
        run(&fsck, ["-n".as_ref(), path.as_os_str()]);
    }
}

#[test]
fn mtools_reads_the_floppy() {
    let dir = tempfile::tempdir().unwrap();
    let image = floppy(&dir);
    let mtools = |name: &str, args: &[&str]| {
        let image = ["-i".as_ref(), image.as_os_str()];
        printed(
            &tool(name, "mtools"),
            image.into_iter().chain(args.iter().map(AsRef::as_ref)),
        )
    };
    let listing = mtools("mdir", &["-/", "-a", "::"]);
    assert!(
        listing.contains(" Volume in drive : is ir-vfd-dev"),
        "{listing}"
    );
    assert!(listing.contains("parameters.txt"), "{listing}");
    assert!(listing.contains("A long name with spaces.txt"), "{listing}");
    assert!(listing.contains("1980-01-01"), "{listing}");
    assert_eq!(
        mtools("mtype", &["::parameters.txt"]),
        "ipa-api-url=http://192.0.2.1:6385\nnonce=4711"
    );
    assert_eq!(
        mtools("mtype", &["::openstack/latest/meta_data.json"]),
        "{\"a\": 1}"
    );
}

/// A boot ISO, and the expected content of its files.
struct Image {
    dir: TempDir,
    files: BTreeMap<&'static str, Vec<u8>>,
}

impl Image {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let iso = both(&LoaderFiles::new());
        fs::write(dir.path().join("boot.iso"), written(&iso)).unwrap();
        let content = [
            ("vmlinuz", kernel().1),
            ("initrd", ramdisk().1),
            ("boot/grub/efiboot.img", esp().1),
            ("isolinux/ldlinux.c32", pattern(119_672, 2)),
        ];
        Self {
            dir,
            files: BTreeMap::from(content),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("boot.iso")
    }

    fn check_extracted(&self, root: &Path) {
        for (path, content) in &self.files {
            assert!(fs::read(root.join(path)).unwrap() == *content, "{path}");
        }
    }
}

#[test]
fn xorriso_finds_both_boot_images() {
    let image = Image::new();
    let xorriso = tool("xorriso", "xorriso");
    let path = image.path();
    let report = |how: &str| {
        let args = [
            "-indev".as_ref(),
            path.as_os_str(),
            "-report_el_torito".as_ref(),
            how.as_ref(),
        ];
        printed(&xorriso, args)
    };
    let plain = report("plain");
    // Number, platform, bootable, emulation, load segment, hard disk type, load size.
    for entry in [
        "1 BIOS y none 0x0000 0x00 4",
        "2 UEFI y none 0x0000 0x00 512",
    ] {
        let start: Vec<&str> = "El Torito boot img :"
            .split(' ')
            .chain(entry.split(' '))
            .collect();
        let found = plain.lines().filter(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.starts_with(&start)
        });
        assert_eq!(found.count(), 1, "{plain}");
    }
    assert!(plain.contains("boot-info-table"), "{plain}");
    assert!(
        plain.contains("isolinux") && plain.contains("/isolinux/isolinux.bin"),
        "{plain}"
    );
    assert!(plain.contains("/boot/grub/efiboot.img"), "{plain}");
    let remake = report("as_mkisofs");
    for option in [
        "-V 'VMEDIA_BOOT_ISO'",
        "-c '/boot.cat'",
        "-b '/isolinux/isolinux.bin'",
        "-boot-load-size 4",
        "-boot-info-table",
        "-e '/boot/grub/efiboot.img'",
    ] {
        assert!(remake.contains(option), "no {option} in\n{remake}");
    }

    let out = image.dir.path().join("by-xorriso");
    let args = ["-osirrox", "on", "-indev"].map(AsRef::as_ref);
    let extract = ["-extract".as_ref(), "/".as_ref(), out.as_os_str()];
    run(
        &xorriso,
        args.into_iter().chain([path.as_os_str()]).chain(extract),
    );
    image.check_extracted(&out);
    let _ = run(
        Path::new("chmod"),
        ["-R".as_ref(), "u+w".as_ref(), out.as_os_str()],
    );
}

#[test]
fn isoinfo_reads_each_directory_tree_of_the_boot_iso() {
    let image = Image::new();
    let isoinfo = tool("isoinfo", "genisoimage");
    let path = image.path();
    let isoinfo = |args: &[&str]| {
        let args = args
            .iter()
            .map(AsRef::as_ref)
            .chain(["-i".as_ref(), path.as_os_str()]);
        printed(&isoinfo, args)
    };
    let about = isoinfo(&["-d"]);
    for line in [
        "Volume id: VMEDIA_BOOT_ISO",
        "Joliet with UCS level 3 found",
        "Rock Ridge signatures version 1 found",
        "El Torito VD version 1 found",
        "Boot media 0 (No Emulation Boot)",
        "Nsect 4",
    ] {
        assert!(about.contains(line), "no {line:?} in\n{about}");
    }
    for tree in [&["-R", "-f"], &["-J", "-f"]] {
        let names = isoinfo(tree);
        for path in [
            "/vmlinuz",
            "/initrd",
            "/isolinux/isolinux.cfg",
            "/boot/grub/grub.cfg",
        ] {
            assert!(
                names.lines().any(|line| line == path),
                "{tree:?}: no {path} in\n{names}"
            );
        }
    }
    // The names that isolinux uses, which reads neither Rock Ridge nor Joliet.
    let names = isoinfo(&["-f"]);
    for path in ["/VMLINUZ.;1", "/INITRD.;1", "/ISOLINUX/LDLINUX.C32;1"] {
        assert!(
            names.lines().any(|line| line == path),
            "no {path} in\n{names}"
        );
    }
}

#[test]
fn bsdtar_unpacks_the_boot_iso() {
    let image = Image::new();
    let bsdtar = tool("bsdtar", "libarchive-tools");
    let path = image.path();
    let names = printed(&bsdtar, ["-tf".as_ref(), path.as_os_str()]);
    let mut names: Vec<&str> = names.lines().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            ".",
            "./boot",
            "./boot.cat",
            "./boot/grub",
            "./boot/grub/efiboot.img",
            "./boot/grub/grub.cfg",
            "./initrd",
            "./isolinux",
            "./isolinux/isolinux.bin",
            "./isolinux/isolinux.cfg",
            "./isolinux/ldlinux.c32",
            "./vmlinuz",
        ]
    );
    let out = image.dir.path().join("by-bsdtar");
    fs::create_dir(&out).unwrap();
    run(
        &bsdtar,
        [
            "-xf".as_ref(),
            path.as_os_str(),
            "-C".as_ref(),
            out.as_os_str(),
        ],
    );
    image.check_extracted(&out);
    let verbose = printed(&bsdtar, ["-tvf".as_ref(), path.as_os_str()]);
    assert!(
        verbose
            .lines()
            .any(|l| l.starts_with("-rw-r--r--") && l.ends_with(" ./vmlinuz")),
        "{verbose}"
    );
}

const PYCDLIB: &str = r"
import io, json, sys, pycdlib
iso = pycdlib.PyCdlib()
iso.open(sys.argv[1])
out = {}
for kind in 'rr_path', 'joliet_path':
    for path in sys.argv[2:]:
        data = io.BytesIO()
        iso.get_file_from_iso_fp(data, **{kind: '/' + path})
        out.setdefault(path, []).append(len(data.getvalue()))
entries = [iso.eltorito_boot_catalog.initial_entry]
for section in iso.eltorito_boot_catalog.sections:
    entries += section.section_entries
print(json.dumps({
    'volume': iso.pvd.volume_identifier.decode().strip(),
    'rock_ridge': iso.rock_ridge,
    'joliet': iso.has_joliet(),
    'sizes': out,
    'boot': [[e.boot_media_type, e.sector_count] for e in entries],
}))
";

#[test]
fn pycdlib_reads_the_boot_iso() {
    let image = Image::new();
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pycdlib");
    let python = venv.join("bin/python3");
    if !venv.join("ready").exists() {
        let system = tool("python3", "python3-venv");
        run(&system, ["-m".as_ref(), "venv".as_ref(), venv.as_os_str()]);
        run(
            &python,
            ["-m", "pip", "install", "--quiet", "pycdlib==1.14.0"],
        );
        fs::write(venv.join("ready"), "").unwrap();
    }
    let path = image.path();
    let args = [
        "-c",
        PYCDLIB,
        path.to_str().unwrap(),
        "vmlinuz",
        "initrd",
        "isolinux/ldlinux.c32",
    ];
    let text = printed(&python, args);
    let found: Value = serde_json::from_str(&text).unwrap();
    let expected = json!({
        "volume": "VMEDIA_BOOT_ISO",
        "rock_ridge": "1.12",
        "joliet": true,
        "sizes": {
            "vmlinuz": [700_001, 700_001],
            "initrd": [1_500_000, 1_500_000],
            "isolinux/ldlinux.c32": [119_672, 119_672],
        },
        "boot": [[0, 4], [0, 512]],
    });
    assert_eq!(found, expected);
}
