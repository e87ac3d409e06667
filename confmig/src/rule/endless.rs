//! Rules that give others something to do, and would do so for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use oslo_config::OptName;

use super::sections::{SECTION, in_section};
use super::{Rule, Sections, group_of};

/// A former name of an option: the name, the option's name, and the id of the rule that says so.
pub(crate) type Former<'r> = (&'r OptName, &'r OptName, &'r str);

/// Why rules would never come to an end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Endless {
    /// The options of a circle, each with the id of the rule that leads to the next.
    Circle(Vec<(OptName, String)>),
    /// A rule that sets an option whenever another has removed it.
    SetAgain {
        option: OptName,
        set_by: String,
        removed_by: String,
    },
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
                    [id] => format!("the rule {id} leads"),
                    ids => format!("the rules {} lead", ids.join(" and ")),
                };
                let options = steps.iter().chain(steps.first());
                let options: Vec<String> = options.map(|(option, _)| option.to_string()).collect();
                write!(
                    f,
                    "{rules} in a circle ({}): expected rules of which each run changes less, so leave one out",
                    options.join(" -> ")
                )
            }
            Endless::SetAgain {
                option,
                set_by,
                removed_by,
            } => write!(
                f,
                "the rule {set_by} sets {option} whenever the rule {removed_by} has removed it: let {set_by} \
                 take what it is made from, or say in its `when` when it is followed"
            ),
        }
    }
}

/// Tells why rules, followed again and again, would never come to an end; `None` when they do. `formers`
/// are the former names of options, which are renamed as well.
pub(crate) fn endless<'r>(
    rules: &[Rule],
    formers: impl IntoIterator<Item = Former<'r>>,
) -> Option<Endless> {
    let formers: Vec<Former<'_>> = formers.into_iter().collect();
    let plans = plans(rules, &formers);
    circle(&plans, &formers).or_else(|| set_again(&plans))
}

/// What a rule does to options, whatever their values.
struct Plan<'r> {
    id: &'r str,
    /// The options that it removes or renames.
    claims: BTreeSet<OptName>,
    /// From an option that sets it going to one that is set then.
    steps: Vec<(OptName, OptName)>,
    /// The options that its conditions look at.
    conditions: BTreeSet<OptName>,
}

fn plans<'r>(rules: &'r [Rule], formers: &[Former<'_>]) -> Vec<Plan<'r>> {
    let of_rules = rules.iter().flat_map(Rule::names).map(|name| name.group());
    let of_formers = formers
        .iter()
        .flat_map(|(from, to, _)| [from.group(), to.group()]);
    let listed = rules.iter().flat_map(|rule| match &rule.sections {
        Some(Sections::These(sections)) => sections.as_slice(),
        _ => &[],
    });
    let listed: Vec<String> = listed.map(|section| group_of(section)).collect();
    // A section that is found in files may be any that a rule names, or another one.
    let groups: BTreeSet<&str> = of_rules
        .chain(of_formers)
        .chain(listed.iter().map(String::as_str))
        .chain([SECTION])
        .collect();
    rules.iter().map(|rule| Plan::new(rule, &groups)).collect()
}

impl<'r> Plan<'r> {
    fn new(rule: &'r Rule, groups: &BTreeSet<&str>) -> Self {
        let concrete: Vec<Rule> = match &rule.sections {
            None => vec![rule.clone()],
            Some(Sections::These(sections)) => sections
                .iter()
                .map(|section| in_section(rule, &group_of(section)))
                .collect(),
            Some(_) => groups.iter().map(|group| in_section(rule, group)).collect(),
        };
        let mut plan = Plan {
            id: &rule.id,
            claims: BTreeSet::new(),
            steps: Vec::new(),
            conditions: BTreeSet::new(),
        };
        for rule in &concrete {
            let renames = rule.rename.iter();
            plan.steps
                .extend(renames.map(|rename| (rename.from.0.clone(), rename.to.0.clone())));
            for set in &rule.set {
                let others = rule
                    .triggers()
                    .into_iter()
                    .filter(|from| **from != *set.option);
                plan.steps
                    .extend(others.map(|from| (from.clone(), set.option.0.clone())));
            }
            let of_sets = rule.set.iter().flat_map(|set| &set.when);
            let conditions = rule.when.iter().chain(of_sets);
            plan.conditions
                .extend(conditions.map(|condition| condition.option.0.clone()));
            plan.claims.extend(rule.claims().into_iter().cloned());
        }
        plan
    }
}

/// Finds a circle of options, each of which gives its value to the next.
fn circle(plans: &[Plan<'_>], formers: &[Former<'_>]) -> Option<Endless> {
    let mut next: BTreeMap<&OptName, Vec<(&OptName, &str)>> = BTreeMap::new();
    let of_rules = plans
        .iter()
        .flat_map(|plan| plan.steps.iter().map(|(from, to)| (from, to, plan.id)));
    for (from, to, id) in formers.iter().copied().chain(of_rules) {
        next.entry(from).or_default().push((to, id));
    }
    let mut left: BTreeSet<&OptName> = next.keys().copied().collect();
    while let Some(first) = left.first().copied() {
        // The options on the way, each with how many of its steps were tried.
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

/// Finds a rule that removes nothing, sets an option, and would set it again after another has removed it.
fn set_again(plans: &[Plan<'_>]) -> Option<Endless> {
    let mut removed: BTreeMap<&OptName, &str> = BTreeMap::new();
    let mut set: BTreeSet<&OptName> = BTreeSet::new();
    for plan in plans {
        removed.extend(plan.claims.iter().map(|option| (option, plan.id)));
        set.extend(plan.steps.iter().map(|(_, to)| to));
    }
    // A condition on what rules change may be what ends it.
    let holds_on = |plan: &Plan<'_>| {
        let mut conditions = plan.conditions.iter();
        !conditions.any(|option| removed.contains_key(option) || set.contains(option))
    };
    let lasting = plans
        .iter()
        .filter(|plan| plan.claims.is_empty() && holds_on(plan));
    let mut steps = lasting.flat_map(|plan| plan.steps.iter().map(move |(_, to)| (plan.id, to)));
    steps.find_map(|(id, option)| {
        let removed_by = removed.get(option)?;
        Some(Endless::SetAgain {
            option: option.clone(),
            set_by: id.to_owned(),
            removed_by: (*removed_by).to_owned(),
        })
    })
}
