//! Tests of services with known releases: which one is meant, and the migration of Keystone.

use std::path::Path;

use crate::support::{Ran, assert_as, line, read};

const KEYSTONE: &str = "fixtures/keystone/keystone.conf";

fn migrate(words: &str, file: &str) -> Ran {
    let words = format!("migrate {words} --from train --to 2026.2 {file}");
    line(&words).run().expect(0)
}

#[test]
fn keystone_to_the_newest() {
    let words = format!("migrate --service keystone --from train --to 2026.2 {KEYSTONE}");
    assert_as("services", "keystone-migrate", &line(&words).transcript());
    let words = format!("check --to 2026.2 {KEYSTONE}");
    assert_as("services", "keystone-check", &line(&words).transcript());
}

/// After a migration, `check` has no finding about the older release's names.
#[test]
fn keystone_after_the_migration() {
    let directory = tempfile::tempdir().unwrap();
    let new = directory.path().join("keystone.conf");
    std::fs::write(&new, migrate("--output -", KEYSTONE).stdout).unwrap();
    let ran = line("check --to 2026.2 keystone.conf").directory(directory.path());
    assert_as("services", "keystone-check-after", &ran.transcript());
}

#[test]
fn the_service_is_guessed() {
    let said = migrate("--service keystone", KEYSTONE);
    let by_name = migrate("", KEYSTONE);
    assert_eq!(by_name.stdout(), said.stdout());
    assert_eq!(by_name.stderr(), said.stderr());

    // No service has this name, so the names in the file decide.
    let directory = tempfile::tempdir().unwrap();
    let other = directory.path().join("identity.conf");
    std::fs::write(&other, read(KEYSTONE)).unwrap();
    let other = other.to_str().unwrap();
    let by_options = migrate("--output -", other);
    assert_eq!(
        by_options.stdout(),
        migrate("--output -", KEYSTONE).stdout()
    );
    let from = line(&format!("migrate --to 2026.2 {other}"))
        .run()
        .expect(0);
    assert!(from.stderr().contains("Keystone"), "{}", from.stderr());
}

/// `--service` overrides the name of the file.
#[test]
fn the_given_service_wins() {
    let words = format!("check --service ironic --to 2026.2 {KEYSTONE}");
    let ran = line(&words).run();
    let said = "no release knows an option public_endpoint in [DEFAULT]";
    assert!(ran.stdout().contains(said), "{}", ran.transcript());
}

/// Without files, those of the given service are read.
#[test]
fn the_files_of_the_given_service_are_found() {
    if [
        "/etc/keystone",
        "/etc/keystone.conf",
        "/etc/keystone.conf.d",
    ]
    .iter()
    .any(|path| Path::new(path).exists())
    {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let check = || line("check --service keystone --to 2026.2").variable("HOME", home.path());
    assert_as(
        "services",
        "none-found",
        &check().run().expect(2).transcript(),
    );
    std::fs::write(home.path().join("keystone.conf"), "[tokenn]\n").unwrap();
    let ran = check().run().expect(1);
    assert!(
        ran.stdout().contains("keystone.conf:1:"),
        "{}",
        ran.transcript()
    );
}

/// Reasons are those of the service, although rules of a site come with no service.
#[test]
fn reasons_are_those_of_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let site = directory.path().join("site.toml");
    std::fs::write(&site, "name = \"site\"\nsummary = \"nothing of ours\"\n").unwrap();
    let words = format!("--format html --rules {}", site.to_str().unwrap());
    let ran = migrate(&words, KEYSTONE);
    assert!(ran.stdout().contains("the option declares it in Keystone"));
    assert!(!ran.stdout().contains("the option declares it in Ironic"));
}

#[test]
fn what_is_not_known() {
    let unknown_release =
        format!("migrate --service keystone --from icehouse --to 2026.2 {KEYSTONE}");
    let unknown_guessed = format!("check --to 99.0.0 {KEYSTONE}");
    let unknown_service = format!("migrate --service nosuch --to 2026.2 {KEYSTONE}");
    for (name, words) in [
        ("unknown-release", unknown_release),
        ("unknown-release-guessed", unknown_guessed),
        ("unknown-service", unknown_service),
    ] {
        assert_as("services", name, &line(&words).transcript());
    }
}
