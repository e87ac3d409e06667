//! sushy-emulator, the Redfish emulator of OpenStack, from the environments that tests/run makes.
//!
//! Debian packages, for servers that boot: libvirt-daemon libvirt-daemon-driver-qemu
//! libvirt-clients python3-libvirt. Python packages: tests/peers/requirements-sushy*.txt.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::ports::Ports;
use super::{service_script, service_tests};

/// The user and the password of an emulator that requires them.
pub(crate) const USER: &str = "Administrator";
pub(crate) const PASSWORD: &str = "pass-w0rd-of-the-bmc";

/// Longer than an emulator takes to start, even on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running emulator, ended along with everything it started when this is dropped.
pub(crate) struct Sushy {
    process: Child,
    dir: tempfile::TempDir,
    port: Ports,
    has_password: bool,
    boots: bool,
}

impl Sushy {
    /// A server that only pretends, with the drives of an iLO. `venv` is the Python environment:
    /// `sushy`, or `sushy-managers` for a release that has the drives under the manager.
    pub(crate) fn fake(venv: &str) -> Self {
        Self::launch(venv, false, false)
    }

    /// Like [`fake`](Self::fake), by HTTPS and with a password.
    pub(crate) fn with_password() -> Self {
        Self::launch("sushy", true, false)
    }

    /// A server that really boots what is in its drives.
    pub(crate) fn that_boots() -> Self {
        Self::launch("sushy", false, true)
    }

    fn launch(venv: &str, has_password: bool, boots: bool) -> Self {
        let venvs = service_tests().join(".venv");
        let emulator = venvs.join(venv).join("bin/sushy-emulator");
        assert!(
            emulator.exists(),
            "{} is missing: run tests/run, or tests/peers/venv.sh {venv}",
            emulator.display()
        );
        // The name is short, since libvirt's sockets in here have paths of limited length, and the
        // server runs as another user.
        let dir = tempfile::Builder::new()
            .prefix("bmc")
            .permissions(fs::Permissions::from_mode(0o755))
            .tempdir()
            .unwrap();
        let port = Ports::one();
        let output = File::create(dir.path().join("output")).unwrap();
        let mut command = if boots {
            let mut command = Command::new(service_script("sushy-libvirt.sh"));
            command
                .arg("start")
                .arg(dir.path())
                .arg(port.first.to_string());
            command
        } else {
            let mut command = Command::new(service_script("sushy.sh"));
            command
                .arg(venv)
                .arg(dir.path())
                .arg(port.first.to_string());
            if has_password {
                command.args([USER, PASSWORD]);
            }
            command
        };
        command.stdin(Stdio::null());
        command.stdout(output.try_clone().unwrap()).stderr(output);
        let process = command.spawn().unwrap();
        let mut sushy = Self {
            process,
            dir,
            port,
            has_password,
            boots,
        };
        sushy.wait();
        sushy
    }

    /// Waits until it answers its first request, for which it reads its systems.
    fn wait(&mut self) {
        let end = Instant::now() + START;
        loop {
            let ended = self.process.try_wait().unwrap();
            if let Some(status) = ended {
                panic!("the emulator ended ({status}):\n{}", self.output());
            }
            if self.answers() {
                return;
            }
            assert!(Instant::now() < end, "no answer:\n{}", self.output());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port.first));
        let Ok(mut stream) = TcpStream::connect(address) else {
            return false;
        };
        if self.has_password {
            return true;
        }
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let asked = stream.write_all(b"GET /redfish/v1/ HTTP/1.0\r\n\r\n");
        let mut answer = [0; 12];
        asked.is_ok() && stream.read_exact(&mut answer).is_ok() && answer.ends_with(b"200")
    }

    fn output(&self) -> String {
        fs::read_to_string(self.dir.path().join("output")).unwrap_or_default()
    }

    /// The `driver_info` of a node with this BMC.
    pub(crate) fn driver_info(&self) -> Value {
        let port = self.port.first;
        if self.has_password {
            json!({
                "ilo_address": "127.0.0.1", "client_port": port,
                "ilo_username": USER, "ilo_password": PASSWORD,
                "ilo_verify_ca": self.dir.path().join("tls.crt"),
            })
        } else {
            json!({"redfish_address": format!("http://127.0.0.1:{port}")})
        }
    }

    /// The server's output on its serial console.
    pub(crate) fn console(&self) -> String {
        let bytes = fs::read(self.dir.path().join("console.log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).replace('\r', "")
    }
}

impl Drop for Sushy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if self.boots {
            let mut stop = Command::new(service_script("sushy-libvirt.sh"));
            let _ = stop.arg("stop").arg(self.dir.path()).status();
        }
    }
}
