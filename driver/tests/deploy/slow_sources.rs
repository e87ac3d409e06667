//! Kernels on web servers that are slow: whom they delay, and what remains of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use driver::image::Floppy;
use driver::virtual_media::{BootIsoRequest, VirtualMedia};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::support::media::Fixture;
use crate::support::node;
use crate::support::serve::serve;
use crate::support::web::{names, unfinished};

/// A web server that sends one byte of `/drip` every 20 ms, and no head of `/silent`.
struct Slow {
    url: String,
    asked: Arc<AtomicUsize>,
}

impl Slow {
    fn start() -> Self {
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let url = serve(move |request, stream| {
            let is_silent = request.path == "/silent";
            if is_silent || !request.is_head() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            match is_silent {
                true => std::thread::sleep(Duration::from_secs(600)),
                false => request.drip(stream, 1_000_000, Duration::from_millis(20)),
            }
        });
        Self { url, asked }
    }

    /// Begins `count` publishes, and waits until the server was asked for each kernel.
    async fn publish(
        &self,
        (media, fixture): (&VirtualMedia, &Fixture),
        path: &str,
        count: u32,
    ) -> Vec<JoinHandle<()>> {
        let before = self.asked.load(Ordering::SeqCst);
        let begin = |n| {
            let kernel = format!("{}{path}", self.url);
            let request = BootIsoRequest::new(kernel, fixture.path("initrd"));
            let media = media.clone();
            tokio::spawn(async move {
                let done = media.publish_boot_iso(&mut node(n), request).await;
                panic!("{done:?}");
            })
        };
        let begun = (0..count).map(begin).collect();
        while self.asked.load(Ordering::SeqCst) < before + count as usize {
            sleep(Duration::from_millis(5)).await;
        }
        begun
    }
}

/// Publishes boot ISOs and floppies, and returns how long that took.
async fn publish(media: &VirtualMedia, fixture: &Fixture) -> Duration {
    let start = Instant::now();
    for n in 100..110 {
        let mut node = node(n);
        let floppy = Floppy::new().parameter("a", "b");
        media.publish_floppy(&node, floppy).await.unwrap();
        let request = fixture.request();
        media.publish_boot_iso(&mut node, request).await.unwrap();
        media.clean_up(&mut node).await.unwrap();
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publishing_while_eight_sources_drip_takes_as_long_as_alone() {
    let (fixture, slow) = (Fixture::new(), Slow::start());
    let media = fixture.media();
    let alone = publish(&media, &fixture).await;
    for path in ["/drip", "/silent"] {
        let begun = slow.publish((&media, &fixture), path, 8).await;
        let limit = Duration::from_secs(20);
        let beside = timeout(limit, publish(&media, &fixture)).await;
        let beside = beside.expect("the slow ones hold every turn");
        println!("{path}: {alone:.1?} alone, {beside:.1?} beside eight");
        // Other work of this machine may delay either.
        assert!(beside < alone * 3 + Duration::from_secs(1));
        assert!(begun.iter().all(|task| !task.is_finished()));
        begun.iter().for_each(JoinHandle::abort);
    }
}

#[test]
fn a_dropped_publish_frees_its_turn_its_thread_and_its_file_within_a_second() {
    let (fixture, slow) = (Fixture::new(), Slow::start());
    let runtime = Runtime::new().unwrap();
    let media = fixture.media();
    for path in ["/drip", "/silent"] {
        runtime.block_on(async {
            // As many as may be begun at a time.
            let begun = slow.publish((&media, &fixture), path, 24).await;
            let mut node = node(99);
            let floppy = || Floppy::new().parameter("a", "b");
            let waiting = media.publish_floppy(&node, floppy());
            let waiting = timeout(Duration::from_millis(300), waiting);
            assert!(waiting.await.is_err(), "the number of jobs is limited");
            let dropped = Instant::now();
            begun.iter().for_each(JoinHandle::abort);
            media.publish_floppy(&node, floppy()).await.unwrap();
            while unfinished(fixture.www.path()) > 0 {
                sleep(Duration::from_millis(5)).await;
            }
            println!("{path}: free after {:.1?}", dropped.elapsed());
            assert!(dropped.elapsed() < Duration::from_secs(1));
            media.clean_up(&mut node).await.unwrap();
            assert_eq!(names(fixture.www.path()), [""; 0]);
        });
    }
    // Those of the last round are dropped by the runtime, whose end waits for all threads.
    runtime.block_on(slow.publish((&media, &fixture), "/silent", 8));
    let ending = Instant::now();
    drop(runtime);
    println!("the runtime ended after {:.1?}", ending.elapsed());
    assert!(ending.elapsed() < Duration::from_secs(1));
}
