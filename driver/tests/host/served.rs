//! Published images fetched from nginx, and the check that they are served.
//!
//! Debian packages: nginx-light openssl.

use std::io::Write;
use std::net::TcpListener;
use std::time::Duration;

use driver::host::{BaseUrl, Host as _, HostError, Kind, NewObject, NotServed, WebHost, Which};
use serde_json::json;
use ureq::http::{Response, StatusCode};
use url::Url;

use crate::support::child::{child, child_dir, run_child};
use crate::support::nginx::Nginx;
use crate::support::web::{host, is_root, names, object, open_dir, settings};
use crate::support::{node, node_from, uuid};

fn bytes() -> Vec<u8> {
    (0..1_474_560u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect()
}

fn client() -> ureq::Agent {
    let config = ureq::Agent::config_builder().proxy(None);
    config.http_status_as_error(false).build().new_agent()
}

fn host_at(dir: &tempfile::TempDir, base: &str) -> WebHost {
    WebHost::new(settings(dir.path(), base)).unwrap()
}

fn get(url: &Url) -> (StatusCode, Vec<u8>) {
    let answer = client().get(url.as_str()).call().unwrap();
    (answer.status(), bytes_of(answer))
}

fn get_range(url: &Url, range: &str) -> Response<ureq::Body> {
    let request = client().get(url.as_str());
    request
        .header("Range", format!("bytes={range}"))
        .call()
        .unwrap()
}

fn bytes_of(mut answer: Response<ureq::Body>) -> Vec<u8> {
    answer.body_mut().read_to_vec().unwrap()
}

#[tokio::test]
async fn published_images_are_served_completely_and_in_ranges() {
    let dir = open_dir();
    let nginx = Nginx::start(dir.path(), "");
    let bytes = bytes();
    for base in [
        nginx.url(""),
        nginx.url("/"),
        nginx.url("/images"),
        nginx.url("/images/"),
        nginx.url("/images?token=x%2Fy"),
        nginx.url6("/images"),
    ] {
        let host = host_at(&dir, &base);
        for kind in [Kind::Floppy, Kind::BootIso] {
            let object = object(kind, bytes.clone()).check_served();
            let url = host.publish(&node(1), object).await.unwrap().url;
            assert_eq!(get(&url), (StatusCode::OK, bytes.clone()), "{url}");

            let head = client().head(url.as_str()).call().unwrap();
            assert_eq!(head.headers()["content-length"], "1474560");
            assert_eq!(head.headers()["accept-ranges"], "bytes");
            for (from, to) in [(0, 9), (512, 4607), (1_474_000, 1_474_559)] {
                let answer = get_range(&url, &format!("{from}-{to}"));
                assert_eq!(answer.status(), StatusCode::PARTIAL_CONTENT);
                let content_range = format!("bytes {from}-{to}/1474560");
                assert_eq!(answer.headers()["content-range"], content_range.as_str());
                assert_eq!(bytes_of(answer), bytes[from..=to]);
            }
            let beyond = get_range(&url, "1474560-");
            assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
        }
    }
}

#[tokio::test]
async fn publishing_and_withdrawing_do_not_affect_readers_of_older_images() {
    let dir = open_dir();
    let nginx = Nginx::start(dir.path(), "");
    let host = host_at(&dir, &nginx.url("/"));
    let bytes = bytes();
    let old = host
        .publish(&node(1), object(Kind::BootIso, bytes.clone()))
        .await
        .unwrap();
    for round in 0..20u8 {
        let new = host
            .publish(&node(1), object(Kind::BootIso, [round; 999]))
            .await
            .unwrap();
        let from = usize::from(round) * 4096;
        let part = get_range(&old.url, &format!("{from}-{}", from + 4095));
        assert_eq!(bytes_of(part), bytes[from..from + 4096]);
        host.unpublish(uuid(1), Which::Only(new.name))
            .await
            .unwrap();
    }
    assert_eq!(get(&old.url).1, bytes);
    host.unpublish(uuid(1), Which::All).await.unwrap();
    assert_eq!(get(&old.url).0, StatusCode::NOT_FOUND);
}

#[test]
fn images_published_under_a_strict_umask_are_served() {
    let dir = open_dir();
    let root = dir.path().join("httpboot");
    run_child(child(
        &["sh", "-c", "umask 0077; exec \"$0\" \"$@\""],
        "served::child_with_a_strict_umask",
        &root,
    ));
    assert_eq!(names(&root).len(), 0, "the child withdrew it");
}

#[tokio::test]
async fn child_with_a_strict_umask() {
    let Some(root) = child_dir() else { return };
    // The first publish makes the directory under the strict umask, while the server's own files
    // need another.
    host(&root)
        .publish(&node(2), object(Kind::Floppy, b"first"))
        .await
        .unwrap();
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let nginx = Nginx::start(&root, "");
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let host = WebHost::new(settings(&root, &nginx.url("/"))).unwrap();
    let object = object(Kind::Floppy, bytes()).check_served();
    let published = host.publish(&node(1), object).await.unwrap();
    assert_eq!(get(&published.url), (StatusCode::OK, bytes()));
    for n in [1, 2] {
        host.unpublish(uuid(n), Which::All).await.unwrap();
    }
}

#[tokio::test]
async fn an_unfinished_image_cannot_be_fetched() {
    let dir = open_dir();
    let nginx = Nginx::start(dir.path(), "");
    let host = host_at(&dir, &nginx.url("/"));
    let (root, base) = (dir.path().to_owned(), nginx.url("/"));
    let object = NewObject::new(Kind::BootIso, 2_000_000, move |out| {
        out.write_all(&[1; 1_000_000])?;
        let there = names(&root);
        assert_eq!(there.len(), 1);
        let base = Url::parse(&base).unwrap();
        let (status, _) = get(&base.join(&there[0]).unwrap());
        // A server that runs as the same user can read the file, but its name is not published.
        if is_root() {
            assert_eq!(status, StatusCode::FORBIDDEN, "even by its temporary name");
        }
        assert_eq!(get(&base).0, StatusCode::FORBIDDEN, "nor listed");
        out.write_all(&[1; 1_000_000])
    });
    host.publish(&node(1), object).await.unwrap();
}

/// Publishes an image whose check must fail and leave nothing, and returns the reason.
async fn not_served(host: &WebHost, dir: &tempfile::TempDir) -> NotServed {
    let object = object(Kind::Floppy, bytes()).check_served();
    let error = host.publish(&node(1), object).await.unwrap_err();
    assert_eq!(names(dir.path()), [""; 0], "{error}");
    assert!(error.to_string().contains(&uuid(1).to_string()), "{error}");
    match error {
        HostError::NotServed { cause, .. } => cause,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_image_that_is_not_served_is_withdrawn() {
    let dir = open_dir();
    let nginx = Nginx::start(
        dir.path(),
        "location /forbidden/ { deny all; }
         location /elsewhere/ { return 301 http://127.0.0.1/; }
         location /login/ { return 401; }
         location /broken/ { return 503; }
         location /other/ { return 200 'not the image'; }",
    );
    for (path, status) in [
        ("/wrong", 404),
        ("/forbidden", 403),
        ("/elsewhere", 301),
        ("/login", 401),
        ("/broken", 503),
    ] {
        let fault = not_served(&host_at(&dir, &nginx.url(path)), &dir).await;
        assert!(
            matches!(fault, NotServed::Status { status: got, .. } if got == status),
            "{fault}"
        );
    }
    let fault = not_served(&host_at(&dir, &nginx.url("/other")), &dir).await;
    let NotServed::Length {
        expected,
        announced,
        ..
    } = fault
    else {
        panic!("{fault}");
    };
    assert_eq!((expected, announced), (1_474_560, Some(13)));
}

#[tokio::test]
async fn a_root_that_the_server_may_not_enter_is_detected() {
    use std::os::unix::fs::PermissionsExt;
    if !is_root() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: a server whose user is not the publisher's (needs root)"
        );
        return;
    }
    let dir = open_dir();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let nginx = Nginx::start(dir.path(), "");
    let fault = not_served(&host_at(&dir, &nginx.url("/")), &dir).await;
    assert!(
        matches!(fault, NotServed::Status { status: 403, .. }),
        "{fault}"
    );
    assert!(fault.to_string().contains("SELinux"), "{fault}");
}

#[tokio::test]
async fn a_server_that_is_down_or_stalls_is_detected_and_no_secret_is_shown() {
    let dir = open_dir();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let base = format!("http://user:hunter2@127.0.0.1:{port}/?sig=hunter2");
    let mut slow = settings(dir.path(), &base);
    slow.check.timeout = Duration::from_millis(300);
    let host = WebHost::new(slow).unwrap();
    let stalls = not_served(&host, &dir).await;
    drop(silent);
    let down = not_served(&host, &dir).await;
    for fault in [stalls, down] {
        assert!(matches!(fault, NotServed::NoAnswer { .. }), "{fault}");
        assert!(
            fault
                .to_string()
                .contains(&format!("http://127.0.0.1:{port}/image-")),
            "{fault}"
        );
        assert!(
            !format!("{fault} {fault:?}").contains("hunter2"),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn the_check_uses_the_nodes_own_url() {
    let dir = open_dir();
    let nginx = Nginx::start(dir.path(), "");
    let mut settings = settings(dir.path(), &nginx.url("/wrong"));
    settings.urls.external = Some(BaseUrl::parse(&nginx.url("/wrong-too")).unwrap());
    let host = WebHost::new(settings).unwrap();
    let own = node_from(&json!({"uuid": uuid(1).to_string(),
        "driver_info": {"external_http_url": nginx.url("/images")}}));
    let object = object(Kind::Floppy, bytes()).check_served();
    let published = host.publish(&own, object).await.unwrap();
    assert_eq!(get(&published.url), (StatusCode::OK, bytes()));
}

#[tokio::test]
async fn https_is_verified_with_the_given_ca_file_only() {
    let dir = open_dir();
    let nginx = Nginx::start_tls(dir.path());
    let mut settings = settings(dir.path(), &nginx.tls_url("/"));
    let strict = WebHost::new(settings.clone()).unwrap();
    let fault = not_served(&strict, &dir).await;
    assert!(matches!(fault, NotServed::NoAnswer { .. }), "{fault}");
    assert!(
        fault.to_string().to_lowercase().contains("certificate"),
        "{fault}"
    );

    settings.check.ca_file = Some(dir.path().join("missing.pem"));
    let fault = not_served(&WebHost::new(settings.clone()).unwrap(), &dir).await;
    assert!(matches!(fault, NotServed::CaFile { .. }), "{fault}");

    settings.check.ca_file = Some(nginx.ca_file());
    let object = object(Kind::Floppy, bytes()).check_served();
    WebHost::new(settings)
        .unwrap()
        .publish(&node(1), object)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_nodes_publish_at_once_and_all_images_are_served() {
    let dir = open_dir();
    let nginx = Nginx::start(dir.path(), "");
    let host = host_at(&dir, &nginx.url("/images"));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..200u32 {
        let host = host.clone();
        tasks.spawn(async move {
            let object = object(Kind::Floppy, vec![n as u8; 1_474_560]).check_served();
            (n, host.publish(&node(n), object).await.unwrap().url)
        });
    }
    for (n, url) in tasks.join_all().await {
        assert_eq!(get(&url), (StatusCode::OK, vec![n as u8; 1_474_560]));
    }
    assert_eq!(names(dir.path()).len(), 200);
}
