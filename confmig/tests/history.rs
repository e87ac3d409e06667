//! Ironic's history: every rule does what its example says, every name is accounted for, and going
//! through many releases at once is going from one to the next.

// Helpers are not `#[test]` functions, so clippy.toml does not allow for them.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use confmig::migrate::{ChangeKind, Migration, Settings, Span, migrate, migrate_releases};
use confmig::pack::Pack;
use confmig::release::{
    Definition, Life, Lives, Series, all_names, built_in_rules, declared, find_rule,
};
use confmig::rule::Automatic;
use oslo_config::{OptName, SourceFile};

fn file(text: &str) -> SourceFile {
    SourceFile {
        path: "ironic.conf".into(),
        text: text.into(),
    }
}

fn text(migration: &Migration) -> String {
    String::from_utf8(migration.files[0].after.to_vec()).unwrap()
}

fn series(id: &str) -> Series {
    Series::parse(id).unwrap()
}

/// Migrates one file from release to release.
#[track_caller]
fn go(text: &str, from: Series, to: Series, settings: &Settings) -> Migration {
    let file = file(text);
    let parsed = [file.parse().unwrap()];
    migrate_releases(
        &parsed,
        Span { from, to },
        None,
        settings,
        &Lives::default(),
    )
    .unwrap_or_else(|error| panic!("{from} to {to}: {error}\n{text}"))
}

fn accepting_all() -> Settings {
    Settings {
        accept_rules: built_in_rules()
            .filter_map(|rule| rule.rule())
            .map(|rule| rule.id)
            .collect(),
        ..Settings::default()
    }
}

#[test]
fn every_rule_does_what_its_example_says() {
    let mut wrong = Vec::new();
    for built_in in built_in_rules() {
        let rule = built_in.rule().unwrap();
        let settings = Settings {
            accept_rules: [rule.id.clone()].into(),
            ..Settings::default()
        };
        let pack = Pack {
            name: rule.id.clone(),
            summary: String::new(),
            readers: None,
            project: Some("ironic".into()),
            opts: Vec::new(),
            rules: Vec::new(),
            removed: Vec::new(),
            conversions: vec![rule.clone()],
        };
        for example in &rule.example {
            let file = file(&example.before);
            let parsed = [file.parse().unwrap()];
            let migration = migrate(&parsed, &pack, &settings).unwrap();
            if text(&migration) != example.after {
                wrong.push(format!(
                    "{}:\n{}--- should be\n{}--- but is\n{}--- {:?}",
                    rule.id,
                    example.before,
                    example.after,
                    text(&migration),
                    migration
                        .decisions
                        .iter()
                        .map(|decision| &decision.reason)
                        .collect::<Vec<_>>()
                ));
                continue;
            }
            // What is not made must be told.
            let silent = example.before == example.after && migration.decisions.is_empty();
            if silent && rule.automatic == Automatic::Advice {
                wrong.push(format!("{} says nothing", rule.id));
            }
            let after = file_again(&migration);
            let parsed = [after.parse().unwrap()];
            let again = migrate(&parsed, &pack, &settings).unwrap();
            if !again.is_empty() {
                wrong.push(format!("{}: a second run makes\n{}", rule.id, text(&again)));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}

fn file_again(migration: &Migration) -> SourceFile {
    file(&text(migration))
}

#[test]
fn a_rule_that_needs_a_decision_waits_for_it() {
    for built_in in built_in_rules() {
        let rule = built_in.rule().unwrap();
        if rule.automatic == Automatic::Yes {
            continue;
        }
        let example = &rule.example[0];
        let from = built_in.last.before().unwrap();
        let migration = go(&example.before, from, built_in.last, &Settings::default());
        let told = migration
            .decisions
            .iter()
            .any(|decision| decision.rule.as_ref() == Some(&rule.id));
        assert!(told, "{}: {:?}", rule.id, migration.decisions);
    }
}

#[test]
fn every_declared_renaming_is_made() {
    let lives = Lives::default();
    let rules = declared(&lives);
    assert!(rules.len() > 100, "{}", rules.len());
    for rule in rules {
        let life = lives.of_option(&rule.from).unwrap();
        let at = Series::all()
            .find(|series| {
                life.is_former(*series) && life.former_of(*series).any(|reader| reader == rule.to)
            })
            .unwrap();
        let value = sample(&lives.of_option(&rule.to).unwrap().definition(at).unwrap());
        let before = format!("[{}]\n{} = {value}\n", rule.from.group(), rule.from.name());
        let after = text(&go(&before, at, at, &Settings::default()));
        let wanted = format!("[{}]\n", rule.to.group());
        assert!(
            after.contains(&wanted) && after.contains(&format!("{} = {value}\n", rule.to.name())),
            "{at}: {before}{after}"
        );
    }
}

/// A value of an option's type.
fn sample(definition: &Definition<'_>) -> String {
    if let Some(choice) = definition.choices().first() {
        return choice.clone();
    }
    match &*definition.kind {
        "bool" => "True".into(),
        "int" | "float" => definition
            .min
            .map_or_else(|| "3".into(), |min| (min.max(1.0)).to_string()),
        "port" => "8080".into(),
        "uri" => "http://192.0.2.1:8080".into(),
        "dict" => "one:two".into(),
        "ip" | "hostaddress" => "192.0.2.1".into(),
        _ => "value".into(),
    }
}

/// A file that sets every option of a release.
fn every_option(of: Series) -> String {
    let mut text = String::new();
    let mut group = String::new();
    for (name, life) in all_names() {
        let Some(definition) = life.definition(of) else {
            continue;
        };
        if name.group() != group {
            group = name.group().to_owned();
            text += &format!("[{group}]\n");
        }
        let default = definition.default();
        let value = match default.first() {
            Some(value) if !definition.runtime_default && !value.contains('\n') => value.clone(),
            _ => sample(&definition),
        };
        text += &format!("{} = {value}\n", name.name());
    }
    text
}

/// Every name that the newest release has not as an option is renamed, converted, taken out, or told of.
#[test]
fn every_name_that_is_gone_is_accounted_for() {
    let newest = Series::newest();
    let gone: Vec<(OptName, Life)> = all_names()
        .filter(|(_, life)| !life.is_option(newest))
        .collect();
    // 589 as they are declared; of these [DATABASE] idle_timeout is that of [database] in files.
    assert_eq!(gone.len(), 588);
    let mut left = Vec::new();
    for (name, life) in &gone {
        if name.name().contains('-') {
            // No file has an effect by such a name; `check` says so.
            continue;
        }
        let (_, last) = life.span().unwrap();
        let from = Series::all()
            .rfind(|series| life.is_option(*series))
            .unwrap_or(last);
        let value = life
            .definition(from)
            .map_or_else(|| "value".into(), |definition| sample(&definition));
        let before = format!("[{}]\n{} = {value}\n", name.group(), name.name());
        let migration = go(&before, from, newest, &Settings::default());
        let told = migration
            .decisions
            .iter()
            .any(|decision| !decision.reason.is_empty());
        let after = text(&migration);
        let stays = after.contains(&format!("\n{} = ", name.name()))
            && after.starts_with(&format!("[{}]", name.group()));
        if stays && !told {
            left.push(format!("{from}: {name}"));
        }
    }
    assert!(
        left.is_empty(),
        "{} are left without a word: {left:#?}",
        left.len()
    );
}

/// No release after the last step calls anything deprecated, or does not know it, without a word.
#[test]
fn nothing_deprecated_is_left() {
    let lives = Lives::default();
    for from in Series::all().step_by(3) {
        for to in from
            .through(Series::newest())
            .step_by(4)
            .chain([Series::newest()])
        {
            let before = every_option(from);
            let migration = go(&before, from, to, &accepting_all());
            let decisions = migration.decisions.iter();
            let told: BTreeSet<&OptName> = decisions
                .flat_map(|decision| decision.options.iter().chain([&decision.option]))
                .collect();
            let lines: Vec<&str> = before.lines().collect();
            let told_lines: BTreeSet<&str> = migration
                .decisions
                .iter()
                .map(|decision| lines[decision.line - 1])
                .collect();
            let after = file_again(&migration);
            for entry in after.parse().unwrap().document.entries() {
                let name = OptName::new(entry.group().to_string(), entry.key().to_string());
                let life = lives.of_option(&name).unwrap_or_else(|| panic!("{name}"));
                let line = after
                    .parse()
                    .unwrap()
                    .document
                    .line_text(entry.line())
                    .unwrap()
                    .to_string();
                let fine = life.is_option(to)
                    || told.contains(&name)
                    || told_lines.contains(line.as_str());
                assert!(fine, "{from} to {to}: {name} is left");
            }
        }
    }
}

#[test]
fn many_releases_at_once_are_one_after_the_other() {
    for settings in [Settings::default(), accepting_all()] {
        for from in Series::all().step_by(5) {
            let before = every_option(from);
            let at_once = text(&go(&before, from, Series::newest(), &settings));
            let mut step_by_step = text(&go(&before, from, from, &settings));
            let mut at = from;
            while let Some(next) = at.after() {
                step_by_step = text(&go(&step_by_step, at, next, &settings));
                at = next;
            }
            similar_asserts(&at_once, &step_by_step, from);
            let again = go(&at_once, Series::newest(), Series::newest(), &settings);
            assert!(
                again.is_empty(),
                "{from}: a second run makes {:?}",
                again.files[0].changes
            );
        }
    }
}

#[track_caller]
fn similar_asserts(one: &str, other: &str, from: Series) {
    if one != other {
        let differ = one
            .lines()
            .zip(other.lines())
            .find(|(one, other)| one != other);
        panic!("from {from}: {differ:?}\n{one}\n=====\n{other}");
    }
}

#[test]
fn comments_and_other_lines_stay() {
    let before = "# Ours.\r\n[DEFAULT]\r\n# The broker of the site.\r\nrpc_backend = rabbit\r\ndebug=on\r\n\r\n[oslo_messaging_rabbit]\r\n# Two of them.\r\nrabbit_hosts = 192.0.2.1, 192.0.2.2\r\nrabbit_password = a$$b\r\n\r\n[ours]\r\nx = 1\r\n";
    let after = text(&go(
        before,
        series("rocky"),
        series("stein"),
        &Settings::default(),
    ));
    assert_eq!(
        after,
        "# Ours.\r\n[DEFAULT]\r\n# The broker of the site.\r\n# Two of them.\r\ntransport_url = rabbit://guest:a%24b@192.0.2.1:5672,guest:a%24b@192.0.2.2:5672/\r\ndebug=on\r\n\r\n[ours]\r\nx = 1\r\n"
    );
}

#[test]
fn changes_have_the_lines_of_the_first_text() {
    let before = "[DEFAULT]\nrabbit_host = 192.0.2.1\n\n[pxe]\nhttp_url = http://192.0.2.1\n\n[conductor]\nsend_sensor_data = True\n";
    let migration = go(
        before,
        series("icehouse"),
        Series::newest(),
        &Settings::default(),
    );
    let changes: Vec<(usize, ChangeKind, String, String)> = migration.files[0]
        .changes
        .iter()
        .map(|change| {
            (
                change.line,
                change.kind,
                change.to.to_string(),
                change.release.clone().unwrap(),
            )
        })
        .collect();
    let change =
        |line, kind, to: &str, release: &str| (line, kind, to.to_owned(), release.to_owned());
    assert_eq!(
        changes,
        [
            change(
                2,
                ChangeKind::Move,
                "oslo_messaging_rabbit.rabbit_host",
                "kilo"
            ),
            change(2, ChangeKind::Convert, "DEFAULT.transport_url", "newton"),
            change(5, ChangeKind::Move, "deploy.http_url", "liberty"),
            change(
                8,
                ChangeKind::Move,
                "sensor_data.send_sensor_data",
                "2023.1"
            ),
        ]
    );
}

/// References among options that become one are put in as they are.
#[test]
fn references_to_what_goes_are_put_in() {
    let before = "[DEFAULT]\nrabbit_host = 192.0.2.1\nrabbit_hosts = $rabbit_host:$rabbit_port,${rabbit_host}2\n";
    let after = text(&go(
        before,
        series("icehouse"),
        series("newton"),
        &Settings::default(),
    ));
    assert_eq!(
        after,
        "[DEFAULT]\ntransport_url = rabbit://guest:guest@192.0.2.1:5672,guest:guest@192.0.2.12:5672/\n"
    );
}

/// What cannot be told from the file is left, and told.
#[test]
fn doubtful_cases_are_left() {
    for (from, to, before, said) in [
        (
            "train",
            "2026.2",
            "[glance]\nauth_type = token\ntenant_id = a\nproject_id = b\n",
            "both set, and differ",
        ),
        (
            "rocky",
            "stein",
            "[DEFAULT]\nrpc_backend = zmq\n",
            "does not tell what the value",
        ),
        (
            "stein",
            "train",
            "[glance]\nglance_api_servers = a,b\n",
            "only one can be kept",
        ),
        (
            "stein",
            "train",
            "[glance]\nauth_strategy = noauth\n",
            "needs glance.endpoint_override",
        ),
        (
            "2026.1",
            "2026.2",
            "[DEFAULT]\nenabled_hardware_types = ilo\n",
            "ilo",
        ),
        (
            "train",
            "ussuri",
            "[neutron]\nurl = http://192.0.2.1\n",
            "has not read it since train",
        ),
        (
            "rocky",
            "stein",
            "[DEFAULT]\nours = $rabbit_port\n[oslo_messaging_rabbit]\nrabbit_port = 1\nrabbit_password = $ours\n",
            "references",
        ),
        (
            "stein",
            "train",
            "[glance]\nauth_strategy = keystone\n[ours]\nx = $glance.auth_strategy\n",
            "refers to glance.auth_strategy",
        ),
    ] {
        let migration = go(before, series(from), series(to), &Settings::default());
        assert_eq!(text(&migration), before);
        assert!(
            migration
                .decisions
                .iter()
                .any(|decision| decision.reason.contains(said)),
            "{before}{:?}",
            migration.decisions
        );
    }
}

#[test]
fn a_rule_is_found_by_its_id() {
    assert!(
        find_rule("ilo-group")
            .unwrap()
            .rule()
            .unwrap()
            .advice
            .unwrap()
            .contains("redfish")
    );
    assert!(find_rule("no-such-rule").is_none());
}

#[path = "../examples/ironic_releases.rs"]
mod ironic_releases;

/// The table in the manual is what the program does, and every option is covered.
#[test]
fn the_table_of_releases_is_true() {
    let page = ironic_releases::page();
    for row in page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(" of "))
    {
        let covered = row.rsplit("| ").next().unwrap().trim_end_matches(" |");
        let (covered, all) = covered.split_once(" of ").unwrap();
        assert_eq!(covered, all, "{row}");
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ironic-releases.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept, page,
        "run: cargo run -p confmig --example ironic_releases > docs/ironic-releases.md"
    );
}
