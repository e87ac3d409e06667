//! Benchmarks publishing while servers are slow: `cargo bench -p driver --bench slow_sources`.
//!
//! Boot ISOs and floppies are published alone, and then while the kernels of eight other boot ISOs
//! drip from a web server. The others must not delay them. The exit status is 1 if they do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark, which stops on any error"
)]

#[path = "../../tests/benches/report/mod.rs"]
mod report;
#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use driver::image::Floppy;
use driver::virtual_media::{BootIsoRequest, VirtualMedia};
use report::Report;
use support::media::Fixture;
use support::node;
use support::serve::serve;

const DRIPPING: usize = 8;
const TURNS: usize = 5;
const NODES: u32 = 40;

/// How much longer it may take beside the others, as a tolerance for other work of the machine.
const TIME_FACTOR: f64 = 1.3;

fn main() -> ExitCode {
    let Some(mut report) = Report::new("slow_sources", &[]) else {
        return ExitCode::FAILURE;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let fixture = Fixture::new();
    let media = fixture.media();
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    // By turns, since other work of the machine changes.
    for _ in 0..TURNS {
        alone.push(runtime.block_on(publish(&media, &fixture)));
        beside.push(runtime.block_on(publish_beside(&media, &fixture)));
    }
    let (alone, beside) = (median(alone), median(beside));
    let ratio = beside.as_secs_f64() / alone.as_secs_f64();
    let each = |time: Duration| time.as_secs_f64() * 1e3 / f64::from(NODES);
    report.line(&format!(
        "a floppy and a boot ISO: {:.1} ms alone, {:.1} ms while {DRIPPING} sources drip",
        each(alone),
        each(beside)
    ));
    let holds = ratio <= TIME_FACTOR;
    let verdict = if holds { "holds" } else { "DOES NOT HOLD" };
    report.line(&format!("  → {ratio:.2} times as long: {verdict}"));
    report.write();
    ExitCode::from(u8::from(!holds))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

async fn publish(media: &VirtualMedia, fixture: &Fixture) -> Duration {
    let start = Instant::now();
    for n in 0..NODES {
        let mut node = node(n);
        let floppy = Floppy::new().parameter("a", "b");
        media.publish_floppy(&node, floppy).await.unwrap();
        let iso = media.publish_boot_iso(&mut node, fixture.request());
        iso.await.unwrap();
        media.clean_up(&mut node).await.unwrap();
    }
    start.elapsed()
}

async fn publish_beside(media: &VirtualMedia, fixture: &Fixture) -> Duration {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = serve(move |request, stream| {
        counted.fetch_add(usize::from(!request.is_head()), Ordering::SeqCst);
        request.drip(stream, 1_000_000, Duration::from_millis(100));
    });
    let mut dripping = tokio::task::JoinSet::new();
    for n in 0..DRIPPING {
        let request = BootIsoRequest::new(server.clone(), fixture.path("initrd"));
        let (media, mut node) = (media.clone(), node(1000 + n as u32));
        dripping.spawn(async move { media.publish_boot_iso(&mut node, request).await });
    }
    while asked.load(Ordering::SeqCst) < DRIPPING {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // At first they are waited for like any other.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let time = publish(media, fixture).await;
    assert!(dripping.try_join_next().is_none(), "they drip on");
    time
}
