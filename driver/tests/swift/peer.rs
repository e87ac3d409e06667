//! A Swift that answers with anything: what it says is shown safely, and what others set or own is
//! left alone.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};

use driver::host::{Host as _, HostError, Kind, Published, SwiftHost, Which};
use md5::{Digest, Md5};
use serde_json::json;

use crate::support::answers::{Answers, Asked, answer, json as json_answer};
use crate::support::swift::services::Swift;
use crate::support::swift::{Account, fetch, host, image, settings, swift, tempauth};
use crate::support::{node, uuid};

const PASSWORD: &str = "pass-w0rd-of-swift";
const TOKEN: &str = "AUTH_tkT0KEN+of/it==";

/// A Swift that answers with `quirk` where that gives something, and else well.
fn server(quirk: impl Fn(&Asked) -> Option<String> + Send + Sync + 'static) -> Answers {
    Answers::start(move |asked| quirk(asked).unwrap_or_else(|| good(asked)))
}

fn good(asked: &Asked) -> String {
    let path = asked.path.split('?').next().unwrap();
    match (asked.method.as_str(), path) {
        (_, "/auth/v1.0") => session(asked, ""),
        (_, "/info") => json_answer(
            200,
            &json!({"swift": {}, "tempurl": {"allowed_digests": ["sha256"]}}),
        ),
        ("HEAD", "/v1/AUTH_test") => answer(204, "X-Account-Meta-Temp-URL-Key: the-key\r\n", ""),
        ("PUT", "/v1/AUTH_test/c") | ("HEAD", _) => answer(204, "", ""),
        ("PUT", _) => {
            let digest = Md5::digest(&asked.body);
            let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            answer(201, &format!("ETag: {digest}\r\n"), "")
        }
        _ => answer(204, "", ""),
    }
}

/// The answer of tempauth, with `user` in the account's URL.
fn session(asked: &Asked, user: &str) -> String {
    let mut lines = asked.head.lines();
    let host = lines.find_map(|line| line.strip_prefix("host: ")).unwrap();
    let headers =
        format!("X-Storage-Token: {TOKEN}\r\nX-Storage-Url: http://{user}{host}/v1/AUTH_test\r\n");
    answer(200, &headers, "")
}

fn host_on(server: &Answers) -> SwiftHost {
    let mut settings = settings(tempauth(&server.url(""), "test:tester", PASSWORD), "c");
    settings.max_retries = 0;
    host(settings)
}

async fn publish(server: &Answers) -> Result<Published, HostError> {
    let object = image(Kind::BootIso, b"iso");
    host_on(server).publish(&node(1), object).await
}

#[tokio::test]
async fn what_swift_says_is_cut_escaped_and_without_secrets() {
    let long = |asked: &Asked| format!("{}\u{1b}[31m{}", asked.head, "y".repeat(100_000));
    let refusing = |method: &'static str, path: &'static str| {
        server(move |asked| {
            let is_it = asked.method == method && asked.path.starts_with(path);
            is_it.then(|| answer(400, "", &long(asked)))
        })
    };
    let sets_key = server(
        move |asked| match (asked.method.as_str(), asked.path.as_str()) {
            ("HEAD", "/v1/AUTH_test") => Some(answer(204, "", "")),
            ("POST", _) => Some(answer(400, "", &long(asked))),
            _ => None,
        },
    );
    for (server, url) in [
        (refusing("GET", "/auth"), ""),
        (refusing("GET", "/auth"), "x"),
        (refusing("PUT", "/v1/AUTH_test/c"), ""),
        (refusing("PUT", "/v1/AUTH_test/c/"), ""),
        (sets_key, ""),
    ] {
        let error = publish(&server).await.unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(text.contains("400"), "{url}: {text}");
        assert!(text.len() < 3000, "{} bytes", text.len());
        assert!(!text.contains(char::is_control), "{text}");
        let key = server
            .asked()
            .into_iter()
            .find(|asked| asked.method == "POST");
        let key = key.and_then(|asked| {
            let line = asked
                .head
                .lines()
                .find(|line| line.contains("url-key: "))?
                .to_owned();
            Some(line.split_once(": ")?.1.to_owned())
        });
        for secret in [PASSWORD, "T0KEN", key.as_deref().unwrap_or(PASSWORD)] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[tokio::test]
async fn a_listing_of_others_images_removes_none_of_them() {
    let theirs = format!("boot-{}-a.iso", uuid(2));
    let server = server(move |asked| {
        let is_it = asked.method == "GET" && asked.path.starts_with("/v1/AUTH_test/c?");
        let entry = json!([{"name": theirs, "bytes": 1, "hash": "0",
                            "last_modified": "2026-01-01T00:00:00.000000"}]);
        is_it.then(|| json_answer(200, &entry))
    });
    let removed = host_on(&server)
        .unpublish(uuid(1), Which::All)
        .await
        .unwrap();
    assert_eq!(removed, []);
    assert!(server.asked().iter().all(|asked| asked.method != "DELETE"));
}

#[tokio::test]
async fn a_listing_without_an_end_ends() {
    let number = std::sync::atomic::AtomicUsize::new(0);
    let server = server(move |asked| {
        let is_it = asked.method == "GET" && asked.path.starts_with("/v1/AUTH_test/c?");
        let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let entry = json!([{"name": format!("image-{}-{number:09}.img", uuid(1)), "bytes": 1,
                            "last_modified": "2026-01-01T00:00:00.000000"}]);
        is_it.then(|| json_answer(200, &entry))
    });
    let error = host_on(&server).list(uuid(1)).await.unwrap_err();
    assert!(error.to_string().contains("a listing that ends"), "{error}");
}

#[tokio::test]
async fn a_password_in_the_accounts_url_is_in_no_url_for_a_bmc() {
    let server = server(|asked| {
        (asked.path == "/auth/v1.0").then(|| session(asked, "user:pass-of-the-endpoint@"))
    });
    let published = publish(&server).await.unwrap();
    assert_eq!(published.url.username(), "");
    assert!(!published.url.as_str().contains("pass-of"), "{published:?}");
    assert!(published.url.as_str().contains("temp_url_sig="));
}

/// Gives an account this key, as curl does, which sends any bytes.
fn set_raw_key(swift: &Swift, account: &Account, key: &[u8]) {
    let path = account.url.strip_prefix(&swift.url("")).unwrap();
    let token = &account.token;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: h\r\nX-Auth-Token: {token}\r\nContent-Length: 0\r\n\
         Connection: close\r\nX-Account-Meta-Temp-URL-Key: "
    );
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, swift.port())).unwrap();
    let request = [head.as_bytes(), key, b"\r\n\r\n"].concat();
    stream.write_all(&request).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 2"), "{answer}");
}

#[tokio::test]
async fn a_key_that_is_not_ascii_is_used_and_never_replaced() {
    let swift = swift(&[]);
    let account = Account::of(&swift, "other:ironic");
    set_raw_key(
        &swift,
        &account,
        "schl\u{fc}ssel-of-the-operator".as_bytes(),
    );
    let before = account.ask("HEAD", "", &[]).1;
    let host = host(settings(
        tempauth(&swift.url(""), "other:ironic", "secret"),
        "c",
    ));
    let object = image(Kind::BootIso, b"iso");
    let published = host.publish(&node(1), object).await.unwrap();
    assert_eq!(fetch(&published.url, None), (200, b"iso".to_vec()));
    let key_of = |headers: &str| {
        let at = headers.find("x-account-meta-temp-url-key").unwrap();
        headers[at..at + 60].to_owned()
    };
    assert_eq!(key_of(&account.ask("HEAD", "", &[]).1), key_of(&before));
}
