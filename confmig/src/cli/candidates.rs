//! What shells complete: releases, packs, rules, options and codes.

use std::collections::BTreeSet;
use std::ffi::OsStr;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};
use confmig::diagnostic::Code;
use confmig::history::{Service, all_names, built_in_rules};
use confmig::pack::Pack;

/// Returns the releases of all services.
pub(crate) fn releases() -> Vec<CompletionCandidate> {
    let mut seen = BTreeSet::new();
    let all = Service::all().flat_map(Service::releases);
    let all = all.filter(|series| seen.insert(series.id()));
    let all: Vec<_> = all
        .map(|series| CompletionCandidate::new(series.id()))
        .collect();
    // Shells keep this order: the newest release first.
    let last = all.len();
    let numbered = all.into_iter().enumerate();
    numbered
        .map(|(at, candidate)| candidate.display_order(Some(last - at)))
        .collect()
}

/// Returns the services whose releases are known.
pub(crate) fn services() -> Vec<CompletionCandidate> {
    let services = Service::all();
    services
        .map(|service| CompletionCandidate::new(service.id()).help(Some(service.title().into())))
        .collect()
}

/// Completes packs and the paths of rule files.
pub(crate) fn packs(current: &OsStr) -> Vec<CompletionCandidate> {
    let packs = Pack::built_in().map(CompletionCandidate::new);
    let files = PathCompleter::file().complete(current);
    beginning_with(current, packs).chain(files).collect()
}

/// Completes what `confmig rules` lists: packs, services and rules.
pub(crate) fn listed(current: &OsStr) -> Vec<CompletionCandidate> {
    let rules = beginning_with(current, rules().into_iter());
    let services = beginning_with(current, services().into_iter());
    packs(current)
        .into_iter()
        .chain(services)
        .chain(rules)
        .collect()
}

fn rules() -> Vec<CompletionCandidate> {
    let rules = Service::all().flat_map(built_in_rules);
    rules
        .map(|rule| CompletionCandidate::new(rule.id()))
        .collect()
}

/// Completes the options of all services, and what `more` has.
fn options_and(current: &OsStr, more: Vec<CompletionCandidate>) -> Vec<CompletionCandidate> {
    let mut seen = BTreeSet::new();
    let names = Service::all().flat_map(all_names);
    let names = names.map(|(name, _)| name.to_string());
    let names = names.filter(|name| seen.insert(name.clone()));
    let names = names.map(CompletionCandidate::new);
    beginning_with(current, more.into_iter().chain(names)).collect()
}

/// Completes options.
pub(crate) fn options(current: &OsStr) -> Vec<CompletionCandidate> {
    options_and(current, Vec::new())
}

/// Completes options and rules.
pub(crate) fn acceptable(current: &OsStr) -> Vec<CompletionCandidate> {
    options_and(current, rules())
}

/// Completes what can be explained: codes, rules and options.
pub(crate) fn explainable(current: &OsStr) -> Vec<CompletionCandidate> {
    let codes = Code::ALL.into_iter();
    let mut codes: Vec<CompletionCandidate> = codes
        .map(|code| CompletionCandidate::new(code.as_str()).help(Some(code.title().into())))
        .collect();
    codes.extend(rules());
    options_and(current, codes)
}

fn beginning_with(
    current: &OsStr,
    candidates: impl Iterator<Item = CompletionCandidate>,
) -> impl Iterator<Item = CompletionCandidate> {
    let current = current.as_encoded_bytes();
    candidates.filter(move |candidate| {
        let value = candidate.get_value().as_encoded_bytes();
        value.starts_with(current)
    })
}
