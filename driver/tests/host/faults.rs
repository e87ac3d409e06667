//! A fault at each system call of an operation: the process is killed there, or the call fails.
//!
//! Debian package: strace.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use driver::host::{Host as _, Kind, Which};
use driver::ipxe::{Ipxe, IpxeError, NodeBoot};

use crate::support::child::{child, child_dir};
use crate::support::tools::tool;
use crate::support::web::{host, mode, names, object, open_dir, unfinished};
use crate::support::{node, options, uuid};

static CONTENT: [u8; 300_000] = [0xa5; 300_000];

/// The calls that an operation on files makes.
const CALLS: &str = "openat,mkdirat,fchmod,fchmodat,fallocate,ftruncate,write,pwrite64,\
                     copy_file_range,fsync,fdatasync,renameat2,linkat,unlinkat,statx,newfstatat,\
                     getdents64,flock,lseek,close";

/// What happens at a call.
const FAULTS: [&str; 6] = [
    "signal=KILL",
    "error=EIO",
    "error=ENOSPC",
    "error=EACCES",
    "error=EMFILE",
    "error=EINTR",
];

/// The directory of a child, once strace watches this process: its own start has no faults.
fn watched_dir() -> Option<PathBuf> {
    let dir = child_dir()?;
    println!("ready");
    io::stdin().read_line(&mut String::new()).unwrap();
    Some(dir)
}

#[tokio::test]
async fn child_that_publishes() {
    let Some(dir) = watched_dir() else { return };
    let object = object(Kind::BootIso, CONTENT);
    if let Ok(published) = host(&dir).publish(&node(1), object).await {
        println!("published {}", published.name);
    }
}

#[tokio::test]
async fn child_that_removes() {
    let Some(dir) = watched_dir() else { return };
    if host(&dir).unpublish(uuid(2), Which::All).await.is_ok() {
        println!("removed");
    }
}

#[tokio::test]
async fn child_that_publishes_for_ipxe() {
    let Some(dir) = watched_dir() else { return };
    let _ = publish_for_ipxe(&dir).await;
}

async fn publish_for_ipxe(root: &Path) -> Result<(), IpxeError> {
    let root = root.display();
    let conf = format!("[deploy]\nhttp_server_url = http://192.0.2.1\nhttp_server_root = {root}\n");
    let ipxe = Ipxe::from_options(&options(&conf)).unwrap();
    let boot = NodeBoot::whole_disk().mac("52:54:00:12:34:56".parse().unwrap());
    ipxe.publish(&node(1), boot).await.map(drop)
}

/// Runs the child `name` under strace, and returns what it printed.
fn run(name: &str, dir: &Path, trace: &Path, calls: &str, fault: Option<&str>) -> String {
    let name = format!("faults::{name}");
    let start = ["sh", "-c", "umask 0077; exec \"$0\" \"$@\""];
    let mut process = child(&start, &name, dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("ready") {
        line.clear();
        assert!(printed.read_line(&mut line).unwrap() > 0, "{name} ended");
    }
    let mut strace = Command::new(tool("strace", "strace"));
    strace.args(["-f", "-y", "-p", &process.id().to_string(), "-o"]);
    strace.arg(trace).args(["-e", &format!("trace={calls}")]);
    if let Some(fault) = fault {
        strace.args(["-e", &format!("inject={fault}")]);
    }
    let mut strace = strace.stderr(Stdio::piped()).spawn().unwrap();
    let mut messages = BufReader::new(strace.stderr.take().unwrap());
    line.clear();
    messages.read_line(&mut line).unwrap();
    assert!(line.contains("attached"), "{line}");
    process.stdin.take().unwrap().write_all(b"\n").unwrap();
    line.clear();
    printed.read_to_string(&mut line).unwrap();
    process.wait().unwrap();
    strace.wait().unwrap();
    line
}

/// Returns the calls of a traced run that concern `dir`: their names, and which of its thread's
/// calls of that name each is.
fn calls(trace: &str, dir: &Path) -> Vec<(String, usize)> {
    let dir = dir.display().to_string();
    let mut made: HashMap<(&str, &str), usize> = HashMap::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let Some((thread, call)) = line.split_once(' ') else {
            continue;
        };
        let Some((name, _)) = call.trim_start().split_once('(') else {
            continue;
        };
        let number = made.entry((thread, name)).or_default();
        *number += 1;
        let point = (name.to_owned(), *number);
        if line.contains(&dir) && !found.contains(&point) {
            found.push(point);
        }
    }
    found
}

/// Runs the child `name` with each fault at each of its calls, and checks the directory afterwards.
/// Returns the number of runs.
async fn with_faults(
    name: &str,
    prepare: impl AsyncFn(&Path),
    check: impl AsyncFn(&Path, &str),
) -> usize {
    let (dir, traces) = (open_dir(), open_dir());
    prepare(dir.path()).await;
    let trace = traces.path().join("trace");
    run(name, dir.path(), &trace, CALLS, None);
    let calls = calls(&fs::read_to_string(&trace).unwrap(), dir.path());
    assert!(calls.len() >= 5, "{calls:?}");
    let points = calls
        .iter()
        .flat_map(|call| FAULTS.map(|fault| (call, fault)));
    let mut runs = 0;
    for ((call, number), fault) in points {
        let dir = open_dir();
        prepare(dir.path()).await;
        let fault = format!("{call}:{fault}:when={number}");
        let printed = run(name, dir.path(), &trace, call, Some(&fault));
        println!("{name}: {fault}: {:?}", names(dir.path()));
        check(dir.path(), &printed).await;
        runs += 1;
    }
    runs
}

/// Checks that all images of `node` in `dir` are whole, and readable by the web server.
async fn check_images(dir: &Path, number: u32) -> Vec<String> {
    let stored = host(dir).list(uuid(number)).await.unwrap();
    let stored: Vec<String> = stored
        .into_iter()
        .map(|image| image.name.to_string())
        .collect();
    for name in &stored {
        assert_eq!(fs::read(dir.join(name)).unwrap(), CONTENT, "{name}");
        assert_eq!(mode(&dir.join(name)), 0o644, "{name}");
    }
    stored
}

/// Publishes an image of another node, which removes what a killed process left.
async fn check_next(dir: &Path) {
    let floppy = object(Kind::Floppy, b"x");
    host(dir).publish(&node(3), floppy).await.unwrap();
    assert_eq!(unfinished(dir), 0);
}

#[tokio::test]
async fn a_fault_while_publishing_leaves_the_whole_image_or_nothing() {
    let check = async |dir: &Path, printed: &str| {
        let stored = check_images(dir, 1).await;
        let published = printed
            .lines()
            .find_map(|line| line.strip_prefix("published "));
        if let Some(published) = published {
            assert_eq!(stored, [published]);
        }
        check_next(dir).await;
    };
    let runs = with_faults("child_that_publishes", async |_| {}, check).await;
    println!("{runs} runs");
}

#[tokio::test]
async fn a_fault_while_removing_leaves_whole_images_and_no_half_ones() {
    let prepare = async |dir: &Path| {
        for number in [1, 2, 2] {
            let object = object(Kind::BootIso, CONTENT);
            host(dir).publish(&node(number), object).await.unwrap();
        }
    };
    let check = async |dir: &Path, printed: &str| {
        assert_eq!(check_images(dir, 1).await.len(), 1, "another node's");
        let left = check_images(dir, 2).await;
        if printed.contains("removed") {
            assert_eq!(left, [""; 0]);
        }
        check_next(dir).await;
    };
    let runs = with_faults("child_that_removes", prepare, check).await;
    println!("{runs} runs");
}

#[tokio::test]
async fn a_fault_while_publishing_for_ipxe_is_mended_by_the_next_try() {
    let check = async |dir: &Path, _: &str| {
        publish_for_ipxe(dir).await.unwrap();
        assert_eq!(unfinished(dir), 0);
    };
    let runs = with_faults("child_that_publishes_for_ipxe", async |_| {}, check).await;
    println!("{runs} runs");
}
