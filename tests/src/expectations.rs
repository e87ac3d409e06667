//! What must hold of a migrated configuration when the real service loads it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::ByteSlice;
use confmig::check::{Environment, check};
use confmig::diagnostic::{Code, Diagnostic};
use confmig::migrate::{Change, ChangeKind, Migration, Route, Settings, migrate};
use confmig::pack::{Pack, PackError};
use confmig::registered;
use confmig::secret::Secrets;
use confmig::target::{Target, name_of};
use oslo_config::{Config, Entry, OptName, ParsedFile, SourceFile, references};
use serde_json::Value as Json;

use crate::cases::Tally;
use crate::oracle::encode;
use crate::real_service::{Loaded, RealService};

/// Makes the target of migrated files.
pub type MakeTarget<'e> = dyn Fn(&[ParsedFile<'_>]) -> Result<Box<dyn Target + 'e>, PackError> + 'e;

/// A migration, and what must hold of the configurations that it writes.
pub struct Expectations<'e> {
    /// The route of the migration.
    pub route: &'e Route<'e>,
    /// The settings of the migration.
    pub settings: &'e Settings,
    /// Makes the target of the migrated files.
    pub target: &'e MakeTarget<'e>,
    /// Whether the target knows the types of the items of lists.
    pub item_types_known: bool,
    /// Tells whether the real service says nothing reliable about an option.
    pub is_unreliable: &'e dyn Fn(&OptName) -> bool,
    /// Tells whether confmig does not know a name.
    pub is_unknown: &'e dyn Fn(&OptName) -> bool,
}

impl std::fmt::Debug for Expectations<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Expectations").finish_non_exhaustive()
    }
}

impl Expectations<'_> {
    /// Migrates a configuration, loads the result into the service, and returns what does not hold.
    ///
    /// # Panics
    ///
    /// Panics if the configuration cannot be parsed, before or after.
    pub fn violations(&self, service: &mut RealService, text: &str, tally: &Tally) -> Vec<String> {
        let before = source(text.as_bytes());
        let before = [before.parse().expect("a configuration that parses")];
        let migration = match migrate(&before, self.route, self.settings) {
            Ok(migration) => migration,
            Err(error) => return vec![error.to_string()],
        };
        let after = source(&migration.files[0].after);
        let after = [after.parse().expect("a new text that parses")];
        let target = match (self.target)(&after) {
            Ok(target) => target,
            Err(error) => return vec![error.to_string()],
        };
        let new_text = after[0].document.text().to_str().expect("UTF-8");
        let comparison = Comparison {
            loaded: service.load(new_text),
            reported: reported(&before[0], &after[0], &migration),
            diagnostics: by_option(&after, &diagnostics(&after, &*target)),
            before: &before[0],
            after: &after,
            changes: &migration.files[0].changes,
            pack: target.pack(),
            expectations: self,
            tally,
        };
        let mut violations = comparison.deprecations();
        violations.extend(comparison.unknown());
        violations.extend(comparison.refusals());
        violations.extend(comparison.values());
        violations.extend(comparison.promises());
        violations
    }
}

fn source(text: &[u8]) -> SourceFile {
    SourceFile {
        path: "service.conf".into(),
        text: text.to_vec(),
    }
}

/// Returns the options that the migration reported to the operator, by their names in either text.
fn reported(
    before: &ParsedFile<'_>,
    after: &ParsedFile<'_>,
    migration: &Migration,
) -> BTreeSet<OptName> {
    let decisions = &migration.decisions;
    let mut reported: BTreeSet<OptName> = decisions
        .iter()
        .flat_map(|decision| decision.options.iter().chain([&decision.option]))
        .cloned()
        .collect();
    // A later step may have renamed what an earlier one reported.
    let lines: BTreeSet<_> = decisions
        .iter()
        .filter_map(|decision| before.document.line_text(decision.line))
        .collect();
    for entry in after.document.entries() {
        let line = after.document.line_text(entry.line());
        if line.is_some_and(|line| lines.contains(&line)) {
            reported.insert(name_of(entry));
        }
    }
    reported
}

fn diagnostics(files: &[ParsedFile<'_>], target: &dyn Target) -> Vec<Diagnostic> {
    let environment = Environment {
        variables: &HashMap::new(),
        keep_old: false,
        arguments: "",
        defaults: false,
        is_directory: &|_| true,
    };
    check(files, target, &Secrets::shown(target.pack()), &environment)
}

/// Groups diagnostics by the option whose entry they are about.
fn by_option(
    files: &[ParsedFile<'_>],
    diagnostics: &[Diagnostic],
) -> BTreeMap<OptName, Vec<Diagnostic>> {
    let mut found: BTreeMap<OptName, Vec<Diagnostic>> = BTreeMap::new();
    let lines: HashMap<usize, OptName> = files[0]
        .document
        .entries()
        .flat_map(|entry| {
            let name = name_of(entry);
            entry.lines().map(move |line| (line, name.clone()))
        })
        .collect();
    for diagnostic in diagnostics {
        let place = diagnostic.place.as_ref();
        if let Some(name) = place.and_then(|place| lines.get(&place.line)) {
            let of_option = found.entry(name.clone()).or_default();
            of_option.push(diagnostic.clone());
        }
    }
    found
}

/// What the service and confmig say about a migrated configuration.
struct Comparison<'c, 'e> {
    loaded: Loaded,
    reported: BTreeSet<OptName>,
    diagnostics: BTreeMap<OptName, Vec<Diagnostic>>,
    before: &'c ParsedFile<'c>,
    after: &'c [ParsedFile<'c>; 1],
    changes: &'c [Change],
    pack: &'c Pack,
    expectations: &'c Expectations<'e>,
    tally: &'c Tally,
}

impl Comparison<'_, '_> {
    fn has(&self, option: &OptName, code: Code) -> bool {
        let of_option = self.diagnostics.get(option);
        of_option.is_some_and(|found| found.iter().any(|diagnostic| diagnostic.code == code))
    }

    fn is_unreliable(&self, option: &OptName) -> bool {
        (self.expectations.is_unreliable)(option)
    }

    /// Checks that no former name is used and that `check` names each option that will be removed.
    fn deprecations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (former, current) in &self.loaded.former {
            if self.reported.contains(former) || self.reported.contains(current) {
                self.tally.count("reported former name");
            } else if !self.is_unreliable(current) {
                violations.push(format!(
                    "{former} is deprecated: the service expects {current}"
                ));
            }
        }
        for option in &self.loaded.deprecated_for_removal {
            if self.has(option, Code::DeprecatedOption) {
                self.tally.count("reported deprecation");
            } else if !self.is_unreliable(option) {
                violations.push(format!(
                    "{option} is deprecated for removal, and `check` does not say so"
                ));
            }
        }
        for option in self.diagnostics.keys() {
            let is_read = self.loaded.values.contains_key(option);
            if self.has(option, Code::DeprecatedOption)
                && is_read
                && !self.loaded.deprecated_for_removal.contains(option)
                && !self.is_unreliable(option)
            {
                violations.push(format!(
                    "`check` says that {option} is deprecated for removal, and the service does not"
                ));
            }
        }
        let warnings = self.loaded.warnings.iter();
        violations.extend(warnings.map(|text| format!("the service warns: {text}")));
        violations
    }

    /// Checks that `migrate` and `check` report what the service does not read.
    fn unknown(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for option in &self.loaded.unknown {
            if self.is_unreliable(option) || (self.expectations.is_unknown)(option) {
                self.tally.count("not the service's own");
                continue;
            }
            let reported = self.reported.contains(option) || self.has(option, Code::UnreadByPlugin);
            self.tally.count("reported unknown option");
            if !reported {
                violations.push(format!(
                    "the service does not read {option}, and `migrate` does not say so"
                ));
            }
            if !self.diagnostics.contains_key(option) {
                violations.push(format!(
                    "the service does not read {option}, and `check` does not say so"
                ));
            }
        }
        violations
    }

    /// Checks that `check` finds the values that the service refuses, and no others.
    fn refusals(&self) -> Vec<String> {
        let mut violations = Vec::new();
        for (option, why) in &self.loaded.refused {
            let codes = [
                Code::IllTypedValue,
                Code::DanglingReference,
                Code::ReferenceLoop,
            ];
            if codes.iter().any(|code| self.has(option, *code)) || self.reported.contains(option) {
                self.tally.count("reported refusal");
            } else if !self.is_unreliable(option) {
                violations.push(format!(
                    "the service refuses the value of {option}, and `check` does not say so: {why}"
                ));
            }
        }
        for (option, value) in &self.loaded.values {
            if self.has(option, Code::IllTypedValue) && !self.is_unreliable(option) {
                violations.push(format!(
                    "`check` refuses the value of {option}, and the service does not: {value}"
                ));
            }
        }
        violations
    }

    /// Checks that this project reads the same values as the service.
    fn values(&self) -> Vec<String> {
        let opts = registered(self.after, self.pack);
        let config = Config::new(self.after, &opts);
        let mut violations = Vec::new();
        for (option, value) in &self.loaded.values {
            let known = self.pack.opts.iter().any(|opt| opt.name() == option);
            let mut occurrences = self.after[0]
                .document
                .entries()
                .filter(|entry| *entry.group() == *option.group() && entry.key() == option.name());
            let refers = occurrences.any(|entry| !references(&entry.value()).is_empty());
            // A reference to an option that is not set depends on its default, which the service
            // may compute on the host. Values of the service's own types come as Python's text.
            if !known || refers || value.get("python").is_some() {
                continue;
            }
            self.tally.count("value");
            let Ok(setting) = config.setting(option.group(), option.name()) else {
                // `refusals` reports it.
                continue;
            };
            let ours = encode(&setting.value);
            let same_items = || !self.expectations.item_types_known && items(&ours) == items(value);
            if ours != *value && !same_items() && !self.is_unreliable(option) {
                violations.push(format!(
                    "the service reads {option} as {value}, not as {ours}"
                ));
            }
        }
        violations
    }

    /// Checks that entries that were not changed, or only renamed, keep their values.
    fn promises(&self) -> Vec<String> {
        let converted: BTreeSet<&OptName> = self
            .changes
            .iter()
            .filter(|change| change.kind == ChangeKind::Convert)
            .map(|change| &change.to)
            .collect();
        let is_read = |option: &&&OptName| self.loaded.values.contains_key(**option);
        for _ in converted.iter().filter(is_read) {
            self.tally.count("converted");
        }
        let entries = self.before.document.entries();
        entries
            .filter_map(|entry| self.broken_promise(&entry, &converted))
            .collect()
    }

    /// Tells how an entry lost its value, unless a rule converted it.
    fn broken_promise(
        &self,
        entry: &Entry<'_, '_>,
        converted: &BTreeSet<&OptName>,
    ) -> Option<String> {
        let name = name_of(*entry);
        let mut of_entry = self
            .changes
            .iter()
            .filter(|change| entry.lines().contains(&change.line));
        let renamed = |kind| matches!(kind, ChangeKind::Rename | ChangeKind::Move);
        if !of_entry.clone().all(|change| renamed(change.kind)) {
            return None;
        }
        let target = of_entry.next_back().map_or(&name, |change| &change.to);
        if converted.contains(target) || !references(&entry.value()).is_empty() {
            return None;
        }
        self.tally.count(match *target == name {
            true => "unchanged",
            false => "renamed",
        });
        let kept = self.after[0].document.entries().any(|new| {
            *new.group() == *target.group()
                && new.key() == target.name()
                && new.value() == entry.value()
        });
        if !kept {
            return Some(format!("{name} is now {target}, and has lost its value"));
        }
        let mentioned = self.loaded.values.contains_key(target)
            || self.loaded.refused.contains_key(target)
            || self.loaded.unknown.contains(target);
        let stays_former = self.loaded.former.contains_key(target)
            || self.reported.contains(target)
            || self.reported.contains(&name);
        // The service says nothing about an option of a library that is not installed if it reads
        // the same name as a former one.
        let silent = self.is_unreliable(target) || self.has(target, Code::HiddenValue);
        (!mentioned && !stays_former && !silent)
            .then(|| format!("the service says nothing about {target}, which was {name}"))
    }
}

/// Returns the items of a list as written; `None` for any other value.
fn items(value: &Json) -> Option<Vec<&str>> {
    value
        .as_array()?
        .iter()
        .map(|item| {
            let number = || item["int"].as_str().or(item["float"].as_str());
            item.as_str().or_else(number)
        })
        .collect()
}
