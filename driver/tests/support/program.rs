//! The example program `ilo`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use driver::node::Node;
use serde_json::Value;
use tempfile::TempDir;

/// The program, with a configuration and a node on disk.
pub(crate) struct Program {
    dir: TempDir,
}

impl Program {
    pub(crate) fn new(conf: &str, node: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ironic.conf"), conf).unwrap();
        let program = Self { dir };
        program.set_node(node);
        program
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn set_node(&self, node: &Value) {
        fs::write(self.path("node.json"), node.to_string()).unwrap();
    }

    fn output(&self, command: &str, args: &[&str]) -> Output {
        let mut program = Command::new(built("ilo"));
        program.arg(command);
        program.arg("--config-file").arg(self.path("ironic.conf"));
        program.arg("--node").arg(self.path("node.json"));
        program.args(args).output().unwrap()
    }

    /// Runs a command that must succeed, and returns the object that it printed.
    #[track_caller]
    pub(crate) fn report(&self, command: &str, args: &[&str]) -> Value {
        let output = self.output(command, args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command} {args:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Does the same for a command that prints a node, which becomes that of the next command.
    #[track_caller]
    pub(crate) fn run(&self, command: &str, args: &[&str]) -> Value {
        let printed = self.report(command, args);
        Node::from_json(printed["node"].to_string().as_bytes()).unwrap();
        self.set_node(&printed["node"]);
        printed
    }

    /// Runs a command that must fail with exit status 1 and an empty standard output, and returns
    /// its message, without what it logged before.
    #[track_caller]
    pub(crate) fn fail(&self, command: &str, args: &[&str]) -> String {
        let output = self.output(command, args);
        assert_eq!(output.status.code(), Some(1), "{command} {args:?}");
        assert_eq!(output.stdout, b"");
        let errors = String::from_utf8(output.stderr).unwrap();
        let is_logged = |line: &&str| {
            ["ilo: info: ", "ilo: warn: "]
                .iter()
                .any(|level| line.starts_with(level))
        };
        let lines = errors.split_inclusive('\n');
        lines.filter(|line| !is_logged(line)).collect()
    }
}

/// The path of an example, which cargo builds along with the tests.
pub(crate) fn built(name: &str) -> PathBuf {
    // The test programs are in `deps`, next to `examples`.
    let this = env::current_exe().unwrap();
    let dir = this.parent().and_then(Path::parent).unwrap();
    let program = dir.join("examples").join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build -p driver --example {name}`",
        program.display()
    );
    program
}
