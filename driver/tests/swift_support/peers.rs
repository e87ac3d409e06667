//! Real OpenStack services on the loopback interface, run by the scripts in `tests/peers`.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/peers")
        .join(name)
}

/// A script that runs services until its standard input is closed: when this is dropped, or when this
/// process ends, however it does.
#[derive(Debug)]
struct Peer {
    process: Child,
    stdin: Option<ChildStdin>,
    dir: PathBuf,
}

impl Peer {
    /// Starts it; the reason why not.
    fn start(name: &str, args: &[String], env: &[(&str, &str)]) -> Result<Self, String> {
        let mut process = Command::new(script(name))
            .arg("run")
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot run {name}: {e}"))?;
        let stdin = process.stdin.take();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        if let Some(dir) = line.trim_end().strip_prefix("ready ") {
            let dir = dir.into();
            return Ok(Self {
                process,
                stdin,
                dir,
            });
        }
        drop(stdin);
        let mut errors = String::new();
        let _ = process.stderr.take().unwrap().read_to_string(&mut errors);
        let _ = process.wait();
        Err(errors)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The first of `count` ports in a row that are free now.
pub(crate) fn free_ports(count: u16) -> u16 {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    for _ in 0..100 {
        let first = bind(0).unwrap();
        let port = first.local_addr().unwrap().port();
        let others: Vec<_> = (1..count)
            .map_while(|n| bind(port.checked_add(n)?).ok())
            .collect();
        if others.len() + 1 == usize::from(count) {
            return port;
        }
    }
    panic!("there are no {count} free ports in a row");
}

/// Another process may take a port between its choice and its use: then others are tried.
fn start_somewhere<T>(start: impl Fn() -> Result<T, String>) -> T {
    let mut error = String::new();
    for _ in 0..3 {
        match start() {
            Ok(started) => return started,
            Err(reason) => error = reason,
        }
    }
    panic!(
        "this test needs what tests/run installs (tests/packages.txt, tests/peers/venv.sh swift and \
         keystone):\n{error}"
    );
}

/// A Swift whose users are those of tempauth, or of a Keystone.
#[derive(Debug)]
pub(crate) struct Swift {
    peer: Peer,
    pub(crate) port: u16,
}

impl Swift {
    /// With tempauth, and these variables for the script.
    pub(crate) fn start(env: &[(&str, &str)]) -> Self {
        start_somewhere(|| Self::try_start(free_ports(5), env))
    }

    fn try_start(port: u16, env: &[(&str, &str)]) -> Result<Self, String> {
        let peer = Peer::start("swift.sh", &[port.to_string()], env)?;
        Ok(Self { peer, port })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Runs what removes expired objects, which Swift does once in a while.
    pub(crate) fn expire(&self) {
        let done = Command::new(script("swift.sh"))
            .arg("expire")
            .arg(&self.peer.dir)
            .status();
        assert!(done.unwrap().success());
    }

    /// What its servers have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.peer.dir.join("log/proxy.log")).unwrap()
    }
}

/// A Keystone, and a Swift that asks it.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) swift: Swift,
    _keystone: Peer,
    pub(crate) keystone_port: u16,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        start_somewhere(|| {
            let port = free_ports(6);
            let keystone_port = port + 5;
            let args = [keystone_port.to_string(), port.to_string()];
            let keystone = Peer::start("keystone.sh", &args, &[])?;
            let url = format!("http://127.0.0.1:{keystone_port}");
            Ok(Self {
                swift: Swift::try_start(port, &[("SWIFT_AUTH", &url)])?,
                _keystone: keystone,
                keystone_port,
            })
        })
    }

    pub(crate) fn auth_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.keystone_port)
    }
}
