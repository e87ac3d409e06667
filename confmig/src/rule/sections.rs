//! Rules for several sections.

use std::collections::BTreeSet;

use oslo_config::OptName;

use super::{Name, Rule, Sections, group_of};

/// The placeholder for a section in the names of options, and in values.
pub(super) const SECTION: &str = "{section}";

/// Returns the rule for each of its sections, or the rule itself if it has none. `value` returns
/// the value of an option, `having` the sections that set an option.
pub(crate) fn concrete(
    rule: &Rule,
    value: &dyn Fn(&OptName) -> Option<String>,
    having: &dyn Fn(&str) -> Vec<String>,
) -> Vec<Rule> {
    let sections = match &rule.sections {
        None => return vec![rule.clone()],
        Some(Sections::These(sections)) => {
            let groups = sections.iter().map(String::as_str);
            groups.map(group_of).collect()
        }
        Some(Sections::NamedBy { named_by }) => {
            let named = value(named_by).unwrap_or_default();
            let items = named.split([',', '\n']).map(str::trim);
            items
                .filter(|item| !item.is_empty())
                .map(group_of)
                .collect()
        }
        Some(Sections::Having {
            having: name,
            equals,
        }) => {
            let mut sections = having(name);
            sections.retain(|section| {
                let has = || value(&OptName::new(section.as_str(), name.as_str()));
                equals
                    .as_ref()
                    .is_none_or(|equals| has().is_some_and(|has| equals.each().contains(&has)))
            });
            sections
        }
    };
    sections
        .iter()
        .map(|section| in_section(rule, section))
        .collect()
}

/// Returns the rule for each section that it lists, or else for each group that it names.
pub(crate) fn in_known_sections(rule: &Rule) -> Vec<Rule> {
    let groups = rule.names().into_iter().map(|name| name.group());
    in_sections(rule, &groups.collect())
}

/// Returns the rule for each section that it lists, or else for each of these groups.
pub(super) fn in_sections(rule: &Rule, groups: &BTreeSet<&str>) -> Vec<Rule> {
    match &rule.sections {
        None => vec![rule.clone()],
        Some(Sections::These(sections)) => sections
            .iter()
            .map(|section| in_section(rule, &group_of(section)))
            .collect(),
        Some(_) => groups.iter().map(|group| in_section(rule, group)).collect(),
    }
}

/// Returns the rule with a section in place of `{section}`.
fn in_section(rule: &Rule, section: &str) -> Rule {
    let mut rule = rule.clone();
    let put = |name: &mut Name| {
        if name.group() == SECTION {
            *name = Name(OptName::new(section, name.name()));
        }
    };
    for condition in &mut rule.when {
        put(&mut condition.option);
    }
    for doubt in &mut rule.decide {
        put(&mut doubt.option);
    }
    for rename in &mut rule.rename {
        put(&mut rename.from);
        put(&mut rename.to);
    }
    for part in rule.part.values_mut() {
        put(&mut part.option);
    }
    for set in &mut rule.set {
        put(&mut set.option);
        set.need.iter_mut().for_each(put);
        for condition in &mut set.when {
            put(&mut condition.option);
        }
    }
    let listed = [
        rule.take.as_mut(),
        rule.items.as_mut().map(|items| &mut items.options),
        rule.remove.as_mut().map(|removal| &mut removal.options),
        rule.report.as_mut().map(|report| &mut report.options),
    ];
    listed
        .into_iter()
        .flatten()
        .for_each(|names| names.iter_mut().for_each(put));
    // In this section, two names may have become the same.
    rule.rename.retain(|rename| rename.from != rename.to);
    if let Some(take) = &mut rule.take {
        take.retain(|name| rule.set.iter().all(|set| set.option != *name));
    }
    rule
}
