//! Benchmarks uploading a boot ISO to a real Swift while it is built, compared with `curl -T` of
//! the finished file: `cargo bench -p driver --bench swift`.
//!
//! The two alternate, and their medians are compared. An upload checks the container, obtains the
//! key and the token, builds the ISO, stores it, compares its MD5 and reads it back; `curl` gets
//! the URL and a token, and sends a file that is cached in memory. The exit status is 1 if the goal
//! is missed.
//!
//! It needs the services that `tests/run` installs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a benchmark, which stops on any error"
)]

#[path = "../../tests/benches/report/mod.rs"]
mod report;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use driver::host::{Host, NewObject, Which};
use driver::image::{BootIso, FileSource, Isolinux, PlannedBootIso};
use driver::node::Node;
use report::Report;
use support::swift::{Account, bytes, host, settings, swift, tempauth};

const KERNEL: usize = 10 << 20;
const RAMDISK: usize = 390 << 20;
const TURNS: usize = 7;
const GOAL: f64 = 1.15;
const UUID: &str = "1be26c0b-03f2-4d2e-ae87-c02d7f33c123";

fn plan(dir: &Path) -> PlannedBootIso {
    let source = |name| FileSource::new(dir.join(name)).unwrap();
    BootIso::new(source("vmlinuz"), source("initrd"))
        .kernel_params("nofb nomodeset vga=normal")
        .bios(
            Isolinux::new("/usr/lib/ISOLINUX/isolinux.bin")
                .ldlinux_c32("/usr/lib/syslinux/modules/bios/ldlinux.c32"),
        )
        .plan()
        .unwrap()
}

/// Builds and uploads the ISO.
fn build(runtime: &tokio::runtime::Runtime, host: &dyn Host, dir: &Path) -> Duration {
    let node = Node::from_json(format!(r#"{{"uuid":"{UUID}"}}"#).as_bytes()).unwrap();
    let start = Instant::now();
    let object = NewObject::boot_iso(plan(dir));
    runtime.block_on(host.publish(&node, object)).unwrap();
    start.elapsed()
}

/// Uploads the finished ISO.
fn curl(account: &Account, dir: &Path) -> Duration {
    let start = Instant::now();
    let status = Command::new("curl")
        .args([
            "--silent",
            "--fail",
            "--output",
            "/dev/null",
            "--upload-file",
        ])
        .arg(dir.join("ready.iso"))
        .args(["--header", &format!("X-Auth-Token: {}", account.token)])
        .arg(format!("{}/bench/ready.iso", account.url))
        .status();
    assert!(status.unwrap().success());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Builds and uploads boot ISOs, and uploads a finished one with curl, by turns. Returns the median
/// of each in seconds.
fn measure() -> (f64, f64) {
    let target = std::env::current_exe().unwrap();
    let dir = tempfile::tempdir_in(target.parent().unwrap()).unwrap();
    let dir = dir.path();
    let swift = swift(&[("TMPDIR", dir.to_str().unwrap())]);
    fs::write(dir.join("vmlinuz"), bytes(KERNEL)).unwrap();
    fs::write(dir.join("initrd"), bytes(RAMDISK)).unwrap();
    plan(dir)
        .write_to_file(&File::create(dir.join("ready.iso")).unwrap())
        .unwrap();

    let account = Account::of(&swift, "test:ironic");
    account.ask("PUT", "/bench", &[]);
    let host = host(settings(
        tempauth(&swift.url(""), "test:ironic", "secret"),
        "bench",
    ));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (mut here, mut peer) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let (built, sent) = if turn % 2 == 0 {
            let built = build(&runtime, &host, dir);
            (built, curl(&account, dir))
        } else {
            let sent = curl(&account, dir);
            (build(&runtime, &host, dir), sent)
        };
        // The first turn warms everything up.
        if turn > 0 {
            here.push(built);
            peer.push(sent);
        }
        let uuid = UUID.parse().unwrap();
        runtime.block_on(host.unpublish(uuid, Which::All)).unwrap();
        account.ask("DELETE", "/bench/ready.iso", &[]);
    }
    (median(here), median(peer))
}

fn main() -> ExitCode {
    // Cargo also runs benchmarks as tests.
    if std::env::args().any(|arg| arg == "--test") {
        return ExitCode::SUCCESS;
    }
    let python = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/.venv/swift/bin/python"
    );
    let peers = [
        ("curl", "apt-get install curl"),
        ("/usr/lib/ISOLINUX/isolinux.bin", "apt-get install isolinux"),
        (
            "/usr/lib/syslinux/modules/bios/ldlinux.c32",
            "apt-get install syslinux-common",
        ),
        (python, "tests/peers/venv.sh swift"),
    ];
    let Some(mut report) = Report::new("swift", &peers) else {
        return ExitCode::FAILURE;
    };
    let (here, peer) = measure();
    let ratio = here / peer;
    let size = (KERNEL + RAMDISK) >> 20;
    report.line(&format!("boot ISO of {size} MiB, median of {TURNS} turns"));
    report.line(&format!("built and uploaded   {here:7.3} s"));
    report.line(&format!("curl -T, finished    {peer:7.3} s"));
    report.line(&format!(
        "ratio                {ratio:7.3}   goal <= {GOAL}"
    ));
    report.write();
    if ratio > GOAL {
        println!("the goal is missed");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
