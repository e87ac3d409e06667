//! What became of a name: which option took over, why, and since when.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use oslo_config::OptName;

use super::names::{History, all_names};
use super::rules::{built_in_rules, triggered_by};
use super::series::{ReleaseRange, Series};
use crate::pack::Renaming;
use crate::rule::Rule;

/// Why a release, or another target, does not read a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Since when, why, and what took over, as far as this is known.
    pub reason: String,
    /// The id of the rule that says so, if one does.
    pub rule: Option<String>,
    /// The rule's advice, if it has any.
    pub advice: Option<String>,
}

impl Absence {
    /// Creates an absence that no rule is about.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Absence {
            reason: reason.into(),
            rule: None,
            advice: None,
        }
    }
}

/// Describes the absence, with the rule and its advice.
impl fmt::Display for Absence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)?;
        if let Some(rule) = &self.rule {
            write!(f, " ({rule})")?;
        }
        match &self.advice {
            Some(advice) => write!(f, ". {advice}"),
            None => Ok(()),
        }
    }
}

/// Tells whether the release `to` reads an option, or a release on the way there turns it into
/// another one: as a former name, or by a rule.
pub(crate) fn leads_on(option: &OptName, from: Series, to: Series, history: &History) -> bool {
    let Some(of_option) = history.of_option(option) else {
        return true;
    };
    let later = |first: Series, last: Series| last > from && first <= to;
    let has_rule = || {
        let rules = triggered_by(history.service(), &option.to_string()).iter();
        let mut rules = rules.filter(|rule| later(rule.first, rule.last));
        rules.any(|rule| {
            history.rule(rule).is_some_and(|rule| {
                let moves = !rule.rename.is_empty() || !rule.set.is_empty();
                moves && rule.claims().contains(&option)
            })
        })
    };
    let renamed = || {
        let readers = of_option.all_former_of();
        readers.iter().any(|(_, run)| later(run.from, run.to))
    };
    of_option.is_read(to) || renamed() || has_rule()
}

/// Returns a renaming with its reason: from a rule that people wrote, or as the releases declare
/// it.
pub(super) fn renaming_of(from: &OptName, to: &OptName, history: &History) -> Renaming {
    let is_same = |rule: &Rule| {
        let mut renames = rule.rename.iter();
        renames.any(|rename| *rename.from == *from && *rename.to == *to)
    };
    let rules = triggered_by(history.service(), &from.to_string()).iter();
    let mut rules = rules.filter_map(|rule| history.rule(rule));
    if let Some(rule) = rules.find(|rule| is_same(rule)) {
        return Renaming {
            id: rule.id.clone(),
            from: from.clone(),
            to: to.clone(),
            why: rule.why.clone(),
            proof: rule.proof.first().cloned(),
        };
    }
    declared_renaming(from, to, history)
}

/// Returns a renaming with its reason, as the releases declare it.
pub(crate) fn declared_renaming(from: &OptName, to: &OptName, history: &History) -> Renaming {
    let of_name = history.of_option(from);
    let readers = of_name.map_or_else(Vec::new, |of_name| of_name.all_former_of());
    let runs = readers.iter().filter(|(reader, _)| reader == to);
    let runs: Vec<&ReleaseRange> = runs.map(|(_, run)| run).collect();
    let (why, proof) = match (runs.first(), runs.last()) {
        (Some(ReleaseRange { from, .. }), Some(ReleaseRange { to, .. })) => (
            format!("renamed in {from}; the former name is read up to {to}"),
            Some(format!(
                "the option declares it in {} {} to {}",
                from.service().title(),
                from.version(),
                to.version()
            )),
        ),
        _ => ("renamed".to_owned(), None),
    };
    Renaming {
        id: format!("{}-{}", from.group(), from.name()),
        from: from.clone(),
        to: to.clone(),
        why,
        proof,
    }
}

/// Returns since when and why a release does not know a name, and what took over.
pub(crate) fn absence(name: &OptName, series: Series, history: &History) -> Absence {
    let of_name = history.of_option(name);
    let Some(read) = of_name.and_then(|of_name| of_name.read_in()) else {
        return Absence::new("no release knows it");
    };
    if read.from > series {
        let came = read.from;
        return Absence::new(format!(
            "it was added in {came}: {series} does not know it yet"
        ));
    }
    let mut reason = match read.to.after() {
        Some(gone) if read.to < series => format!("no longer read since {gone}"),
        _ => format!("{series} does not know it"),
    };
    let rules = triggered_by(history.service(), &name.to_string()).iter();
    let rules = rules.filter(|rule| rule.last <= series);
    let mut rules = rules.filter_map(|rule| history.rule(rule));
    let explains = |rule: &Rule| {
        rule.items.is_none() && rule.claims().contains(&name) || rule.report.is_some()
    };
    if let Some(rule) = rules.find(|rule| explains(rule)) {
        let renamed = rule.rename.iter().find(|rename| *rename.from == *name);
        let why = match renamed {
            Some(rename) => format!("its new name is {}", rename.to),
            None => rule.why.clone(),
        };
        return Absence {
            reason: format!("{reason}: {why}"),
            rule: Some(rule.id.clone()),
            advice: rule.advice.clone(),
        };
    }
    let successors = took_over(name, series, history);
    if !successors.is_empty() {
        let names: Vec<String> = successors.iter().map(ToString::to_string).collect();
        reason.push_str(": superseded by ");
        reason.push_str(&names.join(", "));
    }
    Absence::new(reason)
}

/// Returns what to do about a deprecated option that the newest release has.
pub(crate) fn deprecation(name: &OptName, history: &History) -> Option<String> {
    let start = format!("{} {} ", name.group(), name.name());
    let mut lines = history.service().texts().deprecated.lines();
    lines.find_map(|line| Some(line.strip_prefix(start.as_str())?.to_owned()))
}

/// Returns what people wrote about an option that a release still has, with the names that took its
/// place: its deprecation, or a change of its meaning.
pub(crate) fn advice_about(name: &OptName, series: Series, history: &History) -> Option<String> {
    let rules = triggered_by(history.service(), &name.to_string()).iter();
    let rules = rules.filter(|rule| rule.first <= series);
    let rules = rules.filter_map(|rule| history.rule(rule));
    let is_about = |rule: &Rule| {
        let reported = rule.report.iter().flat_map(|report| &report.options);
        let reported: Vec<&OptName> = reported.map(|name| &**name).collect();
        reported.contains(&name) || rule.items.is_none() && rule.claims().contains(&name)
    };
    let mut about = rules.filter(|rule| is_about(rule));
    if let Some(rule) = about.next_back() {
        let advice = rule.advice.iter();
        let advice: String = advice.map(|advice| format!(". {advice}")).collect();
        return Some(format!("{} ({}){advice}", rule.why, rule.id));
    }
    // An option may be a former name of another one at the same time.
    let of_name = history.of_option(name)?;
    let readers: Vec<String> = of_name
        .former_of(series)
        .map(|reader| format!("[{}] {}", reader.group(), reader.name()))
        .collect();
    (!readers.is_empty()).then(|| format!("set {}", readers.join(" and ")))
}

/// Returns the options of a release that took over from a name, as the releases declare it or by
/// rules.
pub(crate) fn took_over(name: &OptName, series: Series, history: &History) -> BTreeSet<OptName> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open = vec![name.clone()];
    while let Some(name) = open.pop() {
        let of_name = history.of_option(&name);
        if of_name
            .as_ref()
            .is_some_and(|of_name| of_name.is_option(series))
        {
            found.insert(name);
            continue;
        }
        let declared = of_name.iter().flat_map(|of_name| of_name.all_former_of());
        let declared = declared.filter(|(_, run)| run.from <= series);
        let next = declared.map(|(reader, _)| reader);
        for option in next.chain(made_by_rules(&name, series, history)) {
            if seen.insert(option.clone()) {
                open.push(option);
            }
        }
    }
    found
}

/// Returns the options to which rules give the value of an option.
fn made_by_rules(name: &OptName, series: Series, history: &History) -> Vec<OptName> {
    let rules = triggered_by(history.service(), &name.to_string()).iter();
    let rules = rules.filter(|rule| rule.first <= series);
    let rules = rules.filter_map(|rule| history.rule(rule));
    let made = rules
        .filter(|rule| rule.claims().contains(&name))
        .flat_map(|rule| {
            let renamed = rule.rename.iter().filter(|rename| *rename.from == *name);
            let renamed = renamed.map(|rename| (*rename.to).clone());
            let set = rule.set.iter().map(|set| (*set.option).clone());
            renamed.chain(set).collect::<Vec<OptName>>()
        });
    made.collect()
}

/// Returns the renamings with an id that releases declare.
#[must_use]
pub fn declared_with_id(id: &str, history: &History) -> Vec<Renaming> {
    let names = all_names(history.service());
    let with_id = names.filter(|(from, _)| id.strip_prefix(from.group()).is_some());
    let renamings = with_id.flat_map(|(from, of_name)| {
        let readers = of_name.all_former_of().into_iter();
        readers.map(move |(to, _)| renaming_of(&from, &to, history))
    });
    let mut found: Vec<Renaming> = renamings.filter(|renaming| renaming.id == id).collect();
    found.dedup();
    found
}

/// Returns the renamings that the releases declare, except those that a rule covers.
#[must_use]
pub fn declared(history: &History) -> Vec<Renaming> {
    let mut found: Vec<Renaming> = Vec::new();
    for (from, of_name) in all_names(history.service()) {
        if from.name().contains('-') {
            continue;
        }
        for (to, run) in of_name.all_former_of() {
            let mut releases = run.from.through(run.to);
            let is_former = releases.any(|series| !of_name.is_option(series));
            let mut known = found.iter();
            let is_known = known.any(|known| known.from == from && known.to == to);
            if is_former && !is_known {
                found.push(renaming_of(&from, &to, history));
            }
        }
    }
    let rules = built_in_rules(history.service()).filter_map(|rule| rule.rule());
    let ids: HashSet<String> = rules.map(|rule| rule.id).collect();
    found.retain(|renaming| !ids.contains(&renaming.id));
    found
}
