//! Swift behind HTTPS, and whose certificates are trusted.
//!
//! Needs what `support::nginx` and `support::swift` need.

use driver::host::Kind;

use crate::support::nginx::Nginx;
use crate::support::swift::{bytes, image, swift};
use crate::support::web::open_dir;
use crate::support::{node, options, uuid};

#[tokio::test]
async fn certificates_are_verified_unless_insecure_is_set() {
    let swift = swift(&[]);
    let www = open_dir();
    let to = swift.port();
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
        driver::host::from_options(&options(&text))
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
