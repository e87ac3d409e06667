//! Runs the program, and records its output.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use bstr::ByteSlice;
use serde_json::Value;

/// Returns the root of the workspace, where commands run.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap().to_owned()
}

/// Returns the `*.conf` files below a directory of `fixtures`, sorted, as paths from the root.
pub(crate) fn fixtures(under: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![format!("fixtures/{under}").trim_end_matches('/').to_owned()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(root().join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{directory}/{}", entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                left.push(path);
            } else if path.ends_with(".conf") {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no fixtures in {under}");
    found
}

/// Returns the last part of a fixture's path, without `.conf`.
pub(crate) fn stem(fixture: &str) -> &str {
    let name = fixture.rsplit('/').next().unwrap();
    name.strip_suffix(".conf").unwrap()
}

/// A command line to run.
pub(crate) struct Run {
    command: Command,
    words: Vec<OsString>,
    input: Option<Vec<u8>>,
    variables: Vec<String>,
}

/// Returns a run of the program with these arguments, in the workspace's root and with no
/// environment variable but a `HOME` that is empty.
pub(crate) fn confmig<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Run {
    let words: Vec<OsString> = words.into_iter().map(|w| w.as_ref().to_owned()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_confmig"));
    command
        .args(&words)
        .current_dir(root())
        .env_clear()
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null());
    Run {
        command,
        words,
        input: None,
        variables: Vec::new(),
    }
}

/// Does the same as [`confmig`] with arguments separated by spaces.
pub(crate) fn line(line: &str) -> Run {
    confmig(line.split_whitespace())
}

impl Run {
    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, &value);
        if name != "HOME" {
            let value = value.as_ref().to_string_lossy();
            self.variables.push(format!("{name}={value} "));
        }
        self
    }

    pub(crate) fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn input(mut self, text: impl AsRef<[u8]>) -> Self {
        self.command.stdin(Stdio::piped());
        self.input = Some(text.as_ref().to_owned());
        self
    }

    /// Changes the command.
    pub(crate) fn command(mut self, change: impl FnOnce(&mut Command)) -> Self {
        change(&mut self.command);
        self
    }

    pub(crate) fn run(mut self) -> Ran {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        if let Some(input) = self.input {
            // The program may not read it, for example after a usage error.
            let _ = child.stdin.take().unwrap().write_all(&input);
        }
        let output = child.wait_with_output().unwrap();
        let words: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        let variables = self.variables.concat();
        Ran {
            line: format!("{variables}confmig {}", words.join(" "))
                .trim_end()
                .to_owned(),
            status: output.status.code(),
            stdout: output.stdout,
            stderr: output.stderr,
        }
    }

    /// Runs the program, and returns its transcript.
    pub(crate) fn transcript(self) -> String {
        self.run().transcript()
    }
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty() || word.contains([' ', '$', '"']) {
        format!("'{word}'")
    } else {
        word.into_owned()
    }
}

/// The result of a run.
pub(crate) struct Ran {
    line: String,
    /// The exit status; `None` if a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ran {
    pub(crate) fn transcript(&self) -> String {
        let mut text = format!("$ {}\n", self.line);
        let status = self.status.map_or("killed".into(), |code| code.to_string());
        text += &format!("exit status: {status}\n");
        for (name, bytes) in [("output", &self.stdout), ("error", &self.stderr)] {
            if !bytes.is_empty() {
                text += &format!("=== standard {name}\n{}", visible(bytes));
            }
        }
        without_stamps(&text)
    }

    pub(crate) fn stdout(&self) -> &str {
        self.stdout.to_str().unwrap()
    }

    pub(crate) fn stderr(&self) -> &str {
        self.stderr.to_str().unwrap()
    }

    /// Returns standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in: {}", self.transcript()))
    }

    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.transcript());
        self
    }
}

/// Returns bytes as a snapshot shows them.
pub(crate) fn visible(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => text.push('\n'),
                '\r' => text += "\\r",
                '\t' => text += "\\t",
                _ if c.is_control() => text += &format!("\\x{:02x}", u32::from(c)),
                _ if c.is_whitespace() && c != ' ' => text += &c.escape_unicode().to_string(),
                _ => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text += &format!("\\x{byte:02x}");
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text += "\n(no line end)\n";
    }
    text
}

/// Replaces the times and hashes in names of backups, which differ in each run.
fn without_stamps(text: &str) -> String {
    const STAMP: usize = "20260131T235959Z-0123456789ab".len();
    let mut parts = text.split(".confmig-");
    let mut output = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let stamp = part.get(..STAMP).filter(|stamp| stamp.contains("Z-"));
        output += ".confmig-";
        output += match stamp {
            Some(_) => "TIME-HASH",
            None => "",
        };
        output += &part[stamp.map_or(0, str::len)..];
    }
    output
}

/// Asserts that a text equals the snapshot `DIRECTORY/NAME`.
#[track_caller]
pub(crate) fn assert_as(directory: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{directory}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Creates a directory with an `ironic.conf` that has this text.
pub(crate) fn ironic_conf(text: impl AsRef<[u8]>) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ironic.conf"), text).unwrap();
    directory
}

/// Returns a fixture's text.
pub(crate) fn read(fixture: &str) -> Vec<u8> {
    std::fs::read(root().join(fixture)).unwrap()
}

/// Runs a command in a directory with an `ironic.conf` of this text.
#[track_caller]
pub(crate) fn ran(text: &str, words: &str) -> Ran {
    let directory = ironic_conf(text);
    line(words).directory(directory.path()).run()
}

/// Returns the diagnostics of a run in JSON.
#[track_caller]
pub(crate) fn diagnostics(text: &str, words: &str) -> Vec<Value> {
    let json = ran(text, &format!("{words} --format json ironic.conf")).json();
    json["diagnostics"].as_array().unwrap().clone()
}

/// Returns the code, severity and message of each finding.
#[track_caller]
pub(crate) fn found(text: &str, words: &str) -> Vec<[String; 3]> {
    let found = diagnostics(text, words).into_iter();
    let found = found.map(|found| {
        ["code", "severity", "message"].map(|key| found[key].as_str().unwrap().to_owned())
    });
    found.collect()
}

/// Writes a schema with these options, as JSON.
pub(crate) fn schema(directory: &tempfile::TempDir, name: &str, options: &str) {
    let text = format!(r#"{{"options": {options}}}"#);
    std::fs::write(directory.path().join(name), text).unwrap();
}
