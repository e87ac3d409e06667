//! From release to release of Ironic: many at once are one after the other, and nothing else is touched.

#![allow(clippy::expect_used, clippy::print_stdout)]

use confmig::history::Service;
use oslo_config::SourceFile;
use tests::cases::{self, Tally};
use tests::files;
use tests::walk::{self, Walk};

#[test]
fn generated_files_go_through_the_releases() {
    let tally = cases::run_fewer("releases", walk::walks, walk::holds);
    tally.assert_seen(&[
        "migrated", "rename", "move", "convert", "remove", "decision",
    ]);
}

/// Every file, as if it were of each of some releases.
fn go(paths: &[std::path::PathBuf], starts: usize) {
    let tally = Tally::default();
    let mut failed = Vec::new();
    for path in paths {
        let text = std::fs::read(path).expect("a file that can be read");
        for from in Service::IRONIC
            .releases()
            .step_by(Service::IRONIC.releases().count().div_ceil(starts))
        {
            for accept in [false, true] {
                let (path, text) = (path.clone(), text.clone());
                let walk = Walk {
                    files: vec![SourceFile { path, text }],
                    from,
                    to: Service::IRONIC.newest(),
                    accept,
                };
                if let Err(why) = walk::holds(&walk, &tally) {
                    failed.push(format!(
                        "{} from {from}: {why}",
                        walk.files[0].path.display()
                    ));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    println!("{} files: {tally}", paths.len());
}

#[test]
fn fixtures_go_through_the_releases() {
    go(&files::fixtures(), 5);
}

#[test]
fn real_files_go_through_the_releases() {
    go(&files::corpus(), 2);
}
