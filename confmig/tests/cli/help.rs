//! Tests of help, version, completions and manual pages.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{assert_as, confmig, line};

const COMMANDS: [&str; 7] = [
    "migrate",
    "check",
    "show",
    "rules",
    "undo",
    "completions",
    "man",
];

#[test]
fn help() {
    assert_as("help", "confmig", &line("--help").transcript());
    assert_as("help", "short", &line("-h").transcript());
    for command in COMMANDS {
        let ran = confmig([command, "--help"]).run().expect(0);
        assert_as("help", command, &ran.transcript());
    }
}

#[test]
fn version() {
    let ran = line("--version").run().expect(0);
    assert_eq!(
        ran.stdout(),
        format!("confmig {}\n", env!("CARGO_PKG_VERSION"))
    );
}

/// Runs a shell on a script; `None` if the shell is not installed.
fn shell(name: &str, words: &[&str], script: &[u8]) -> Option<std::process::Output> {
    let mut child = Command::new(name)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(script).unwrap();
    Some(child.wait_with_output().unwrap())
}

#[test]
fn completions_are_scripts_that_the_shells_can_read() {
    for name in ["bash", "zsh", "fish"] {
        let ran = confmig(["completions", name]).run().expect(0);
        for word in COMMANDS
            .iter()
            .chain(&["config-file", "keep-old", "show-secrets"])
        {
            assert!(ran.stdout().contains(word), "no {word} for {name}");
        }
        let Some(read) = shell(name, &["-n"], &ran.stdout) else {
            continue;
        };
        assert!(read.status.success(), "{name}: {read:?}");
    }
}

#[test]
fn bash_completes_commands_and_options() {
    let mut script = line("completions bash").run().expect(0).stdout;
    script.extend_from_slice(
        b"\nshow() { echo \"${COMPREPLY[@]}\"; }\n\
          COMP_WORDS=(confmig mig); COMP_CWORD=1; _confmig confmig mig confmig; show\n\
          COMP_WORDS=(confmig migrate --keep); COMP_CWORD=2; _confmig confmig --keep migrate; \
          show\n",
    );
    let Some(output) = shell("bash", &[], &script) else {
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "migrate\n--keep-old\n"
    );
}

#[test]
fn the_manual_page() {
    let ran = line("man").run().expect(0);
    assert_as("help", "man-page", &ran.transcript());
}
