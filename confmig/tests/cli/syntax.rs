//! Tests of files that cannot be parsed: the messages, and that no file is changed.

use crate::support::{assert_as, confmig, fixtures, ironic_conf, line, read, stem};

#[test]
fn text() {
    for fixture in fixtures("invalid") {
        let ran = confmig(["migrate", &fixture]).run().expect(2);
        assert_eq!(ran.stdout(), "");
        assert_as("syntax", stem(&fixture), &ran.transcript());
    }
}

#[test]
fn json_has_the_same_places() {
    for fixture in fixtures("invalid") {
        for command in ["migrate", "check", "show"] {
            let ran = confmig([command, "--format", "json", &fixture])
                .run()
                .expect(2);
            let text = confmig([command, &fixture]).run().expect(2);
            for found in ran.json()["diagnostics"].as_array().unwrap() {
                assert_eq!(found["code"], "syntax");
                assert_eq!(found["severity"], "error");
                assert_eq!(found["file"], *fixture);
                let message = found["message"].as_str().unwrap();
                let place = format!("--> {fixture}:{}:{}\n", found["line"], found["column"]);
                assert!(text.stderr().contains(message), "{}", text.transcript());
                assert!(text.stderr().contains(&place), "{}", text.transcript());
            }
        }
    }
    let ran = line("check --format json fixtures/invalid/continuation-after-header.conf");
    assert_as("json", "syntax", &ran.transcript());
}

#[test]
fn the_file_is_untouched() {
    for fixture in fixtures("invalid") {
        let before = read(&fixture);
        let directory = ironic_conf(&before);
        line("migrate --write ironic.conf")
            .directory(directory.path())
            .run()
            .expect(2);
        let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
        assert_eq!(names.len(), 1, "{names:?}");
        let after = std::fs::read(directory.path().join("ironic.conf")).unwrap();
        assert!(before == after, "{fixture}");
    }
}

#[test]
fn one_bad_file_among_good_ones_stops_all() {
    let directory = ironic_conf("[pxe]\nhttp_root = /srv/httpboot\n");
    std::fs::write(
        directory.path().join("site.conf"),
        "[ilo\nclient_port = 1\n",
    )
    .unwrap();
    std::fs::write(directory.path().join("last.conf"), "client_port\n").unwrap();
    let ran = line("migrate --write ironic.conf site.conf last.conf").directory(directory.path());
    assert_as("syntax", "one-of-several", &ran.transcript());
    let text = std::fs::read_to_string(directory.path().join("ironic.conf")).unwrap();
    assert_eq!(text, "[pxe]\nhttp_root = /srv/httpboot\n");
}
