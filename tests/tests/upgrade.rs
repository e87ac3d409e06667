//! Migrates between releases of Ironic: over several at once as one by one, and nothing else
//! changes.

#![allow(clippy::expect_used, clippy::print_stdout)]

use confmig::history::Service;
use oslo_config::SourceFile;
use tests::cases::{self, Tally};
use tests::files;
use tests::upgrade::{self, Upgrade};

#[test]
fn generated_files_are_upgraded() {
    let tally = cases::run_fewer("releases", upgrade::upgrades, upgrade::holds);
    tally.assert_seen(&[
        "migrated", "rename", "move", "convert", "remove", "decision",
    ]);
}

/// Migrates every file as if it were written for each of some releases.
fn migrate_all(paths: &[std::path::PathBuf], starts: usize) {
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
                let upgrade = Upgrade {
                    files: vec![SourceFile { path, text }],
                    from,
                    to: Service::IRONIC.newest(),
                    accept,
                };
                if let Err(why) = upgrade::holds(&upgrade, &tally) {
                    failed.push(format!(
                        "{} from {from}: {why}",
                        upgrade.files[0].path.display()
                    ));
                }
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    println!("{} files: {tally}", paths.len());
}

#[test]
fn fixtures_are_upgraded() {
    migrate_all(&files::fixtures(), 5);
}

#[test]
fn real_files_are_upgraded() {
    migrate_all(&files::corpus(), 2);
}
