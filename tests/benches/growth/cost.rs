//! The cost of a run of the program, counted by Valgrind.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The cost of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    /// The bytes that were allocated in all.
    pub(crate) allocated: u64,
    /// The most bytes that were allocated at once.
    pub(crate) peak: u64,
}

impl Cost {
    /// Runs the program in a directory. Its exit status does not matter.
    pub(crate) fn of(program: &Path, words: &[String], directory: &Path) -> Self {
        let profile = tempfile::NamedTempFile::new().expect("a file for the profile");
        let mut valgrind = Command::new("valgrind");
        valgrind
            .arg("--tool=dhat")
            .arg(format!("--dhat-out-file={}", profile.path().display()));
        let output = valgrind
            .arg(program)
            .args(words)
            .current_dir(directory)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .output()
            .expect("valgrind runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code().is_some_and(|code| code <= 2),
            "{words:?}: {said}"
        );
        let profile = fs::read_to_string(profile.path()).expect("Valgrind's profile");
        let after = |text: &str, key: &str| {
            let (_, rest) = text.rsplit_once(key)?;
            let digits = rest
                .trim_start()
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == ',');
            digits
                .filter(char::is_ascii_digit)
                .collect::<String>()
                .parse()
                .ok()
        };
        let counts = (|| {
            Some(Cost {
                instructions: after(&profile, "\"te\":")?,
                allocated: after(&said, "== Total:")?,
                peak: after(&said, "== At t-gmax:")?,
            })
        })();
        counts.unwrap_or_else(|| panic!("no counts for {words:?}: {said}"))
    }
}
