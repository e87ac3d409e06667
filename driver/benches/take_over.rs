//! Benchmarks taking over a dead conductor's nodes: `cargo bench -p driver --bench take_over`.
//!
//! Takes over 250 and then 1,000 nodes: each boot ISO is created again and attached to a BMC, the
//! tests' stand-in for an iLO. The kernel and the ramdisk are on a real nginx (Debian package
//! nginx-light). Each must be fetched only once, a node must not take longer among 1,000 than among
//! 250, and memory use must not grow with their number. Then 100 of 1,000 BMCs do not answer, and
//! the images are those of an image service, whose URLs are signed anew each time and whose web
//! server is busy at first: each image must still be fetched once, the take-over must end about one
//! time-out after it would without all that, and the peak of memory must stay below 32 MiB. The
//! exit status is 1 if one of these does not hold.

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

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::num::NonZeroUsize;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use driver::deploy::IloDeploy;
use driver::node::Node;
use report::Report;
use serde_json::{Value, json};
use support::ilo::{Fault, Generation, Ilo};
use support::image::{LoaderFiles, pattern};
use support::image_service::SignedUrls;
use support::nginx::Nginx;
use support::web::{names, open_dir};
use support::{options, uuid};
use tokio::runtime::Runtime;

const NODES: [usize; 2] = [250, 1000];
const AT_ONCE: usize = 8;
/// The number of BMCs that do not answer, in the last round.
const DEAD: usize = 100;
/// How long such a BMC is waited for.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How much memory this program may use, in KiB.
const PEAK: u64 = 32 * 1024;
/// Small sizes in bytes: the work for a node is measured, not the disk.
const KERNEL: usize = 64 << 10;
const RAMDISK: usize = 256 << 10;

/// How much longer a node may take among the many, as a tolerance for other work of the machine.
const TIME_FACTOR: f64 = 1.3;

/// How much more memory the many may use than the few, in KiB.
const GROWTH: u64 = 16 * 1024;

/// The argument with which this program runs the BMCs.
const RUN_BMCS: &str = "--run-bmcs";

/// The BMCs, in a separate process, so that their memory does not count.
struct Bmcs {
    process: Child,
    driver_infos: Vec<Value>,
}

impl Bmcs {
    fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .arg(RUN_BMCS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let driver_infos = lines
            .take(NODES[1] + DEAD)
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect();
        Self {
            process,
            driver_infos,
        }
    }

    /// Runs the BMCs until the standard input ends.
    fn run() {
        let ilos: Vec<Ilo> = (0..NODES[1] + DEAD)
            .map(|number| match number < NODES[1] {
                true => Ilo::start(Generation::Ilo5),
                false => Ilo::with(Generation::Ilo5, Fault::Hangs),
            })
            .collect();
        for ilo in &ilos {
            println!("{}", ilo.driver_info());
        }
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }
}

impl Drop for Bmcs {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Takes over few and many nodes. Returns, for each, the milliseconds per node and the peak memory
/// in kilobytes.
fn measure(report: &mut Report, runtime: &Runtime, bmcs: &Bmcs, images: &Nginx) -> [(f64, u64); 2] {
    let mut measured = Vec::new();
    for (round, count) in NODES.into_iter().enumerate() {
        let fleet = Fleet {
            driver_infos: &bmcs.driver_infos[..count],
            dead: 0,
            info: instance_info(images),
            service: None,
        };
        let time = runtime.block_on(fleet.take_over());
        let fetched = [images.sent("/vmlinuz"), images.sent("/initrd")];
        assert_eq!(fetched, [round + 1; 2], "one download for each take-over");
        let each = time.as_secs_f64() * 1e3 / count as f64;
        let peak = peak_kilobytes();
        let (seconds, mebibytes) = (time.as_secs_f64(), peak as f64 / 1024.0);
        report.line(&format!(
            "{count:>5} nodes, {AT_ONCE} at once: {seconds:>7.1} s, {each:>6.1} ms each; \
             peak memory {mebibytes:>6.1} MiB"
        ));
        measured.push((each, peak));
    }
    let [few, many] = measured[..] else {
        panic!("two measurements");
    };
    [few, many]
}

fn main() -> ExitCode {
    if std::env::args().any(|arg| arg == RUN_BMCS) {
        Bmcs::run();
        return ExitCode::SUCCESS;
    }
    let Some(mut report) = Report::new("take_over", &[("nginx", "apt-get install nginx-light")])
    else {
        return ExitCode::FAILURE;
    };
    let images = open_dir();
    fs::write(images.path().join("vmlinuz"), pattern(KERNEL, 1)).unwrap();
    fs::write(images.path().join("initrd"), pattern(RAMDISK, 2)).unwrap();
    let images = Nginx::start(images.path(), "");
    let bmcs = Bmcs::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let [(few, few_peak), (many, many_peak)] = measure(&mut report, &runtime, &bmcs, &images);
    let mut checks = take_over_with_faults(&mut report, &runtime, &bmcs, many);
    let grown = many_peak - few_peak;
    checks.extend([
        (
            format!(
                "a node takes {:.2} times as long among {}",
                many / few,
                NODES[1]
            ),
            many <= few * TIME_FACTOR,
        ),
        (
            format!("the peak grows by {:.1} MiB", grown as f64 / 1024.0),
            grown <= GROWTH,
        ),
    ]);
    conclude(report, &checks)
}

/// Ends the report with what must hold, and whether it does.
fn conclude(mut report: Report, checks: &[(String, bool)]) -> ExitCode {
    for (text, holds) in checks {
        let verdict = if *holds { "holds" } else { "DOES NOT HOLD" };
        report.line(&format!("  → {text}: {verdict}"));
    }
    report.write();
    ExitCode::from(u8::from(checks.iter().any(|(_, holds)| !holds)))
}

/// Takes over nodes of which some have a dead BMC, with images of an image service whose web server
/// is busy at first, after a node took `each` milliseconds without either. Returns what must hold,
/// and whether it does.
fn take_over_with_faults(
    report: &mut Report,
    runtime: &Runtime,
    bmcs: &Bmcs,
    each: f64,
) -> Vec<(String, bool)> {
    let images = [
        ("kernel", pattern(KERNEL, 1)),
        ("ramdisk", pattern(RAMDISK, 2)),
    ];
    let service = Arc::new(SignedUrls::start(images, 1, "503 Busy"));
    let fleet = Fleet {
        driver_infos: &bmcs.driver_infos[DEAD..],
        dead: DEAD,
        info: json!({"kernel": "kernel", "ramdisk": "ramdisk"}),
        service: Some(Arc::clone(&service)),
    };
    let nodes = fleet.driver_infos.len();
    let time = runtime.block_on(fleet.take_over()).as_secs_f64();
    let peak = peak_kilobytes();
    let (timeout, mebibytes) = (TIMEOUT.as_secs(), peak as f64 / 1024.0);
    report.line(&format!(
        "{nodes:>5} nodes, {DEAD} dead BMCs, each {timeout} s, signed URLs, one 503: \
         {time:>4.1} s; peak memory {mebibytes:>6.1} MiB"
    ));
    let alive = each * 1e-3 * (nodes - DEAD) as f64;
    let most = alive * TIME_FACTOR + 1.5 * TIMEOUT.as_secs_f64();
    let downloads = service.asked("GET", "kernel") + service.asked("GET", "ramdisk");
    vec![
        (
            format!("{DEAD} dead BMCs take about as long as one"),
            time <= most,
        ),
        (
            format!("{downloads} downloads of 2 images in an image service"),
            downloads == 2,
        ),
        (format!("the peak is {mebibytes:.1} MiB"), peak < PEAK),
    ]
}

/// Returns the `instance_info` of nodes whose images are on nginx.
fn instance_info(images: &Nginx) -> Value {
    json!({"kernel": images.url("/vmlinuz"), "ramdisk": images.url("/initrd")})
}

/// The nodes of one take-over.
struct Fleet<'a> {
    /// A BMC for each node.
    driver_infos: &'a [Value],
    /// How many of them do not answer.
    dead: usize,
    info: Value,
    service: Option<Arc<SignedUrls>>,
}

impl Fleet<'_> {
    async fn take_over(self) -> Duration {
        let (www, loader) = (open_dir(), LoaderFiles::new());
        let conf = format!(
            "[deploy]\nhttp_server_url = http://192.0.2.1\nhttp_server_root = {}\n\
         [ilo]\nuse_http_web_server_for_images = True\nimage_networks = 127.0.0.0/8\n\
         client_timeout = {}\n\
         [DEFAULT]\nisolinux_bin = {}\nldlinux_c32 = {}\n",
            www.path().display(),
            TIMEOUT.as_secs(),
            loader.path("isolinux.bin").display(),
            loader.path("ldlinux.c32").display(),
        );
        let mut deploy = IloDeploy::from_options(&options(&conf)).unwrap();
        if let Some(service) = self.service {
            deploy = deploy.image_service(service);
        }
        let (driver_infos, dead) = (self.driver_infos, self.dead);
        let node = |(number, driver_info): (usize, &Value)| {
            let uuid = uuid(number as u32).to_string();
            let mut info = self.info.clone();
            info["ilo_boot_iso"] = json!(format!("http://192.0.2.9/boot-{uuid}.iso"));
            let node = json!({
                "uuid": uuid, "driver": "iscsi_ilo", "provision_state": "active",
                "driver_info": driver_info,
                "instance_info": info,
                "driver_internal_info": {
                    "boot_iso_created_in_web_server": true, "root_uuid_or_disk_id": "1A-2",
                },
            });
            Node::from_json(node.to_string().as_bytes()).unwrap()
        };
        let nodes = driver_infos.iter().enumerate().map(node);
        let start = Instant::now();
        let at_once = NonZeroUsize::new(AT_ONCE).unwrap();
        let summary = deploy
            .take_over_all(nodes, at_once, |one| {
                assert!(dead > 0 || one.warning.is_none(), "{:?}", one.warning);
            })
            .await;
        let time = start.elapsed();
        assert_eq!(
            (summary.changed, summary.failed),
            (driver_infos.len() - dead, dead)
        );
        assert_eq!(names(www.path()).len(), summary.changed);
        time
    }
}

/// Returns `VmHWM`, the peak resident memory of the process.
fn peak_kilobytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line
        .and_then(|line| line.split_whitespace().next())
        .unwrap();
    number.parse().unwrap()
}
