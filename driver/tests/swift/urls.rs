//! Temporary URLs: their key, digest and lifetime, and the server's clock.

use std::sync::OnceLock;
use std::time::Duration;

use driver::host::{Host, Kind, SwiftHost};

use crate::support::node;
use crate::support::swift::proxy::{Fate, Proxy, first};
use crate::support::swift::services::Swift;
use crate::support::swift::{Account, KEY, fetch, host, image, settings, swift, tempauth};

/// The Swift of the tests here, one of which changes the key of its account.
fn shared() -> &'static Swift {
    static SWIFT: OnceLock<Swift> = OnceLock::new();
    SWIFT.get_or_init(|| swift(&[]))
}

fn host_of(swift: &Swift, user: &str, container: &str) -> SwiftHost {
    host(settings(
        tempauth(&swift.url(""), user, "secret"),
        container,
    ))
}

/// Publishes an image, fetches it and returns its URL.
async fn works(host: &dyn Host) -> url::Url {
    let iso = host
        .publish(&node(1), image(Kind::BootIso, b"iso"))
        .await
        .unwrap();
    assert_eq!(fetch(&iso.url, None), (200, b"iso".to_vec()), "{}", iso.url);
    iso.url
}

fn signature_len(url: &url::Url) -> usize {
    let mut pairs = url.query_pairs();
    pairs
        .find(|(name, _)| name == "temp_url_sig")
        .unwrap()
        .1
        .len()
}

#[tokio::test]
async fn the_digest_is_one_that_the_server_accepts() {
    assert_eq!(
        signature_len(&works(&host_of(shared(), "test:ironic", "sha256")).await),
        64
    );
    for (digest, len) in [("sha512", 128), ("sha1", 40)] {
        let restricted = swift(&[("SWIFT_TEMPURL_DIGESTS", digest)]);
        let host = host_of(&restricted, "test:ironic", digest);
        assert_eq!(signature_len(&works(&host).await), len, "{digest}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_conductors_give_an_account_without_a_key_the_same_one() {
    // Two conductors start at the same time, and neither finds a key. Swift receives the key of one
    // of them late, and those that start in the meantime find a key that is about to be replaced.
    let late = [Fate::Delay(Duration::from_millis(2500))];
    let proxy = Proxy::start(shared().port(), first("POST /v1/AUTH_fresh ", &late));
    let url = |n| match n {
        0 => proxy.url(""),
        _ => shared().url(""),
    };
    let mut tasks = tokio::task::JoinSet::new();
    for (n, start) in [0, 0, 500, 1000, 2000].into_iter().enumerate() {
        let host = host(settings(
            tempauth(&url(n), "fresh:ironic", "secret"),
            "fresh",
        ));
        tasks.spawn(async move {
            tokio::time::sleep(Duration::from_millis(start)).await;
            let object = image(Kind::BootIso, b"iso");
            host.publish(&node(n as u32), object).await.unwrap().url
        });
    }
    for url in tasks.join_all().await {
        assert_eq!(fetch(&url, None), (200, b"iso".to_vec()), "{url}");
    }
    let key = |account: &Account| account.ask("HEAD", "", &[]).1;
    let account = Account::of(shared(), "fresh:ironic");
    let before = key(&account);
    assert!(before.contains("x-account-meta-temp-url-key"), "{before}");
    works(&host_of(shared(), "fresh:ironic", "fresh")).await;
    let meta = |headers: &str| {
        let at = headers.find("x-account-meta-temp-url-key").unwrap();
        headers[at..at + 120].to_owned()
    };
    assert_eq!(meta(&key(&account)), meta(&before), "the key is kept");
}

#[tokio::test]
async fn the_containers_key_is_used_if_the_account_has_none() {
    let account = Account::of(shared(), "other:ironic");
    let header = [("X-Container-Meta-Temp-URL-Key-2", "the-containers")];
    account.ask("PUT", "/keyed", &header);
    works(&host_of(shared(), "other:ironic", "keyed")).await;
    let headers = account.ask("HEAD", "", &[]).1;
    assert!(!headers.contains("temp-url-key"), "{headers}");
}

#[tokio::test]
async fn a_url_expires_and_a_new_one_works() {
    let auth = tempauth(&shared().url(""), "test:ironic", "secret");
    let lasting = settings(auth, "ends");
    let mut short = lasting.clone();
    short.boot_iso_url_lifetime = Duration::from_secs(1);
    let iso = host(short)
        .publish(&node(1), image(Kind::BootIso, b"iso"))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(fetch(&iso.url, None).0, 401);
    let url = host(lasting).url(&node(1), &iso.name).await.unwrap();
    assert_eq!(fetch(&url, None).0, 200);
}

#[tokio::test]
async fn a_changed_key_is_used_at_once() {
    let account = Account::of(shared(), "test:ironic");
    let host = host_of(shared(), "test:ironic", "rotated");
    let old = works(&host).await;
    let key = [("X-Account-Meta-Temp-URL-Key", "another-key")];
    assert_eq!(account.ask("POST", "", &key).0, 204);
    works(&host).await;
    assert_eq!(fetch(&old, None).0, 401);
    account.ask("POST", "", &[("X-Account-Meta-Temp-URL-Key", KEY)]);
}

#[tokio::test]
async fn expiry_and_sweeps_use_the_servers_clock() {
    for off in ["+1h", "-1h"] {
        let swift = swift(&[("SWIFT_CLOCK", off)]);
        let auth = tempauth(&swift.url(""), "test:ironic", "secret");
        let host = host(settings(auth, "clock"));
        // With this machine's clock and a Swift that is ahead, the URL would have expired 45
        // minutes ago.
        let floppy = host
            .publish(&node(1), image(Kind::Floppy, b"floppy"))
            .await
            .unwrap();
        assert_eq!(fetch(&floppy.url, None), (200, b"floppy".to_vec()), "{off}");
        let pairs: std::collections::HashMap<_, _> = floppy.url.query_pairs().collect();
        let expires: u64 = pairs["temp_url_expires"].parse().unwrap();
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let ahead = expires as i64 - now as i64 - 900;
        let expected = if off == "+1h" { 3600 } else { -3600 };
        assert!((ahead - expected).abs() < 60, "{off}: {ahead}");
        // A sweep compares times of the server's clock, too, and keeps new images.
        let before = std::time::SystemTime::now() - Duration::from_secs(600);
        let swept = host
            .sweep(std::collections::HashSet::new(), before)
            .await
            .unwrap();
        assert_eq!(swept.images, [], "{off}");
        let later = std::time::SystemTime::now() + Duration::from_secs(600);
        let swept = host
            .sweep(std::collections::HashSet::new(), later)
            .await
            .unwrap();
        assert_eq!(swept.images.len(), 1, "{off}");
    }
}
