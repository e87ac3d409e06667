//! Deploy ISOs, intact and damaged. `boot.rs` boots from one that other tools made.

use std::io::{Cursor, Read};

use driver::image::{
    BootIso, DeployIso, DeployIsoError, EfiBoot, IsoContents, IsoReadError, Source,
};
use hadris_fs::{Content, Node, Tree};
use hadris_iso::{AppendedPartition, BootEntry, ElTorito, Hybrid, IsoOptions};
use hadris_storage::{BlockSize, MemDevice};
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use crate::support::image::{LoaderFiles, both, esp, kernel, pattern, ramdisk, written};

/// An ISO with these files, written with the options that a maker of deploy ISOs may choose.
pub(crate) fn iso(files: &[(&str, &[u8])], options: &IsoOptions) -> Vec<u8> {
    let mut tree = Tree::new();
    for (path, content) in files {
        tree.insert(path, Node::file(Content::bytes(*content)))
            .unwrap();
    }
    let size = hadris_iso::plan(&tree, options).unwrap().size();
    let mut device = MemDevice::new(vec![0; size as usize], BlockSize::new(2048).unwrap());
    hadris_iso::sync::write(&mut device, &tree, options).unwrap();
    device.into_inner()
}

pub(crate) fn long_names() -> IsoOptions {
    IsoOptions::new().with_rock_ridge()
}

pub(crate) fn uefi(path: &str) -> ElTorito {
    ElTorito::new().with_entry(BootEntry::uefi(path))
}

fn open(bytes: Vec<u8>) -> Result<DeployIso, DeployIsoError> {
    DeployIso::open("deploy.iso", Cursor::new(bytes))
}

fn boot_image(iso: &DeployIso) -> Vec<u8> {
    let mut bytes = Vec::new();
    let source = iso.efi_boot_image();
    source.open().unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, source.size());
    bytes
}

#[test]
fn the_boot_image_is_found_by_the_boot_catalogue() {
    let esp = esp().1;
    let files: [(&str, &[u8]); 4] = [
        ("boot/x86_64/loader", &esp),
        ("efiboot.img", b"a decoy"),
        ("EFI/BOOT/grub.cfg", b"a"),
        ("boot/grub/grub.cfg", b"b"),
    ];
    let found = open(iso(
        &files,
        &long_names().with_el_torito(uefi("boot/x86_64/loader")),
    ))
    .unwrap();
    assert_eq!(found.efi_boot_image_path(), "boot/x86_64/loader");
    assert_eq!(
        found.grub_cfg_paths(),
        ["EFI/BOOT/grub.cfg", "boot/grub/grub.cfg"]
    );
    assert!(boot_image(&found) == esp);
}

#[test]
fn without_a_catalogue_entry_the_boot_image_is_found_by_name() {
    let esp = esp().1;
    let files: [(&str, &[u8]); 2] = [("images/deep/efiboot.img", &esp), ("x/grub.cfg", b"a")];
    let found = open(iso(&files, &long_names())).unwrap();
    assert_eq!(found.efi_boot_image_path(), "images/deep/efiboot.img");
    assert!(boot_image(&found) == esp);
}

#[test]
fn the_boot_image_may_be_an_appended_partition() {
    let esp = esp().1;
    let hybrid = Hybrid::gpt().with_appended(AppendedPartition::esp(Content::bytes(esp.clone())));
    // Some makers announce one sector, whatever the size of the image.
    let entry = BootEntry::uefi_appended(0).with_load_size(1);
    let options = long_names()
        .with_el_torito(ElTorito::new().with_entry(entry))
        .with_hybrid(hybrid);
    let found = open(iso(&[("boot/grub/grub.cfg", b"a")], &options)).unwrap();
    assert_eq!(found.efi_boot_image_path(), "boot/grub/efiboot.img");
    assert!(boot_image(&found) == esp);
}

#[test]
fn short_names_are_read_in_lower_case() {
    let esp = esp().1;
    let files: [(&str, &[u8]); 2] = [("EFI/EFIBOOT.IMG", &esp), ("EFI/GRUB.CFG", b"a")];
    let found = open(iso(&files, &IsoOptions::new())).unwrap();
    assert_eq!(found.efi_boot_image_path(), "efi/efiboot.img");
    assert_eq!(found.grub_cfg_paths(), ["efi/grub.cfg"]);
}

#[test]
fn a_boot_iso_has_the_boot_image_and_grub_cfg_at_the_same_paths() {
    let files = LoaderFiles::new();
    let esp = esp().1;
    let content: [(&str, &[u8]); 3] = [
        ("images/efiboot.img", &esp),
        ("EFI/a/grub.cfg", b"a"),
        ("boot/grub.cfg", b"b"),
    ];
    let deploy = open(iso(
        &content,
        &long_names().with_el_torito(uefi("images/efiboot.img")),
    ))
    .unwrap();
    let planned = BootIso::new(kernel(), ramdisk())
        .bios(files.isolinux())
        .uefi(EfiBoot::from_deploy_iso(&deploy))
        .plan()
        .unwrap();
    let bytes = written(&planned);
    let contents = planned.verify(Cursor::new(&bytes)).unwrap();
    assert_eq!(contents.boot[1].path.as_deref(), Some("images/efiboot.img"));
    let offset = contents.boot[1].offset as usize;
    assert!(bytes[offset..offset + esp.len()] == esp);
    for path in ["EFI/a/grub.cfg", "boot/grub.cfg"] {
        let file = contents
            .files
            .iter()
            .find(|file| file.path == path)
            .unwrap();
        let at = file.offset.unwrap() as usize;
        assert!(bytes[at..at + file.size as usize].starts_with(b"set default=0"));
    }
    // The boot ISO can serve as a deploy ISO itself.
    assert_eq!(
        open(bytes).unwrap().efi_boot_image_path(),
        "images/efiboot.img"
    );
}

#[test]
fn an_iso_that_does_not_boot_by_uefi_is_refused() {
    let esp = esp().1;
    let error = open(iso(&[("grub.cfg", b"a")], &long_names())).unwrap_err();
    assert!(
        matches!(error, DeployIsoError::NoEfiBootImage { .. }),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with("deploy ISO deploy.iso does not boot with UEFI")
    );
    let error = open(iso(&[("efiboot.img", &esp)], &long_names())).unwrap_err();
    assert!(matches!(error, DeployIsoError::NoGrubCfg { .. }), "{error}");
    let files: [(&str, &[u8]); 2] = [("efiboot.img", &[7; 5000]), ("grub.cfg", b"a")];
    let error = open(iso(&files, &long_names())).unwrap_err();
    assert!(
        matches!(error, DeployIsoError::BadEfiBootImage { .. }),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_a_complete_iso_is_refused() {
    let is = |bytes: Vec<u8>| match open(bytes).unwrap_err() {
        DeployIsoError::Read { cause, .. } => cause,
        other => panic!("{other}"),
    };
    assert!(matches!(is(Vec::new()), IsoReadError::NotAnIso));
    assert!(matches!(is(pattern(1_000_000, 1)), IsoReadError::NotAnIso));
    let whole = written(&both(&LoaderFiles::new()));
    // The last cut is in the ramdisk, after all directories.
    for cut in [whole.len() - 1, whole.len() / 2, 72 * 2048] {
        let error = is(whole[..cut].to_vec());
        assert!(
            matches!(error, IsoReadError::Truncated { .. }),
            "{cut}: {error}"
        );
    }
    for cut in [18 * 2048, 17 * 2048, 100] {
        open(whole[..cut].to_vec()).unwrap_err();
    }
}

/// A small ISO with all structures that a reader follows.
fn sample() -> &'static [u8] {
    static SAMPLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
        let esp = esp().1;
        let files: [(&str, &[u8]); 3] = [
            ("a/b/efiboot.img", &esp),
            ("a/grub.cfg", b"a"),
            ("a/long name with spaces", b"b"),
        ];
        iso(
            &files,
            &long_names()
                .with_joliet()
                .with_el_torito(uefi("a/b/efiboot.img")),
        )
    });
    &SAMPLE
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    /// Reading ends without a panic, and never finds a boot image beyond the end.
    #[test]
    fn a_damaged_iso_is_read_or_refused(
        changes in prop::collection::vec((16usize * 2048..60 * 2048, any::<u8>()), 1..12),
        cut in prop::option::weighted(0.1, 0usize..200 * 2048),
    ) {
        let mut bytes = sample().to_vec();
        for (at, byte) in changes {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut);
        }
        let len = bytes.len() as u64;
        if let Ok(found) = open(bytes.clone()) {
            prop_assert!(found.efi_boot_image().size() <= len);
            let mut content = Vec::new();
            found.efi_boot_image().open().unwrap().read_to_end(&mut content).unwrap();
            prop_assert_eq!(content.len() as u64, found.efi_boot_image().size());
        }
        let _ = IsoContents::read(Cursor::new(bytes));
    }
}
