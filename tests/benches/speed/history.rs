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

use crate::process::run;
use crate::program::program;
use crate::table::Table;
use crate::turns::{self, Contestant};

/// The validator, as installed by `tests/peers/venv.sh oslo`.
pub(crate) const VALIDATOR: &str = "tests/.venv/oslo/bin/oslo-config-validator";

/// The minimum number of runs of each program.
const ROUNDS: usize = 60;

/// The limit for starting, with the whole history in the program.
const START: Duration = Duration::from_millis(3);

/// The limit for the migration.
const MIGRATION: Duration = Duration::from_millis(10);

/// Adds the results to the table. Returns `false` without any if arguments left them out.
pub(crate) fn measure(criterion: &mut Criterion, table: &mut Table) -> bool {
    let directory = tempfile::tempdir().expect("a directory for the files");
    let text = write_files(directory.path());
    let contestants = contestants(directory.path());
    let times = turns::run(criterion, "history", ROUNDS, &contestants);
    let [version, migration, ..] = &times[..] else {
        panic!("five contestants");
    };
    if version.count() < ROUNDS {
        return false;
    }
    table.section(format!(
        "Every option of Icehouse ({} lines) to 2026.2; {} rounds",
        text.lines().count(),
        version.count()
    ));
    for (contestant, times) in contestants.iter().zip(&times) {
        table.line(&times.row(contestant.name, migration));
    }
    table.requirement("confmig starts in under 3 ms", version.best() < START);
    table.requirement(
        "the migration takes under 10 ms",
        migration.best() < MIGRATION,
    );
    true
}

/// Writes the files that the programs read, and returns the configuration.
fn write_files(directory: &Path) -> String {
    let oldest = Series::parse(Service::IRONIC, "icehouse").expect("a release");
    let text = Configurations::new(Service::IRONIC).configuration(oldest, Selection::Changed);
    let write = |name: &str, text: &str| {
        fs::write(directory.join(name), text).expect("a file that can be written");
    };
    write("ironic.conf", &text);
    write("sample.conf", &commented(&text));
    write("edited.conf", &text);
    write("options.json", &options(oldest).to_string());
    text
}

fn contestants(directory: &Path) -> [Contestant<'static>; 5] {
    let path = |name: &str| {
        let path = directory.join(name);
        path.to_str().expect("a path in UTF-8").to_owned()
    };
    let contestant = |name, program: &OsStr, words: &[&str]| {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        let program = program.to_owned();
        let work = Box::new(move || {
            let words: Vec<&OsStr> = words.iter().map(AsRef::as_ref).collect();
            run(&program, &words)
        });
        let found = 0;
        Contestant { name, work, found }
    };
    let (confmig, validator) = (program(), workspace().join(VALIDATOR));
    let (conf, sample) = (path("ironic.conf"), path("sample.conf"));
    let upgrade = ["migrate", "--from", "icehouse", "--to", "2026.2"];
    let migrate =
        |name, file: &str| contestant(name, confmig.as_os_str(), &[&upgrade[..], &[file]].concat());
    let edited = path("edited.conf");
    let edit = [
        "--set",
        &edited,
        "deploy",
        "http_server_url",
        "http://192.0.2.1",
    ];
    let data = path("options.json");
    let check = ["--opt-data", &data, "--input-file", &conf];
    [
        contestant("confmig --version", confmig.as_os_str(), &["--version"]),
        migrate("confmig migrate, 25 releases", &conf),
        migrate("the same with a sample's comments", &sample),
        contestant("crudini --set, one option", "crudini".as_ref(), &edit),
        contestant("oslo-config-validator", validator.as_os_str(), &check),
    ]
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
