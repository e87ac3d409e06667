//! Reads and checks the rule files of a service's history.
//!
//! A file has the rules of one release; `CONTRIBUTING.md` describes the form. Only the build script
//! and the unit tests contain this module.

mod check;
mod facts;
mod form;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use check::Checker;
use facts::Facts;
use form::Source;

/// The rules of Ironic that are older than those of Keystone. Ids never change.
const OLDER: [&str; 2] = ["keystone-authtoken-fallback", "keystone-region-name"];

/// What was found in the rule files of all services.
#[derive(Default)]
pub(crate) struct Findings {
    /// The mistakes: `PATH:LINE: rule ID: MESSAGE`.
    pub(crate) faults: Vec<String>,
    /// The ids, each with the place of its rule.
    taken: BTreeMap<String, String>,
}

/// The folder of a service.
pub(crate) struct Folder {
    path: PathBuf,
    facts: Facts,
    /// The word that the ids of all rules begin with; none for the default service.
    prefix: Option<String>,
    /// The names of the other services, with which no id begins.
    others: Vec<String>,
}

/// A line of the text of rules, and the rule's id.
struct Line {
    /// The number of the last release whose step includes the rule.
    last: usize,
    id: String,
    text: String,
}

impl Folder {
    /// Reads the facts of a service.
    pub(crate) fn read(
        path: &Path,
        prefix: Option<String>,
        others: Vec<String>,
    ) -> Result<Self, String> {
        Ok(Folder {
            path: path.to_owned(),
            facts: Facts::read(path)?,
            prefix,
            others,
        })
    }

    /// Returns the name of the service as it is written in prose.
    #[cfg_attr(test, expect(dead_code, reason = "the build script alone asks for it"))]
    pub(crate) fn title(&self) -> &str {
        self.facts.title()
    }

    /// Returns a line `FIRST LAST OPTIONS JSON` for each rule, by release and id, and collects the
    /// mistakes in the files.
    pub(crate) fn rules(&self, findings: &mut Findings) -> Result<String, String> {
        let mut lines: Vec<Line> = Vec::new();
        for path in toml_files(&self.path.join("rules"))? {
            let name = format!("confmig/{}", path.display());
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let Some(series) = self.facts.number(&stem) else {
                let known = self.facts.all_series();
                findings.faults.push(format!(
                    "{name}: no release is named {stem}: expected one of {known}"
                ));
                continue;
            };
            let (sources, wrong) = form::read(&read(&path)?);
            let wrong = wrong.iter().map(|fault| format!("{name}:{fault}"));
            findings.faults.extend(wrong);
            self.check_ids(&sources, &name, findings);
            let checker = Checker::new(&self.facts, series);
            for source in sources {
                let wrong = checker.faults(&source);
                let place = format!("{name}:{}: rule {}", source.line, source.id);
                let wrong = wrong.iter().map(|fault| format!("{place}: {fault}"));
                findings.faults.extend(wrong);
                lines.push(self.line(&source, series));
            }
        }
        lines.sort_by(|one, other| (one.last, &one.id).cmp(&(other.last, &other.id)));
        Ok(lines.into_iter().map(|line| line.text).collect())
    }

    /// Checks that ids are in order, new, and of this service.
    fn check_ids(&self, sources: &[Source], file: &str, findings: &mut Findings) {
        let mut last = "";
        for Source { id, line, .. } in sources {
            let place = format!("{file}:{line}");
            let mut add = |fault: String| {
                let fault = format!("{place}: rule {id}: {fault}");
                findings.faults.push(fault);
            };
            let of = |service: &String| id.starts_with(&format!("{service}-"));
            if let Some(prefix) = self.prefix.as_ref().filter(|prefix| !of(prefix)) {
                add(format!("expected an id that begins with {prefix}-"));
            }
            let other = self.others.iter().find(|other| of(other));
            if let Some(other) = other.filter(|_| !OLDER.contains(&id.as_str())) {
                add(format!(
                    "expected an id without {other}-, which the rules of {other} have"
                ));
            }
            if id.as_str() < last {
                add(format!("expected before {last}: rules are sorted by id"));
            }
            last = id;
            if let Some(taken) = findings.taken.get(id) {
                add(format!("the id is taken by {taken}"));
            }
            findings.taken.entry(id.clone()).or_insert(place);
        }
    }

    /// Makes the line of a rule in the file of a release.
    fn line(&self, source: &Source, series: usize) -> Line {
        let since = source.since.as_deref();
        let first = since.and_then(|since| self.facts.number(since));
        let first = first.unwrap_or(series);
        let (last, plus) = match source.lasting {
            true => (self.facts.newest(), "+"),
            false => (series, ""),
        };
        let mut json = source.json.clone();
        if source.names_release {
            json["release"] = self.facts.series(series).into();
        }
        let options = check::triggers(&source.rule, &self.facts).join(",");
        Line {
            last,
            id: source.id.clone(),
            text: format!("{first} {last}{plus} {options} {json}\n"),
        }
    }
}

/// Lists the rule files in a directory, sorted; none when the service has no rules.
fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, String> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    let mut paths = entries(directory)?;
    paths.retain(|path| path.extension().is_some_and(|it| it == "toml"));
    Ok(paths)
}

/// Lists the entries of a directory, sorted.
pub(crate) fn entries(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let in_directory = |error| format!("{}: {error}", directory.display());
    let entries = fs::read_dir(directory).map_err(in_directory)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(in_directory)?;
    paths.sort();
    Ok(paths)
}

pub(crate) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
