//! New directories and removals, as the system sees them: a process that dies while it makes a
//! directory leaves none with a wrong mode, and what is done is durable.
//!
//! Debian package: strace.

use std::fs;
use std::path::Path;
use std::process::Command;

use driver::host::{Host as _, Kind, Which};
use driver::ipxe::{Ipxe, NodeBoot};

use crate::support::child::{child, child_dir, run_child};
use crate::support::tools::tool;
use crate::support::web::{host, mode, names, object, open_dir};
use crate::support::{node, options, uuid};

/// The child `name` under strace with these arguments, and with a strict umask.
fn traced(name: &str, dir: &Path, args: &[&str]) -> Command {
    let strace = tool("strace", "strace");
    let strace = strace.display().to_string();
    let start = ["sh", "-c", "umask 0077; exec \"$0\" \"$@\"", &strace];
    let wrapper = [&start[..], &["-f", "-y"], args].concat();
    child(&wrapper, &format!("directories::{name}"), dir)
}

#[tokio::test]
async fn child_that_publishes() {
    let Some(dir) = child_dir() else { return };
    let root = dir.join("made/root");
    let host = host(&root);
    host.publish(&node(1), object(Kind::Floppy, b"x"))
        .await
        .unwrap();
    host.unpublish(uuid(1), Which::All).await.unwrap();
}

#[tokio::test]
async fn child_that_publishes_for_ipxe() {
    let Some(dir) = child_dir() else { return };
    let root = dir.join("root");
    let conf = format!(
        "[deploy]\nhttp_server_url = http://192.0.2.1\nhttp_server_root = {}\n",
        root.display()
    );
    let ipxe = Ipxe::from_options(&options(&conf)).unwrap();
    let boot = NodeBoot::whole_disk().mac("52:54:00:12:34:56".parse().unwrap());
    ipxe.publish(&node(1), boot).await.unwrap();
}

/// The directories below `dir`, with their modes.
fn directories(dir: &Path) -> Vec<(String, u32)> {
    let mut all = Vec::new();
    for name in names(dir) {
        let path = dir.join(&name);
        if fs::symlink_metadata(&path).unwrap().is_dir() {
            let below = directories(&path).into_iter();
            all.extend(below.map(|(below, mode)| (format!("{name}/{below}"), mode)));
            all.push((name, mode(&path)));
        }
    }
    all.sort();
    all
}

#[test]
fn a_directory_whose_maker_was_killed_is_mended_by_the_next() {
    for (name, made) in [
        ("child_that_publishes", 2),
        // The root, that of the links, and the node's.
        ("child_that_publishes_for_ipxe", 3),
    ] {
        for call in ["fchmod", "renameat2"] {
            for when in 1..=made {
                let dir = open_dir();
                let inject = format!("inject={call}:signal=KILL:when={when}");
                let args = [
                    "-o",
                    "/dev/null",
                    "-e",
                    &format!("trace={call}"),
                    "-e",
                    &inject,
                ];
                let killed = traced(name, dir.path(), &args).output().unwrap();
                assert!(!killed.status.success(), "{name}, {call} {when}");
                run_child(traced(
                    name,
                    dir.path(),
                    &["-o", "/dev/null", "-e", "trace=none"],
                ));
                let directories = directories(dir.path());
                assert!(directories.len() >= made, "{directories:?}");
                for (directory, mode) in directories {
                    assert_eq!(mode, 0o755, "{name}, {call} {when}: {directory}");
                    assert!(!directory.contains(".publishing-"), "{directory}");
                }
            }
        }
    }
}

#[test]
fn new_directories_and_removals_are_synced() {
    let dir = open_dir();
    let trace = dir.path().join("trace");
    let trace_arg = trace.display().to_string();
    let calls = "trace=fsync,renameat2,unlinkat";
    run_child(traced(
        "child_that_publishes",
        dir.path(),
        &["-o", &trace_arg, "-e", calls],
    ));
    let trace = fs::read_to_string(trace).unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    let synced_after = |call: &str, text: &str, directory: &str| {
        let at = lines
            .iter()
            .position(|line| line.contains(call) && line.contains(text));
        let at = at.unwrap_or_else(|| panic!("no {call} of {text} in\n{trace}"));
        let path = format!("{}{directory}>)", dir.path().display());
        let fsync = |line: &&&str| line.contains("fsync(") && line.contains(&path);
        assert!(
            lines[at..].iter().any(|line| fsync(&line)),
            "{call} {text}:\n{trace}"
        );
    };
    synced_after("renameat2(", "\"made\"", "");
    synced_after("renameat2(", "\"root\"", "/made");
    synced_after("unlinkat(", "\"image-", "/made/root");
}
