//! What the tests of virtual media share: a configuration, and the program `ilo`.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test binary uses its own part of this, and a test fails by a panic"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use driver::node::Node;
use driver::options::Options;
use driver::virtual_media::VirtualMedia;
use oslo_config::SourceFile;
use serde_json::Value;

/// The section that the two options of the web server stand in, and their names there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Names {
    /// `[pxe] http_url`, as before Ironic 4.2.
    Pxe,
    /// `[deploy] http_url`, as Ironic since.
    Deploy,
    /// `[deploy] http_server_url`, as in the blueprint.
    Blueprint,
}

/// The text of an ironic.conf whose web server serves `root` at `url`, and more sections.
pub(crate) fn conf(names: Names, root: &Path, url: &str, more: &str) -> String {
    let root = root.display();
    let hosting = match names {
        Names::Pxe => format!("[pxe]\nhttp_url = {url}\nhttp_root = {root}\n"),
        Names::Deploy => format!("[deploy]\nhttp_url = {url}\nhttp_root = {root}\n"),
        Names::Blueprint => {
            format!("[deploy]\nhttp_server_url = {url}\nhttp_server_root = {root}\n")
        }
    };
    format!("{hosting}[ilo]\nuse_http_web_server_for_images = True\n{more}")
}

pub(crate) fn options(text: &str) -> Options {
    let file = SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    };
    Options::read(&[file.parse().unwrap()], []).unwrap()
}

pub(crate) fn media(text: &str) -> VirtualMedia {
    VirtualMedia::from_options(&options(text)).unwrap()
}

/// The program `ilo`, with a configuration and a node on disk.
pub(crate) struct Ilo {
    dir: tempfile::TempDir,
}

impl Ilo {
    pub(crate) fn new(conf: &str, node: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ironic.conf"), conf).unwrap();
        let ilo = Self { dir };
        ilo.set_node(node);
        ilo
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn set_node(&self, node: &Value) {
        std::fs::write(self.path("node.json"), node.to_string()).unwrap();
    }

    /// Runs a command.
    pub(crate) fn output(&self, command: &str, args: &[&str]) -> Output {
        let mut ilo = Command::new(program());
        ilo.arg(command);
        ilo.arg("--config-file").arg(self.path("ironic.conf"));
        ilo.arg("--node").arg(self.path("node.json"));
        ilo.args(args).output().unwrap()
    }

    /// Runs a command that is to succeed, and gives the object that it printed. The node in it is the
    /// node of the next command.
    #[track_caller]
    pub(crate) fn run(&self, command: &str, args: &[&str]) -> Value {
        let output = self.output(command, args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command} {args:?}: {errors}");
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        Node::from_json(printed["node"].to_string().as_bytes()).unwrap();
        self.set_node(&printed["node"]);
        printed
    }

    /// Runs a command that is to fail with status 1 and nothing on standard output, and gives what it
    /// said.
    #[track_caller]
    pub(crate) fn fail(&self, command: &str, args: &[&str]) -> String {
        let output = self.output(command, args);
        assert_eq!(output.status.code(), Some(1), "{command} {args:?}");
        assert_eq!(output.stdout, b"");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// The example `ilo`, which cargo builds with the tests.
fn program() -> PathBuf {
    // The tests are in `deps`, beside `examples`.
    let tests = std::env::current_exe().unwrap();
    let built = tests.parent().and_then(Path::parent).unwrap();
    let program = built.join("examples/ilo");
    assert!(
        program.is_file(),
        "{} is missing: run `cargo build -p driver --example ilo`",
        program.display()
    );
    program
}
