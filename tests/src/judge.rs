//! The judge: a Python process with the options of a real release of a service in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use confmig::history::{Series, Service};
use oslo_config::OptName;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::libraries::namespaces;
use crate::process::Process;

/// What is installed: a service and a version a line, those of each service oldest first.
const RELEASES: &str = include_str!("../peers/releases.txt");

/// A release of a service that judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// Its version, as on PyPI.
    pub version: &'static str,
    /// The series that it belongs to.
    pub series: Series,
    /// The libraries that are installed are those of its time, so that it judges their options, too.
    pub with_libraries: bool,
}

/// The releases of a service that judge, oldest first.
///
/// # Panics
///
/// When a version belongs to no series that confmig knows.
#[must_use]
pub fn releases(service: Service) -> Vec<Release> {
    let of_service = |line: &'static str| line.strip_prefix(service.id())?.strip_prefix(' ');
    let versions = RELEASES.lines().filter_map(of_service);
    versions
        .map(|version| {
            let series = Series::parse(service, version).expect("a version of a known series");
            Release {
                version,
                series,
                with_libraries: series == service.newest(),
            }
        })
        .collect()
}

/// A running judge. It ends when this is dropped.
#[derive(Debug)]
pub struct Judge(Process);

/// What the release makes of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// The values of all options that it sets, in the form of [`crate::oracle::encode`].
    pub values: BTreeMap<OptName, Json>,
    /// Values that the release refuses, and why.
    pub refused: BTreeMap<OptName, String>,
    /// What is set and not read.
    pub unknown: BTreeSet<OptName>,
    /// Former names that were logged as deprecated, with the current ones.
    pub former: BTreeMap<OptName, OptName>,
    /// Options that were logged as deprecated for removal.
    pub going: BTreeSet<OptName>,
    /// What else was logged as a warning.
    pub other: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    values: Vec<(String, String, Json)>,
    refused: Vec<(String, String, String)>,
    unknown: Vec<(String, String)>,
    former: Vec<(String, String, String, String)>,
    going: Vec<(String, String)>,
    other: Vec<String>,
}

impl Judge {
    /// Starts the judge of a release.
    ///
    /// # Panics
    ///
    /// When its Python environment or the release is not installed.
    #[must_use]
    pub fn start(release: Release) -> Self {
        let service = release.series.service();
        let libraries = match release.with_libraries {
            true => namespaces(service),
            false => &[],
        };
        let words = [service.id()].into_iter().chain(libraries.iter().copied());
        Judge::run("release_conf.py", service.id(), release.version, words)
    }

    /// Starts the judge of a release of any service, with the options of these namespaces.
    ///
    /// # Panics
    ///
    /// When its Python environment or the release is not installed.
    #[must_use]
    pub fn service(service: &str, version: &str, namespaces: &[&str]) -> Self {
        Judge::run(
            "service_conf.py",
            service,
            version,
            namespaces.iter().copied(),
        )
    }

    fn run<'w>(
        script: &str,
        service: &str,
        version: &str,
        words: impl IntoIterator<Item = &'w str>,
    ) -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = tests.join(".venv/releases/bin/python");
        let package = tests.join(format!(".venv/packages/{service}-{version}.whl"));
        for needed in [&python, &package] {
            assert!(
                needed.exists(),
                "{} is not there: run tests/run, or tests/peers/releases.sh",
                needed.display()
            );
        }
        Judge(Process::start(
            format!("{service} {version}"),
            Command::new(&python)
                .arg(tests.join("peers").join(script))
                .arg(&package)
                .args(words)
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        ))
    }

    /// What the release makes of a configuration.
    ///
    /// # Panics
    ///
    /// When it cannot be loaded at all.
    pub fn load(&mut self, text: &str) -> Judgement {
        let answer = self.0.ask(&json!({"ask": "load", "text": text}));
        let answer: Answer = serde_json::from_value(answer).expect("an answer to a load request");
        let named = |(group, name): (String, String)| option(&group, &name);
        Judgement {
            values: answer
                .values
                .into_iter()
                .map(|(group, name, value)| (option(&group, &name), value))
                .collect(),
            refused: answer
                .refused
                .into_iter()
                .map(|(group, name, why)| (option(&group, &name), why))
                .collect(),
            unknown: answer.unknown.into_iter().map(named).collect(),
            former: answer
                .former
                .into_iter()
                .map(|(group, name, of, current)| (option(&group, &name), option(&of, &current)))
                .collect(),
            going: answer.going.into_iter().map(named).collect(),
            other: answer.other,
        }
    }

    /// The options that the release registers.
    ///
    /// # Panics
    ///
    /// When the answer is none.
    pub fn options(&mut self) -> BTreeSet<OptName> {
        let answer = self.0.ask(&json!({"ask": "options"}));
        let names: Vec<(String, String)> =
            serde_json::from_value(answer["options"].clone()).expect("a list of names");
        names
            .into_iter()
            .map(|(group, name)| option(&group, &name))
            .collect()
    }

    /// What `oslo-config-generator` writes of a service, in `json` or `yaml`.
    ///
    /// # Panics
    ///
    /// When it is the judge of a release, or the service cannot be described.
    pub fn schema(&mut self, format: &str) -> String {
        let answer = self.0.ask(&json!({"ask": "schema", "format": format}));
        answer["schema"].as_str().expect("a text").to_owned()
    }
}

/// A name as files are looked up: groups without regard to case.
fn option(group: &str, name: &str) -> OptName {
    match group {
        oslo_config::DEFAULT_GROUP => OptName::new(group, name),
        _ => OptName::new(group.to_lowercase(), name),
    }
}
