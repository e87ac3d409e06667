//! References in values that do not resolve, or not as they seem to.

use std::borrow::Cow;
use std::ops::Range;

use oslo_config::{DEFAULT_GROUP, Opt, OptName, Origin, Reference, references};
use serde::de::IgnoredAny;

use super::{Checker, NamedEntry, finding};
use crate::diagnostic::{Code, Diagnostic, LongLine, bracketed};
use crate::history::is_plugin_option;
use crate::target::Standing;

/// A message, and what to do.
type Problem = (String, String);

impl Checker<'_> {
    /// Reports the references in an entry's value that do not resolve.
    pub(super) fn references(&self, named: &NamedEntry<'_>, found: &mut Vec<Diagnostic>) {
        let references = references_of(named);
        if references.is_empty() {
            return;
        }
        let hidden = self.places.secrets.hidden_parts(named.entry);
        let document = named.entry.section().document();
        let mut last: Option<(usize, LongLine<'_>)> = None;
        for (range, reference) in references {
            let dangling = self.dangling(named, &reference);
            let moved = || self.neighbour(&named.name, &reference);
            if let Some(problem) = dangling.or_else(moved) {
                let start = range.start + reference.range().start;
                // In a password, the name after `$` may be part of it.
                let hides = is_in(start, &hidden);
                if hides {
                    found.push(self.in_secret(named));
                    continue;
                }
                let number = document.line_at(start);
                let known = last.take().filter(|(_, line)| line.number() == number);
                let (first, line) = last.insert(known.unwrap_or_else(|| {
                    let first = document.byte_range(number..number).start;
                    let line = self.places.line_of(&named.file.path, named.entry, number);
                    (first, line)
                }));
                let chars = reference.name().chars().count();
                let (message, help) = problem;
                let place = line.at(start - *first, chars);
                found.push(finding(Code::DanglingReference, message, help).at(place));
            }
        }
    }

    /// Returns what is wrong with a reference, and what to do.
    fn dangling(&self, named: &NamedEntry<'_>, reference: &Reference) -> Option<Problem> {
        // oslo.config resolves the value of a former name in the current name's group.
        let mut options: Vec<OptName> = reference.options(named.name.group()).collect();
        let mut by_former = options.iter();
        if let Some((opt, name)) = by_former.find_map(|name| Some((self.owner(name)?, name))) {
            return self.left_behind(&opt, name);
        }
        let (group, name) = reference.parts();
        if group == Some(DEFAULT_GROUP) {
            let message = "a reference cannot name the default group".to_owned();
            return Some((message, format!("write ${name}")));
        }
        for reader in self.target.readers(&named.name) {
            options.extend(reference.options(reader.group()));
        }
        let resolves = |option: &OptName| match self.target.standing(option) {
            Standing::Option | Standing::Former | Standing::CannotTell => true,
            Standing::Removed | Standing::NotYet => false,
            Standing::Unknown => self.is_set(option),
        };
        if options.iter().any(resolves) || is_plugin_option(name) {
            return None;
        }
        let message = format!(
            "the reference ${} names no option of {}",
            reference.name(),
            self.target.name()
        );
        let is_gone = |option: &&OptName| self.target.standing(option) != Standing::Unknown;
        let help = match options.iter().find(is_gone) {
            Some(gone) => format!(
                "write the value itself, or refer to another option; {}: {}",
                bracketed(gone),
                self.target.absence(gone)
            ),
            None => "correct the name, or write $$ for a dollar sign".to_owned(),
        };
        Some((message, help))
    }

    /// Returns what is wrong with a reference to a neighbour from under a former name: oslo.config
    /// resolves it in the current name's group, which does not have the neighbour.
    fn neighbour(&self, entry: &OptName, reference: &Reference) -> Option<Problem> {
        let (None, name) = reference.parts() else {
            return None;
        };
        let opt = self.owner(entry)?;
        let (old, new) = (entry.group(), opt.name().group());
        let exists = |group: &str| {
            let option = OptName::new(group, name);
            self.target.standing(&option).is_read() || self.is_set(&option)
        };
        let lost = old != new && exists(old) && !exists(new) && !exists(DEFAULT_GROUP);
        let message =
            format!("${name} is looked up in [{new}], where {entry} now is, not in [{old}]");
        let help = format!("write ${old}.{name}, or run `{}`", self.migrate());
        lost.then_some((message, help))
    }

    /// Returns what is wrong with a reference by a former name, which finds only entries of former
    /// names: when the option is set under its current name, the reference yields the default, or
    /// an empty string.
    fn left_behind(&self, opt: &Opt, former: &OptName) -> Option<Problem> {
        if self.environment.keep_old && self.is_set(former) {
            return None;
        }
        let name = opt.name();
        let value = self.config.get::<IgnoredAny>(name.group(), name.name());
        // A value that cannot be read is a finding of its own.
        let under_current = match value.ok().map(|_| self.config.origin(opt))? {
            Origin::File { deprecated, .. } => !deprecated,
            Origin::Environment { .. } => true,
            _ => false,
        };
        let message =
            format!("the reference to {former} does not see the value of {name}, its current name");
        let help = format!("write ${name}");
        under_current.then_some((message, help))
    }

    /// Returns the option that has this former name.
    pub(super) fn owner(&self, former: &OptName) -> Option<Cow<'_, Opt>> {
        let readers = self.target.readers(former).into_iter();
        let mut owners = readers.filter_map(|reader| self.target.option(&reader));
        owners.find(|opt| opt.deprecated().contains(former))
    }

    /// Reports a problem with a reference that is part of a secret, without naming it.
    fn in_secret(&self, named: &NamedEntry<'_>) -> Diagnostic {
        let message = "a reference in the value does not resolve";
        let help = "correct its name, or write $$ for a dollar sign";
        finding(Code::DanglingReference, message, help).at(named.place(&self.places))
    }
}

/// Returns whether an offset is in one of these ranges, which are in order.
fn is_in(offset: usize, ranges: &[Range<usize>]) -> bool {
    let next = ranges.partition_point(|range| range.end <= offset);
    ranges.get(next).is_some_and(|range| range.start <= offset)
}

/// Returns the references in an entry's value, each with the byte range it was found in.
fn references_of(named: &NamedEntry<'_>) -> Vec<(Range<usize>, Reference)> {
    let text = named.file.document.text();
    let of_range = |range: Range<usize>| {
        let found = references(&text[range.clone()]);
        found.into_iter().map(move |found| (range.clone(), found))
    };
    named.entry.value_ranges().flat_map(of_range).collect()
}
