//! The parameter floppy, read with another crate than the one that writes it. `readers.rs` uses
//! programs.

use std::fs::File;
use std::io::{Cursor, Read, Seek, Write};
use std::os::unix::fs::MetadataExt;

use driver::image::{Floppy, FloppyError};

type Fat = fatfs::FileSystem<Cursor<Vec<u8>>>;

fn mount(image: Vec<u8>) -> Fat {
    fatfs::FileSystem::new(Cursor::new(image), fatfs::FsOptions::new()).unwrap()
}

fn text(fat: &Fat, path: &str) -> String {
    let mut text = String::new();
    fat.root_dir()
        .open_file(path)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn refusal(floppy: &Floppy) -> String {
    floppy.build().unwrap_err().to_string()
}

#[test]
fn parameters_are_lines_in_the_order_given() {
    let image = Floppy::new()
        .parameter("ipa-api-url", "http://192.0.2.1:6385")
        .parameter("boot_server", "")
        .parameters([("root", "UUID=1234 quiet"), ("a", "b=c")])
        .build()
        .unwrap();
    assert_eq!(image.len(), 1440 * 1024);
    let fat = mount(image);
    assert_eq!(fat.volume_label_as_bytes(), b"ir-vfd-dev");
    assert_eq!(
        fat.read_volume_label_from_root_dir_as_bytes().unwrap(),
        Some(*b"ir-vfd-dev ")
    );
    assert_eq!(
        text(&fat, "parameters.txt"),
        "ipa-api-url=http://192.0.2.1:6385\nboot_server=\nroot=UUID=1234 quiet\na=b=c"
    );
}

#[test]
fn a_longer_file_is_replaced_by_the_floppy_and_is_sparse() {
    let mut file = tempfile::tempfile().unwrap();
    let longer = vec![b'x'; 2 << 20];
    file.write_all(&longer).unwrap();

    let floppy = Floppy::new().parameter("a", "b");
    floppy.write_to_file(&file).unwrap();

    let mut written = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut written).unwrap();
    assert_eq!(written, floppy.build().unwrap());
    let on_disk = file.metadata().unwrap().blocks() * 512;
    assert!(on_disk <= 64 * 1024, "{on_disk} bytes");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = File::open(file.path()).unwrap();
    let error = Floppy::new().write_to_file(&file).unwrap_err();
    assert!(matches!(error, FloppyError::Write { .. }), "{error}");
}

#[test]
fn the_geometry_is_that_of_a_diskette() {
    let image = Floppy::new().parameter("a", "b").build().unwrap();
    let u16_at = |at: usize| u16::from_le_bytes([image[at], image[at + 1]]);
    assert_eq!(u16_at(11), 512, "bytes per sector");
    assert_eq!(image[13], 1, "sectors per cluster");
    assert_eq!(image[16], 2, "allocation tables");
    assert_eq!(u16_at(17), 224, "root directory entries");
    assert_eq!(u16_at(19), 2880, "sectors");
    assert_eq!(image[21], 0xF0, "media descriptor");
    assert_eq!(u16_at(22), 9, "sectors per allocation table");
    assert_eq!(
        (u16_at(24), u16_at(26)),
        (18, 2),
        "sectors per track, heads"
    );
}

#[test]
fn a_floppy_without_parameters_has_no_parameters_txt() {
    let fat = mount(
        Floppy::new()
            .file("openstack/latest/meta_data.json", "{}")
            .build()
            .unwrap(),
    );
    assert!(fat.root_dir().open_file("parameters.txt").is_err());
    assert_eq!(text(&fat, "openstack/latest/meta_data.json"), "{}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let floppy = Floppy::new()
        .parameter("nonce", "1")
        .file("a/b", "c")
        .file("a/d", "e");
    let first = floppy.build().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert!(first == floppy.build().unwrap());
}

#[test]
fn parameters_that_are_not_one_line_each_are_refused() {
    let floppy = |key: &str, value: &str| refusal(&Floppy::new().parameter(key, value));
    assert_eq!(
        floppy("motd", "two\nlines"),
        "the value of parameter \"motd\" has a line break or a NUL: expected one line of text"
    );
    for key in ["", "a=b", "a\nb", "a b", "a\u{85}b"] {
        assert!(floppy(key, "v").contains(&format!("{key:?}")), "{key:?}");
    }
    assert!(floppy("k", "a\rb").contains("line break"));
    let twice = Floppy::new().parameter("k", "1").parameter("k", "2");
    assert_eq!(
        refusal(&twice),
        "parameter key \"k\" is given twice: expected each key once"
    );
}

#[test]
fn errors_and_debug_output_contain_no_values() {
    let floppy = Floppy::new().parameter("token", "s3cret\n");
    let error = floppy.build().unwrap_err();
    assert!(!format!("{floppy:?} {error} {error:?}").contains("s3cret"));
}

#[test]
fn content_that_does_not_fit_is_refused() {
    let error = Floppy::new()
        .parameter("k", "v")
        .file("z", vec![0; 1_457_664])
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the content takes 1424 KiB, but a floppy of 1440 KiB holds 1423 KiB: omit files or \
         choose a larger size"
    );
    // One cluster less fits exactly.
    let full = Floppy::new()
        .parameter("k", "v")
        .file("z", vec![7; 1_457_152])
        .build()
        .unwrap();
    assert_eq!(full[full.len() - 1], 7);
}

#[test]
fn a_size_outside_the_limits_is_refused() {
    for kib in [0, 99, 32 * 1024 + 1] {
        let error = Floppy::new().size_kib(kib).build().unwrap_err();
        assert!(matches!(error, FloppyError::Size { .. }), "{error}");
    }
    for kib in [100, 360, 720, 1200, 1440, 2880, 8192, 32 * 1024] {
        let image = Floppy::new()
            .size_kib(kib)
            .parameter("a", "b")
            .build()
            .unwrap();
        assert_eq!(image.len(), kib as usize * 1024);
        assert_eq!(text(&mount(image), "parameters.txt"), "a=b", "{kib} KiB");
    }
}

#[test]
fn an_unusable_path_is_refused() {
    for path in [
        "",
        "/etc/passwd",
        "../x",
        "a//b",
        "a/./b",
        "dir/",
        "dot.",
        "a\nb",
    ] {
        let error = Floppy::new().file(path, "x").build().unwrap_err();
        assert!(
            matches!(error, FloppyError::Path { .. }),
            "{path:?}: {error}"
        );
    }
    let twice = Floppy::new()
        .parameter("a", "b")
        .file("PARAMETERS.TXT", "x");
    assert!(refusal(&twice).contains("it already exists"));
    assert!(refusal(&Floppy::new().file("a:b", "x")).contains("a:b"));
    // A path cannot be both a file and a directory.
    assert!(
        Floppy::new()
            .file("a", "x")
            .file("a/b", "x")
            .build()
            .is_err()
    );
}

#[test]
fn the_top_directory_has_room_for_224_names() {
    let with = |count: usize| {
        let add = |floppy: Floppy, i: usize| floppy.file(format!("F{i}"), "");
        (0..count).fold(Floppy::new(), add).build()
    };
    // The label takes one entry.
    assert!(with(223).is_ok());
    assert!(
        with(224)
            .unwrap_err()
            .to_string()
            .contains("expected fewer or shorter names")
    );
}
