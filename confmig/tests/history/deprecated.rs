//! Deprecated options: what takes the place of each.

use confmig::history::{History, Series, Service, all_names};
use confmig::target::{ReleaseTarget, Target};
use oslo_config::OptName;

/// Returns the deprecated options of a release, each with its advice.
fn deprecated(series: Series, history: &History) -> Vec<(OptName, Option<String>)> {
    let target = ReleaseTarget::new(series, None, &[], None, history).unwrap();
    let names = all_names(series.service()).map(|(name, _)| name);
    let removals = names.filter_map(|name| {
        let removal = target.upcoming_removal(&name)?;
        Some((name, removal.advice))
    });
    removals.collect()
}

#[test]
fn each_says_what_takes_its_place() {
    let (mut silent, mut count) = (Vec::new(), 0);
    for service in Service::all() {
        let history = History::new(service);
        for series in service.releases() {
            for (name, advice) in deprecated(series, &history) {
                count += 1;
                if advice.is_none() {
                    silent.push(format!("{series}: {name}"));
                }
            }
        }
    }
    assert!(count > 100, "{count}");
    assert!(
        silent.is_empty(),
        "no advice in deprecated.txt:\n{}",
        silent.join("\n")
    );
}

/// Each line of the texts is about a deprecated option of the newest release, in order, and names
/// options that this release reads.
#[test]
fn the_advice_of_people_fits_the_newest_release() {
    for service in Service::all() {
        let (history, newest) = (History::new(service), service.newest());
        let path = format!(
            "{}/history/{}/deprecated.txt",
            env!("CARGO_MANIFEST_DIR"),
            service.id()
        );
        let text = std::fs::read_to_string(&path).unwrap();
        let deprecated = deprecated(newest, &history);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.is_sorted(), "{path}");
        for line in lines {
            let [group, name, advice] = line.splitn(3, ' ').collect::<Vec<_>>()[..] else {
                panic!("{path}: {line}");
            };
            let about = OptName::new(group, name);
            let found = deprecated.iter().find(|(name, _)| *name == about);
            assert_eq!(
                found.map(|(_, said)| said.as_deref()),
                Some(Some(advice)),
                "{about}"
            );
            for part in advice.split('[').skip(1) {
                let (group, rest) = part.split_once("] ").unwrap();
                let key = rest
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap();
                let named = history.of(group, key);
                assert!(
                    named.is_some_and(|named| named.is_option(newest)),
                    "{line}: {key}"
                );
            }
        }
    }
}
