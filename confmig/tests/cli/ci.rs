//! A repository with several services, checked and migrated as its pipeline does: `fixtures/ci`.

use std::fs;
use std::path::Path;

use crate::support::{Ran, assert_as, line, root};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

/// Returns a copy of the repository.
fn repository() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    copy(&root().join("fixtures/ci"), directory.path());
    directory
}

fn run(directory: &Path, words: &str) -> Ran {
    line(words).directory(directory).run()
}

#[test]
fn the_check_knows_what_was_there_when_it_began() {
    let repository = repository();
    assert_as(
        "ci",
        "check",
        &run(repository.path(), "check").expect(0).transcript(),
    );
    for format in ["sarif", "junit", "github", "json"] {
        let words = format!("check --format {format}");
        let ran = run(repository.path(), &words).expect(0);
        assert_as("ci", &format!("check-{format}"), &ran.transcript());
    }
    // Without the baseline, the same findings fail it.
    let policy = fs::read_to_string(repository.path().join("confmig.toml")).unwrap();
    let policy = policy.replace("baseline = ", "# baseline = ");
    fs::write(repository.path().join("confmig.toml"), policy).unwrap();
    let all = run(repository.path(), "check --format sarif").expect(1);
    let baseline = fs::read_to_string(root().join("fixtures/ci/baseline.sarif")).unwrap();
    assert_eq!(all.stdout(), baseline, "renew fixtures/ci/baseline.sarif");
    for format in ["junit", "github"] {
        let ran = run(repository.path(), &format!("check --format {format}")).expect(1);
        assert_as("ci", &format!("check-all-{format}"), &ran.transcript());
    }
}

#[test]
fn a_new_finding_fails_the_check() {
    let repository = repository();
    let path = repository.path().join("services/ironic/east.conf");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("my_ip =", "my_port =")).unwrap();
    let ran = run(repository.path(), "check --format github").expect(1);
    let expected = "::warning file=services/ironic/east.conf,line=4,";
    assert!(ran.stdout().contains(expected), "{}", ran.transcript());
    assert_eq!(ran.stdout().lines().count(), 1, "{}", ran.stdout());
}

#[test]
fn the_first_migration_lists_every_decision_once() {
    let repository = repository();
    fs::remove_file(repository.path().join("decisions.toml")).unwrap();
    let ran = run(repository.path(), "migrate --decisions decisions.toml").expect(0);
    assert_as("ci", "migrate-first", &ran.transcript());
    let decisions = fs::read_to_string(repository.path().join("decisions.toml")).unwrap();
    assert_as("ci", "decisions", &decisions);
    run(repository.path(), "migrate --check").expect(1);
}

#[test]
fn a_second_run_with_the_committed_decisions_ends_with_0() {
    let repository = repository();
    for format in ["sarif", "junit", "github"] {
        let words = format!("migrate --check --format {format}");
        let ran = run(repository.path(), &words).expect(1);
        assert_as("ci", &format!("migrate-{format}"), &ran.transcript());
    }
    let ran = run(repository.path(), "migrate --write").expect(0);
    assert_as("ci", "migrate-write", &ran.transcript());
    let ran = run(repository.path(), "migrate --check").expect(0);
    assert_as("ci", "migrate-second", &ran.transcript());
}

#[test]
fn the_pipeline_of_the_repository() {
    let repository = repository();
    run(repository.path(), "migrate --write").expect(0);
    let program = Path::new(env!("CARGO_BIN_EXE_confmig")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut script = std::process::Command::new("./check.sh");
    let script = script.current_dir(repository.path()).env("PATH", path);
    let output = script.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let names = ["confmig.sarif", "confmig.xml"];
    let sizes = names.map(|name| fs::metadata(repository.path().join(name)).unwrap().len());
    assert!(sizes.iter().all(|size| *size > 500), "{sizes:?}");
    assert!(
        output.status.code().is_some_and(|status| status < 2),
        "{output:?} {said}"
    );
}
