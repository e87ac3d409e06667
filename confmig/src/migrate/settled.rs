//! Decisions over several steps: those that later ones leave alone, and those that they settled.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Entry, OptName, references};

use super::migrator::Migrator;
use super::names::Names;
use super::references::{Rewrite, replaced, rewrites};
use super::{ChangeKind, Decision};
use crate::history::find_rule;
use crate::pack::Pack;
use crate::rule::Rule;
use crate::target::name_of;

impl Migrator<'_> {
    /// Makes the following steps leave alone the options that are left to decide, under any of
    /// their names: a newer release may read these differently. `former` returns an option's former
    /// names.
    pub(super) fn hold_decided(&mut self, former: impl Fn(&OptName) -> Vec<OptName>) {
        for option in self.undecided() {
            let former = former(&option);
            self.held.add(&option, former);
        }
    }

    /// Returns the options whose renaming is left to decide.
    pub(super) fn undecided(&self) -> HashSet<OptName> {
        let decisions = self.decisions.iter().map(|(_, decision)| decision);
        let renamings = decisions.filter(|decision| decision.rule.is_none());
        renamings.map(|decision| decision.option.clone()).collect()
    }

    /// Drops decisions about options that a rule passes on to one that is set, if that keeps its
    /// value or has a copy of theirs: a run before made it, and may have given a reference in the
    /// old value another meaning. `passed_on` has the new names, and whether each keeps its value.
    pub(super) fn drop_passed_on(
        &mut self,
        pack: &Pack,
        passed_on: &HashMap<OptName, (OptName, bool)>,
    ) {
        let is_passed_on = |(_, decision): &(OptName, Decision)| {
            decision.rule.is_none() && passed_on.contains_key(&decision.option)
        };
        if !self.decisions.iter().any(is_passed_on) {
            return;
        }
        let is_done: Vec<bool> = {
            let files = self.files();
            let names = Names::new(&files, pack, None);
            let entries = files.iter().flat_map(|file| file.document.entries());
            let last: HashMap<OptName, Entry<'_, '_>> =
                entries.map(|entry| (name_of(entry), entry)).collect();
            let is_done = |decided: &(OptName, Decision)| {
                let (name, decision) = decided;
                let new = passed_on
                    .get(&decision.option)
                    .filter(|_| is_passed_on(decided));
                new.is_some_and(|(to, keeps)| {
                    let both = last.get(name).zip(last.get(to));
                    let is_copy = |(old, new): (&Entry<'_, '_>, &Entry<'_, '_>)| {
                        let rewrites = rewrites(*old, Some((name, to)), &names, &|_| true);
                        lines(*old, &rewrites) == lines(*new, &[])
                    };
                    *keeps && last.contains_key(to) || both.is_some_and(is_copy)
                })
            };
            self.decisions.iter().map(is_done).collect()
        };
        let mut is_done = is_done.into_iter();
        self.decisions.retain(|_| is_done.next() != Some(true));
    }

    /// Drops decisions about entries that a later step removed or renamed, unless that step
    /// converted them into options that the decision's rule reads, too.
    pub(super) fn drop_settled_decisions(&mut self) {
        let conversions = self.conversions();
        let names = |(name, decision): &(OptName, Decision)| -> Vec<OptName> {
            let former = self.held.former(&decision.option).iter();
            let names = former.chain([name, &decision.option]).cloned();
            names.chain(made_from(decision, &conversions)).collect()
        };
        // The names of the decisions, and whether they are still set or referred to.
        let names: Vec<Vec<OptName>> = self.decisions.iter().map(names).collect();
        let all = names.iter().flatten();
        let mut is_there: HashMap<OptName, bool> = all.map(|name| (name.clone(), false)).collect();
        for entry in self.files().iter().flat_map(|file| file.document.entries()) {
            let own = name_of(entry);
            let referred = references(&entry.value());
            let referred: Vec<OptName> = referred
                .iter()
                .flat_map(|it| it.options(own.group()))
                .collect();
            for name in std::iter::once(own).chain(referred) {
                if let Some(is_there) = is_there.get_mut(&name) {
                    *is_there = true;
                }
            }
        }
        let mut names = names.into_iter();
        self.decisions.retain(|_| {
            let mut names = names.next().into_iter().flatten();
            names.any(|name| is_there[&name])
        });
    }

    /// Returns the ids of the rules that converted entries, by the names of these.
    fn conversions(&self) -> HashMap<&OptName, BTreeSet<&str>> {
        let mut rules: HashMap<&OptName, BTreeSet<&str>> = HashMap::default();
        let changes = self.results.iter().flat_map(|file| &file.changes);
        for change in changes.filter(|change| change.kind == ChangeKind::Convert) {
            rules.entry(&change.from).or_default().insert(&change.rule);
        }
        rules
    }
}

/// Returns the lines of the value of an entry, with references rewritten.
fn lines(entry: Entry<'_, '_>, rewrites: &[Rewrite]) -> Vec<Vec<u8>> {
    let text = entry.section().document().text();
    let of_line = entry.value_ranges().map(|line| {
        let in_line = rewrites.iter().filter(|it| line.contains(&it.range.start));
        let replacements = in_line.map(|it| (it.range.clone(), it.new_name.as_str()));
        replaced(text, line.clone(), replacements).trim().to_vec()
    });
    of_line.collect()
}

/// Returns the options that other rules made from those of a decision, as far as the decision's own
/// rule has them.
fn made_from(decision: &Decision, conversions: &HashMap<&OptName, BTreeSet<&str>>) -> Vec<OptName> {
    let about: HashSet<&OptName> = decision.options.iter().chain([&decision.option]).collect();
    let ids = about.iter().filter_map(|name| conversions.get(*name));
    let mut others: BTreeSet<&str> = ids.flatten().copied().collect();
    let Some(own) = &decision.rule else {
        return Vec::new();
    };
    others.remove(&**own);
    if others.is_empty() {
        return Vec::new();
    }
    let rule_of = |id: &str| find_rule(id).and_then(|found| found.rule());
    let others = others.into_iter().filter_map(rule_of);
    let sets = others.flat_map(|other| other.set);
    let made: HashSet<OptName> = sets.map(|set| (*set.option).clone()).collect();
    let own = rule_of(own);
    let names = own.iter().flat_map(Rule::names).map(|name| &**name);
    let names = names.filter(|name| made.contains(name) && !about.contains(name));
    names.cloned().collect()
}
