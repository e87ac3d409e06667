//! Tests of help, version, completions and manual pages.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::support::{assert_as, confmig, line};

const COMMANDS: [&str; 10] = [
    "migrate",
    "check",
    "show",
    "rules",
    "undo",
    "recover",
    "explain",
    "schema-of-report",
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
        assert!(ran.stdout().contains("COMPLETE"), "{}", ran.stdout());
        let Some(read) = shell(name, &["-n"], &ran.stdout) else {
            continue;
        };
        assert!(read.status.success(), "{name}: {read:?}");
    }
}

/// Returns what bash completes the last of these words to.
fn completed(words: &[&str]) -> Vec<String> {
    let last = (words.len() - 1).to_string();
    let ran = confmig([&["--", "confmig"], &words[1..]].concat())
        .variable("COMPLETE", "bash")
        .variable("_CLAP_IFS", "\n")
        .variable("_CLAP_COMPLETE_INDEX", &last)
        .variable("_CLAP_COMPLETE_COMP_TYPE", "9")
        .variable("_CLAP_COMPLETE_SPACE", "true")
        .run()
        .expect(0);
    ran.stdout().lines().map(str::to_owned).collect()
}

#[test]
fn commands_options_releases_packs_rules_and_codes_are_completed() {
    for (words, expected) in [
        (&["confmig", "mig"][..], "migrate"),
        (&["confmig", "migrate", "--keep"], "--keep-old"),
        (&["confmig", "migrate", "--to", "2026."], "2026.2"),
        (&["confmig", "check", "--from", "tr"], "train"),
        (&["confmig", "check", "--service", "k"], "keystone"),
        (&["confmig", "check", "--fail-on", "d"], "decision"),
        (
            &["confmig", "migrate", "--rules", "stand"],
            "standalone-ilo",
        ),
        (
            &["confmig", "migrate", "--accept", "deploy.http_u"],
            "deploy.http_url",
        ),
        (
            &["confmig", "show", "-o", "deploy.http_u"],
            "deploy.http_url",
        ),
        (&["confmig", "rules", "iron"], "ironic"),
        (&["confmig", "explain", "needs-"], "needs-decision"),
        (
            &["confmig", "explain", "conductor-api"],
            "conductor-api-url",
        ),
        (
            &["confmig", "explain", "conductor.api_u"],
            "conductor.api_url",
        ),
    ] {
        let found = completed(words);
        assert!(
            found.iter().any(|word| word == expected),
            "{words:?}: {found:?}"
        );
    }
    assert_eq!(
        completed(&["confmig", "migrate", "--to", "nothing"]),
        Vec::<String>::new()
    );
}

#[test]
fn bash_completes_with_the_script() {
    let mut script = line("completions bash").run().expect(0).stdout;
    let program = env!("CARGO_BIN_EXE_confmig");
    script = String::from_utf8(script)
        .unwrap()
        .replace("\"confmig\"", program)
        .into_bytes();
    script.extend_from_slice(
        b"\nshow() { echo \"${COMPREPLY[@]}\"; }\n\
          COMP_TYPE=9; COMP_WORDS=(confmig migrate --keep); COMP_CWORD=2; \
          _clap_complete_confmig confmig --keep migrate; show\n",
    );
    let Some(output) = shell("bash", &[], &script) else {
        return;
    };
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "--keep-old\n",
        "{output:?}"
    );
}

#[test]
fn the_manual_page() {
    let ran = line("man").run().expect(0);
    assert_as("help", "man-page", &ran.transcript());
}

#[test]
fn manual_pages_have_all_sections() {
    for command in COMMANDS.iter().filter(|command| **command != "man") {
        let page = confmig(["man", command]).run().expect(0);
        for section in [
            "NAME",
            "SYNOPSIS",
            "EXAMPLES",
            "FILES",
            "ENVIRONMENT",
            "EXIT STATUS",
        ] {
            let head = match section.contains(' ') {
                true => format!(".SH \"{section}\"\n"),
                false => format!(".SH {section}\n"),
            };
            assert!(
                page.stdout().contains(&head),
                "{command} has no {section}: {}",
                page.stdout()
            );
        }
        assert!(
            page.stdout()
                .replace("\\-", "-")
                .contains(&format!("confmig {command}")),
            "{}",
            page.stdout()
        );
        let formatted = shell("man", &["-l", "--warnings", "-"], &page.stdout);
        if let Some(formatted) = formatted.filter(|formatted| formatted.status.success()) {
            assert!(formatted.stderr.is_empty(), "{command}: {formatted:?}");
        }
    }
}
