//! Tests of which files are read, and in which order.

use std::fs;
use std::path::Path;

use crate::support::{assert_as, ironic_conf, line};

/// Returns the effective URL.
fn url(words: &str, directory: &Path) -> String {
    let ran = line(&format!(
        "show --format json -o deploy.http_server_url {words}"
    ))
    .directory(directory)
    .run()
    .expect(0);
    let json = ran.json();
    json["options"][0]["value"].as_str().unwrap().to_owned()
}

#[test]
fn files_and_directories_in_the_order_given() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    fs::create_dir(directory.join("d")).unwrap();
    for (name, url) in [
        ("a.conf", "a"),
        ("b.conf", "b"),
        ("d/1.conf", "1"),
        ("d/2.conf", "2"),
    ] {
        let text = format!("[pxe]\nhttp_url = {url}\n");
        fs::write(directory.join(name), text).unwrap();
    }
    fs::write(directory.join("d/3.conf.bak"), "no configuration").unwrap();
    fs::write(directory.join("d/.4.conf"), "no configuration").unwrap();
    for (words, last) in [
        ("a.conf b.conf", "b"),
        ("b.conf a.conf", "a"),
        ("--config-file b.conf a.conf", "a"),
        ("a.conf --config-file b.conf", "b"),
        ("--config-dir d a.conf", "a"),
        ("a.conf --config-dir d", "2"),
        ("a.conf --config-dir d --config-file b.conf", "b"),
        ("--config-dir=d", "2"),
    ] {
        assert_eq!(url(words, directory), last, "{words}");
    }
    let ran = line("migrate a.conf --config-dir d --config-file b.conf").directory(directory);
    assert_as("sources", "order", &ran.transcript());
}

#[test]
fn standard_input() {
    let text = "[pxe]\nhttp_root = /srv/httpboot\n";
    let ran = line("migrate -").input(text);
    assert_as("sources", "stdin", &ran.transcript());
    let ran = line("migrate --write -").input(text);
    assert_as("sources", "stdin-write", &ran.transcript());
    let ran = line("migrate --output - -").input(text).run().expect(0);
    assert_eq!(ran.stdout(), "[deploy]\nhttp_server_root = /srv/httpboot\n");
    // Standard input comes last, so it wins.
    let ran = line("show -o deploy.http_server_root fixtures/names/already-current.conf -");
    assert_as("sources", "stdin-last", &ran.input(text).transcript());
}

/// Returns whether oslo.config would find files on this machine outside `HOME`.
fn has_files_of_its_own() -> bool {
    [
        "/etc/ironic",
        "/etc/ironic.conf",
        "/etc/ironic.conf.d",
        "/usr/share/ironic",
    ]
    .iter()
    .any(|path| Path::new(path).exists())
}

#[test]
fn none_given_and_found_at_home() {
    if has_files_of_its_own() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let ironic = home.path().join(".ironic");
    fs::create_dir(&ironic).unwrap();
    fs::write(ironic.join("ironic.conf"), "[pxe]\nhttp_root = /srv/a\n").unwrap();
    // Not read, because ~/.ironic comes first.
    fs::write(
        home.path().join("ironic.conf"),
        "[pxe]\nhttp_root = /srv/b\n",
    )
    .unwrap();
    // Read, because ~/.ironic has no such directory.
    fs::create_dir(home.path().join("ironic.conf.d")).unwrap();
    let site = home.path().join("ironic.conf.d/site.conf");
    fs::write(site, "[ilo]\nuse_web_server_for_images = True\n").unwrap();
    let ran = line("show").variable("HOME", home.path()).run().expect(0);
    let text = ran.stdout().replace(home.path().to_str().unwrap(), "~");
    assert_as("sources", "home", &text);

    line("migrate --check")
        .variable("HOME", home.path())
        .run()
        .expect(1);
    line("migrate --write")
        .variable("HOME", home.path())
        .run()
        .expect(0);
    line("migrate --check")
        .variable("HOME", home.path())
        .run()
        .expect(0);
    let text = fs::read_to_string(ironic.join("ironic.conf")).unwrap();
    assert_eq!(text, "[deploy]\nhttp_server_root = /srv/a\n");
}

#[test]
fn none_given_and_none_found() {
    if has_files_of_its_own() {
        return;
    }
    for command in ["migrate", "check", "show"] {
        let ran = line(command).run().expect(2);
        assert_as("sources", &format!("none-{command}"), &ran.transcript());
    }
}

#[test]
fn what_cannot_be_read() {
    let directory = ironic_conf("[pxe]\n");
    fs::create_dir(directory.path().join("ironic.conf.d")).unwrap();
    for (name, words) in [
        ("missing-file", "migrate no-such.conf"),
        ("missing-directory", "check --config-dir no-such.d"),
        ("directory-as-file", "show ironic.conf.d"),
        ("file-as-directory", "check --config-dir ironic.conf"),
        ("second-missing", "migrate --write ironic.conf no-such.conf"),
    ] {
        let ran = line(words).directory(directory.path()).run().expect(2);
        assert_eq!(ran.stdout(), "");
        assert_as("sources", name, &ran.transcript());
    }
}

#[test]
fn an_empty_directory_is_nothing_to_do() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("empty.d")).unwrap();
    let ran = line("migrate --config-dir empty.d").directory(directory.path());
    assert_as("sources", "empty-directory", &ran.transcript());
}
