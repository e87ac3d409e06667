//! Generates the table of services for `src/history/service.rs`, and one text with the rules of
//! each service for `src/history/rules.rs`, so that the program does not parse TOML when it starts.
//!
//! A file has the rules of one release; `CONTRIBUTING.md` describes the form. Only what is needed
//! to find a rule is read here: its id, its releases and the options that trigger it. Tests check
//! the rest.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "cargo reads both"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use serde_json::Value;

/// Has a folder for each service: `releases.txt`, `options.txt`, and `rules/SERIES.toml`.
const HISTORY: &str = "history";

/// The placeholder for several sections.
const SECTION: &str = "{section}";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={HISTORY}");
    match services().and_then(|services| {
        services.iter().try_for_each(|path| run(path))?;
        list(&services)
    }) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Finds the folders of services; that of Ironic, the default service, comes first.
fn services() -> Result<Vec<PathBuf>, String> {
    let mut folders = entries(Path::new(HISTORY))?;
    folders.retain(|path| path.join("releases.txt").exists());
    folders.sort_by_key(|path| !path.ends_with("ironic"));
    Ok(folders)
}

/// Writes `static SERVICES`, with a row of texts for each service.
fn list(services: &[PathBuf]) -> Result<(), String> {
    let mut rows = String::new();
    for service in services {
        let id = id(service);
        let about = service.join("service.toml");
        let table: Value = toml::from_str(&read(&about)?)
            .map_err(|error| format!("{}: {error}", about.display()))?;
        let Some(title) = table["title"].as_str() else {
            return Err(format!("{}: expected `title`", about.display()));
        };
        let text = |name: &str| match service.join(format!("{name}.txt")).exists() {
            true => format!(
                "{name}: include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \
                 \"/{HISTORY}/{id}/{name}.txt\"))"
            ),
            false => format!("{name}: \"\""),
        };
        let texts = ["releases", "options", "values", "plugins"].map(text);
        let rules = format!("include_str!(concat!(env!(\"OUT_DIR\"), \"/{id}-rules.txt\"))");
        rows += &format!(
            "Texts {{ id: {id:?}, title: {title:?}, {}, rules: {rules} }},\n",
            texts.join(", ")
        );
    }
    let count = services.len();
    write(
        "services.rs",
        &format!("static SERVICES: [Texts; {count}] = [\n{rows}];\n"),
    )
}

/// Returns the name of a service's folder.
fn id(service: &Path) -> String {
    let name = service.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// Writes a file that the program includes.
fn write(name: &str, text: &str) -> Result<(), String> {
    let out = env::var("OUT_DIR").map_err(|error| format!("OUT_DIR: {error}"))?;
    let out = Path::new(&out).join(name);
    fs::write(&out, text).map_err(|error| format!("{}: {error}", out.display()))
}

/// Writes a line `FIRST LAST OPTIONS JSON` for each rule of a service, by release and id.
fn run(service: &Path) -> Result<(), String> {
    let facts = Facts::read(service)?;
    let mut found = Vec::new();
    for path in toml_files(&service.join("rules"))? {
        let in_file = |error| format!("{}: {error}", path.display());
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let series = facts.number(&stem).map_err(in_file)?;
        for rule in rules(&read(&path)?).map_err(in_file)? {
            let Some(id) = rule["id"].as_str().map(str::to_owned) else {
                return Err(in_file(format!("a rule has no `id`: {rule}")));
            };
            let line = facts.line(rule, series);
            let line = line.map_err(|error| in_file(format!("rule {id}: {error}")))?;
            found.push((line, id, path.clone()));
        }
    }
    found.sort_by(|(one, one_id, _), (other, other_id, _)| {
        (one.last, one_id).cmp(&(other.last, other_id))
    });
    let mut ids = BTreeSet::new();
    for (_, id, path) in &found {
        if !ids.insert(id) {
            let path = path.display();
            return Err(format!("{path}: rule {id}: another rule has the same id"));
        }
    }
    let text: String = found.iter().map(|(line, ..)| line.text.as_str()).collect();
    write(&format!("{}-rules.txt", id(service)), &text)
}

/// The releases and options of a service.
struct Facts {
    series: Vec<String>,
    options: BTreeSet<(String, String)>,
}

/// A line of the text, and the number of the last release whose step includes the rule.
struct Line {
    last: usize,
    text: String,
}

impl Facts {
    fn read(service: &Path) -> Result<Self, String> {
        let releases = read(&service.join("releases.txt"))?;
        let options = read(&service.join("options.txt"))?;
        let first_word = |line: &str| line.split(' ').next().map(str::to_owned);
        Ok(Facts {
            series: releases.lines().filter_map(first_word).collect(),
            options: options.lines().flat_map(names).collect(),
        })
    }

    /// Returns the number of a release, counted from the oldest.
    fn number(&self, series: &str) -> Result<usize, String> {
        let number = self.series.iter().position(|known| known == series);
        let known = || self.series.join(", ");
        number.ok_or_else(|| format!("no release is named {series}: expected one of {}", known()))
    }

    /// Makes the line of a rule in the file of a release.
    fn line(&self, mut rule: Value, series: usize) -> Result<Line, String> {
        let lasting = match take(&mut rule, "lasting") {
            None => false,
            Some(Value::Bool(true)) => true,
            Some(other) => {
                return Err(format!("lasting = {other}: expected true, or no `lasting`"));
            }
        };
        let first = match take(&mut rule, "since") {
            None => series,
            Some(_) if lasting => {
                return Err(
                    "has `since` and `lasting`: a lasting rule starts with the release of its file"
                        .into(),
                );
            }
            Some(since) => match self.number(since.as_str().unwrap_or_default())? {
                number if number < series => number,
                _ => {
                    return Err(format!(
                        "since = {since}: expected a release before that of the file"
                    ));
                }
            },
        };
        match take(&mut rule, "release") {
            None => rule["release"] = self.series[series].as_str().into(),
            Some(release) if release == "" => {}
            Some(release) => {
                self.number(release.as_str().unwrap_or_default())?;
                rule["release"] = release;
            }
        }
        let last = if lasting {
            self.series.len() - 1
        } else {
            series
        };
        let plus = if lasting { "+" } else { "" };
        let options = Vec::from_iter(self.triggers(&rule)?).join(",");
        let text = format!("{first} {last}{plus} {options} {rule}\n");
        Ok(Line { last, text })
    }

    /// Lists the options, as `group.name`, that trigger a rule.
    fn triggers(&self, rule: &Value) -> Result<BTreeSet<String>, String> {
        let mut names = fields(&rule["rename"], "from");
        names.extend(texts(&rule["take"]));
        for form in ["items", "remove", "report"] {
            names.extend(texts(&rule[form]["options"]));
        }
        if names.is_empty() {
            names.extend(fields(&rule["part"], "option"));
            // A condition on `{section}` selects sections, but does not trigger the rule.
            let conditions = fields(&rule["when"], "option");
            names.extend(conditions.iter().filter(|name| !name.starts_with(SECTION)));
        }
        if names.is_empty() {
            return Err("names no option that triggers it".into());
        }
        let mut found = BTreeSet::new();
        for name in names {
            let (group, option) = name.rsplit_once('.').ok_or_else(|| {
                format!("{name}: expected GROUP.OPTION, with DEFAULT for options outside any group")
            })?;
            let groups = match group {
                SECTION => self.sections(&rule["in"], option)?,
                group => vec![group],
            };
            for group in groups {
                if !self.has(group, option) {
                    return Err(format!("no release has an option {option} in [{group}]"));
                }
                found.insert(format!("{group}.{option}"));
            }
        }
        Ok(found)
    }

    /// Lists the groups that `{section}` can be for an option.
    fn sections<'f>(&'f self, sections: &'f Value, option: &str) -> Result<Vec<&'f str>, String> {
        if sections.is_array() {
            return Ok(texts(sections));
        }
        let Some(having) = sections["having"].as_str() else {
            return Err(format!(
                "in = {sections}: expected a list of sections, or `having`"
            ));
        };
        let with_option = self.options.iter().filter(|(_, name)| name == option);
        let groups = with_option.map(|(group, _)| group.as_str());
        Ok(groups.filter(|group| self.has(group, having)).collect())
    }

    fn has(&self, group: &str, name: &str) -> bool {
        self.options.contains(&(group.to_owned(), name.to_owned()))
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
fn entries(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let in_directory = |error| format!("{}: {error}", directory.display());
    let entries = fs::read_dir(directory).map_err(in_directory)?;
    let paths: Result<Vec<PathBuf>, _> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(in_directory)?;
    paths.sort();
    Ok(paths)
}

/// Lists the names on a line of facts: `GROUP NAME RUN formerly GROUP.NAME,…` has former names,
/// too.
fn names(line: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = line.splitn(4, ' ').collect();
    let [group, name, _, fact] = words[..] else {
        return Vec::new();
    };
    let former = fact
        .strip_prefix("formerly ")
        .unwrap_or_default()
        .split(',');
    let former = former.filter_map(|name| name.rsplit_once('.'));
    let names = former.chain([(group, name)]);
    names
        .map(|(group, name)| (group.to_owned(), name.to_owned()))
        .collect()
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Lists the rules of a file.
fn rules(text: &str) -> Result<Vec<Value>, String> {
    let mut file: Value = toml::from_str(text).map_err(|error| error.to_string())?;
    match take(&mut file, "rule") {
        Some(Value::Array(rules)) if file == serde_json::json!({}) => Ok(rules),
        _ => Err("expected [[rule]] tables, and nothing else".into()),
    }
}

/// Removes a key from a table.
fn take(table: &mut Value, key: &str) -> Option<Value> {
    table.as_object_mut()?.remove(key)
}

/// Returns the texts in a list.
fn texts(list: &Value) -> Vec<&str> {
    let items = list.as_array().into_iter().flatten();
    items.filter_map(Value::as_str).collect()
}

/// Returns the texts under a key of the tables in a list or in a table.
fn fields<'v>(tables: &'v Value, key: &str) -> Vec<&'v str> {
    let tables: Vec<&Value> = match tables {
        Value::Array(list) => list.iter().collect(),
        Value::Object(table) => table.values().collect(),
        _ => Vec::new(),
    };
    tables
        .into_iter()
        .filter_map(|it| it[key].as_str())
        .collect()
}
