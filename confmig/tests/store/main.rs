//! Tests of what `--write`, `--output` and `undo` guarantee for files, on a real file system.
//! `src/store/tests` tests changes at the last moment, and journals.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

mod backups;
mod interrupted;
mod kept;
mod mounts;
mod output;
mod refused;
mod strays;
mod support;
mod undo;

use std::env;
use std::path::Path;

/// Not a test: runs the jobs that other tests start in a separate process.
#[test]
fn helper_process() {
    let (Some(job), Some(argument)) = (
        env::var_os("CONFMIG_TEST_JOB"),
        env::var_os("CONFMIG_TEST_ARGUMENT"),
    ) else {
        return;
    };
    let path = Path::new(&argument);
    match job.to_str().unwrap() {
        "write without end" => interrupted::write_without_end(path),
        "full disk" => mounts::full_disk(path),
        "mount point" => mounts::mount_point(path),
        "read-only file system" => mounts::read_only_file_system(path),
        "as somebody else" => refused::as_somebody_else(path),
        "relative path" => output::relative_path(path),
        "umask 0" => backups::private_with_umask_0(path),
        other => panic!("unknown job {other}"),
    }
}
