//! What makes a rule senseless, besides its form.

use super::{Decimal, Name, Part, Rule};

/// What is wrong with a rule, and what was expected; `None` when all is well.
pub(crate) fn problem(rule: &Rule) -> Option<String> {
    let of_rule = forms(rule)
        .or_else(|| sections(rule))
        .or_else(|| conditions(rule))
        .or_else(|| templates(rule))
        .or_else(|| {
            rule.part
                .iter()
                .find_map(|(name, part)| of_part(name, part))
        });
    of_rule.or_else(|| {
        let unlike = rule.rename.iter().find(|rename| rename.from == rename.to)?;
        Some(format!("renames {} to itself", unlike.from))
    })
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
    let mut names: Vec<&Name> = rule
        .rename
        .iter()
        .flat_map(|rename| [&rename.from, &rename.to])
        .collect();
    names.extend(rule.part.values().map(|part| &part.option));
    names.extend(rule.set.iter().map(|set| &set.option));
    names.extend(rule.when.iter().map(|condition| &condition.option));
    let has = names.iter().any(|name| name.group() == "{section}");
    if rule.sections.is_none() && has {
        return Some("has {section} in a name, but no `in` that says which sections".into());
    }
    let odd = names
        .iter()
        .find(|name| name.group().contains('{') && name.group() != "{section}")?;
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

/// Templates name parts that there are, and no part is made of itself.
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
        let mut open = vec![(vec![name.as_str()], part)];
        while let Some((path, part)) = open.pop() {
            for used in used(part) {
                if used == "item" {
                    continue;
                }
                if path.contains(&used) {
                    return Some(format!("the part {used} is made of itself"));
                }
                let Some(next) = rule.part.get(used) else {
                    return Some(format!(
                        "the part {name} has {{{used}}}, but there is no part {used}"
                    ));
                };
                open.push(([path.as_slice(), &[used]].concat(), next));
            }
        }
    }
    None
}

/// The parts that a part is made of.
fn used(part: &Part) -> impl Iterator<Item = &str> {
    let templates = [&part.default, &part.scheme, &part.host_port, &part.each];
    templates
        .into_iter()
        .flatten()
        .flat_map(|template| placeholders(template))
}

/// The names in braces. `${name}` is a reference of oslo.config, and none of them.
pub(crate) fn placeholders(template: &str) -> impl Iterator<Item = &str> {
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
        "is both turned round and looked up in `values`"
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
