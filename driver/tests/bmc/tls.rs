//! BMCs with which no TLS connection can be made.
//!
//! Debian package: openssl.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use driver::bmc::{Bmc, Cause};
use serde_json::json;
use tempfile::TempDir;

use super::bmc;
use super::trust::{NAMED, make};
use crate::support::ilo::{PASSWORD, USER};
use crate::support::ports::Ports;

/// `openssl s_server` with these arguments, stopped when this is dropped.
struct TlsServer {
    process: Child,
    port: Ports,
    _dir: TempDir,
}

impl TlsServer {
    fn start(arguments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (certificate, key) = make(dir.path(), "ilo", &NAMED);
        let port = Ports::one();
        let process = Command::new("openssl")
            .args([
                "s_server",
                "-quiet",
                "-accept",
                &port.first.to_string(),
                "-cert",
            ])
            .arg(certificate)
            .arg("-key")
            .arg(key)
            .args(arguments)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let address = (Ipv4Addr::LOCALHOST, port.first);
        while TcpStream::connect(address).is_err() {
            std::thread::sleep(Duration::from_millis(10));
        }
        Self {
            process,
            port,
            _dir: dir,
        }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks a BMC by HTTPS at this port, which must fail at once. Returns why.
async fn no_tls(port: u16) -> String {
    let start = Instant::now();
    let info = json!({
        "ilo_address": "127.0.0.1", "client_port": port, "ilo_username": USER,
        "ilo_password": PASSWORD, "ilo_verify_ca": false,
    });
    let error = bmc(&info, "").power_state().await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(10), "{error}");
    match error.cause {
        Cause::NoTls { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bmc_without_a_common_version_of_tls_is_not_asked_again() {
    let old = TlsServer::start(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    let reason = no_tls(old.port.first).await;
    assert!(reason.contains("none of the versions of TLS"), "{reason}");
    let weak = TlsServer::start(&["-tls1_2", "-cipher", "AES256-SHA"]);
    let reason = no_tls(weak.port.first).await;
    assert!(reason.contains("no cipher in common"), "{reason}");
    // A server that answers with HTTP at the port of HTTPS.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream
                .unwrap()
                .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let reason = no_tls(port).await;
    assert!(reason.contains("does not speak TLS"), "{reason}");
}
