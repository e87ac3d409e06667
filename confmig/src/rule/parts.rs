//! Validates the parts of a rule.

use std::collections::{BTreeMap, BTreeSet};

use super::sections::in_known_sections;
use super::{Assignment, Condition, Decimal, Otherwise, Part, Rule, Sections};

/// The most parts that one part may be made from, directly or indirectly. A part that is used
/// twice by one that is used twice counts four times, and is made as often.
const MOST_PARTS: usize = 1000;

/// Describes what is wrong with the parts of a rule; `None` when they are valid.
pub(super) fn problem(rule: &Rule) -> Option<String> {
    templates(rule)
        .or_else(|| {
            let mut parts = rule.part.iter();
            parts.find_map(|(name, part)| of_part(name, part))
        })
        .or_else(|| unused(rule))
        .or_else(|| {
            let concrete = in_known_sections(rule);
            concrete
                .iter()
                .find_map(|rule| rule.set.iter().find_map(|set| in_place(rule, set)))
        })
}

/// Templates name existing parts, and no part is made from itself.
fn templates(rule: &Rule) -> Option<String> {
    for set in &rule.set {
        for name in placeholders(&set.value) {
            if !rule.part.contains_key(name) {
                return Some(format!(
                    "the value of {} has {{{name}}}, but there is no part {name}",
                    set.option
                ));
            }
        }
    }
    for (name, part) in &rule.part {
        if let Some(used) = used(part).find(|used| !rule.part.contains_key(*used)) {
            return Some(format!(
                "the part {name} has {{{used}}}, but there is no part {used}"
            ));
        }
    }
    nested(rule)
}

/// No part is made from itself, nor from too many others.
fn nested(rule: &Rule) -> Option<String> {
    // How many parts each part is made from, itself included; `None` while that is being counted.
    let mut counts: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    let mut open: Vec<&str> = rule.part.keys().map(String::as_str).collect();
    while let Some(name) = open.last().copied() {
        let Some(part) = rule.part.get(name).filter(|_| !is_counted(&counts, name)) else {
            open.pop();
            continue;
        };
        counts.insert(name, None);
        let missing: Vec<&str> = used(part)
            .filter(|used| !is_counted(&counts, used))
            .collect();
        if let Some(used) = missing.iter().find(|used| counts.contains_key(*used)) {
            return Some(format!("the part {used} is made from itself"));
        }
        if !missing.is_empty() {
            open.extend(missing);
            continue;
        }
        let of_others = used(part).filter_map(|used| counts.get(used).copied().flatten());
        let count = of_others.fold(1_usize, usize::saturating_add);
        if count > MOST_PARTS {
            return Some(format!(
                "the part {name} is made from more than {MOST_PARTS} others, counting each as \
                 often as it is used: use fewer"
            ));
        }
        counts.insert(name, Some(count));
        open.pop();
    }
    None
}

fn is_counted(counts: &BTreeMap<&str, Option<usize>>, name: &str) -> bool {
    matches!(counts.get(name), Some(Some(_)))
}

/// Returns the parts that a part is made from.
fn used(part: &Part) -> impl Iterator<Item = &str> {
    let templates = [&part.default, &part.scheme, &part.host_port];
    let each = part.each.iter().flat_map(|each| placeholders(each));
    templates
        .into_iter()
        .flatten()
        .flat_map(|template| placeholders(template))
        .chain(each.filter(|name| *name != "item"))
}

/// Returns the parts that a template is made from, directly or indirectly.
pub(super) fn all_used<'r>(rule: &'r Rule, template: &'r str) -> BTreeSet<&'r str> {
    let mut found: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = placeholders(template).collect();
    while let Some(name) = open.pop() {
        if let Some(part) = rule.part.get(name).filter(|_| found.insert(name)) {
            open.extend(used(part));
        }
    }
    found
}

/// Returns the names in braces, except in `${name}`, which is a reference of oslo.config.
fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    let mut rest = template;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('{')?;
            let after = &rest[start + 1..];
            let reference = rest[..start].ends_with('$');
            let end = after.find('}')?;
            rest = &after[end + 1..];
            if !reference {
                return Some(&after[..end]);
            }
        }
    })
}

fn of_part(name: &str, part: &Part) -> Option<String> {
    let problem = if part.invert && !part.values.is_empty() {
        "is both inverted and looked up in `values`"
    } else if !part.list && (part.single || part.split.is_some() || part.join.is_some()) {
        "has single, split or join, but not `list = true`"
    } else if part.factor.is_some_and(Decimal::is_zero) {
        "has a factor of 0: expected another number"
    } else if part.split.as_ref().is_some_and(String::is_empty) {
        "splits at nothing: expected a text, or one blank for any white space"
    } else {
        return None;
    };
    Some(format!("the part {name} {problem}"))
}

/// Every part is used: the option of another one would be removed, and its value lost.
fn unused(rule: &Rule) -> Option<String> {
    let values = rule.set.iter();
    let found: BTreeSet<&str> = values.flat_map(|set| all_used(rule, &set.value)).collect();
    let (name, part) = rule
        .part
        .iter()
        .find(|(name, part)| !found.contains(name.as_str()) && !is_option_named(rule, part))?;
    Some(format!(
        "nothing uses the part {name}: put {{{name}}} into a value, or leave the part out (to \
         remove {}, list it in `take`)",
        part.option
    ))
}

/// Tells whether a condition or an assignment names the option of a part.
fn is_option_named(rule: &Rule, part: &Part) -> bool {
    let of_sets = rule.set.iter().flat_map(|set| &set.when);
    let conditions = rule.when.iter().chain(of_sets);
    let mut named = conditions
        .map(|Condition { option, .. }| option)
        .chain(rule.decide.iter().map(|doubt| &doubt.option))
        .chain(rule.set.iter().map(|set| &set.option));
    let names_sections = matches!(
        &rule.sections,
        Some(Sections::NamedBy { named_by }) if *named_by == part.option
    );
    names_sections || named.any(|option| *option == part.option)
}

/// A value that is made from the option's own value does not change when it is made again.
fn in_place(rule: &Rule, set: &Assignment) -> Option<String> {
    let mut own = all_used(rule, &set.value)
        .into_iter()
        .filter(|name| rule.part[*name].option == set.option);
    let changes_again = own.any(|name| {
        let alone = set.value == format!("{{{name}}}");
        !alone || !stays(&rule.part[name])
    });
    changes_again.then(|| {
        format!(
            "changes the value of {} each time it is followed: set another option, or make a value \
             that stays the same",
            set.option
        )
    })
}

/// Tells whether a part, applied to its own result, does not change it.
fn stays(part: &Part) -> bool {
    let values = part
        .values
        .iter()
        .all(|(old, new)| match part.values.get(new) {
            Some(next) => next == new || old == new,
            None => part.otherwise == Otherwise::Keep,
        });
    let suffix = part
        .suffix
        .as_ref()
        .is_none_or(|suffix| !suffix.to.ends_with(&suffix.from) || suffix.to == suffix.from);
    let each = part.each.as_ref().is_none_or(|each| each == "{item}");
    // Joined by another text than the separator, the items become one.
    let separator = |text: &Option<String>| text.as_deref().unwrap_or(",").to_owned();
    let joined_otherwise = separator(&part.join) != separator(&part.split);
    let items = !joined_otherwise
        || part.values.is_empty()
            && part.without.is_empty()
            && part.suffix.is_none()
            && part.scheme.is_none()
            && part.host_port.is_none()
            && !separator(&part.join).contains(&separator(&part.split));
    let same = !part.invert && !part.encode && part.factor.is_none() && part.url.is_none();
    values && suffix && each && items && same
}
