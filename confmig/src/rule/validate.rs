//! What makes a rule senseless, besides its form.

use std::collections::BTreeSet;

use super::sections::{SECTION, in_known_sections};
use super::{Items, Name, Rule, parts};

/// What is wrong with a rule, and what was expected; `None` when all is well.
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
        return Some("its id is empty or has white space in it: expected words joined by -".into());
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
            Some("sets options from nothing: expected a part, or `when`".into())
        }
        [_] => None,
        several => Some(format!(
            "has {}: expected one of them, and a rule for each",
            several.join(" and ")
        )),
    }
}

/// `{section}` needs sections.
fn sections(rule: &Rule) -> Option<String> {
    let names = rule.names();
    let has = names.iter().any(|name| name.group() == SECTION);
    if rule.sections.is_none() && has {
        return Some("has {section} in a name, but no `in` that says which sections".into());
    }
    let odd = names
        .iter()
        .find(|name| name.group().contains('{') && name.group() != SECTION)?;
    Some(format!("{odd}: a group is a name, or {{section}}"))
}

fn conditions(rule: &Rule) -> Option<String> {
    let of_sets = rule.set.iter().flat_map(|set| &set.when);
    let said = rule.when.iter().chain(of_sets).map(|condition| {
        (
            &condition.option,
            condition.set.is_some(),
            condition.equals.is_some(),
        )
    });
    let doubts = rule
        .decide
        .iter()
        .map(|doubt| (&doubt.option, doubt.set.is_some(), doubt.equals.is_some()));
    let (option, ..) = said.chain(doubts).find(|(_, set, equals)| set == equals)?;
    Some(format!(
        "the condition on {option} needs one of `set` and `equals`"
    ))
}

/// Each option has one new name, and no other option of the rule has it.
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

/// Of several assignments to one option, the first whose conditions hold is made.
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

/// What goes is not set again.
fn takes(rule: &Rule) -> Option<String> {
    let take = rule.take.as_ref()?;
    if rule.set.is_empty() {
        return Some("has `take`, but no `set`: expected `remove` for options that go".into());
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

/// What stands in place of an item stays.
fn items(items: &Items) -> Option<String> {
    let (old, new) = items.replace.iter().find(|(old, new)| {
        items.drop.contains(new)
            || items
                .replace
                .get(*new)
                .is_some_and(|next| next != *new && old != new)
    })?;
    Some(format!(
        "replaces {old} by {new}, which it replaces or drops, too: say what becomes of {old} in the end"
    ))
}
