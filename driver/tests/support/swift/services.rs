//! Swift and Keystone on the loopback interface, run by the scripts in `tests/peers`.
//!
//! Debian package: memcached. Python packages: tests/peers/requirements-{swift,keystone}.txt.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::ports::Ports;
use crate::support::service_script;

/// A script that runs services until its standard input is closed: when this is dropped or this
/// process ends, in whatever way.
#[derive(Debug)]
struct Services {
    process: Child,
    stdin: Option<ChildStdin>,
    dir: PathBuf,
    ports: Ports,
}

impl Services {
    /// Starts the script with the first of its ports and these arguments.
    fn start(name: &str, ports: Ports, args: &[String], env: &[(&str, &str)]) -> Self {
        let mut process = Command::new(service_script(name))
            .arg("run")
            .arg(ports.first.to_string())
            .args(args)
            .envs(env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("cannot run {name}: {e}"));
        let stdin = process.stdin.take();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        if let Some(dir) = line.trim_end().strip_prefix("ready ") {
            let dir = dir.into();
            return Self {
                process,
                stdin,
                dir,
                ports,
            };
        }
        drop(stdin);
        let mut errors = String::new();
        let _ = process.stderr.take().unwrap().read_to_string(&mut errors);
        let _ = process.wait();
        panic!(
            "this test needs what tests/run installs (tests/packages.txt, and tests/peers/venv.sh \
             for swift and keystone):\n{errors}"
        );
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

/// A Swift whose users are in tempauth or in a Keystone.
#[derive(Debug)]
pub(crate) struct Swift {
    services: Services,
}

impl Swift {
    /// Starts a Swift with tempauth, unless the environment variables in `env` say otherwise.
    pub(crate) fn start(env: &[(&str, &str)]) -> Self {
        // Its proxy, its storage servers and memcached.
        let services = Services::start("swift.sh", Ports::reserve(5), &[], env);
        Self { services }
    }

    pub(crate) fn port(&self) -> u16 {
        self.services.ports.first
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port())
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
    keystone: Services,
}

impl Cloud {
    pub(crate) fn start() -> Self {
        let swift = Ports::reserve(5);
        let args = [swift.first.to_string()];
        let keystone = Services::start("keystone.sh", Ports::one(), &args, &[]);
        let url = format!("http://127.0.0.1:{}", keystone.ports.first);
        let services = Services::start("swift.sh", swift, &[], &[("SWIFT_AUTH", &url)]);
        Self {
            swift: Swift { services },
            keystone,
        }
    }

    pub(crate) fn keystone_port(&self) -> u16 {
        self.keystone.ports.first
    }

    pub(crate) fn auth_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.keystone_port())
    }
}
