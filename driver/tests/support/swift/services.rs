//! Swift and Keystone on the loopback interface, run by the scripts in `tests/peers`.
//!
//! Debian package: memcached. Python packages: tests/peers/requirements-{swift,keystone}.txt.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{free_ports, service_script};

/// A script that runs services until its standard input is closed: when this is dropped or this
/// process ends, in whatever way.
#[derive(Debug)]
struct Services {
    process: Child,
    stdin: Option<ChildStdin>,
    dir: PathBuf,
}

impl Services {
    /// Starts the script, or returns what it printed on standard error.
    fn start(name: &str, args: &[String], env: &[(&str, &str)]) -> Result<Self, String> {
        let mut process = Command::new(service_script(name))
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

impl Drop for Services {
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

/// Tries `start` up to three times, since another process may take the ports that it has chosen.
fn retry<T>(start: impl Fn() -> Result<T, String>) -> T {
    let mut error = String::new();
    for _ in 0..3 {
        match start() {
            Ok(started) => return started,
            Err(reason) => error = reason,
        }
    }
    panic!(
        "this test needs what tests/run installs (tests/packages.txt, and tests/peers/venv.sh for \
         swift and keystone):\n{error}"
    );
}

/// A Swift whose users are in tempauth or in a Keystone.
#[derive(Debug)]
pub(crate) struct Swift {
    services: Services,
    pub(crate) port: u16,
}

impl Swift {
    /// Starts a Swift with tempauth, unless the environment variables in `env` say otherwise.
    pub(crate) fn start(env: &[(&str, &str)]) -> Self {
        retry(|| Self::try_start(free_ports(5), env))
    }

    fn try_start(port: u16, env: &[(&str, &str)]) -> Result<Self, String> {
        let services = Services::start("swift.sh", &[port.to_string()], env)?;
        Ok(Self { services, port })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Removes expired objects now, rather than after the interval that Swift waits.
    pub(crate) fn expire(&self) {
        let done = Command::new(service_script("swift.sh"))
            .arg("expire")
            .arg(&self.services.dir)
            .status();
        assert!(done.unwrap().success());
    }

    /// The log of its servers.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.services.dir.join("log/proxy.log")).unwrap()
    }
}

/// A Keystone, and a Swift that relies on it.
#[derive(Debug)]
pub(crate) struct Cloud {
    pub(crate) swift: Swift,
    _keystone: Services,
    pub(crate) keystone_port: u16,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        retry(|| {
            let port = free_ports(6);
            let keystone_port = port + 5;
            let args = [keystone_port.to_string(), port.to_string()];
            let keystone = Services::start("keystone.sh", &args, &[])?;
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
