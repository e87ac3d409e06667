//! A shell in which the commands of a page run, one after the other.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::pages::Page;
use crate::root;

/// What the shell prints between two steps: a character that no page shows.
const MARK: char = '\u{1e}';

/// The directory that stands for `/etc/ironic/` in a session, which has the main fixture.
const ETC: &str = "etc/ironic/";

/// A directory of the system that the session has one of its own for.
const TMP: &str = "/tmp/";

/// What is done in a session.
#[derive(Debug)]
pub(crate) enum Step {
    /// A command, as typed.
    Command(String),
    /// A script that ends at its first command that fails.
    Script(String),
    /// A file and its text.
    File(String, String),
}

/// What came of a step.
#[derive(Debug, PartialEq)]
pub(crate) struct Done {
    pub(crate) output: String,
    pub(crate) status: i32,
}

/// Returns a directory with what the pages expect in the project's root: the fixtures.
fn directory_for(page: &Page) -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let copy = |from: &str| {
        let to = directory.path().join(from);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        let copied = Command::new("cp")
            .arg("-r")
            .arg(root().join(from))
            .arg(&to)
            .status();
        assert!(copied.unwrap().success(), "cp {from}");
    };
    copy("fixtures");
    let etc = directory.path().join(ETC);
    std::fs::create_dir_all(&etc).unwrap();
    std::fs::create_dir(directory.path().join("tmp")).unwrap();
    let conf = root().join("fixtures/standalone-liberty/ironic.conf");
    std::fs::copy(conf, etc.join("ironic.conf")).unwrap();
    let start = page.mark("directory").unwrap_or_default();
    let start = directory.path().join(start);
    (directory, start)
}

/// Returns a word that the shell takes literally.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns the script that does the steps and prints the mark and the status after each of them.
fn script(steps: &[Step], tmp: &str) -> String {
    let mut script = String::new();
    let here = |text: &str| text.replace("/etc/ironic/", ETC).replace(TMP, tmp);
    for step in steps {
        match step {
            Step::Command(command) => script += &here(command),
            Step::Script(commands) => script += &format!("( set -e\n{})", here(commands)),
            Step::File(name, text) => {
                let text = quoted(&text.replace(TMP, tmp));
                script += &format!("mkdir -p $(dirname {name}); printf %s {text} >{name}");
            }
        }
        // `$?` in the next command is the status of this one.
        script += &format!("\nstatus=$?; printf '{MARK}%d{MARK}' $status; (exit $status)\n");
    }
    script
}

/// Does the steps of a page in a new directory. The programs are in the directory `programs`.
pub(crate) fn run(page: &Page, steps: &[Step], programs: &Path) -> Vec<Done> {
    let (directory, start) = directory_for(page);
    let tmp = format!("{}{TMP}", directory.path().display());
    let output = tempfile::NamedTempFile::new().unwrap();
    // Both streams go to one file, so that their order is that of a terminal.
    let stream = || Stdio::from(File::options().append(true).open(output.path()).unwrap());
    let ended = Command::new("bash")
        .args(["-c", &script(steps, &tmp)])
        .current_dir(start)
        .env_clear()
        .env(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display()),
        )
        .env("HOME", directory.path())
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(stream())
        .stderr(stream())
        .status();
    let output = std::fs::read(output.path()).unwrap();
    let output = String::from_utf8_lossy(&output).into_owned();
    let parts: Vec<&str> = output.split(MARK).collect();
    let done: Vec<Done> = parts
        .chunks_exact(2)
        .map(|part| Done {
            output: part[0].replace(ETC, "/etc/ironic/").replace(&tmp, TMP),
            status: part[1].parse().unwrap(),
        })
        .collect();
    assert_eq!(
        done.len(),
        steps.len(),
        "{}: {ended:?}: {output}",
        page.path
    );
    done
}
