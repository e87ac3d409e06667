//! Boot ISOs, read with the library's own reader. `readers.rs` uses others.

use std::fs::{self, File};
use std::io::Cursor;

use driver::image::{
    BootIso, BootIsoError, EfiBoot, FileSource, IsoContents, Platform, SourceError,
};

use crate::support::image::{Bytes, LoaderFiles, both, esp, kernel, pattern, ramdisk, written};

/// The bytes in the ISO where `bytes` begins. The reader must list `path` with their length.
fn content<'a>(iso: &'a [u8], bytes: &[u8], path: &str) -> &'a [u8] {
    let files = IsoContents::read(Cursor::new(iso)).unwrap().files;
    assert!(
        files
            .iter()
            .any(|file| file.path == path && file.size == bytes.len() as u64),
        "{path}"
    );
    let at = iso
        .chunks(2048)
        .position(|sector| bytes.starts_with(&sector[..sector.len().min(bytes.len())]));
    let at = at.expect("content starts at a sector") * 2048;
    &iso[at..at + bytes.len()]
}

fn paths(contents: &IsoContents) -> Vec<&str> {
    contents
        .files
        .iter()
        .map(|file| file.path.as_str())
        .collect()
}

#[test]
fn one_image_boots_by_bios_and_by_uefi() {
    let files = LoaderFiles::new();
    let iso = both(&files);
    let bytes = written(&iso);
    assert_eq!(bytes.len() as u64, iso.size());
    let contents = iso.verify(Cursor::new(&bytes)).unwrap();
    assert_eq!(contents.volume_id, "VMEDIA_BOOT_ISO");
    assert_eq!(contents.names, ["Rock Ridge", "Joliet"]);
    assert_eq!(
        paths(&contents),
        [
            "boot.cat",
            "boot/grub/efiboot.img",
            "boot/grub/grub.cfg",
            "initrd",
            "isolinux/isolinux.bin",
            "isolinux/isolinux.cfg",
            "isolinux/ldlinux.c32",
            "vmlinuz",
        ]
    );
    let [bios, uefi] = contents.boot.as_slice() else {
        panic!("{:?}", contents.boot)
    };
    assert_eq!((bios.platform, bios.load_sectors), (Platform::Bios, 4));
    assert_eq!(bios.path.as_deref(), Some("isolinux/isolinux.bin"));
    assert_eq!((uefi.platform, uefi.load_sectors), (Platform::Uefi, 512));
    assert_eq!(uefi.path.as_deref(), Some("boot/grub/efiboot.img"));
    assert!(bios.no_emulation && uefi.no_emulation);
    for (path, source) in [
        ("vmlinuz", kernel()),
        ("initrd", ramdisk()),
        ("boot/grub/efiboot.img", esp()),
    ] {
        assert!(content(&bytes, &source.1, path) == source.1, "{path}");
    }
}

#[test]
fn isolinuxs_boot_info_table_is_filled_in() {
    let files = LoaderFiles::new();
    let bytes = written(&both(&files));
    let contents = IsoContents::read(Cursor::new(&bytes)).unwrap();
    let at = contents.boot[0].offset as usize;
    let word = |i: usize| u32::from_le_bytes(bytes[at + i..at + i + 4].try_into().unwrap());
    // The table of `-boot-info-table`: descriptor block, own block, own length, sum of words.
    let own = pattern(38_912, 1);
    let sum = own[64..].chunks(4).fold(0u32, |sum, w| {
        sum.wrapping_add(u32::from_le_bytes(w.try_into().unwrap()))
    });
    assert_eq!(
        [word(8), word(12), word(16), word(20)],
        [16, at as u32 / 2048, 38_912, sum]
    );
}

#[test]
fn a_boot_iso_for_one_firmware_has_only_its_boot_loader() {
    let files = LoaderFiles::new();
    let bios = BootIso::new(kernel(), ramdisk())
        .bios(files.isolinux())
        .plan()
        .unwrap();
    let contents = bios.verify(Cursor::new(written(&bios))).unwrap();
    assert_eq!(contents.boot.len(), 1);
    assert_eq!(contents.boot[0].platform, Platform::Bios);

    let efi = EfiBoot::from_esp_image(esp()).grub_cfg_path("/EFI/BOOT/grub.cfg");
    let uefi = BootIso::new(kernel(), ramdisk()).uefi(efi).plan().unwrap();
    let contents = uefi.verify(Cursor::new(written(&uefi))).unwrap();
    assert_eq!(contents.boot.len(), 1);
    assert_eq!(contents.boot[0].platform, Platform::Uefi);
    assert!(paths(&contents).contains(&"EFI/BOOT/grub.cfg"));
    assert!(!paths(&contents).contains(&"isolinux/isolinux.bin"));

    let error = BootIso::new(kernel(), ramdisk()).plan().unwrap_err();
    assert!(matches!(error, BootIsoError::NoBootLoader));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let files = LoaderFiles::new();
    let iso = both(&files);
    let first = written(&iso);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(first == written(&iso), "written twice from one plan");
    let moved = LoaderFiles::new();
    assert!(first == written(&both(&moved)), "written from another plan");
}

#[test]
fn a_file_and_a_stream_are_written_with_the_same_bytes() {
    let files = LoaderFiles::new();
    let dir = tempfile::tempdir().unwrap();
    let [k, r, image] = ["kernel", "ramdisk", "boot.iso"].map(|name| dir.path().join(name));
    for len in [1, 4096, 700_001, 702_049] {
        fs::write(&k, pattern(len, 7)).unwrap();
        fs::write(&r, pattern(3 * len, 8)).unwrap();
        let [kernel, ramdisk] = [&k, &r].map(|path| FileSource::new(path).unwrap());
        let iso = BootIso::new(kernel, ramdisk)
            .bios(files.isolinux())
            .uefi(EfiBoot::from_esp_image(esp()))
            .plan()
            .unwrap();
        fs::write(&image, vec![0xFF; 9_000_000]).unwrap();
        let file = File::options().read(true).write(true).open(&image).unwrap();
        iso.write_to_file(&file).unwrap();
        assert!(fs::read(&image).unwrap() == written(&iso), "{len}");
        let contents = iso.verify(&file).unwrap();
        let ramdisk = contents
            .files
            .iter()
            .find(|file| file.path == "initrd")
            .unwrap();
        assert_eq!(
            ramdisk.offset.unwrap() % (64 * 1024),
            0,
            "aligned, for file systems that share blocks, and for speed on others"
        );

        // A source that has changed is detected, as in a stream.
        fs::write(&r, pattern(len, 8)).unwrap();
        let error = iso.write_to_file(&file).unwrap_err();
        assert!(
            matches!(error, BootIsoError::Source(SourceError::Changed { .. })),
            "{error}"
        );
        fs::write(&r, pattern(3 * len, 8)).unwrap();
        let read_only = File::open(&image).unwrap();
        assert!(matches!(
            iso.write_to_file(&read_only),
            Err(BootIsoError::Write { .. })
        ));
    }
}

#[test]
fn plans_are_send_and_sync() {
    fn check<T: Send + Sync + 'static>() {}
    check::<BootIso>();
    check::<driver::image::PlannedBootIso>();
    check::<driver::image::DeployIso>();
    check::<BootIsoError>();
}

#[test]
fn built_in_configurations_contain_the_kernel_parameters() {
    let files = LoaderFiles::new();
    let iso = BootIso::new(kernel(), ramdisk())
        .kernel_params("root=UUID=1-2 console=ttyS0,115200 x=a;b")
        .bios(files.isolinux())
        .uefi(EfiBoot::from_esp_image(esp()))
        .plan()
        .unwrap();
    let bytes = written(&iso);
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains(
        "  kernel /vmlinuz\n  append initrd=/initrd root=UUID=1-2 console=ttyS0,115200 x=a;b\n"
    ));
    assert!(text.contains(
        "  linux /vmlinuz root=UUID=1-2 console=ttyS0,115200 'x=a;b'\n  initrd /initrd\n"
    ));
}

#[test]
fn operators_templates_replace_the_built_in_configurations() {
    let files = LoaderFiles::new();
    let template = files.path("isolinux_config.template");
    fs::write(
        &template,
        "{% include 'head' %}\nk {{ kernel }} {{ ramdisk }} {{ kernel_params }}{{ no }}\n",
    )
    .unwrap();
    fs::write(files.path("head"), "serial 0 115200").unwrap();
    let grub = files.path("grub.template");
    fs::write(&grub, "l {{ linux }} {{ initrd }} {{ kernel_params }} --\n").unwrap();
    let iso = BootIso::new(kernel(), ramdisk())
        .kernel_params("a b")
        .bios(files.isolinux().config_template(&template))
        .uefi(EfiBoot::from_esp_image(esp()).config_template(&grub))
        .plan()
        .unwrap();
    let bytes = written(&iso);
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("serial 0 115200\nk /vmlinuz /initrd a b\n\0"));
    assert!(text.contains("l /vmlinuz /initrd a b --\n\0"));

    fs::write(&template, "{% if nothing %}x{% endif %}\n").unwrap();
    let empty = files.isolinux().config_template(&template);
    let empty = BootIso::new(kernel(), ramdisk())
        .bios(empty)
        .plan()
        .unwrap_err()
        .to_string();
    assert!(empty.contains("the result is empty"), "{empty}");
    fs::write(&template, "fine\n{{ kernel").unwrap();
    let broken = BootIso::new(kernel(), ramdisk())
        .bios(files.isolinux().config_template(&template))
        .plan()
        .unwrap_err()
        .to_string();
    assert!(
        broken.contains("isolinux_config.template") && broken.contains(":2"),
        "{broken}"
    );
}

#[test]
fn kernel_parameters_are_one_line_of_at_most_2012_bytes() {
    let files = LoaderFiles::new();
    let with = |params: String| {
        BootIso::new(kernel(), ramdisk())
            .kernel_params(params)
            .bios(files.isolinux())
            .plan()
    };
    for params in ["a\nappend b", "a\u{0}", "a\rb", "a\tb"] {
        let error = with(params.into()).unwrap_err();
        assert!(
            matches!(error, BootIsoError::KernelParams { .. }),
            "{error}"
        );
    }
    assert!(with("x".repeat(2012)).is_ok());
    let error = with("x".repeat(2013)).unwrap_err().to_string();
    assert!(
        error.contains("at most 2012 bytes") && error.contains("2013"),
        "{error}"
    );
}

#[test]
fn small_and_odd_sizes_are_written_correctly() {
    let files = LoaderFiles::new();
    for len in [1, 2047, 2048, 2049, 65_535, 65_536, 65_537] {
        let iso = BootIso::new(Bytes("k", pattern(len, 9)), Bytes("r", pattern(len, 10)))
            .bios(files.isolinux())
            .plan()
            .unwrap();
        let bytes = written(&iso);
        iso.verify(Cursor::new(&bytes)).unwrap();
        assert!(
            content(&bytes, &pattern(len, 10), "initrd") == pattern(len, 10),
            "{len}"
        );
    }
}
