//! Checks a rule against the facts: that its options exist, and that it is in the right file.

use std::collections::BTreeSet;

use oslo_config::OptName;

use super::facts::Facts;
use super::form::Source;
use crate::rule::{Name, Rule, Sections, group_of, problem};

/// The placeholder for several sections.
const SECTION: &str = "{section}";

/// What the skeleton of a rule has where something is to be filled in.
const FILL_IN: &str = "FILL IN";

/// Checks the rules in the file of a release.
pub(super) struct Checker<'f> {
    facts: &'f Facts,
    series: usize,
}

impl<'f> Checker<'f> {
    pub(super) fn new(facts: &'f Facts, series: usize) -> Self {
        Checker { facts, series }
    }

    /// Returns the mistakes in a rule.
    pub(super) fn faults(&self, source: &Source) -> Vec<String> {
        let rule = &source.rule;
        let mut faults = Vec::new();
        match problem(rule) {
            None if triggers(rule, self.facts).is_empty() => {
                faults.push("has no option that triggers it".into());
            }
            problem => faults.extend(problem),
        }
        faults.extend(self.why(&rule.why));
        let texts = [("why", Some(&rule.why)), ("advice", rule.advice.as_ref())].into_iter();
        let texts = texts.chain(rule.proof.iter().map(|proof| ("proof", Some(proof))));
        for (key, _) in texts.filter(|(_, text)| text.is_some_and(|text| text.contains(FILL_IN))) {
            faults.push(format!("`{key}` still has {FILL_IN}"));
        }
        for (key, is_empty) in [
            ("proof", rule.proof.is_empty()),
            ("example", rule.example.is_empty()),
        ] {
            // A key that is missing was reported before.
            if is_empty && source.json.get(key).is_some() {
                faults.push(format!("`{key}` is empty"));
            }
        }
        let first = self.first(source, &mut faults);
        faults.extend(self.unknown(rule));
        faults.extend(self.targets(source, first));
        if !source.lasting {
            faults.extend(self.still_there(rule));
        }
        faults
    }

    /// Checks the reason, which is printed after a colon.
    fn why(&self, why: &str) -> Option<String> {
        if why.trim_end().ends_with('.') {
            return Some("`why` ends with a full stop: expected one clause without it".into());
        }
        let word = why.split([' ', ',', ':', ';']).next().unwrap_or_default();
        let is_name = self.facts.is_release(word)
            || word == self.facts.title()
            || word.chars().skip(1).any(char::is_uppercase);
        let is_capital = word.starts_with(char::is_uppercase);
        (is_capital && !is_name).then(|| {
            format!(
                "`why` begins with {word:?}: expected a clause in lower case, or one that begins \
                 with the name of the service or of a release"
            )
        })
    }

    /// Returns the first release whose step includes the rule.
    fn first(&self, source: &Source, faults: &mut Vec<String>) -> usize {
        let Some(since) = &source.since else {
            return self.series;
        };
        if source.lasting {
            faults.push(
                "has `since` and `lasting`: a lasting rule starts with the release of its file"
                    .into(),
            );
        }
        match self.facts.number(since) {
            Some(number) if number < self.series => return number,
            Some(_) => faults.push(format!(
                "since = {since:?}: expected a release before {}, that of the file",
                self.facts.series(self.series)
            )),
            None => faults.push(format!(
                "since = {since:?}: expected one of {}",
                self.facts.all_series()
            )),
        }
        self.series
    }

    /// Returns the options that no release has.
    fn unknown(&self, rule: &Rule) -> BTreeSet<String> {
        let mut faults = BTreeSet::new();
        let sections = matches!(rule.sections, Some(Sections::NamedBy { .. }));
        if sections {
            faults.insert("in = { named_by = … }: expected a list of sections, or `having`".into());
        }
        let targets = targets(rule);
        let names = rule.names().into_iter();
        for name in names.filter(|name| !sections && !targets.contains(name)) {
            for group in groups(name, rule, self.facts) {
                if !self.facts.is_known(&group, name.name()) {
                    faults.insert(self.no_option(None, &group, name.name()));
                }
            }
        }
        faults
    }

    /// Returns the options to write that the releases which follow the rule do not have.
    fn targets(&self, source: &Source, first: usize) -> BTreeSet<String> {
        let rule = &source.rule;
        // The first release without the option; a lasting rule may wait for it.
        let missing = |group: &str, name: &Name| {
            let mut has = (first..=self.facts.newest())
                .map(|at| (at, self.facts.has(group, name.name(), at)));
            match source.lasting {
                true => (!has.any(|(_, has)| has)).then_some(first),
                false => has
                    .find(|(at, has)| !has && *at <= self.series)
                    .map(|(at, _)| at),
            }
        };
        let mut faults = BTreeSet::new();
        for name in targets(rule) {
            let groups = groups(name, rule, self.facts);
            let having = matches!(rule.sections, Some(Sections::Having { .. }));
            let any = having && name.group() == SECTION;
            let wanted = groups
                .iter()
                .filter_map(|group| Some((group, missing(group, name)?)));
            let wanted: Vec<(&String, usize)> = wanted.collect();
            // The service may have some of the sections in later releases only.
            if any && wanted.len() < groups.len() {
                continue;
            }
            let found = wanted.iter();
            faults.extend(found.map(|(group, at)| self.no_option(Some(*at), group, name.name())));
            if groups.is_empty() && any {
                faults.insert(format!(
                    "no section has {} and what `in` names",
                    name.name()
                ));
            }
        }
        faults
    }

    /// Says that a release, or no release, has an option, and which one was probably meant.
    fn no_option(&self, at: Option<usize>, group: &str, name: &str) -> String {
        let fault = match at {
            Some(at) => format!("{} has no option {name} in [{group}]", self.release(at)),
            None => format!("no release has an option {name} in [{group}]"),
        };
        match self.facts.similar(group, name) {
            Some(meant) if !self.facts.is_known(group, name) => {
                format!("{fault}; did you mean {meant}?")
            }
            _ => fault,
        }
    }

    /// Returns a release, such as `Ironic 2026.1`.
    fn release(&self, number: usize) -> String {
        format!("{} {}", self.facts.title(), self.facts.series(number))
    }

    /// Returns the options that the rule takes away although the release still has them.
    fn still_there(&self, rule: &Rule) -> Vec<String> {
        // Items and reports are about options that may stay.
        if rule.items.is_some() || rule.report.is_some() {
            return Vec::new();
        }
        let release = self.release(self.series);
        let mut faults = Vec::new();
        for name in rule.claims() {
            for group in groups(name, rule, self.facts) {
                if self.facts.has(&group, name.name(), self.series) {
                    faults.push(format!(
                        "{release} still has [{group}] {}: put the rule into the file of the \
                         release that no longer has it, or write `lasting = true`",
                        name.name()
                    ));
                }
            }
        }
        faults
    }
}

/// Returns the options that a rule writes.
fn targets(rule: &Rule) -> BTreeSet<&Name> {
    let renamed = rule.rename.iter().map(|rename| &rename.to);
    let set = rule.set.iter().map(|set| &set.option);
    renamed.chain(set).collect()
}

/// Lists the options, as `group.name`, that trigger a rule, sorted.
pub(super) fn triggers(rule: &Rule, facts: &Facts) -> Vec<String> {
    // A condition on `{section}` selects sections, but does not trigger the rule.
    let selects = |name: &OptName| {
        let mut conditions = rule.when.iter();
        name.group() == SECTION && conditions.any(|condition| *condition.option == *name)
    };
    let is_claimed = |name: &OptName| rule.claims().contains(&name);
    let mut found = BTreeSet::new();
    let names = rule.triggers().into_iter();
    for name in names.filter(|name| is_claimed(name) || !selects(name)) {
        for group in groups(name, rule, facts) {
            found.insert(format!("{group}.{}", name.name()));
        }
    }
    found.into_iter().collect()
}

/// Lists the groups that a name in a rule stands for: several if it has `{section}`.
fn groups(name: &OptName, rule: &Rule, facts: &Facts) -> Vec<String> {
    match &rule.sections {
        _ if name.group() != SECTION => vec![name.group().to_owned()],
        Some(Sections::These(sections)) => sections.iter().map(|it| group_of(it)).collect(),
        Some(Sections::Having { having, .. }) => {
            let with_option = facts.groups_with(name.name());
            let both = with_option.filter(|group| facts.is_known(group, having));
            both.map(str::to_owned).collect()
        }
        Some(Sections::NamedBy { .. }) | None => Vec::new(),
    }
}
