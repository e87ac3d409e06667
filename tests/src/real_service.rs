//! Loads configurations into real releases of services, each in a Python process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use confmig::history::{Series, Service};
use oslo_config::OptName;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::libraries::namespaces;
use crate::process::Process;

/// The installed releases: a service and a version per line, oldest first.
const RELEASES: &str = include_str!("../peers/releases.txt");

/// A release of a service that is installed for the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstalledRelease {
    /// The version on PyPI.
    pub version: &'static str,
    /// The series of this version.
    pub series: Series,
    /// Whether the installed libraries are those of this release, so that their options count, too.
    pub with_libraries: bool,
}

/// Returns the installed releases of a service, oldest first.
///
/// # Panics
///
/// Panics if confmig does not know the series of a version.
#[must_use]
pub fn installed_releases(service: Service) -> Vec<InstalledRelease> {
    let of_service = |line: &'static str| line.strip_prefix(service.id())?.strip_prefix(' ');
    let versions = RELEASES.lines().filter_map(of_service);
    versions
        .map(|version| {
            let series = Series::parse(service, version).expect("a version of a known series");
            InstalledRelease {
                version,
                series,
                with_libraries: series == service.newest(),
            }
        })
        .collect()
}

/// A Python process with the options of a real service. It ends when this is dropped.
#[derive(Debug)]
pub struct RealService(Process);

/// How a service reads a configuration.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The values of all options that the configuration sets, as [`crate::oracle::encode`] returns.
    pub values: BTreeMap<OptName, Json>,
    /// The options whose values the service refuses, and the reasons.
    pub refused: BTreeMap<OptName, String>,
    /// Names that are set and not read.
    pub unknown: BTreeSet<OptName>,
    /// Former names that were logged as deprecated, with their current names.
    pub former: BTreeMap<OptName, OptName>,
    /// Options that were logged as deprecated for removal.
    pub deprecated_for_removal: BTreeSet<OptName>,
    /// Other warnings that were logged.
    pub warnings: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    values: Vec<(String, String, Json)>,
    refused: Vec<(String, String, String)>,
    unknown: Vec<(String, String)>,
    former: Vec<(String, String, String, String)>,
    deprecated_for_removal: Vec<(String, String)>,
    warnings: Vec<String>,
}

impl RealService {
    /// Starts a release.
    ///
    /// # Panics
    ///
    /// Panics if the release or its Python environment is not installed.
    #[must_use]
    pub fn start(release: InstalledRelease) -> Self {
        let service = release.series.service();
        let libraries = match release.with_libraries {
            true => namespaces(service),
            false => &[],
        };
        let words = [service.id()].into_iter().chain(libraries.iter().copied());
        RealService::run("real_release.py", service.id(), release.version, words)
    }

    /// Starts a version of any service, with the options of these namespaces.
    ///
    /// # Panics
    ///
    /// Panics if the version or its Python environment is not installed.
    #[must_use]
    pub fn with_namespaces(service: &str, version: &str, namespaces: &[&str]) -> Self {
        RealService::run(
            "real_namespaces.py",
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
                "{} does not exist: run tests/run, or tests/peers/releases.sh",
                needed.display()
            );
        }
        RealService(Process::start(
            format!("{service} {version}"),
            Command::new(&python)
                .arg(tests.join("peers").join(script))
                .arg(&package)
                .args(words)
                .env("PYTHONDONTWRITEBYTECODE", "1"),
        ))
    }

    /// Loads a configuration.
    ///
    /// # Panics
    ///
    /// Panics if the configuration cannot be loaded at all.
    pub fn load(&mut self, text: &str) -> Loaded {
        let answer = self.0.ask(&json!({"ask": "load", "text": text}));
        let answer: Answer = serde_json::from_value(answer).expect("an answer to a load request");
        let named = |(group, name): (String, String)| option(&group, &name);
        Loaded {
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
            deprecated_for_removal: answer
                .deprecated_for_removal
                .into_iter()
                .map(named)
                .collect(),
            warnings: answer.warnings,
        }
    }

    /// Returns the options that the service registers.
    ///
    /// # Panics
    ///
    /// Panics if the process fails.
    pub fn options(&mut self) -> BTreeSet<OptName> {
        let answer = self.0.ask(&json!({"ask": "options"}));
        let names: Vec<(String, String)> =
            serde_json::from_value(answer["options"].clone()).expect("a list of names");
        names
            .into_iter()
            .map(|(group, name)| option(&group, &name))
            .collect()
    }

    /// Returns the schema that `oslo-config-generator` writes, in `json` or `yaml`.
    ///
    /// # Panics
    ///
    /// Panics unless the service was started by [`RealService::with_namespaces`].
    pub fn schema(&mut self, format: &str) -> String {
        let answer = self.0.ask(&json!({"ask": "schema", "format": format}));
        answer["schema"].as_str().expect("a text").to_owned()
    }
}

/// Returns a name with its group in lower case, as files are looked up.
fn option(group: &str, name: &str) -> OptName {
    match group {
        oslo_config::DEFAULT_GROUP => OptName::new(group, name),
        _ => OptName::new(group.to_lowercase(), name),
    }
}
