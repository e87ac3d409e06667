//! Renamings that lead to what other rules rename.

use std::collections::BTreeMap;

use oslo_config::OptName;

use super::{Automatic, Condition, IfSet, Name, Rename, Rule, Sections};

/// Has every renaming lead to where those after it lead, so that following each rule once is enough.
/// `formers` are former names of options, each with the option's name.
///
/// Where `a` becomes `b` and `b` becomes `c`, the rule for `a` is followed in one of two ways: if `b` is set,
/// it is still what decides which of the two values counts; if it is not, `a` becomes `c`.
pub(crate) fn joined(rules: &[Rule], formers: &[(&OptName, &OptName)]) -> Vec<Rule> {
    let mut chains = Chains {
        about: BTreeMap::new(),
        formers: formers.iter().copied().collect(),
    };
    for rule in rules {
        for option in rule.claims() {
            chains.about.entry(option).or_default().push(rule);
        }
    }
    let mut joined = Vec::new();
    let mut late = Vec::new();
    for rule in rules {
        let (last, others) = chains
            .resolved(rule)
            .into_iter()
            .partition::<Vec<Rule>, _>(|way| is_chained_last(rule, way));
        joined.extend(others);
        late.extend(last);
    }
    // In one file the name that is nearer to the end counts, so its renaming comes first.
    joined.extend(late.into_iter().rev());
    joined
}

/// Tells whether a way of following a rule is a longer one, and oslo.config's order of names is the policy.
fn is_chained_last(rule: &Rule, way: &Rule) -> bool {
    let longer = |rename: &Rename| !rule.rename.contains(rename);
    rule.if_target_set == IfSet::Last && way.rename.iter().any(longer)
}

struct Chains<'r> {
    /// The rules about each name.
    about: BTreeMap<&'r OptName, Vec<&'r Rule>>,
    formers: BTreeMap<&'r OptName, &'r OptName>,
}

impl Chains<'_> {
    fn resolved(&self, rule: &Rule) -> Vec<Rule> {
        let leads_on = |rename: &&Rename| self.next(&rename.to, rule.sections.as_ref()).is_some();
        let (chained, plain): (Vec<&Rename>, Vec<&Rename>) = rule.rename.iter().partition(leads_on);
        if chained.is_empty() {
            return vec![rule.clone()];
        }
        let mut resolved = Vec::new();
        if !plain.is_empty() {
            resolved.push(Rule {
                rename: plain.into_iter().cloned().collect(),
                ..rule.clone()
            });
        }
        for rename in chained {
            resolved.extend(self.ways(rule, rename));
        }
        resolved
    }

    /// The ways in which a renaming is followed: to the first name on its way that is set, else to the last.
    fn ways(&self, rule: &Rule, rename: &Rename) -> Vec<Rule> {
        let mut ways = Vec::new();
        let (mut to, mut if_target_set) = (rename.to.clone(), rule.if_target_set);
        let mut when = rule.when.clone();
        let way = |to: &Name, if_target_set, when: Vec<Condition>| Rule {
            rename: vec![Rename {
                from: rename.from.clone(),
                to: to.clone(),
            }],
            if_target_set,
            when,
            ..rule.clone()
        };
        while let Some((next, conflict)) = self.next(&to, rule.sections.as_ref()) {
            // What `last` says holds for all names on the way, so each leads to the end at once.
            if if_target_set == IfSet::Last {
                (to, if_target_set) = (next, conflict);
                continue;
            }
            if let Some(when) = and(&when, &to, true) {
                ways.push(way(&to, if_target_set, when));
            }
            let Some(unset) = and(&when, &to, false) else {
                return ways;
            };
            (to, if_target_set, when) = (next, conflict, unset);
        }
        ways.push(way(&to, if_target_set, when));
        ways
    }

    /// Where the only rule about a name leads, if that is certain, and what it says of conflicts.
    fn next(&self, name: &Name, sections: Option<&Sections>) -> Option<(Name, IfSet)> {
        let about = self.about.get(&**name).map_or(&[][..], Vec::as_slice);
        match (self.formers.get(&**name), about) {
            (Some(to), []) => Some((Name((*to).clone()), IfSet::Last)),
            (None, [rule]) => {
                let certain = rule.automatic == Automatic::Yes
                    && rule.when.is_empty()
                    && rule.decide.is_empty()
                    && rule.sections.as_ref().is_none_or(|of| sections == Some(of));
                let renaming = rule.rename.iter().find(|rename| rename.from == *name)?;
                certain.then(|| (renaming.to.clone(), rule.if_target_set))
            }
            _ => None,
        }
    }
}

/// The conditions, and that an option is set or is not; `None` when that contradicts them.
fn and(conditions: &[Condition], option: &Name, set: bool) -> Option<Vec<Condition>> {
    let mut of_option = conditions.iter().filter_map(|condition| {
        let wanted = condition.set? != condition.not;
        (condition.option == *option).then_some(wanted)
    });
    match of_option.next() {
        Some(wanted) => (wanted == set).then(|| conditions.to_vec()),
        None => {
            let condition = Condition {
                option: option.clone(),
                set: Some(set),
                equals: None,
                not: false,
            };
            Some([conditions, &[condition]].concat())
        }
    }
}
