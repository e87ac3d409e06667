//! Decisions that later steps settled.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{OptName, references};

use super::migrator::Migrator;
use super::{ChangeKind, Decision};
use crate::history::find_rule;

impl Migrator<'_> {
    /// Drops decisions about entries that a later step removed or renamed, unless that step
    /// converted them into options that the decision's rule reads, too.
    pub(super) fn drop_settled_decisions(&mut self) {
        let names = |(name, decision): &(OptName, Decision)| -> Vec<OptName> {
            let former = self.held.former(&decision.option).iter();
            let names = former.chain([name, &decision.option]).cloned();
            names.chain(self.converted(decision)).collect()
        };
        // The names of the decisions, and whether they are still set or referred to.
        let names: Vec<Vec<OptName>> = self.decisions.iter().map(names).collect();
        let all = names.iter().flatten();
        let mut is_there: HashMap<OptName, bool> = all.map(|name| (name.clone(), false)).collect();
        for entry in self.files().iter().flat_map(|file| file.document.entries()) {
            let group = entry.group();
            let group = group.to_str_lossy();
            let own = OptName::new(&*group, entry.key().to_str_lossy());
            let referred = references(&entry.value());
            let referred = referred.iter().flat_map(|it| it.options(&group));
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

    /// Returns the options that rules of later steps made from those of a decision, as far as the
    /// decision's own rule has them.
    fn converted(&self, decision: &Decision) -> Vec<OptName> {
        let rule_of = |id: &str| find_rule(id).and_then(|found| found.rule());
        let Some(rule) = decision.rule.as_deref().and_then(rule_of) else {
            return Vec::new();
        };
        let is_about = |name: &OptName| *name == decision.option || decision.options.contains(name);
        let changes = self.results.iter().flat_map(|file| &file.changes);
        let converted = changes.filter(|it| it.kind == ChangeKind::Convert && is_about(&it.from));
        let by: BTreeSet<&str> = converted.map(|change| &*change.rule).collect();
        let others = by
            .into_iter()
            .filter(|id| *id != rule.id)
            .filter_map(rule_of);
        let made: HashSet<OptName> = others
            .flat_map(|other| other.set.into_iter().map(|set| (*set.option).clone()))
            .collect();
        let own = rule.names().into_iter().map(|name| &**name);
        own.filter(|name| made.contains(name) && !is_about(name))
            .cloned()
            .collect()
    }
}
