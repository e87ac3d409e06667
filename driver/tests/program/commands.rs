//! The program's commands `floppy`, `boot-iso` and `clean-up`.

use std::fs;

use serde_json::json;

use crate::support::media::{Fixture, OptionNames};
use crate::support::program::Program;
use crate::support::uuid;
use crate::support::web::{BASE, names};

/// Splits a URL around its generation, which differs from run to run.
fn without_generation(url: &str) -> (&str, &str) {
    let at = url.rfind('-').unwrap();
    (&url[..at], &url[url.len() - 4..])
}

#[test]
fn all_option_names_give_the_same_images_and_urls() {
    let fixture = Fixture::new();
    let mut all = Vec::new();
    for option_names in [
        OptionNames::Pxe,
        OptionNames::Deploy,
        OptionNames::Blueprint,
    ] {
        let conf = fixture.conf(option_names, "http://192.0.2.1:8080/httpboot");
        let program = Program::new(&conf, &json!({"uuid": uuid(1).to_string()}));
        let floppy = program.run("floppy", &["--param", "a=b"]);
        let [k, r, d] = ["vmlinuz", "initrd", "deploy.iso"].map(|name| fixture.path(name));
        let iso = program.run(
            "boot-iso",
            &["--kernel", &k, "--ramdisk", &r, "--deploy-iso", &d],
        );
        let mut results = Vec::new();
        for url in [&floppy["floppy_url"], &iso["boot_iso_url"]] {
            let url = url.as_str().unwrap();
            let name = url.rsplit('/').next().unwrap();
            let bytes = fs::read(fixture.www.path().join(name)).unwrap();
            let (start, end) = without_generation(url);
            results.push((start.to_owned(), end.to_owned(), bytes));
        }
        all.push(results);
        let removed = program.run("clean-up", &[])["removed"].clone();
        assert_eq!(removed.as_array().unwrap().len(), 2);
    }
    assert!(all[0] == all[1] && all[1] == all[2]);
    let base = format!("http://192.0.2.1:8080/httpboot/image-{}", uuid(1));
    assert_eq!(
        (all[0][0].0.as_str(), all[0][0].1.as_str()),
        (&*base, ".img")
    );
    assert_eq!(names(fixture.www.path()), [""; 0]);
}

#[test]
fn errors_are_one_line_with_exit_status_1() {
    let fixture = Fixture::new();
    let node = json!({"uuid": uuid(1).to_string()});
    let program = |conf: &str| Program::new(conf, &node);
    let good = fixture.conf(OptionNames::Deploy, BASE);
    let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|name| fixture.path(name));
    let args = ["--kernel", &*kernel, "--ramdisk", &*ramdisk];
    let with = |more: &[&'static str]| [&args[..], more].concat();

    let error = program(&good).fail("boot-iso", &["--kernel", "/nowhere", "--ramdisk", &ramdisk]);
    assert!(
        error.starts_with("ilo: error: cannot create the boot ISO for node"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1);
    let error = program(&good).fail("boot-iso", &with(&["--boot-mode", "uefi"]));
    assert!(error.contains("expected a deploy ISO"), "{error}");
    let error = program(&good).fail("boot-iso", &with(&["--boot-mode", "legacy"]));
    assert!(
        error.contains("expected the boot mode bios or uefi"),
        "{error}"
    );
    let error = program(&good).fail("boot-iso", &with(&["--root-uuid", "1 init=/x"]));
    assert!(error.contains("expected a root UUID"), "{error}");
    let error = program(&good).fail("floppy", &["--param", "novalue"]);
    assert!(error.contains("expected KEY=VALUE"), "{error}");
    let error = program(&good).fail("floppy", &["--param", "a=b", "--param", "a=c"]);
    assert!(error.contains("given twice"), "{error}");
    let error = program("[ilo]\nuse_http_web_server_for_images = False\n").fail("clean-up", &[]);
    assert!(error.contains("use_http_web_server_for_images"), "{error}");
    let no_url = good.replace("http_url = ", "other = ");
    let error = program(&no_url).fail("floppy", &[]);
    assert!(error.contains("[deploy] http_server_url"), "{error}");
    let error = Program::new(&good, &json!({"name": "x"})).fail("floppy", &[]);
    assert!(error.contains("uuid: missing"), "{error}");
    assert_eq!(names(fixture.www.path()), [""; 0]);
}

#[test]
fn the_boot_mode_decides_which_boot_loaders_are_included() {
    let fixture = Fixture::new();
    let conf = fixture.conf(OptionNames::Deploy, BASE);
    let with_esp = format!("[DEFAULT]\nesp_image = {}\n{conf}", fixture.path("esp.img"));
    let platforms = |conf: &str, capabilities: &str, more: &[&str]| {
        let node =
            json!({"uuid": uuid(1).to_string(), "properties": {"capabilities": capabilities}});
        let program = Program::new(conf, &node);
        let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|name| fixture.path(name));
        let args = ["--kernel", &*kernel, "--ramdisk", &*ramdisk];
        let printed = program.run("boot-iso", &[&args[..], more].concat());
        let name = printed["boot_iso_url"].as_str().unwrap().rsplit('/').next();
        let file = fs::File::open(fixture.www.path().join(name.unwrap())).unwrap();
        let iso = driver::image::IsoContents::read(file).unwrap();
        program.run("clean-up", &[]);
        iso.boot
            .iter()
            .map(|image| image.platform.id())
            .collect::<Vec<_>>()
    };
    let (bios, uefi) = (0, 0xEF);
    assert_eq!(platforms(&conf, "", &[]), [bios]);
    assert_eq!(platforms(&with_esp, "", &[]), [bios, uefi]);
    assert_eq!(platforms(&with_esp, "boot_mode:uefi", &[]), [bios, uefi]);
    assert_eq!(platforms(&with_esp, "", &["--boot-mode", "bios"]), [bios]);
    assert_eq!(
        platforms(&with_esp, "boot_mode:bios", &["--boot-mode", "uefi"]),
        [uefi]
    );

    let program = Program::new(
        &conf,
        &json!({"uuid": uuid(1).to_string(), "properties": {"capabilities": "boot_mode:uefi"}}),
    );
    let [kernel, ramdisk] = ["vmlinuz", "initrd"].map(|name| fixture.path(name));
    let error = program.fail("boot-iso", &["--kernel", &kernel, "--ramdisk", &ramdisk]);
    assert!(error.contains("to boot with UEFI"), "{error}");
}
