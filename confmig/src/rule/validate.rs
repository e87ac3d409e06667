//! Validates rules beyond their form.

use std::collections::BTreeSet;

use super::sections::{SECTION, in_known_sections};
use super::{Condition, Items, Name, Rule, parts};

/// Describes what is wrong with a rule; `None` when it is valid.
pub(crate) fn problem(rule: &Rule) -> Option<String> {
    let of_rule = forms(rule)
        .or_else(|| sections(rule))
        .or_else(|| conditions(rule))
        .or_else(|| renames(rule))
        .or_else(|| takes(rule))
        .or_else(|| sets(rule))
        .or_else(|| rule.items.as_ref().and_then(items));
    of_rule.or_else(|| parts::problem(rule))
}

/// A rule has one form.
fn forms(rule: &Rule) -> Option<String> {
    if rule.id.is_empty()
        || rule
            .id
            .contains(|c: char| c.is_whitespace() || c.is_control())
    {
        let reason = "its id is empty or has white space: expected words joined by hyphens";
        return Some(reason.into());
    }
    let forms = [
        (!rule.rename.is_empty(), "rename"),
        (!rule.set.is_empty() || !rule.part.is_empty(), "set"),
        (rule.items.is_some(), "items"),
        (rule.remove.is_some(), "remove"),
        (rule.report.is_some(), "report"),
    ];
    let has: Vec<&str> = forms
        .iter()
        .filter(|(has, _)| *has)
        .map(|(_, name)| *name)
        .collect();
    match has.as_slice() {
        [] => Some("does nothing: expected one of rename, set, items, remove, report".into()),
        [_] if !rule.part.is_empty() && rule.set.is_empty() => {
            Some("has parts, but sets nothing from them: expected `set`".into())
        }
        ["set"] if rule.part.is_empty() && rule.when.is_empty() => {
            Some("sets options from nothing: expected a part or `when`".into())
        }
        [_] => None,
        several => Some(format!(
            "has {}: expected only one of them, so split the rule",
            several.join(" and ")
        )),
    }
}

/// A rule with `{section}` has sections.
fn sections(rule: &Rule) -> Option<String> {
    let names = rule.names();
    let has = names.iter().any(|name| name.group() == SECTION);
    if rule.sections.is_none() && has {
        return Some("has {section} in a name, but no `in` that lists the sections".into());
    }
    let odd = names
        .iter()
        .find(|name| name.group().contains('{') && name.group() != SECTION)?;
    Some(format!(
        "{odd}: expected a name or {{section}} as the group"
    ))
}

/// A condition has one of `set`, `equals` and, except for doubts, `contains`.
fn conditions(rule: &Rule) -> Option<String> {
    let of_sets = rule.set.iter().flat_map(|set| &set.when);
    let count = |condition: &Condition| {
        let has = [
            condition.set.is_some(),
            condition.equals.is_some(),
            condition.contains.is_some(),
        ];
        has.into_iter().filter(|has| *has).count()
    };
    let conditions = rule.when.iter().chain(of_sets);
    let mut wrong = conditions.filter(|condition| count(condition) != 1);
    if let Some(condition) = wrong.next() {
        return Some(format!(
            "the condition on {} needs either `set`, `equals` or `contains`",
            condition.option
        ));
    }
    let mut doubts = rule.decide.iter();
    let doubt = doubts.find(|doubt| doubt.set.is_some() == doubt.equals.is_some())?;
    Some(format!(
        "the condition on {} needs either `set` or `equals`",
        doubt.option
    ))
}

/// Each option is renamed once, to another name.
fn renames(rule: &Rule) -> Option<String> {
    for (at, rename) in rule.rename.iter().enumerate() {
        if rename.from == rename.to {
            return Some(format!("renames {} to itself", rename.from));
        }
        let earlier = &rule.rename[..at];
        if earlier.iter().any(|other| other.from == rename.from) {
            return Some(format!("renames {} twice: keep one", rename.from));
        }
    }
    None
}

/// An option is set more than once only under conditions.
fn sets(rule: &Rule) -> Option<String> {
    let twice = rule.set.iter().enumerate().find(|(at, set)| {
        let mut earlier = rule.set[..*at].iter();
        earlier.any(|earlier| earlier.option == set.option && earlier.when.is_empty())
    });
    let (_, set) = twice?;
    Some(format!(
        "sets {} twice: keep one, or give the first a `when`",
        set.option
    ))
}

/// An option that is removed is not set again.
fn takes(rule: &Rule) -> Option<String> {
    let take = rule.take.as_ref()?;
    if rule.set.is_empty() {
        return Some("has `take`, but no `set`: use `remove` to remove options".into());
    }
    let concrete = in_known_sections(rule);
    let sets: BTreeSet<&Name> = concrete
        .iter()
        .flat_map(|rule| rule.set.iter().map(|set| &set.option))
        .collect();
    let mut in_sections = concrete.iter().flat_map(|rule| rule.take.iter().flatten());
    let again = take
        .iter()
        .find(|name| rule.set.iter().any(|set| set.option == **name))
        .or_else(|| in_sections.find(|name| sets.contains(name)))?;
    Some(format!(
        "both takes {again} and sets it: leave it out of `take`, or set another option"
    ))
}

/// A replacement is not replaced or dropped itself.
fn items(items: &Items) -> Option<String> {
    let (old, new) = items.replace.iter().find(|(old, new)| {
        items.drop.contains(new)
            || items
                .replace
                .get(*new)
                .is_some_and(|next| next != *new && old != new)
    })?;
    Some(format!(
        "replaces {old} with {new}, which it replaces or drops, too: replace {old} with the final \
         item"
    ))
}
