//! Tests of interrupted replacements, and of several files at once.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use confmig::store::replace_all;

use crate::support::{
    NEW, OLD, assert_message, helper, ironic_conf, mode, names, replace, replacement, text, write,
};

fn long(letter: &str) -> String {
    letter.repeat(300_000)
}

/// Kills a process at random moments while it replaces a file.
#[test]
fn killed_at_any_moment_the_file_is_whole() {
    let (directory, path) = ironic_conf();
    let (old, new) = (long("o"), long("n"));
    let seed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_micros() as u64;
    let mut random = seed;
    let mut seen = [0; 2];
    for round in 0..40 {
        write(&path, &old, 0o640);
        let mut child = helper("write without end", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            lines
                .map_while(Result::ok)
                .any(|line| line.contains("writing"))
        );
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        std::thread::sleep(Duration::from_micros((random >> 33) % 15_000));
        child.kill().unwrap();
        child.wait().unwrap();

        let now = text(&path);
        assert!(
            now == old || now == new,
            "seed {seed}, round {round}: {} bytes",
            now.len()
        );
        seen[usize::from(now == new)] += 1;
        assert_eq!(mode(&path), 0o640);
        for name in names(directory.path()) {
            let file = directory.path().join(&name);
            assert!(!name.ends_with(".conf") || file == path, "{name}");
            assert_eq!(mode(&file) & !0o640, 0, "{name}");
            // A file with a backup's name is complete.
            if name.starts_with("ironic.conf.confmig-") {
                let kept = text(&file);
                assert!(
                    kept == old || kept == new,
                    "seed {seed}, round {round}: {name}"
                );
            }
            if file != path {
                fs::remove_file(file).unwrap();
            }
        }
    }
    assert!(
        seen[0] > 0 && seen[1] > 0,
        "seed {seed}: always killed at the same moment? {seen:?}"
    );
}

pub(crate) fn write_without_end(path: &Path) {
    let texts = [long("o"), long("n")];
    // Bypasses the test harness, and is not buffered.
    let mut stdout = std::io::stdout();
    stdout
        .write_all(b"\nwriting\n")
        .and_then(|()| stdout.flush())
        .unwrap();
    for round in 0.. {
        let (before, after) = (&texts[round % 2], &texts[(round + 1) % 2]);
        fs::remove_file(replace(path, before, after).unwrap()).unwrap();
    }
}

#[test]
fn all_or_none() {
    let (directory, path) = ironic_conf();
    let conf_d = directory.path().join("ironic.conf.d");
    fs::create_dir(&conf_d).unwrap();
    let more = [conf_d.join("1.conf"), conf_d.join("2.conf")];
    for path in &more {
        write(path, OLD, 0o600);
    }
    let mut all = vec![replacement(&path, OLD, NEW)];
    all.extend(more.iter().map(|path| replacement(path, OLD, NEW)));

    fs::set_permissions(&more[1], fs::Permissions::from_mode(0o400)).unwrap();
    let error = replace_all(&all).unwrap_err();
    assert_message(&error, &more[1], "chmod u+w");
    assert_eq!((text(&path).as_str(), text(&more[0]).as_str()), (OLD, OLD));
    assert_eq!(names(directory.path()), ["ironic.conf", "ironic.conf.d"]);
    assert_eq!(names(&conf_d), ["1.conf", "2.conf"]);

    fs::set_permissions(&more[1], fs::Permissions::from_mode(0o600)).unwrap();
    let replaced = replace_all(&all).unwrap();
    assert_eq!(replaced.len(), 3);
    for (replaced, replacement) in replaced.iter().zip(&all) {
        assert_eq!(replaced.path, replacement.path);
        assert_eq!(text(&replaced.path), NEW);
        assert_eq!(text(&replaced.backup), OLD);
    }
}
