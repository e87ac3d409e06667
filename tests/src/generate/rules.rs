//! Strategies for rule packs in TOML and files that set the options of the rules.

use std::collections::BTreeSet;
use std::fmt;

use oslo_config::OptName;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use super::Set;
use super::services::{GROUPS, NAMES, Names, files_plan, make_files, opts_plan};
use crate::target::toml;

/// The subject of a generated rule pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// A renaming, with the value to use if the target is also set.
    Rename(IfSet),
    /// Renamings, the second of which renames the result of the first.
    Chain,
    /// A value that is made from another.
    Set,
    /// Items of lists that are replaced or dropped.
    Items,
    /// Options that are removed.
    Remove,
    /// Options with former names, some of which rules rename.
    FormerNames,
    /// Several rules of any form for the same few names.
    Several,
}

/// Which value a rule uses if its target is already set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the values of `if_target_set`")]
pub enum IfSet {
    Target,
    Source,
    Either,
    Last,
    Decide,
}

impl IfSet {
    const ALL: [IfSet; 5] = [
        IfSet::Target,
        IfSet::Source,
        IfSet::Either,
        IfSet::Last,
        IfSet::Decide,
    ];

    fn word(self) -> &'static str {
        match self {
            IfSet::Target => "target",
            IfSet::Source => "source",
            IfSet::Either => "either",
            IfSet::Last => "last",
            IfSet::Decide => "decide",
        }
    }
}

impl RuleKind {
    /// All kinds.
    pub const ALL: [RuleKind; 11] = [
        RuleKind::Rename(IfSet::Target),
        RuleKind::Rename(IfSet::Source),
        RuleKind::Rename(IfSet::Either),
        RuleKind::Rename(IfSet::Last),
        RuleKind::Rename(IfSet::Decide),
        RuleKind::Chain,
        RuleKind::Set,
        RuleKind::Items,
        RuleKind::Remove,
        RuleKind::FormerNames,
        RuleKind::Several,
    ];

    /// Returns the name for tallies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RuleKind::Rename(IfSet::Target) => "rename, the target counts",
            RuleKind::Rename(IfSet::Source) => "rename, the source counts",
            RuleKind::Rename(IfSet::Either) => "rename, on when either is",
            RuleKind::Rename(IfSet::Last) => "rename, the last file counts",
            RuleKind::Rename(IfSet::Decide) => "rename, the operator decides",
            RuleKind::Chain => "chain of renamings",
            RuleKind::Set => "value from parts",
            RuleKind::Items => "items",
            RuleKind::Remove => "removal",
            RuleKind::FormerNames => "former names and rules",
            RuleKind::Several => "several rules",
        }
    }
}

/// A rule.
#[derive(Debug, Clone)]
pub enum Rule {
    /// Renames an option.
    Rename {
        /// The old name.
        from: OptName,
        /// The new name.
        to: OptName,
        /// Which value is used if the new name is set.
        if_set: IfSet,
    },
    /// Sets an option to a value that is made from that of another.
    Set {
        /// The other option.
        from: OptName,
        /// The option that is set.
        to: OptName,
        /// The fields of the part in TOML.
        fields: &'static str,
        /// The value, in which `{p}` is the part.
        value: &'static str,
        /// Which value is used if the option is set.
        if_set: IfSet,
        /// Whether the other option is kept.
        keep: bool,
    },
    /// Changes the items of lists.
    Items(Vec<OptName>),
    /// Removes options.
    Remove(Vec<OptName>),
}

/// Files, and the rules that are applied to them.
#[derive(Clone)]
pub struct RuleCase {
    /// The subject, which decides what must hold.
    pub kind: RuleKind,
    /// The files and the options of the pack.
    pub set: Set,
    /// The rules.
    pub rules: Vec<Rule>,
}

impl fmt::Debug for RuleCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, text) = (self.kind.name(), self.toml());
        write!(f, "{kind}\n{:?}{text}", self.set)
    }
}

/// The fields of parts.
const FIELDS: [&str; 9] = [
    "",
    "invert = true",
    "values = { one = \"1\", two = \"2\" }",
    "values = { one = \"1\" }, otherwise = \"keep\"",
    "suffix = { from = \"e\", to = \"E\" }",
    "factor = 60.0",
    "list = true, without = [\"b\"], each = \"<{item}>\", join = \",\"",
    "default = \"none\"",
    "list = true, single = true",
];

/// Generates rule packs of all kinds, or of those that `ORACLE_KIND` selects.
pub fn rule_cases() -> BoxedStrategy<RuleCase> {
    let kinds = super::requested_kinds(RuleKind::ALL.to_vec(), RuleKind::name);
    let rules = vec((any::<Index>(), any::<Index>(), rule_plan()), 3..5);
    (select(kinds), rules, opts_plan(), files_plan())
        .prop_map(|(kind, rules, opts, files)| {
            let opts = match kind {
                RuleKind::FormerNames => opts.make(&NAMES, true, &[]).opts,
                _ => Vec::new(),
            };
            let rules = make_rules(kind, &rules);
            // The names of the rules appear twice, so that they are set more often.
            let mut names: Vec<OptName> = rules.iter().flat_map(Rule::names).collect();
            names.extend(names.clone());
            names.extend(opts.iter().flat_map(|opt| opt.deprecated().to_vec()));
            names.extend(all_names());
            names.push(OptName::new("d", "u"));
            let set = Set {
                sources: make_files(&files, &Names::new(names), &[]),
                opts,
                environment: Vec::new(),
            };
            RuleCase { kind, set, rules }
        })
        .boxed()
}

/// The plan of a rule: its form and its arguments.
type RulePlan = (u8, IfSet, &'static str, &'static str, bool);

fn rule_plan() -> BoxedStrategy<RulePlan> {
    let value = select(&["{p}", "{p}/x", "$$x{p}", "${a.x}{p}"][..]);
    let value = prop_oneof![3 => select(&["{p}"][..]), 2 => value];
    (
        0..5_u8,
        select(&IfSet::ALL[..]),
        select(&FIELDS[..]),
        value,
        any::<bool>(),
    )
        .boxed()
}

fn all_names() -> Vec<OptName> {
    let of_group = |group: &'static str| NAMES.map(|name| OptName::new(group, name));
    GROUPS.into_iter().flat_map(of_group).collect()
}

fn make_rules(kind: RuleKind, plans: &[(Index, Index, RulePlan)]) -> Vec<Rule> {
    let names = all_names();
    let pair = |at: usize| {
        let from = plans[at].0.index(names.len());
        let step = 1 + plans[at].1.index(names.len() - 1);
        (
            names[from].clone(),
            names[(from + step) % names.len()].clone(),
        )
    };
    let (from, to) = pair(0);
    let (_, if_set, fields, value, keep) = plans[0].2;
    match kind {
        RuleKind::Rename(if_set) => vec![Rule::Rename { from, to, if_set }],
        RuleKind::Chain => chain(&from, &to, &pair(1).1, if_set, keep),
        RuleKind::Set => vec![Rule::Set {
            from,
            to,
            fields,
            value,
            if_set,
            keep,
        }],
        RuleKind::Items => vec![Rule::Items(vec![from, to])],
        RuleKind::Remove => vec![Rule::Remove(vec![from, to])],
        RuleKind::FormerNames => vec![Rule::Rename { from, to, if_set }],
        RuleKind::Several => {
            let all = plans.iter().enumerate().map(|(at, plan)| {
                let (form, if_set, fields, value, keep) = plan.2;
                let (from, to) = pair(at);
                match form {
                    0 | 1 => Rule::Rename { from, to, if_set },
                    2 => Rule::Set {
                        from,
                        to,
                        fields,
                        value,
                        if_set,
                        keep,
                    },
                    3 => Rule::Items(vec![from]),
                    _ => Rule::Remove(vec![from]),
                }
            });
            all.collect()
        }
    }
}

/// Returns renamings from the first name to the second and from there to the third, in either
/// order.
fn chain(
    first: &OptName,
    second: &OptName,
    third: &OptName,
    if_set: IfSet,
    reversed: bool,
) -> Vec<Rule> {
    let rename = |from: &OptName, to: &OptName| Rule::Rename {
        from: from.clone(),
        to: to.clone(),
        if_set,
    };
    let mut rules = vec![rename(first, second)];
    if third != first && third != second {
        rules.push(rename(second, third));
    }
    if reversed {
        rules.reverse();
    }
    rules
}

impl Rule {
    /// Returns the names in the rule.
    #[must_use]
    pub fn names(&self) -> Vec<OptName> {
        match self {
            Rule::Rename { from, to, .. } | Rule::Set { from, to, .. } => {
                vec![from.clone(), to.clone()]
            }
            Rule::Items(options) | Rule::Remove(options) => options.clone(),
        }
    }

    fn toml(&self, number: usize) -> String {
        let head = format!("[[rule]]\nid = \"r{number}\"\nwhy = \"so\"\n");
        let list = |options: &[OptName]| {
            let quoted: Vec<_> = options
                .iter()
                .map(|option| format!("\"{option}\""))
                .collect();
            format!("[{}]", quoted.join(", "))
        };
        head + &match self {
            Rule::Rename { from, to, if_set } => format!(
                "if_target_set = \"{}\"\nrename = [{{ from = \"{from}\", to = \"{to}\" }}]\n",
                if_set.word()
            ),
            Rule::Set {
                from,
                to,
                fields,
                value,
                if_set,
                keep,
            } => {
                let comma = if fields.is_empty() { "" } else { ", " };
                let take = if *keep { "take = []\n" } else { "" };
                format!(
                    "if_target_set = \"{}\"\n{take}\
                     part.p = {{ option = \"{from}\"{comma}{fields} }}\n\
                     set = [{{ option = \"{to}\", value = \"{value}\" }}]\n",
                    if_set.word()
                )
            }
            Rule::Items(options) => format!(
                "items = {{ options = {}, \
                 replace = {{ a = \"A\", one = \"ONE\" }}, drop = [\"b\"] }}\n",
                list(options)
            ),
            Rule::Remove(options) => format!("remove = {{ options = {} }}\n", list(options)),
        }
    }
}

impl RuleCase {
    /// Returns the pack in TOML.
    #[must_use]
    pub fn toml(&self) -> String {
        let rules = self.rules.iter().enumerate();
        let rules: String = rules.map(|(number, rule)| rule.toml(number)).collect();
        toml(&self.set.opts) + &rules
    }

    /// Returns the names whose values the rules may change.
    #[must_use]
    pub fn touched(&self) -> BTreeSet<OptName> {
        self.rules.iter().flat_map(Rule::names).collect()
    }

    /// Those of them whose values may not be seen by what refers to them as before.
    #[must_use]
    pub fn converted(&self) -> BTreeSet<OptName> {
        let converts = |rule: &&Rule| !matches!(rule, Rule::Rename { .. });
        let rules = self.rules.iter().filter(converts);
        rules.flat_map(Rule::names).collect()
    }
}
