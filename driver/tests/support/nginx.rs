//! A real nginx on the loopback interface, which keeps its files in a temporary directory.
//!
//! Debian packages: nginx-light, and openssl for HTTPS.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::ports::Ports;
use super::web::{is_root, open_dir};

/// Debian's path of nginx, in a directory that users often lack in their `PATH`.
const NGINX: &str = "/usr/sbin/nginx";

/// A running nginx, stopped when this is dropped.
///
/// When root starts it, its workers run as `nobody` and can read only what is world-readable, as in
/// a real deployment, where the web server and the conductor are different users.
pub(crate) struct Nginx {
    process: Child,
    port: Ports,
    tls_port: Option<Ports>,
    prefix: tempfile::TempDir,
}

impl Nginx {
    /// Serves `root` at `/` and at `/images/`. `locations` is further configuration.
    pub(crate) fn start(root: &Path, locations: &str) -> Self {
        Self::launch(root, locations, false)
    }

    /// Like [`start`](Self::start), and also serves HTTPS, with the certificate [`Nginx::ca_file`].
    pub(crate) fn start_tls(root: &Path) -> Self {
        Self::launch(root, "", true)
    }

    /// Like [`start_tls`](Self::start_tls), with further configuration.
    pub(crate) fn start_tls_with(root: &Path, locations: &str) -> Self {
        Self::launch(root, locations, true)
    }

    fn launch(root: &Path, locations: &str, tls: bool) -> Self {
        let program = if Path::new(NGINX).exists() {
            NGINX
        } else {
            "nginx"
        };
        let prefix = open_dir();
        let port = Ports::one();
        let tls_port = tls.then(Ports::one);
        let conf = configuration(prefix.path(), root, &port, tls_port.as_ref(), locations);
        let conf_path = prefix.path().join("nginx.conf");
        std::fs::write(&conf_path, conf).unwrap();
        let mut process = Command::new(program)
            .arg("-p")
            .arg(prefix.path())
            .arg("-c")
            .arg(&conf_path)
            .arg("-e")
            .arg(prefix.path().join("error.log"))
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| {
                panic!("these tests need nginx, Debian package nginx-light: {program}: {e}")
            });
        assert!(
            answers(port.first, &mut process),
            "nginx does not start:\n{}",
            log(prefix.path())
        );
        Self {
            process,
            port,
            tls_port,
            prefix,
        }
    }

    /// The number of GET requests for this path.
    pub(crate) fn sent(&self, path: &str) -> usize {
        let log =
            std::fs::read_to_string(self.prefix.path().join("access.log")).unwrap_or_default();
        let request = format!("\"GET {path} ");
        log.lines().filter(|line| line.contains(&request)).count()
    }

    /// `http://127.0.0.1:PORT` and `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port.first)
    }

    /// `http://[::1]:PORT` and `path`.
    pub(crate) fn url6(&self, path: &str) -> String {
        format!("http://[::1]:{}{path}", self.port.first)
    }

    /// `https://127.0.0.1:PORT` and `path`.
    pub(crate) fn tls_url(&self, path: &str) -> String {
        format!(
            "https://127.0.0.1:{}{path}",
            self.tls_port.as_ref().unwrap().first
        )
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.prefix.path().join("tls.crt")
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGKILL would end the master process but not its workers.
        if let Some(pid) = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw)
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.process.wait();
    }
}

/// Waits until the server answers. Returns `false` when it ended instead.
fn answers(port: u16, process: &mut Child) -> bool {
    let end = Instant::now() + Duration::from_secs(10);
    while Instant::now() < end {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        if let Ok(mut stream) = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))) {
            let asked = stream.write_all(b"HEAD / HTTP/1.0\r\n\r\n");
            let mut answer = [0; 5];
            if asked.is_ok() && stream.read_exact(&mut answer).is_ok() && &answer == b"HTTP/" {
                return true;
            }
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

fn log(prefix: &Path) -> String {
    std::fs::read_to_string(prefix.join("error.log")).unwrap_or_default()
}

fn configuration(
    prefix: &Path,
    root: &Path,
    port: &Ports,
    tls_port: Option<&Ports>,
    locations: &str,
) -> String {
    let (prefix, root, port) = (prefix.display(), root.display(), port.first);
    let mut listen = format!("listen 127.0.0.1:{port};");
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        write!(listen, " listen [::1]:{port};").unwrap();
    }
    if let Some(tls_port) = tls_port {
        make_certificate(&prefix.to_string());
        write!(
            listen,
            " listen 127.0.0.1:{} ssl; ssl_certificate {prefix}/tls.crt; \
             ssl_certificate_key {prefix}/tls.key;",
            tls_port.first
        )
        .unwrap();
    }
    let user = if is_root() {
        "user nobody nogroup;"
    } else {
        ""
    };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|what| format!("{what}_temp_path {prefix}/{what};\n"))
        .concat();
    format!(
        "daemon off;
         worker_processes 1;
         {user}
         pid {prefix}/nginx.pid;
         error_log {prefix}/error.log info;
         events {{ worker_connections 512; }}
         http {{
             access_log {prefix}/access.log combined;
             {temporary}
             default_type application/octet-stream;
             sendfile on;
             server {{
                 {listen}
                 root {root};
                 location /images/ {{ alias {root}/; }}
                 {locations}
             }}
         }}\n"
    )
}

fn make_certificate(prefix: &str) {
    let done = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
        ])
        .args(["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args([
            "-keyout",
            &format!("{prefix}/tls.key"),
            "-out",
            &format!("{prefix}/tls.crt"),
        ])
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|e| panic!("this test needs openssl, Debian package openssl: {e}"));
    assert!(done.success(), "openssl cannot make a certificate");
}
