//! Sources read by HTTPS from a server with a self-signed certificate.
//!
//! Debian package: openssl.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use driver::image::{HttpClient, HttpSource, Source};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::tools::{run, tool};

/// Makes a self-signed certificate for 127.0.0.1 that is not a CA.
fn certificate(dir: &Path) {
    let [config, key, cert] = ["openssl.cnf", "key.pem", "cert.pem"].map(|name| dir.join(name));
    let text = "[req]\ndistinguished_name=name\nx509_extensions=server\n[name]\n[server]\n\
                subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n";
    fs::write(&config, text).unwrap();
    let args =
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test";
    let files = [
        "-config".as_ref(),
        config.as_os_str(),
        "-keyout".as_ref(),
        key.as_os_str(),
        "-out".as_ref(),
        cert.as_os_str(),
    ];
    run(
        &tool("openssl", "openssl"),
        args.split_whitespace().map(AsRef::as_ref).chain(files),
    );
}

/// Serves `body` at `/kernel`, and redirects `/away` to `elsewhere`.
fn serve(dir: &Path, body: &'static [u8], elsewhere: String) -> String {
    let certificate = CertificateDer::from_pem_file(dir.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(dir.join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                request.extend(byte);
            }
            let head = if request.windows(5).any(|part| part == b"/away") {
                format!("302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0")
            } else {
                format!("200 OK\r\nContent-Length: {}", body.len())
            };
            let _ = write!(stream, "HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
            if request.starts_with(b"GET /kernel") {
                let _ = stream.write_all(body);
            }
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    format!("https://{address}")
}

#[test]
fn only_the_configured_certificates_are_trusted() {
    let dir = tempfile::tempdir().unwrap();
    certificate(dir.path());
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = format!("http://{}/kernel", plain.local_addr().unwrap());
    let server = serve(dir.path(), b"a kernel", elsewhere);
    let limit = Duration::from_secs(5);

    let pem = fs::read(dir.path().join("cert.pem")).unwrap();
    let client = HttpClient::with_ca("cert.pem", &pem)
        .unwrap()
        .stall_after(limit);
    let source = HttpSource::new(&client, &format!("{server}/kernel")).unwrap();
    let mut content = String::new();
    source.open().unwrap().read_to_string(&mut content).unwrap();
    assert_eq!((source.size(), content.as_str()), (8, "a kernel"));

    // A redirect from https to http is not followed. `plain` would not answer.
    let error = HttpSource::new(&client, &format!("{server}/away"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("https"), "{error}");

    let client = HttpClient::new().stall_after(limit);
    let error = HttpSource::new(&client, &format!("{server}/kernel"))
        .unwrap_err()
        .to_string();
    assert!(error.to_lowercase().contains("certificate"), "{error}");
}
