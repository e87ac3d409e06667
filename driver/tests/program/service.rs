//! The example service: it deploys, ends, takes over what it left, and tears down.
//!
//! Debian package: nginx-light.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo};
use crate::support::program::built;
use crate::support::web::names;

/// Longer than any step takes, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// A configuration and node files on disk.
struct Files {
    dir: TempDir,
}

impl Files {
    fn new(conf: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("ironic.conf"), conf).unwrap();
        fs::create_dir(dir.path().join("nodes")).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("nodes").join(name)
    }

    fn write(&self, name: &str, node: &Value) {
        let temporary = self.path("temporary");
        fs::write(&temporary, node.to_string()).unwrap();
        fs::rename(temporary, self.path(name)).unwrap();
    }

    /// The node in a file, once it has this state.
    #[track_caller]
    fn once(&self, name: &str, state: &str) -> Value {
        let start = Instant::now();
        loop {
            let node: Value = serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
            if node["provision_state"] == state {
                return node;
            }
            assert!(start.elapsed() < LONG, "not {state}: {node}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn serve(&self) -> Serving {
        let mut command = Command::new(built("service"));
        command
            .arg("--config-file")
            .arg(self.dir.path().join("ironic.conf"));
        command.arg("--nodes").arg(self.dir.path().join("nodes"));
        command.args(["--interval", "2"]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Serving {
            process,
            lines,
            printed: Vec::new(),
        }
    }
}

/// The running service, which is killed if its test fails, and what it has printed.
struct Serving {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    printed: Vec<String>,
}

impl Serving {
    /// Waits until it prints a line with this part.
    #[track_caller]
    fn prints(&mut self, part: &str) {
        loop {
            let line = self.lines.next().expect("it has ended").unwrap();
            self.printed.push(line);
            if self.printed.last().is_some_and(|line| line.contains(part)) {
                return;
            }
        }
    }

    fn terminate(&self) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
    }

    /// Ends the service, and returns what it printed.
    fn stop(mut self) -> Vec<String> {
        self.terminate();
        self.prints("stopped");
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {:?}", self.printed);
        std::mem::take(&mut self.printed)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // These fail if it has ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[track_caller]
fn assert_printed(printed: &[String], part: &str) {
    let found = printed.iter().any(|line| line.contains(part));
    assert!(found, "{part}: {printed:#?}");
}

#[test]
fn the_service_deploys_takes_over_and_tears_down() {
    let (conductor, ilo) = (Conductor::start(), Ilo::without_post(Generation::Ilo5));
    let files = Files::new(&conductor.conf());
    let first = json!(conductor.node(&ilo, &json!({})));
    files.write("one.json", &first);
    // It has an iLO of its own: one that was given a wrong password refuses others for a time.
    let other = Ilo::without_post(Generation::Ilo5);
    let uuid = crate::support::uuid(2).to_string();
    let mut unusable = json!(conductor.node(&other, &json!({"uuid": uuid})));
    unusable["driver_info"]["redfish_password"] = json!("wrong");
    files.write("two.json", &unusable);
    fs::write(files.path("three.json"), "[").unwrap();

    let service = files.serve();
    let deployed = files.once("one.json", "wait call-back");
    let failed = files.once("two.json", "deploy failed");
    let reason = failed["last_error"].as_str().unwrap();
    assert!(reason.contains("check them in driver_info"), "{reason}");
    let printed = service.stop();
    assert_printed(&printed, "took over: 0 changed, 2 unchanged, 0 failed");
    assert_printed(&printed, "deploy: floppy: 100 %");
    assert_printed(&printed, "deploy: switched the server on");
    assert_printed(&printed, "deploy: failed: ");
    let floppies = names(conductor.www.path());
    assert_eq!(floppies.len(), 1, "{floppies:?}");

    // Another one takes over: the floppy is made again.
    let mut service = files.serve();
    service.prints("took over: 1 changed, 1 unchanged, 0 failed");
    assert_ne!(names(conductor.www.path()), floppies);
    let mut called_back = deployed;
    called_back["provision_state"] = json!("deploying");
    called_back["driver_internal_info"]["agent_url"] = json!("http://192.0.2.7:9999");
    files.write("one.json", &called_back);
    let mut active = files.once("one.json", "active");
    let recorded = active["instance_info"]["ilo_boot_iso"].as_str().unwrap();
    assert!(recorded.ends_with(".iso"), "{active}");
    active["provision_state"] = json!("deleting");
    files.write("one.json", &active);
    let ended = files.once("one.json", "available");
    let printed = service.stop();
    assert_printed(&printed, "continue_deploy: boot ISO: 100 %");
    assert_eq!(names(conductor.www.path()), [""; 0]);
    let mut expected = first;
    expected["provision_state"] = json!("available");
    assert_eq!(ended, expected);
}

#[test]
fn a_step_in_progress_ends_before_the_service_does() {
    let (conductor, ilo) = (Conductor::start(), Ilo::without_post(Generation::Ilo5));
    let files = Files::new(&conductor.conf());
    let mut service = files.serve();
    files.write("one.json", &json!(conductor.node(&ilo, &json!({}))));
    service.prints("deploy: published");
    let printed = service.stop();
    assert_printed(&printed, "stopping: ");
    files.once("one.json", "wait call-back");
}

#[test]
fn two_services_in_one_directory_do_each_step_once() {
    let conductor = Conductor::start();
    let files = Files::new(&conductor.conf());
    let services = [files.serve(), files.serve()];
    let ilos = [1, 2, 3, 4].map(|n| (n, Ilo::without_post(Generation::Ilo5)));
    for (n, ilo) in &ilos {
        let uuid = crate::support::uuid(*n).to_string();
        let node = conductor.node(ilo, &json!({"uuid": uuid}));
        files.write(&format!("{n}.json"), &json!(node));
    }
    for (n, _) in &ilos {
        files.once(&format!("{n}.json"), "wait call-back");
    }
    let printed = services.map(Serving::stop).concat();
    for (n, _) in &ilos {
        let line = format!("{} is wait call-back", crate::support::uuid(*n));
        let times = printed.iter().filter(|printed| **printed == line).count();
        assert_eq!(times, 1, "{printed:#?}");
    }
    // Each node's floppy, and nothing else, is published.
    assert_eq!(names(conductor.www.path()).len(), ilos.len());
}
