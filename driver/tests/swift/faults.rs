//! Failures of Swift or of the network: what is retried, the errors, and that nothing is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use driver::host::{Host as _, Kind, NewObject, SwiftHost, Which};

use crate::shared;
use crate::support::swift::proxy::{Fate, Proxy, first};
use crate::support::swift::{Account, bytes, fetch, host, image, settings, tempauth};
use crate::support::{node, uuid};

const SIZE: usize = 2_000_000;

/// A host behind a proxy that gives the first requests whose line begins with `start` these fates.
fn behind(container: &str, start: &'static str, fates: &[Fate]) -> (SwiftHost, Proxy) {
    let proxy = Proxy::start(shared().port(), first(start, fates));
    let auth = tempauth(&proxy.url(""), "test:ironic", "secret");
    (host(settings(auth, container)), proxy)
}

/// An image, and the number of times that it was made.
fn counted(content: &[u8]) -> (NewObject, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let (count, content) = (Arc::clone(&made), content.to_vec());
    let object = NewObject::new(Kind::BootIso, content.len() as u64, move |out| {
        count.fetch_add(1, Ordering::Relaxed);
        out.write_all(&content)
    });
    (object, made)
}

fn names(container: &str) -> Vec<String> {
    Account::of(shared(), "test:ironic").names(container)
}

/// Publishes an image in spite of `fates`, for which it is made `times` times.
async fn succeeds(container: &str, fates: &[Fate], times: usize) {
    let (host, proxy) = behind(container, "PUT /v1/AUTH_test/", fates);
    Account::of(shared(), "test:ironic").ask("PUT", &format!("/{container}"), &[]);
    let content = bytes(SIZE);
    let (object, made) = counted(&content);
    let iso = host.publish(&node(1), object).await.unwrap();
    assert_eq!(fetch(&iso.url, None), (200, content), "{fates:?}");
    assert_eq!(
        made.load(Ordering::Relaxed),
        times,
        "{fates:?}: {:?}",
        proxy.seen()
    );
    assert_eq!(names(container), [iso.name.to_string()]);
}

#[tokio::test]
async fn a_request_that_swift_was_too_busy_for_is_repeated() {
    succeeds("busy", &[Fate::Answer(503)], 2).await;
}

#[tokio::test]
async fn an_upload_whose_connection_is_cut_is_repeated() {
    succeeds("cut", &[Fate::CutAfter(SIZE / 2)], 2).await;
}

#[tokio::test]
async fn a_token_that_is_refused_during_an_upload_is_renewed() {
    succeeds("refused", &[Fate::Answer(401)], 2).await;
}

#[tokio::test]
async fn an_upload_whose_answer_is_lost_is_not_repeated() {
    succeeds("lost", &[Fate::LoseAnswer], 1).await;
}

#[tokio::test]
async fn several_faults_in_a_row_are_overcome() {
    let fates = [
        Fate::CutAfter(100_000),
        Fate::Answer(401),
        Fate::Answer(500),
    ];
    succeeds("row", &fates, 4).await;
}

#[tokio::test]
async fn all_other_requests_are_repeated_too() {
    for (container, start) in [
        ("again-auth", "GET /auth"),
        ("again-info", "GET /info"),
        ("again-head", "HEAD /v1/AUTH_test "),
        ("again-make", "PUT /v1/AUTH_test/again-make "),
    ] {
        let fates = [Fate::Answer(503), Fate::CutAfter(0)];
        let (host, proxy) = behind(container, start, &fates);
        let iso = host
            .publish(&node(1), image(Kind::BootIso, b"iso"))
            .await
            .unwrap();
        assert_eq!(fetch(&iso.url, None).0, 200);
        let asked = proxy
            .seen()
            .iter()
            .filter(|line| line.starts_with(start))
            .count();
        assert!(asked >= 2, "{start}: {:?}", proxy.seen());
    }
}

#[tokio::test]
async fn a_swift_that_stays_busy_is_an_error_and_nothing_is_left() {
    let fates = [Fate::Answer(503); 3];
    let (host, proxy) = behind("stays", "PUT /v1/AUTH_test/stays/", &fates);
    let (object, made) = counted(&bytes(SIZE));
    let error = host
        .publish(&node(1), object)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(made.load(Ordering::Relaxed), 3, "swift_max_retries is 2");
    let expected = format!(
        "cannot publish a boot ISO for node {} in Swift: PUT ",
        uuid(1)
    );
    assert!(error.starts_with(&expected), "{error}");
    assert!(error.contains("503"), "{error}");
    assert!(error.contains(&proxy.port.to_string()), "{error}");
    assert_eq!(names("stays"), [""; 0]);
    // The next attempt succeeds.
    host.publish(&node(1), image(Kind::BootIso, b"iso"))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_upload_continues_with_the_segment_that_failed() {
    let fates = [
        Fate::Pass,
        Fate::Pass,
        Fate::CutAfter(100_000),
        Fate::Answer(503),
    ];
    let proxy = Proxy::start(
        shared().port(),
        first("PUT /v1/AUTH_test/segments/", &fates),
    );
    let mut settings = settings(
        tempauth(&proxy.url(""), "test:ironic", "secret"),
        "segments",
    );
    settings.segment_size = Some(600_000);
    let host = host(settings);
    Account::of(shared(), "test:ironic").ask("PUT", "/segments", &[]);
    let content = bytes(SIZE);
    let (object, made) = counted(&content);
    let iso = host.publish(&node(1), object).await.unwrap();
    assert_eq!(fetch(&iso.url, None), (200, content));
    assert_eq!(made.load(Ordering::Relaxed), 3);
    let first_segment = |line: &&String| line.contains("/00000000 ");
    assert_eq!(proxy.seen().iter().filter(first_segment).count(), 1);
}

#[tokio::test]
async fn a_failed_upload_leaves_no_segments() {
    let fates = [Fate::Pass, Fate::Pass, Fate::Answer(403)];
    let proxy = Proxy::start(shared().port(), first("PUT /v1/AUTH_test/half/", &fates));
    let mut settings = settings(tempauth(&proxy.url(""), "test:ironic", "secret"), "half");
    settings.segment_size = Some(600_000);
    let error = host(settings)
        .publish(&node(1), image(Kind::BootIso, &bytes(SIZE)))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("403"), "{error}");
    assert_eq!(names("half"), [""; 0]);
}

#[tokio::test]
async fn segments_of_different_runs_are_not_put_together() {
    let fates = [Fate::Pass, Fate::CutAfter(1000)];
    let proxy = Proxy::start(
        shared().port(),
        first("PUT /v1/AUTH_test/differs/segments", &fates),
    );
    let mut settings = settings(tempauth(&proxy.url(""), "test:ironic", "secret"), "differs");
    settings.segment_size = Some(600_000);
    let mut times = 0_u8;
    let object = NewObject::new(Kind::BootIso, SIZE as u64, move |out| {
        times += 1;
        out.write_all(&vec![times; SIZE])
    });
    let error = host(settings)
        .publish(&node(1), object)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("its bytes differ"), "{error}");
    assert_eq!(names("differs"), [""; 0]);
}

#[tokio::test]
async fn waiting_for_a_silent_swift_ends() {
    let fates = [Fate::Silence; 3];
    let proxy = Proxy::start(shared().port(), first("PUT /v1/AUTH_test/silent/", &fates));
    let mut settings = settings(tempauth(&proxy.url(""), "test:ironic", "secret"), "silent");
    settings.timeout = Duration::from_secs(1);
    let started = Instant::now();
    // The proxy reads all of it and answers nothing.
    let error = host(settings)
        .publish(&node(1), image(Kind::BootIso, &bytes(SIZE)))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("within 1 seconds"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(names("silent"), [""; 0]);
}

#[tokio::test]
async fn an_image_that_is_made_slowly_does_not_run_into_the_timeout() {
    let auth = tempauth(&shared().url(""), "test:ironic", "secret");
    let mut settings = settings(auth, "slow");
    settings.timeout = Duration::from_secs(1);
    let object = NewObject::new(Kind::BootIso, 600_000, |out| {
        out.write_all(&[1; 300_000])?;
        std::thread::sleep(Duration::from_millis(2500));
        out.write_all(&[2; 300_000])
    });
    host(settings).publish(&node(1), object).await.unwrap();
}

#[tokio::test]
async fn a_full_container_is_named_in_the_error() {
    let account = Account::of(shared(), "test:ironic");
    account.ask(
        "PUT",
        "/full",
        &[("X-Container-Meta-Quota-Bytes", "1000000")],
    );
    let auth = tempauth(&shared().url(""), "test:ironic", "secret");
    let error = host(settings(auth, "full"))
        .publish(&node(1), image(Kind::BootIso, &bytes(SIZE)))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("413"), "{error}");
    assert!(error.contains("is exhausted"), "{error}");
    assert_eq!(names("full"), [""; 0]);
}

#[tokio::test]
async fn an_image_that_cannot_be_removed_is_named_and_the_others_are_removed() {
    let (host, _proxy) = behind(
        "left",
        "DELETE /v1/AUTH_test/left/boot",
        &[Fate::Answer(403)],
    );
    for _ in 0..2 {
        host.publish(&node(1), image(Kind::BootIso, b"iso"))
            .await
            .unwrap();
    }
    let before = names("left");
    let error = host
        .unpublish(uuid(1), Which::All)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains(&before[0]) && error.contains("403"),
        "{error}"
    );
    assert_eq!(names("left"), before[..1]);
    host.unpublish(uuid(1), Which::All).await.unwrap();
    assert_eq!(names("left"), [""; 0]);
}
