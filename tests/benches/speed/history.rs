//! `confmig migrate` over all releases of Ironic as a whole process, next to one edit by `crudini`
//! and one check by `oslo-config-validator`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::Duration;

use confmig::history::{Series, Service, all_names};
use criterion::Criterion;
use serde_json::{Value, json};
use tests::configurations::{Configurations, Selection};
use tests::files::workspace;

use crate::process::{program, run};
use crate::table::Table;
use crate::turns::{self, Contestant};

/// The validator, as installed by `tests/peers/venv.sh oslo`.
pub(crate) const VALIDATOR: &str = "tests/.venv/oslo/bin/oslo-config-validator";

/// The minimum number of runs of each program.
const ROUNDS: usize = 60;

/// The limit for starting, with the whole history in the program.
const START: Duration = Duration::from_millis(5);

/// The limit for the migration.
const MIGRATION: Duration = Duration::from_millis(10);

pub(crate) fn measure(criterion: &mut Criterion, table: &mut Table) {
    let confmig = program();
    let validator = workspace().join(VALIDATOR);
    let directory = tempfile::tempdir().expect("a directory for the files");
    let path = |name: &str| directory.path().join(name);
    let (conf, sample, edited, data) = (
        path("ironic.conf"),
        path("sample.conf"),
        path("edited.conf"),
        path("options.json"),
    );
    let oldest = Series::parse(Service::IRONIC, "icehouse").expect("a release");
    let text = Configurations::new(Service::IRONIC).configuration(oldest, Selection::Changed);
    fs::write(&conf, &text).expect("a file that can be written");
    fs::write(&sample, commented(&text)).expect("a file that can be written");
    fs::write(&edited, &text).expect("a file that can be written");
    fs::write(&data, options(oldest).to_string()).expect("a file that can be written");

    let words = |words: &[&str]| -> Vec<std::ffi::OsString> {
        words
            .iter()
            .map(|word| OsStr::new(word).to_owned())
            .collect()
    };
    let shown = |path: &Path| path.to_str().expect("a path in UTF-8").to_owned();
    let migrate = |file: &Path| {
        words(&[
            "migrate",
            "--from",
            "icehouse",
            "--to",
            "2026.2",
            &shown(file),
        ])
    };
    let edit = words(&[
        "--set",
        &shown(&edited),
        "deploy",
        "http_server_url",
        "http://192.0.2.1",
    ]);
    let check = words(&["--opt-data", &shown(&data), "--input-file", &shown(&conf)]);
    let start = words(&["--version"]);
    let contestant = |name, program: &'_ OsStr, words: &[std::ffi::OsString], found| {
        let (program, words) = (program.to_owned(), words.to_vec());
        Contestant {
            name,
            work: Box::new(move || {
                let words: Vec<&OsStr> = words.iter().map(AsRef::as_ref).collect();
                run(&program, &words)
            }),
            found,
        }
    };
    let contestants = [
        contestant("confmig --version", confmig.as_os_str(), &start, 0),
        contestant(
            "confmig migrate, 25 releases",
            confmig.as_os_str(),
            &migrate(&conf),
            0,
        ),
        contestant(
            "the same with a sample's comments",
            confmig.as_os_str(),
            &migrate(&sample),
            0,
        ),
        contestant("crudini --set, one option", "crudini".as_ref(), &edit, 0),
        contestant("oslo-config-validator", validator.as_os_str(), &check, 0),
    ];
    let times = turns::run(criterion, "history", ROUNDS, &contestants);
    let [version, migration, ..] = &times[..] else {
        panic!("five contestants");
    };
    if version.count() < ROUNDS {
        return;
    }
    table.section(format!(
        "Every option of Icehouse ({} lines) to 2026.2; {} rounds",
        text.lines().count(),
        version.count()
    ));
    for (contestant, times) in contestants.iter().zip(&times) {
        table.times(contestant.name, times, migration);
    }
    table.requirement("confmig starts in under 5 ms", version.best() < START);
    table.requirement(
        "the migration takes under 10 ms",
        migration.best() < MIGRATION,
    );
}

/// Returns the text with the comments of a sample above each option.
fn commented(text: &str) -> String {
    let mut commented = String::new();
    for line in text.lines() {
        if let Some((name, _)) = line.split_once(" = ") {
            commented.push_str(&format!(
                "\n# What {name} is for, as its help says it in some words that\n\
                 # go on over two or three lines. (string value)\n\
                 # Deprecated group/name - [DEFAULT]/former_name\n\
                 #{name} = <None>\n"
            ));
        }
        commented.push_str(line);
        commented.push('\n');
    }
    commented
}

/// Returns the options of a release, as `oslo-config-generator --format json` writes them.
fn options(of: Series) -> Value {
    let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (name, name_history) in all_names(Service::IRONIC) {
        if name_history.is_option(of) {
            let name_of = name.name();
            let opt = json!({
                "name": name_of,
                "dest": name_of,
                "deprecated_opts": [],
                "deprecated_for_removal": false,
                "default": null,
            });
            groups.entry(name.group().to_owned()).or_default().push(opt);
        }
    }
    let groups: BTreeMap<String, Value> = groups
        .into_iter()
        .map(|(group, opts)| (group, json!({"opts": opts})))
        .collect();
    json!({"options": groups, "deprecated_options": {}, "generator_options": {}})
}
