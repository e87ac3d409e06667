//! A real Swift behind HTTPS: who is trusted.

#![cfg(feature = "swift")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]

mod host_support;
mod swift_support;

use driver::host::{Host, Kind};
use driver::options::Options;
use host_support::nginx::Nginx;
use host_support::{node, open_dir, uuid};
use oslo_config::SourceFile;
use swift_support::{bytes, image, swift};

#[tokio::test]
async fn certificates_are_verified_unless_told_otherwise() {
    let swift = swift(&[]);
    let www = open_dir();
    let to = swift.port;
    let nginx = Nginx::start_tls_with(
        www.path(),
        &format!(
            "client_max_body_size 0; proxy_request_buffering off; proxy_http_version 1.1;
             location /v1/ {{ proxy_pass http://127.0.0.1:{to}; }}
             location /auth/ {{ proxy_pass http://127.0.0.1:{to}; }}
             location /info {{ proxy_pass http://127.0.0.1:{to}; }}"
        ),
    );
    let host = |more: &str| {
        let text = format!(
            "[swift]\nauth_type = v1password\nauth_url = {}\nusername = test:ironic\n\
             password = secret\nswift_max_retries = 0\nendpoint_override = {}\n{more}\n",
            nginx.tls_url("/auth/v1.0"),
            nginx.tls_url("/v1/AUTH_test"),
        );
        let file = SourceFile {
            path: "ironic.conf".into(),
            text: text.into(),
        };
        let options = Options::read(&[file.parse().unwrap()], []).unwrap();
        Host::from_options(&options)
    };
    let content = bytes(1_000_000);
    let authority = format!("cafile = {}", nginx.ca_file().display());
    for trusted in [authority.as_str(), "insecure = True"] {
        let object = image(Kind::BootIso, &content).check_served();
        let host = host(trusted).unwrap();
        host.publish(&node(1), object).await.unwrap();
    }
    let error = host("")
        .unwrap()
        .list(uuid(1))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("ertificate"), "{error}");

    let missing = host("cafile = /nowhere.pem").unwrap_err().to_string();
    assert!(missing.contains("/nowhere.pem"), "{missing}");
    let empty = www.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let empty = host(&format!("cafile = {}", empty.display()))
        .unwrap_err()
        .to_string();
    assert!(empty.contains("at least one PEM certificate"), "{empty}");
}
