//! Every name of a release is read, renamed or accounted for in the next ones.

use std::collections::BTreeSet;

use confmig::history::{History, NameHistory, Service, all_names, declared};
use confmig::migrate::Settings;
use oslo_config::OptName;

use super::releases;
use super::support::{accepting_all, every_option, file_again, go, sample, text};

#[test]
fn every_declared_renaming_is_made() {
    for service in Service::all() {
        every_renaming_is_made(service);
    }
}

fn every_renaming_is_made(service: Service) {
    let history = History::new(service);
    let rules = declared(&history);
    assert!(rules.len() > 80, "{service:?}: {}", rules.len());
    for rule in rules {
        let of_name = history.of_option(&rule.from).unwrap();
        let at = service
            .releases()
            .find(|series| {
                of_name.is_former(*series)
                    && of_name.former_of(*series).any(|reader| reader == rule.to)
            })
            .unwrap();
        let value = sample(&history.of_option(&rule.to).unwrap().definition(at).unwrap());
        let before = format!("[{}]\n{} = {value}\n", rule.from.group(), rule.from.name());
        let after = text(&go(&before, at, at, &Settings::default()));
        let wanted = format!("[{}]\n", rule.to.group());
        assert!(
            after.contains(&wanted) && after.contains(&format!("{} = {value}\n", rule.to.name())),
            "{at}: {before}{after}"
        );
    }
}

/// Every name that is not an option of the newest release is renamed, converted, removed, or left
/// with a decision.
#[test]
fn every_name_that_is_gone_is_accounted_for() {
    Service::all().for_each(every_gone_name_is_accounted_for);
}

fn every_gone_name_is_accounted_for(service: Service) {
    let newest = service.newest();
    let gone: Vec<(OptName, NameHistory)> = all_names(service)
        .filter(|(_, of_name)| !of_name.is_option(newest))
        .collect();
    assert!(gone.len() > 300, "{service:?}: {}", gone.len());
    let mut left = Vec::new();
    for (name, of_name) in &gone {
        if name.name().contains('-') {
            // Such a name has no effect in a file; `check` reports it.
            continue;
        }
        let last = of_name.read_in().unwrap().to;
        let from = service
            .releases()
            .rfind(|series| of_name.is_option(*series))
            .unwrap_or(last);
        let value = of_name
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
            left.push(format!("{service:?} {from}: {name}"));
        }
    }
    assert!(
        left.is_empty(),
        "{} are left without a word: {left:#?}",
        left.len()
    );
}

/// After the last step, every name that is deprecated or unknown has a decision.
#[test]
fn nothing_deprecated_is_left() {
    for from in Service::all().flat_map(|service| service.releases().step_by(3)) {
        let (history, newest) = (History::new(from.service()), from.service().newest());
        for to in from.through(newest).step_by(4).chain([newest]) {
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
                let of_name = history.of_option(&name).unwrap_or_else(|| panic!("{name}"));
                let line = after
                    .parse()
                    .unwrap()
                    .document
                    .line_text(entry.line())
                    .unwrap()
                    .to_string();
                let fine = of_name.is_option(to)
                    || told.contains(&name)
                    || told_lines.contains(line.as_str());
                assert!(fine, "{from} to {to}: {name} is left");
            }
        }
    }
}

/// The table in the manual is up to date, and every option is covered.
#[test]
fn the_table_of_releases_is_true() {
    let page = releases::page();
    for row in page
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(" of "))
    {
        let covered = row.rsplit("| ").next().unwrap().trim_end_matches(" |");
        let (covered, all) = covered.split_once(" of ").unwrap();
        assert_eq!(covered, all, "{row}");
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/releases.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        kept, page,
        "run: cargo run -p confmig --example releases > docs/releases.md"
    );
}
