//! Tests that passwords, keys and tokens appear in no output unless asked for.

use crate::support::{assert_as, confmig, fixtures, line, read};

fn secrets() -> Vec<String> {
    let list = String::from_utf8(read("fixtures/secrets/secrets.txt")).unwrap();
    list.lines().map(str::to_owned).collect()
}

fn holds(text: &[u8], secret: &str) -> bool {
    bstr::ByteSlice::contains_str(text, secret)
}

/// Returns the fixtures that contain a secret.
fn fixtures_with_secrets() -> Vec<String> {
    let secrets = secrets();
    let mut all = fixtures("");
    all.retain(|fixture| {
        let text = read(fixture);
        secrets.iter().any(|secret| holds(&text, secret))
    });
    assert!(all.len() > 10, "{all:?}");
    all
}

/// Returns every option that a fixture sets, as arguments.
fn options(fixture: &str) -> Vec<String> {
    let json = confmig(["show", "--format", "json", fixture]).run().json();
    let mut options = Vec::new();
    for section in json["files"][0]["sections"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let name = section["name"].as_str().unwrap();
        let group = if name == "DEFAULT" {
            name.to_owned()
        } else {
            name.to_lowercase()
        };
        for entry in section["entries"].as_array().unwrap() {
            let key = entry["key"].as_str().unwrap();
            options.push(format!("--option={group}.{key}"));
        }
    }
    options
}

/// Asserts that a run's output contains no secret.
#[track_caller]
fn assert_no_secret(secrets: &[String], words: &[&str]) {
    let ran = confmig(words).run();
    assert!(matches!(ran.status, Some(0..=2)), "{}", ran.transcript());
    for secret in secrets {
        for output in [&ran.stdout, &ran.stderr] {
            assert!(!holds(output, secret), "{secret} in {}", ran.transcript());
        }
    }
}

#[test]
fn in_no_output_of_any_command() {
    let secrets = secrets();
    for fixture in &fixtures_with_secrets() {
        for command in ["migrate", "check", "show"] {
            for format in ["text", "json"] {
                assert_no_secret(&secrets, &[command, "-vv", "--format", format, fixture]);
            }
            if command != "show" {
                for format in ["sarif", "html"] {
                    assert_no_secret(&secrets, &[command, "-vv", "--format", format, fixture]);
                    let to = [command, "--to", "2026.2", "--format", format, fixture];
                    assert_no_secret(&secrets, &to);
                }
            }
        }
        assert_no_secret(&secrets, &["migrate", "--keep-old", fixture]);
        assert_no_secret(&secrets, &["migrate", "--rules", "ironic-liberty", fixture]);
        let options = options(fixture);
        if !options.is_empty() {
            for format in ["text", "json"] {
                let mut words = vec!["show", "--format", format, fixture];
                words.extend(options.iter().map(String::as_str));
                assert_no_secret(&secrets, &words);
            }
        }
    }
}

#[test]
fn in_no_output_when_many_lines_change() {
    // Every line near a secret becomes context of the diff.
    let secrets = secrets();
    let text = String::from_utf8(read("fixtures/secrets/ironic.conf")).unwrap();
    let dense: String = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let ran = line("migrate -vv -").input(dense).run().expect(0);
    for secret in &secrets {
        assert!(!holds(&ran.stdout, secret), "{}", ran.transcript());
        assert!(!holds(&ran.stderr, secret), "{}", ran.transcript());
    }
    assert_as("secrets", "dense", &ran.transcript());
}

#[test]
fn shown_when_asked_for() {
    let ran = line("migrate --show-secrets fixtures/secrets/ironic.conf").run();
    assert!(holds(&ran.stdout, "Ci8nHv27ZoFs"));
    let ran = line("show --show-secrets fixtures/secrets/ironic.conf").run();
    for secret in [
        "Lk6-vYd82QsC",
        "Wb3cMp96SaVy",
        "9f2d7ac046e18b",
        "c0ffee5d2b91",
    ] {
        assert!(holds(&ran.stdout, secret), "{}", ran.transcript());
    }
    let ran = line("show --show-secrets -o database.connection fixtures/secrets/ironic.conf").run();
    assert!(holds(&ran.stdout, "Ry4uSn83GdHa"));
}

#[test]
fn in_a_header() {
    let secrets = secrets();
    assert_no_secret(
        &secrets,
        &["check", "fixtures/invalid/secret-in-header.conf"],
    );
}

#[test]
fn in_an_indented_assignment() {
    for text in [
        "[DEFAULT]\n  rabbit_password = hunter2\n",
        "[keystone_authtoken]\n\n\tpassword: hunter2\n",
        "keystone:\n  admin_password: hunter2\n",
        "{\n  \"admin_password\": \"hunter2\"\n}\n",
    ] {
        let ran = line("check -").input(text).run().expect(2);
        assert!(!ran.stderr().contains("hunter2"), "{}", ran.transcript());
    }
}

#[test]
fn with_rule_files() {
    let rules = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
    std::fs::write(rules.path(), "name = \"site\"\nsummary = \"our names\"\n").unwrap();
    let secrets = secrets();
    for fixture in &fixtures_with_secrets() {
        if !fixture.contains("/invalid/") {
            let words = ["show", "--rules", rules.path().to_str().unwrap(), fixture];
            assert_no_secret(&secrets, &words);
        }
    }
}
