//! URLs that strangers choose reach neither this machine nor its networks.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use driver::image::{HttpClient, HttpSource, Networks, SourceError};

use crate::support::answers::{Answers, answer, redirect};

fn client(networks: &str) -> HttpClient {
    let networks: Networks = networks.parse().unwrap();
    HttpClient::new()
        .stall_after(Duration::from_secs(5))
        .public_and(networks)
}

/// Opens `url`, which must be refused for its address.
#[track_caller]
fn refused(client: &HttpClient, url: &str) -> String {
    let error = HttpSource::new(client, url).unwrap_err();
    assert!(
        matches!(error, SourceError::Address { .. }),
        "{url}: {error}"
    );
    error.to_string()
}

#[test]
fn no_spelling_of_an_address_reaches_this_machine() {
    let server = Answers::start(|_| answer(200, "", "kernel"));
    let port = server.port;
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0.0.0.0",
        "0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "[64:ff9b::7f00:1]",
        "localhost",
        "LOCALHOST",
        "user:secret@127.0.0.1",
    ] {
        let error = refused(&client(""), &format!("http://{host}:{port}/kernel"));
        assert!(error.contains("[ilo] image_networks"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    assert_eq!(server.asked().len(), 0);
    let url = server.url("/kernel");
    HttpSource::new(&client("127.0.0.0/8"), &url).unwrap();
    // A name may have several addresses, of which those that are allowed are used.
    let named = format!("http://localhost:{port}/kernel");
    HttpSource::new(&client("127.0.0.1"), &named).unwrap();
    HttpSource::new(&HttpClient::new(), &url).unwrap();
}

#[test]
fn a_redirect_leads_to_no_other_address() {
    let inner = Answers::start_on(Ipv4Addr::new(127, 0, 0, 2), |_| answer(200, "", "kernel"));
    let [by_address, by_name] = [inner.url("/"), format!("http://localhost:{}/", inner.port)];
    let target = by_address;
    let server = Answers::start(move |asked| match asked.path.as_str() {
        "/address" => redirect(&target),
        "/name" => redirect(&by_name),
        _ => redirect("http://169.254.169.254/latest/meta-data/"),
    });
    let other_name = |url: &str| url.replace("127.0.0.1", "localhost");
    for path in ["/address", "/link-local"] {
        refused(&client("127.0.0.1"), &server.url(path));
    }
    // `localhost` is another address than the server's own, which alone is allowed.
    let server_url = other_name(&server.url("/name"));
    assert!(HttpSource::new(&client("127.0.0.1"), &server_url).is_err());
    refused(
        &client("127.0.0.1/32"),
        &other_name(&server.url("/address")),
    );
    assert_eq!(inner.asked().len(), 0);
    HttpSource::new(&client("127.0.0.0/30"), &server.url("/address")).unwrap();
}

#[test]
fn nothing_reaches_link_local_addresses() {
    let start = Instant::now();
    let all = client("0.0.0.0/0, ::/0");
    for client in [&HttpClient::new(), &client(""), &all] {
        for host in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]"] {
            let error = refused(client, &format!("http://{host}/latest/meta-data/"));
            assert!(error.contains("link-local"), "{error}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(5), "nothing was sent");
}

#[test]
fn a_proxy_does_not_lead_past_the_check() {
    // Set for a process of its own, since the environment is shared.
    let Ok(port) = std::env::var("DRIVER_TEST_PROXY") else {
        let proxy = Answers::start(|_| answer(200, "", "from the proxy"));
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "addresses::a_proxy_does_not_lead_past_the_check"])
            .env("DRIVER_TEST_PROXY", proxy.port.to_string())
            .env("http_proxy", proxy.url(""))
            .env_remove("no_proxy")
            .env_remove("NO_PROXY")
            .status();
        assert!(status.unwrap().success());
        assert_eq!(proxy.asked().len(), 1, "of the client that may use it");
        return;
    };
    let server = Answers::start(|_| answer(200, "", "kernel"));
    refused(&client(""), &format!("http://localhost:{}/", server.port));
    HttpSource::new(&client("127.0.0.0/8"), &server.url("/")).unwrap();
    assert_eq!(server.asked().len(), 1, "{port}");
    HttpSource::new(&HttpClient::new(), "http://images.example/kernel").unwrap();
}
