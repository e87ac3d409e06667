//! Detects rules that would trigger each other for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use oslo_config::OptName;

use super::sections::{SECTION, in_sections};
use super::{Rule, Sections, group_of};

/// A renaming: the former name, the current name, and the id.
pub(crate) type Former<'r> = (&'r OptName, &'r OptName, &'r str);

/// The reason for which rules would never come to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endless {
    /// A circle of options, each with the id of the rule that gives its value to the next one.
    Circle(Vec<(OptName, String)>),
    /// A rule that sets an option again whenever another one has removed it.
    SetAgain {
        option: OptName,
        set_by: String,
        removed_by: String,
    },
}

impl Endless {
    /// Returns the id of one of the rules or renamings.
    pub(crate) fn first_rule(&self) -> &str {
        match self {
            Endless::Circle(steps) => steps.first().map_or("", |(_, id)| id),
            Endless::SetAgain { set_by, .. } => set_by,
        }
    }
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Endless::Circle(steps) => {
                let mut ids: Vec<&str> = Vec::new();
                for (_, id) in steps {
                    if !ids.contains(&id.as_str()) {
                        ids.push(id);
                    }
                }
                let rules = match ids.as_slice() {
                    [id] => format!("the rule {id} runs"),
                    ids => format!("the rules {} run", ids.join(" and ")),
                };
                let options = steps.iter().chain(steps.first());
                let options: Vec<String> = options.map(|(option, _)| option.to_string()).collect();
                write!(
                    f,
                    "{rules} in a circle ({}): expected rules that come to an end, so leave one \
                     out",
                    options.join(" -> ")
                )
            }
            Endless::SetAgain {
                option,
                set_by,
                removed_by,
            } => write!(
                f,
                "the rule {set_by} sets {option} again whenever the rule {removed_by} has removed \
                 it: let {set_by} take the options that it uses, or restrict it with `when`"
            ),
        }
    }
}

/// Returns why rules, followed repeatedly together with renamings, would never come to an end;
/// `None` when they do.
pub(crate) fn endless<'r>(
    rules: &[Rule],
    renamings: impl IntoIterator<Item = Former<'r>>,
) -> Option<Endless> {
    let formers: Vec<Former<'_>> = renamings.into_iter().collect();
    let flows = flows(rules, &formers);
    circle(&flows, &formers).or_else(|| set_again(&flows))
}

/// The effects of a rule on options, whatever their values.
struct Flow<'r> {
    id: &'r str,
    /// The options that it removes or renames.
    claims: BTreeSet<OptName>,
    /// Pairs of an option that triggers the rule and one that it sets.
    steps: Vec<(OptName, OptName)>,
    /// The options in the conditions.
    conditions: BTreeSet<OptName>,
}

fn flows<'r>(rules: &'r [Rule], formers: &[Former<'_>]) -> Vec<Flow<'r>> {
    let of_rules = rules.iter().flat_map(Rule::names).map(|name| name.group());
    let of_formers = formers
        .iter()
        .flat_map(|(from, to, _)| [from.group(), to.group()]);
    let listed = rules.iter().flat_map(|rule| match &rule.sections {
        Some(Sections::These(sections)) => sections.as_slice(),
        _ => &[],
    });
    let listed: Vec<String> = listed.map(|section| group_of(section)).collect();
    // A section that files name may be any that a rule names, or another one.
    let groups: BTreeSet<&str> = of_rules
        .chain(of_formers)
        .chain(listed.iter().map(String::as_str))
        .chain([SECTION])
        .collect();
    rules.iter().map(|rule| Flow::new(rule, &groups)).collect()
}

impl<'r> Flow<'r> {
    fn new(rule: &'r Rule, groups: &BTreeSet<&str>) -> Self {
        let mut flow = Flow {
            id: &rule.id,
            claims: BTreeSet::new(),
            steps: Vec::new(),
            conditions: BTreeSet::new(),
        };
        for rule in in_sections(rule, groups) {
            let renames = rule.rename.iter();
            flow.steps
                .extend(renames.map(|rename| (rename.from.0.clone(), rename.to.0.clone())));
            for set in &rule.set {
                let others = rule
                    .triggers()
                    .into_iter()
                    .filter(|from| **from != *set.option);
                flow.steps
                    .extend(others.map(|from| (from.clone(), set.option.0.clone())));
            }
            let of_sets = rule.set.iter().flat_map(|set| &set.when);
            let conditions = rule.when.iter().chain(of_sets);
            flow.conditions
                .extend(conditions.map(|condition| condition.option.0.clone()));
            flow.claims.extend(rule.claims().into_iter().cloned());
        }
        flow
    }
}

/// Finds a circle of options, each of which gives its value to the next.
fn circle(flows: &[Flow<'_>], formers: &[Former<'_>]) -> Option<Endless> {
    let mut next: BTreeMap<&OptName, Vec<(&OptName, &str)>> = BTreeMap::new();
    let of_rules = flows
        .iter()
        .flat_map(|flow| flow.steps.iter().map(|(from, to)| (from, to, flow.id)));
    for (from, to, id) in formers.iter().copied().chain(of_rules) {
        next.entry(from).or_default().push((to, id));
    }
    let mut left: BTreeSet<&OptName> = next.keys().copied().collect();
    while let Some(first) = left.first().copied() {
        // The options on the path, each with the number of its steps that were tried.
        let mut path: Vec<(&OptName, usize)> = vec![(first, 0)];
        while let Some((option, tried)) = path.last_mut() {
            let Some((to, _)) = next.get(*option).and_then(|steps| steps.get(*tried)) else {
                left.remove(*option);
                path.pop();
                continue;
            };
            *tried += 1;
            if let Some(start) = path.iter().position(|(option, _)| option == to) {
                let step = |(option, tried): &(&OptName, usize)| {
                    let (_, id) = next[*option][tried - 1];
                    ((*option).clone(), id.to_owned())
                };
                return Some(Endless::Circle(path[start..].iter().map(step).collect()));
            }
            if left.contains(*to) {
                path.push((to, 0));
            }
        }
    }
    None
}

/// Finds a rule that removes nothing and would set an option again after another one has removed
/// it.
fn set_again(flows: &[Flow<'_>]) -> Option<Endless> {
    let mut removed: BTreeMap<&OptName, &str> = BTreeMap::new();
    let mut set: BTreeSet<&OptName> = BTreeSet::new();
    for flow in flows {
        removed.extend(flow.claims.iter().map(|option| (option, flow.id)));
        set.extend(flow.steps.iter().map(|(_, to)| to));
    }
    // A condition on an option that rules change may end it.
    let holds_on = |flow: &Flow<'_>| {
        let mut conditions = flow.conditions.iter();
        !conditions.any(|option| removed.contains_key(option) || set.contains(option))
    };
    let lasting = flows
        .iter()
        .filter(|flow| flow.claims.is_empty() && holds_on(flow));
    let mut steps = lasting.flat_map(|flow| flow.steps.iter().map(move |(_, to)| (flow.id, to)));
    steps.find_map(|(id, option)| {
        let removed_by = removed.get(option)?;
        Some(Endless::SetAgain {
            option: option.clone(),
            set_by: id.to_owned(),
            removed_by: (*removed_by).to_owned(),
        })
    })
}
