//! Tests of colours, and of closed pipes.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::support::{Run, assert_as, line};

#[test]
fn no_colours_unless_standard_output_is_a_terminal() {
    for run in [
        line("migrate fixtures/names/both-names.conf"),
        line("check fixtures/check/ill-typed.conf"),
        line("check fixtures/invalid/section-not-closed.conf"),
        line("--help"),
    ] {
        let ran = run.run();
        assert!(!ran.stdout().contains('\x1b'), "{}", ran.transcript());
        assert!(!ran.stderr().contains('\x1b'), "{}", ran.transcript());
    }
}

#[test]
fn colours_when_asked_for() {
    for (name, words) in [
        (
            "diff",
            "migrate --color always fixtures/names/both-names.conf",
        ),
        (
            "check",
            "check --color always fixtures/check/ill-typed.conf",
        ),
        (
            "syntax",
            "check --color always fixtures/invalid/section-not-closed.conf",
        ),
    ] {
        let ran = line(words);
        assert_as("colour", name, &ran.transcript());
    }
}

#[test]
fn no_colour_and_force_colour_are_heeded() {
    let words = "migrate fixtures/names/both-names.conf";
    let coloured = |run: Run| run.run().stdout().contains('\x1b');
    assert!(coloured(line(words).variable("CLICOLOR_FORCE", "1")));
    assert!(!coloured(
        line(words)
            .variable("CLICOLOR_FORCE", "1")
            .variable("NO_COLOR", "1")
    ));
    // The command line takes precedence.
    let always = format!("{words} --color always");
    assert!(coloured(line(&always).variable("NO_COLOR", "1")));
    let never = format!("{words} --color never");
    assert!(!coloured(line(&never).variable("CLICOLOR_FORCE", "1")));
}

#[test]
fn json_and_new_texts_have_no_colours() {
    for words in [
        "migrate --color always --format json fixtures/names/both-names.conf",
        "check --color always --format json fixtures/check/ill-typed.conf",
        "migrate --color always --output - fixtures/names/both-names.conf",
    ] {
        let ran = line(words).run();
        assert!(!ran.stdout().contains('\x1b'), "{}", ran.transcript());
    }
}

/// Returns a configuration whose diff, diagnostics and entries do not fit into a pipe's buffer.
fn long() -> String {
    let entry = format!("# {}\nhttp_root = /srv/httpboot\n", "x".repeat(70));
    format!("[pxe]\n{}", entry.repeat(4000))
}

/// Returns the exit status and standard error when only the first line of the output is read.
fn head(words: &str, text: &str) -> (Option<i32>, String) {
    let directory = crate::support::ironic_conf(text);
    let mut status = None;
    let mut said = String::new();
    line(words).command(|command| {
        let mut child = command
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first)
            .unwrap();
        assert!(first.ends_with('\n'));
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        status = child.wait().unwrap().code();
    });
    (status, said)
}

#[test]
fn a_closed_pipe_is_no_error() {
    for words in [
        "migrate ironic.conf",
        "show ironic.conf",
        "show --format json ironic.conf",
        "migrate --output - ironic.conf",
    ] {
        let (status, said) = head(words, &long());
        assert_eq!(status, Some(0), "{words}: {said}");
        assert!(!said.contains("error") && !said.contains("panic"), "{said}");
    }
}

#[test]
fn the_exit_status_does_not_depend_on_the_reader() {
    for words in ["check ironic.conf", "migrate --check ironic.conf"] {
        let (status, said) = head(words, &long());
        assert_eq!(status, Some(1), "{words}: {said}");
    }
}

#[test]
fn the_files_are_written_whether_the_diff_is_read_or_not() {
    let directory = crate::support::ironic_conf(long());
    line("migrate --write ironic.conf").command(|command| {
        let mut child = command
            .current_dir(directory.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        assert!(child.wait().unwrap().success());
    });
    let text = std::fs::read_to_string(directory.path().join("ironic.conf")).unwrap();
    assert!(text.starts_with("[deploy]\n"), "{}", &text[..80]);
}

#[test]
fn control_characters_reach_no_terminal() {
    // `script` gives the program a terminal. What comes out is what the terminal would get.
    let program = env!("CARGO_BIN_EXE_confmig");
    for command in ["migrate", "show", "check"] {
        let run =
            format!("{program} {command} --color never fixtures/format/control-characters.conf");
        let output = std::process::Command::new("script")
            .args(["-q", "-e", "-c", &run, "/dev/null"])
            .current_dir(crate::support::root())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(
            !text.contains(['\x1b', '\x07', '\x08']),
            "{command}: {text:?}"
        );
    }
}
