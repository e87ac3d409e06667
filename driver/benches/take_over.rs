//! Benchmarks taking over a dead conductor's nodes: `cargo bench -p driver --bench take_over`.
//!
//! Takes over 250 and then 1,000 nodes: each boot ISO is created again and attached to a BMC, the
//! tests' stand-in for an iLO. The kernel and the ramdisk are on a real nginx (Debian package
//! nginx-light). Each must be fetched only once, a node must not take longer among 1,000 than among
//! 250, and memory use must not grow with their number. Then the 1,000 nodes are taken over with
//! images of an image service, whose URLs are signed anew each time and whose web server is busy at
//! first: still, each must be fetched once, and the peak of memory must stay below 32 MiB. The exit
//! status is 1 if one of these does not hold.

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
use support::ilo::{Generation, Ilo};
use support::image::{LoaderFiles, pattern};
use support::image_service::SignedUrls;
use support::nginx::Nginx;
use support::web::{names, open_dir};
use support::{options, uuid};
use tokio::runtime::Runtime;

const NODES: [usize; 2] = [250, 1000];
const AT_ONCE: usize = 8;
/// Small sizes in bytes: the work for a node is measured, not the disk.
const KERNEL: usize = 64 << 10;
const RAMDISK: usize = 256 << 10;

/// How much longer a node may take among the many, as a tolerance for other work of the machine.
const TIME_FACTOR: f64 = 1.3;

/// How much more memory the many may use than the few, in KiB.
const GROWTH: u64 = 16 * 1024;

/// How much memory this program may use, in KiB.
const PEAK: u64 = 32 * 1024;

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
            .take(NODES[1])
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect();
        Self {
            process,
            driver_infos,
        }
    }

    /// Runs the BMCs until the standard input ends.
    fn run() {
        let ilos: Vec<Ilo> = (0..NODES[1])
            .map(|_| Ilo::start(Generation::Ilo5))
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
    let info = json!({"kernel": images.url("/vmlinuz"), "ramdisk": images.url("/initrd")});
    let mut measured = Vec::new();
    for (round, count) in NODES.into_iter().enumerate() {
        let time = runtime.block_on(take_over(&bmcs.driver_infos[..count], &info, None));
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
    let mut checks = take_over_by_id(&mut report, &runtime, &bmcs);
    let [(few, few_peak), (many, many_peak)] = measured[..] else {
        panic!("two measurements");
    };
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
    for (text, holds) in &checks {
        let verdict = if *holds { "holds" } else { "DOES NOT HOLD" };
        report.line(&format!("  → {text}: {verdict}"));
    }
    report.write();
    ExitCode::from(u8::from(checks.iter().any(|(_, holds)| !holds)))
}

/// Takes over all nodes with images of an image service whose web server is busy at first. Returns
/// what must hold, and whether it does.
fn take_over_by_id(report: &mut Report, runtime: &Runtime, bmcs: &Bmcs) -> Vec<(String, bool)> {
    let images = [
        ("kernel", pattern(KERNEL, 1)),
        ("ramdisk", pattern(RAMDISK, 2)),
    ];
    let service = Arc::new(SignedUrls::start(images, 1, "503 Busy"));
    let info = json!({"kernel": "kernel", "ramdisk": "ramdisk"});
    let taken = take_over(&bmcs.driver_infos, &info, Some(Arc::clone(&service)));
    let time = runtime.block_on(taken);
    let peak = peak_kilobytes();
    let (seconds, mebibytes) = (time.as_secs_f64(), peak as f64 / 1024.0);
    report.line(&format!(
        "{:>5} nodes, signed URLs, one 503: {seconds:>4.1} s; peak memory {mebibytes:>6.1} MiB",
        bmcs.driver_infos.len()
    ));
    let downloads = service.asked("GET", "kernel") + service.asked("GET", "ramdisk");
    vec![
        (
            format!("{downloads} downloads of 2 images in an image service"),
            downloads == 2,
        ),
        (format!("the peak is {mebibytes:.1} MiB"), peak < PEAK),
    ]
}

async fn take_over(
    driver_infos: &[Value],
    info: &Value,
    service: Option<Arc<SignedUrls>>,
) -> Duration {
    let (www, loader) = (open_dir(), LoaderFiles::new());
    let conf = format!(
        "[deploy]\nhttp_server_url = http://192.0.2.1\nhttp_server_root = {}\n\
         [ilo]\nuse_http_web_server_for_images = True\n\
         [DEFAULT]\nisolinux_bin = {}\nldlinux_c32 = {}\n",
        www.path().display(),
        loader.path("isolinux.bin").display(),
        loader.path("ldlinux.c32").display(),
    );
    let mut deploy = IloDeploy::from_options(&options(&conf)).unwrap();
    if let Some(service) = service {
        deploy = deploy.image_service(service);
    }
    let node = |(number, driver_info): (usize, &Value)| {
        let uuid = uuid(number as u32).to_string();
        let mut info = info.clone();
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
            assert!(one.warning.is_none(), "{:?}", one.warning);
        })
        .await;
    let time = start.elapsed();
    assert_eq!(summary.changed, driver_infos.len());
    assert_eq!(names(www.path()).len(), driver_infos.len());
    time
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
