//! What must hold of a migrated configuration, asked of the release that it was made for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bstr::ByteSlice;
use confmig::check::{Environment, check};
use confmig::diagnostic::{Code, Diagnostic};
use confmig::migrate::{ChangeKind, Migration};
use confmig::pack::Pack;
use confmig::registered;
use confmig::secret::Secrets;
use confmig::target::Target;
use oslo_config::{Config, OptName, ParsedFile, references};
use serde_json::Value as Json;

use crate::cases::Tally;
use crate::judge::{Judge, Judgement};
use crate::oracle::encode;

/// A configuration that was migrated.
pub struct Migrated<'m> {
    /// It was this.
    pub before: &'m ParsedFile<'m>,
    /// It is this.
    pub after: &'m [ParsedFile<'m>; 1],
    /// How it came to be.
    pub migration: &'m Migration,
    /// What is known of the options.
    pub pack: &'m Pack,
    /// What `check` says of it.
    pub found: Vec<Diagnostic>,
    /// Tells whether the judge cannot know.
    pub not_judged: &'m dyn Fn(&OptName) -> bool,
    /// It is known of what types the items of lists are.
    pub items_are_told: bool,
    /// Tells whether nothing is known of a name.
    pub not_known: &'m dyn Fn(&OptName) -> bool,
}

impl std::fmt::Debug for Migrated<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migrated").finish_non_exhaustive()
    }
}

impl Migrated<'_> {
    /// What the judge finds wrong.
    #[must_use]
    pub fn wrong(&self, judge: &mut Judge, tally: &Tally) -> Vec<String> {
        let text = self.after[0].document.text().to_str().expect("UTF-8");
        let found = Found {
            judgement: judge.load(text),
            told: told(self.before, &self.after[0], self.migration),
            diagnostics: by_option(self.after, &self.found),
            migrated: self,
            tally,
        };
        let mut wrong = found.deprecations();
        wrong.extend(found.unknown());
        wrong.extend(found.refusals());
        wrong.extend(found.values());
        wrong.extend(found.promises());
        wrong
    }
}

/// What the migration told the operator of, as it is named in the new text or was before.
fn told(
    before: &ParsedFile<'_>,
    after: &ParsedFile<'_>,
    migration: &Migration,
) -> BTreeSet<OptName> {
    let decisions = &migration.decisions;
    let mut told: BTreeSet<OptName> = decisions
        .iter()
        .flat_map(|decision| decision.options.iter().chain([&decision.option]))
        .cloned()
        .collect();
    // What was told of under one name may have got another in a later step.
    let lines: BTreeSet<_> = decisions
        .iter()
        .filter_map(|decision| before.document.line_text(decision.line))
        .collect();
    for entry in after.document.entries() {
        let line = after.document.line_text(entry.line());
        if line.is_some_and(|line| lines.contains(&line)) {
            told.insert(OptName::new(
                entry.group().to_str_lossy(),
                entry.key().to_str_lossy(),
            ));
        }
    }
    told
}

/// What `check` says of the files for a target.
#[must_use]
pub fn checked(files: &[ParsedFile<'_>], target: &dyn Target) -> Vec<Diagnostic> {
    let environment = Environment {
        variables: &HashMap::new(),
        keep_old: false,
        defaults: false,
        is_directory: &|_| true,
    };
    check(files, target, &Secrets::shown(target.pack()), &environment)
}

/// What `check` says, by the option whose entry it is about.
fn by_option(
    files: &[ParsedFile<'_>],
    diagnostics: &[Diagnostic],
) -> BTreeMap<OptName, Vec<Diagnostic>> {
    let mut found: BTreeMap<OptName, Vec<Diagnostic>> = BTreeMap::new();
    let lines: HashMap<usize, OptName> = files[0]
        .document
        .entries()
        .flat_map(|entry| {
            let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
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

struct Found<'f> {
    judgement: Judgement,
    told: BTreeSet<OptName>,
    diagnostics: BTreeMap<OptName, Vec<Diagnostic>>,
    migrated: &'f Migrated<'f>,
    tally: &'f Tally,
}

impl Found<'_> {
    fn has(&self, option: &OptName, code: Code) -> bool {
        let of_option = self.diagnostics.get(option);
        of_option.is_some_and(|found| found.iter().any(|diagnostic| diagnostic.code == code))
    }

    fn not_judged(&self, option: &OptName) -> bool {
        (self.migrated.not_judged)(option)
    }

    /// No former name is used, and `check` tells of each option that will go.
    fn deprecations(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (former, current) in &self.judgement.former {
            if self.told.contains(former) || self.told.contains(current) {
                self.tally.count("former name, and told");
            } else if !self.not_judged(current) {
                wrong.push(format!(
                    "{former} is deprecated: the service wants {current}"
                ));
            }
        }
        for option in &self.judgement.going {
            if self.has(option, Code::DeprecatedOption) {
                self.tally.count("deprecated for removal, and told");
            } else if !self.not_judged(option) {
                wrong.push(format!(
                    "{option} is deprecated for removal, and `check` says nothing"
                ));
            }
        }
        for (option, found) in &self.diagnostics {
            let said = found
                .iter()
                .any(|diagnostic| diagnostic.code == Code::DeprecatedOption);
            let read = self.judgement.values.contains_key(option);
            if said && read && !self.judgement.going.contains(option) && !self.not_judged(option) {
                wrong.push(format!(
                    "`check` calls {option} deprecated for removal, and the service does not"
                ));
            }
        }
        let other = self.judgement.other.iter();
        wrong.extend(other.map(|text| format!("the service warns: {text}")));
        wrong
    }

    /// What the service does not read was told of, by `migrate` and by `check`.
    fn unknown(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for option in &self.judgement.unknown {
            if self.not_judged(option) || (self.migrated.not_known)(option) {
                self.tally.count("not the service's own");
                continue;
            }
            let told = self.told.contains(option) || self.has(option, Code::UnreadByPlugin);
            self.tally.count("unknown, and told");
            if !told {
                wrong.push(format!(
                    "the service does not read {option}, and `migrate` says nothing"
                ));
            }
            if !self.diagnostics.contains_key(option) {
                wrong.push(format!(
                    "the service does not read {option}, and `check` says nothing"
                ));
            }
        }
        wrong
    }

    /// `check` finds the values that the service refuses, and no others.
    fn refusals(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (option, why) in &self.judgement.refused {
            let found = [
                Code::IllTypedValue,
                Code::DanglingReference,
                Code::ReferenceLoop,
            ];
            if found.iter().any(|code| self.has(option, *code)) || self.told.contains(option) {
                self.tally.count("refused, and told");
            } else if !self.not_judged(option) {
                wrong.push(format!(
                    "the service refuses the value of {option}, and `check` says nothing: {why}"
                ));
            }
        }
        for option in self.judgement.values.keys() {
            if self.has(option, Code::IllTypedValue) && !self.not_judged(option) {
                wrong.push(format!(
                    "`check` refuses the value of {option}, and the service does not: {}",
                    self.judgement.values[option]
                ));
            }
        }
        wrong
    }

    /// The service's values are those that this project reads.
    fn values(&self) -> Vec<String> {
        let (after, pack) = (self.migrated.after, self.migrated.pack);
        let opts = registered(after, pack);
        let config = Config::new(after, &opts);
        let mut wrong = Vec::new();
        for (option, value) in &self.judgement.values {
            let known = pack.opts.iter().any(|opt| opt.name() == option);
            let mut occurrences = after[0]
                .document
                .entries()
                .filter(|entry| *entry.group() == *option.group() && entry.key() == option.name());
            let refers = occurrences.any(|entry| !references(&entry.value()).is_empty());
            // A reference to an option that is not set depends on its default, which may be found out
            // on the host. What is of a kind that only the service has comes as Python's text.
            if !known || refers || value.get("python").is_some() {
                continue;
            }
            self.tally.count("value");
            match config.get(option.group(), option.name()) {
                Ok(setting) if encode(&setting.value) == *value => {}
                Ok(setting)
                    if !self.migrated.items_are_told
                        && items(&encode(&setting.value)) == items(value) => {}
                Ok(_) if self.not_judged(option) => {}
                Ok(setting) => wrong.push(format!(
                    "the service reads {option} as {value}, and not {}",
                    encode(&setting.value)
                )),
                // `refusals` tells.
                Err(_) => {}
            }
        }
        wrong
    }

    /// What was not changed, or only renamed, has the value that it had.
    fn promises(&self) -> Vec<String> {
        let (before, after) = (self.migrated.before, &self.migrated.after[0]);
        let changes = &self.migrated.migration.files[0].changes;
        let converted: BTreeSet<&OptName> = changes
            .iter()
            .filter(|change| change.kind == ChangeKind::Convert)
            .map(|change| &change.to)
            .collect();
        self.tally_converted(&converted);
        let mut wrong = Vec::new();
        for entry in before.document.entries() {
            let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
            let mut of_entry = changes
                .iter()
                .filter(|change| entry.lines().contains(&change.line));
            let renamed = |kind| matches!(kind, ChangeKind::Rename | ChangeKind::Move);
            if !of_entry.clone().all(|change| renamed(change.kind)) {
                continue;
            }
            let target = of_entry.next_back().map_or(&name, |change| &change.to);
            if converted.contains(target) || !references(&entry.value()).is_empty() {
                continue;
            }
            self.tally.count(if *target == name {
                "unchanged"
            } else {
                "renamed"
            });
            let kept = after.document.entries().any(|new| {
                *new.group() == *target.group()
                    && new.key() == target.name()
                    && new.value() == entry.value()
            });
            if !kept {
                wrong.push(format!("{name} is {target} now, and has lost its value"));
                continue;
            }
            let answered = self.judgement.values.contains_key(target)
                || self.judgement.refused.contains_key(target)
                || self.judgement.unknown.contains(target);
            let stays_former = self.judgement.former.contains_key(target)
                || self.told.contains(target)
                || self.told.contains(&name);
            // What only a library reads that is not there, and the service by the same name as a former one,
            // has no answer.
            let unheard = self.not_judged(target) || self.has(target, Code::HiddenValue);
            if !answered && !stays_former && !unheard {
                wrong.push(format!(
                    "the service says nothing of {target}, which was {name}"
                ));
            }
        }
        wrong
    }

    fn tally_converted(&self, converted: &BTreeSet<&OptName>) {
        let read = |option: &&&OptName| self.judgement.values.contains_key(**option);
        for _ in converted.iter().filter(read) {
            self.tally.count("converted");
        }
    }
}

/// The items of a list as they are written; none of another value.
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
