//! Tests of `confmig migrate`, mostly snapshots of its diffs.

use bstr::ByteSlice;

use crate::support::{assert_as, confmig, fixtures, ironic_conf, line, read, stem};

/// Makes one snapshot for each fixture in a directory.
fn diffs(directory: &str) {
    for fixture in fixtures(directory) {
        let ran = confmig(["migrate", &fixture]).run().expect(0);
        let name = format!("migrate/{directory}");
        assert_as(&name, stem(&fixture), &ran.transcript());
    }
}

#[test]
fn standalone_liberty() {
    diffs("standalone-liberty");
}

#[test]
fn sample_style() {
    diffs("sample-style");
}

#[test]
fn names() {
    diffs("names");
}

#[test]
fn comments() {
    diffs("comments");
}

#[test]
fn templates() {
    diffs("templates");
}

#[test]
fn format() {
    diffs("format");
}

#[test]
fn releases() {
    diffs("releases");
}

#[test]
fn secrets() {
    diffs("secrets");
}

#[test]
fn layered() {
    let ran = line(
        "migrate --config-file fixtures/layered/ironic-dist.conf \
         --config-file fixtures/layered/ironic.conf --config-dir fixtures/layered/ironic.conf.d",
    );
    assert_as("migrate", "layered", &ran.transcript());
    let ran = line("migrate fixtures/layered-two/first.conf fixtures/layered-two/second.conf");
    assert_as("migrate", "layered-two", &ran.transcript());
}

#[test]
fn to_the_names_that_ironic_reads() {
    let ran = line("migrate --rules ironic-liberty fixtures/standalone-liberty/ironic.conf");
    assert_as("migrate", "ironic-liberty", &ran.transcript());
}

#[test]
fn keep_old_adds_the_new_names_beside_the_old() {
    for fixture in [
        "fixtures/standalone-liberty/ironic.conf",
        "fixtures/names/three-names.conf",
        "fixtures/names/repeated-keys.conf",
        "fixtures/templates/references.conf",
        "fixtures/templates/moved-value-names-neighbours.conf",
        "fixtures/comments/travelling.conf",
    ] {
        let name = fixture.trim_start_matches("fixtures/").replace('/', "-");
        let ran = confmig(["migrate", "--keep-old", fixture]).run().expect(0);
        assert_as("migrate/keep-old", &name, &ran.transcript());
    }
}

#[test]
fn keep_old_twice_changes_nothing_the_second_time() {
    for fixture in ["names", "templates", "comments", "releases", "sample-style"]
        .iter()
        .flat_map(|directory| fixtures(directory))
    {
        let once = confmig(["migrate", "--keep-old", "--output", "-", &fixture])
            .run()
            .expect(0);
        let twice = confmig(["migrate", "--keep-old", "--check", "-"])
            .input(&once.stdout)
            .run();
        assert_eq!(twice.status, Some(0), "{fixture}: {}", twice.transcript());
    }
}

#[test]
fn the_new_text_has_nothing_left_to_migrate() {
    for fixture in fixtures("")
        .into_iter()
        .filter(|fixture| !fixture.starts_with("fixtures/invalid/"))
    {
        let once = confmig(["migrate", "--output", "-", &fixture])
            .run()
            .expect(0);
        let twice = confmig(["migrate", "--format", "json", "-"])
            .input(&once.stdout)
            .run()
            .expect(0);
        assert_eq!(twice.json()["files"][0]["changed"], false, "{fixture}");
    }
}

/// `$my_ip` means `[DEFAULT] my_ip` to Ironic, which reads the URL in `[pxe]`, and `[deploy] my_ip`
/// to a program that reads the URL in `[deploy]`.
const AMBIGUOUS: &str = "\
[DEFAULT]
my_ip = 192.0.2.1

[deploy]
my_ip = 192.0.2.2

[pxe]
http_url = http://$my_ip:8080
http_root = /srv/httpboot
";

#[test]
fn what_may_change_its_meaning_is_left_to_decide() {
    let ran = line("migrate -").input(AMBIGUOUS);
    assert_as("migrate", "needs-decision", &ran.transcript());
    let ran = line("migrate --check -").input(AMBIGUOUS).run();
    assert_eq!(ran.status, Some(1));
}

#[test]
fn accept_migrates_it_all_the_same() {
    let ran = line("migrate --accept deploy.http_server_url -").input(AMBIGUOUS);
    assert_as("migrate", "accept", &ran.transcript());
}

#[test]
fn only_a_decision_is_left() {
    let text = AMBIGUOUS.replace("http_root = /srv/httpboot\n", "");
    let ran = line("migrate -").input(&text);
    assert_as("migrate", "only-a-decision", &ran.transcript());
    let ran = line("migrate --check --format json -").input(&text).run();
    assert_eq!(ran.status, Some(1));
    assert_eq!(ran.json()["diagnostics"][0]["code"], "needs-decision");
}

#[test]
fn output_gives_the_whole_new_text() {
    let fixture = "fixtures/standalone-liberty/ironic.conf";
    let ran = confmig(["migrate", "--output", "-", fixture]);
    assert_as("migrate", "output", &ran.transcript());

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new.conf");
    let to_stdout = line("migrate --output - fixtures/standalone-liberty/ironic.conf").run();
    let ran = confmig(["migrate", "--output", path.to_str().unwrap(), fixture])
        .run()
        .expect(0);
    assert_eq!(ran.stdout, b"");
    assert_eq!(std::fs::read(path).unwrap(), to_stdout.stdout);
}

#[test]
fn output_is_for_one_file() {
    let ran =
        line("migrate --output - fixtures/layered-two/first.conf fixtures/layered-two/second.conf");
    assert_as("migrate", "output-of-two", &ran.transcript());
}

#[test]
fn output_of_a_file_without_work_is_the_file() {
    for fixture in [
        "fixtures/names/already-current.conf",
        "fixtures/format/headers-only.conf",
        "fixtures/format/empty.conf",
    ] {
        let ran = confmig(["migrate", "--output", "-", fixture])
            .run()
            .expect(0);
        assert_eq!(ran.stdout, read(fixture), "{fixture}");
    }
}

#[test]
fn check_tells_by_the_exit_status_whether_work_is_left() {
    for (fixture, status) in [
        ("fixtures/names/already-current.conf", 0),
        ("fixtures/names/look-alikes.conf", 0),
        ("fixtures/names/both-names-same-value.conf", 1),
        ("fixtures/standalone-liberty/ironic.conf", 1),
        ("fixtures/invalid/section-not-closed.conf", 2),
        ("fixtures/no-such-file.conf", 2),
    ] {
        for format in ["text", "json"] {
            confmig(["migrate", "--check", "--format", format, fixture])
                .run()
                .expect(status);
        }
        let output = confmig(["migrate", "--check", "--output", "-", fixture]);
        output.run().expect(status);
    }
    let ran = line("migrate --check fixtures/names/both-names-same-value.conf");
    assert_as("migrate", "check", &ran.transcript());
}

#[test]
fn a_dry_run_writes_nothing() {
    let directory = ironic_conf(AMBIGUOUS);
    for words in ["migrate ironic.conf", "migrate --check ironic.conf"] {
        line(words).directory(directory.path()).run();
    }
    let names: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
    let text = std::fs::read_to_string(directory.path().join("ironic.conf")).unwrap();
    assert_eq!(text, AMBIGUOUS);
}

#[test]
fn a_decision_about_one_option_does_not_hold_up_another() {
    let json = line("migrate --format json -")
        .input(AMBIGUOUS)
        .run()
        .json();
    let decisions = json["diagnostics"].as_array().unwrap();
    assert_eq!(decisions.len(), 1, "{json}");
    assert_eq!(
        json["files"][0]["changes"][0]["to"],
        "deploy.http_server_root"
    );
}

#[test]
fn with_keep_old_nothing_to_do_means_that_both_names_stand_there() {
    let ran = line("migrate --keep-old fixtures/names/three-names.conf")
        .run()
        .expect(0);
    assert!(
        !ran.stderr().contains("no former name"),
        "{}",
        ran.transcript()
    );
}

#[test]
fn two_emptied_sections_at_the_end_of_a_file() {
    let text = "[deploy]\n\n[pxe]\nhttp_url = a\n\n[pxe]\nhttp_root = /b\n";
    let ran = line("migrate --output - -").input(text).run().expect(0);
    let expected = "[deploy]\nhttp_server_url = a\nhttp_server_root = /b\n";
    assert_eq!(ran.stdout(), expected);
}

#[test]
fn a_placeholder_above_an_entry_that_moves_stays_where_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let rules = directory.path().join("rules.toml");
    let text = r#"
name = "both-ways"
summary = "an option moves into the section that another one leaves"
[[option]]
group = "api"
name = "public_url"
type = "str"
[[option.former]]
group = "pxe"
name = "web_url"
why = "it is the API's"
[[option]]
group = "pxe"
name = "timeout"
type = "int"
[[option.former]]
group = "api"
name = "timeout"
why = "it is PXE's"
"#;
    std::fs::write(&rules, text).unwrap();
    let conf = b"[pxe]\nweb_url = http://192.0.2.1\n\
                 [api]\n#public_url = <None>\n# In seconds.\ntimeout = 60\n";
    let rules = rules.to_str().unwrap();
    let ran = confmig(["migrate", "--rules", rules, "--output", "-", "-"])
        .input(conf)
        .run()
        .expect(0);
    let after = b"[pxe]\n\n# In seconds.\ntimeout = 60\n\
                  [api]\n#public_url = <None>\npublic_url = http://192.0.2.1\n";
    assert_eq!(ran.stdout.as_bstr(), after.as_bstr());
}

/// The comment of an entry that moved and was then removed goes back, but not into a section whose
/// entries would then belong to another one.
#[test]
fn a_comment_that_goes_back_divides_no_section() {
    let text = "[conductor]\nconfigdrive_use_swift = one\n[DEFAULT]\n# Ours.\n\
                rabbit_max_retries = one\n[conductor]\nconfigdrive_use_swift = one\n";
    let directory = ironic_conf(text);
    let words = "migrate --from ocata --to stein --write ironic.conf";
    line(words).directory(directory.path()).run().expect(0);
    let text = std::fs::read_to_string(directory.path().join("ironic.conf")).unwrap();
    let expected = "[deploy]\nconfigdrive_use_object_store = one\n\
                    configdrive_use_object_store = one\n[DEFAULT]\n# Ours.\n";
    assert_eq!(text.trim_end(), expected.trim_end());
}

/// The comment of an entry that moved goes back, too, if another entry hides it in the end.
#[test]
fn the_comment_of_a_hidden_entry_goes_back() {
    let text = "[DEFAULT]\ntransport_url = rabbit://h/\n# Firewall rule 77.\n\
                rabbit_host = 192.0.2.1\n# By hand.\nrabbit_userid = u\ndebug = true\n";
    let directory = ironic_conf(text);
    let words = "migrate --from liberty --to 2026.2 --output - ironic.conf";
    let ran = line(words).directory(directory.path()).run().expect(0);
    let expected = "[DEFAULT]\ntransport_url = rabbit://h/\n# Firewall rule 77.\n# By hand.\n\
                    debug = true\n";
    assert_eq!(ran.stdout.to_str_lossy(), expected);
}
