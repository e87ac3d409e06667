//! The options of a release as a pack.

use std::collections::{BTreeMap, BTreeSet};

use oslo_config::{Opt, OptName};

use super::rules::triggered_by;
use super::types::kind;
use super::{Lives, Series};
use crate::pack::{Pack, Removed, Rule};

/// What a release knows of these names: a pack with the options that are among them or have one of
/// them as a former name, and with those that are gone.
#[must_use]
pub fn pack(series: Series, names: &BTreeSet<OptName>, lives: &Lives) -> Pack {
    let mut pack = empty(series);
    let mut wanted: BTreeSet<OptName> = BTreeSet::new();
    // What a rule advises is said once.
    let mut advised: BTreeSet<String> = BTreeSet::new();
    for name in names {
        let Some(life) = lives.of_option(name) else {
            continue;
        };
        if life.is_option(series) {
            wanted.insert(name.clone());
        } else if life.is_former(series) {
            wanted.extend(life.former_of(series));
        } else if life.span().is_some_and(|(first, _)| first <= series) {
            let (said, advice) = gone(name, series, lives);
            let advice = match advice {
                Some((rule, _)) if advised.contains(&rule) => format!("{said} ({rule}, as above)"),
                Some((rule, advice)) => {
                    let text = format!("{said} ({rule}){advice}");
                    advised.insert(rule);
                    text
                }
                None => said,
            };
            pack.removed.push(Removed {
                name: name.clone(),
                advice,
            });
        }
    }
    for name in &wanted {
        pack.opts.extend(opt(name, series, lives));
    }
    pack.rules = rules(&pack.opts, lives);
    pack
}

/// A pack that renames: the options of a release that read one of these names as a former one, and those
/// that do so no longer, although the release `before` did and no option has the name any more. Options
/// of one of these names, and those that read the current name of another, are in it, too.
#[must_use]
pub fn renaming(
    series: Series,
    before: Option<Series>,
    former: &BTreeSet<OptName>,
    lives: &Lives,
) -> Pack {
    let mut pack = empty(series);
    let mut wanted: BTreeMap<OptName, Vec<OptName>> = BTreeMap::new();
    for name in former {
        let Some(life) = lives.of_option(name) else {
            continue;
        };
        let own = life.is_option(series).then(|| name.clone());
        for option in life.former_of(series).chain(own) {
            wanted.entry(option).or_default();
        }
        if !life.is_read(series) {
            let readers = before.into_iter().flat_map(|before| life.former_of(before));
            for reader in readers {
                wanted.entry(reader).or_default().push(name.clone());
            }
        }
    }
    // Options of the same names, which are read for their own sake.
    let of_wanted = wanted.keys().filter_map(|name| opt(name, series, lives));
    let former_names = of_wanted.flat_map(|opt| opt.deprecated().to_vec());
    let is_option = |name: &OptName| {
        let life = lives.of_option(name);
        life.is_some_and(|life| life.is_option(series))
    };
    let own: Vec<OptName> = former_names.filter(is_option).collect();
    for option in own {
        wanted.entry(option).or_default();
    }
    let current = wanted.keys().filter_map(|name| lives.of_option(name));
    let third: Vec<OptName> = current
        .flat_map(|life| life.former_of(series).collect::<Vec<_>>())
        .collect();
    for reader in third {
        wanted.entry(reader).or_default();
    }
    // Both spellings of a name with a hyphen are followed: a reference has the one with an underscore.
    let respelled: BTreeSet<OptName> = former.iter().map(with_underscores).collect();
    for (name, lost) in &wanted {
        let Some(opt) = opt(name, series, lives) else {
            continue;
        };
        let opt = lost.iter().fold(opt, |opt, lost| {
            opt.with_deprecated(lost.group(), lost.name())
        });
        let renamed = opt.deprecated().iter();
        let renamed = renamed.filter(|from| respelled.contains(&with_underscores(from)));
        pack.rules
            .extend(renamed.map(|from| rule(from, name, lives)));
        pack.opts.push(opt);
    }
    pack
}

fn with_underscores(name: &OptName) -> OptName {
    OptName::new(name.group(), name.name().replace('-', "_"))
}

/// A pack of a release without any option.
#[must_use]
pub fn empty(series: Series) -> Pack {
    Pack {
        name: format!("{} {series}", series.service().id()),
        readers: Some(format!(
            "the new file is for {} {} ({series})",
            series.service().title(),
            series.version()
        )),
        project: Some(series.service().id().into()),
        ..Pack::default()
    }
}

/// An option as a release defines it, without its former names; `None` when the release has none
/// such.
#[must_use]
pub fn option(name: &OptName, series: Series, lives: &Lives) -> Option<Opt> {
    let life = lives.of_option(name)?;
    let definition = life.definition(series)?;
    let opt = Opt::new(name.group(), name.name(), kind(&definition));
    Some(if definition.kind == "multistr" {
        opt.multi()
    } else {
        opt
    })
}

/// An option as a release defines it, with its former names.
fn opt(name: &OptName, series: Series, lives: &Lives) -> Option<Opt> {
    let life = lives.of_option(name)?;
    let definition = life.definition(series)?;
    let mut opt = Opt::new(name.group(), name.name(), kind(&definition));
    if definition.kind == "multistr" {
        opt = opt.multi();
    }
    if definition.secret {
        opt = opt.secret();
    }
    if !definition.runtime_default {
        opt = definition
            .default()
            .into_iter()
            .fold(opt, Opt::with_default);
    }
    for former in life.former(series) {
        // Of a name with a hyphen, the other spelling may be declared as well.
        if !opt.deprecated().contains(&former) {
            opt = opt.with_deprecated(former.group(), former.name());
        }
    }
    Some(opt)
}

/// Tells whether an option is read by the release `to`, or leads on to another one on the way there: as a
/// former name, or by a rule that makes something of it.
pub(crate) fn leads_on(option: &OptName, from: Series, to: Series, lives: &Lives) -> bool {
    let Some(life) = lives.of_option(option) else {
        return true;
    };
    let later = |first: Series, last: Series| last > from && first <= to;
    let has_rule = || {
        let rules = triggered_by(lives.service(), &option.to_string()).iter();
        let mut rules = rules.filter(|rule| later(rule.first, rule.last));
        rules.any(|rule| {
            lives.rule(rule).is_some_and(|rule| {
                let moves = !rule.rename.is_empty() || !rule.set.is_empty();
                moves && rule.claims().contains(&option)
            })
        })
    };
    let renamed = || {
        let runs = life.all_former_of();
        runs.iter().any(|(_, first, last)| later(*first, *last))
    };
    life.is_read(to) || renamed() || has_rule()
}

/// A rule for each former name of each option.
fn rules(opts: &[Opt], lives: &Lives) -> Vec<Rule> {
    let pairs = opts
        .iter()
        .flat_map(|opt| opt.deprecated().iter().map(move |from| (from, opt.name())));
    pairs.map(|(from, to)| rule(from, to, lives)).collect()
}

/// Why an option has another name: what was found out by hand, or what the releases declare.
pub(super) fn rule(from: &OptName, to: &OptName, lives: &Lives) -> Rule {
    let same = |rule: &crate::rule::Rule| {
        rule.rename
            .iter()
            .any(|rename| *rename.from == *from && *rename.to == *to)
    };
    let told = triggered_by(lives.service(), &from.to_string()).iter();
    if let Some(rule) = told
        .filter_map(|rule| lives.rule(rule))
        .find(|rule| same(rule))
    {
        return Rule {
            id: rule.id.clone(),
            from: from.clone(),
            to: to.clone(),
            why: rule.why.clone(),
            proof: rule.proof.first().cloned(),
        };
    }
    declared_rule(from, to, lives)
}

/// Why an option has another name, as the releases declare it.
pub(crate) fn declared_rule(from: &OptName, to: &OptName, lives: &Lives) -> Rule {
    let runs = lives
        .of_option(from)
        .map(|life| life.all_former_of())
        .unwrap_or_default();
    let runs: Vec<_> = runs
        .into_iter()
        .filter(|(reader, ..)| reader == to)
        .collect();
    let span = runs
        .first()
        .zip(runs.last())
        .map(|((_, first, _), (_, _, last))| (*first, *last));
    let (why, proof) = match span {
        Some((first, last)) => (
            format!("renamed in {first}; the former name is read up to {last}"),
            Some(format!(
                "the option declares it in {} {} to {}",
                first.service().title(),
                first.version(),
                last.version()
            )),
        ),
        None => ("renamed".to_owned(), None),
    };
    Rule {
        id: format!("{}-{}", from.group(), from.name()),
        from: from.clone(),
        to: to.clone(),
        why,
        proof,
    }
}

/// What there is to say of a name that a release does not know: since when, and what took over.
pub(crate) fn whereabouts(name: &OptName, series: Series, lives: &Lives) -> String {
    let (said, advice) = gone(name, series, lives);
    match advice {
        Some((rule, advice)) => format!("{said} ({rule}){advice}"),
        None => said,
    }
}

/// Since when a release does not know a name, and why; with the rule that tells, and its advice.
fn gone(name: &OptName, series: Series, lives: &Lives) -> (String, Option<(String, String)>) {
    let Some(life) = lives.of_option(name) else {
        return ("no release knows it".into(), None);
    };
    let Some((first, last)) = life.span() else {
        return ("no release knows it".into(), None);
    };
    if first > series {
        return (
            format!("it came in {first}: {series} does not know it yet"),
            None,
        );
    }
    let mut said = match last.after() {
        Some(gone) if last < series => format!("nothing reads it since {gone}"),
        _ => format!("{series} does not know it"),
    };
    let told = triggered_by(lives.service(), &name.to_string())
        .iter()
        .filter(|rule| rule.last <= series);
    let told = told.filter_map(|rule| lives.rule(rule)).find(|rule| {
        rule.items.is_none() && rule.claims().contains(&name) || rule.report.is_some()
    });
    if let Some(rule) = told {
        let renamed = rule.rename.iter().find(|rename| *rename.from == *name);
        let why = match renamed {
            Some(rename) => format!("its new name is {}", rename.to),
            None => rule.why.clone(),
        };
        let advice = rule.advice.as_ref();
        let advice = advice.map_or_else(String::new, |advice| format!(". {advice}"));
        return (format!("{said}: {why}"), Some((rule.id.clone(), advice)));
    }
    let successors = successors(name, series, lives);
    if !successors.is_empty() {
        let names: Vec<String> = successors.iter().map(ToString::to_string).collect();
        said.push_str(": its successor is ");
        said.push_str(&names.join(", "));
    }
    (said, None)
}

/// The options that took over from a name, as a release has them, by the chain of former names.
pub(crate) fn successors(name: &OptName, series: Series, lives: &Lives) -> BTreeSet<OptName> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open = vec![name.clone()];
    while let Some(name) = open.pop() {
        let Some(life) = lives.of_option(&name) else {
            continue;
        };
        for (reader, first, _) in life.all_former_of() {
            if first <= series && seen.insert(reader.clone()) {
                let live = lives
                    .of_option(&reader)
                    .is_some_and(|life| life.is_option(series));
                if live {
                    found.insert(reader.clone());
                } else {
                    open.push(reader);
                }
            }
        }
    }
    found
}

/// Every renaming that the releases declare, and no rule found out by hand tells of.
#[must_use]
pub fn declared(lives: &Lives) -> Vec<Rule> {
    let mut found: Vec<Rule> = Vec::new();
    for (from, life) in super::all_names(lives.service()) {
        if from.name().contains('-') {
            continue;
        }
        for (to, first, last) in life.all_former_of() {
            let former = first.through(last).any(|series| !life.is_option(series));
            let known = found.iter().any(|rule| rule.from == from && rule.to == to);
            if former && !known {
                found.push(rule(&from, &to, lives));
            }
        }
    }
    let told: std::collections::HashSet<String> = super::built_in_rules(lives.service())
        .filter_map(|rule| rule.rule())
        .map(|rule| rule.id)
        .collect();
    found.retain(|rule| !told.contains(&rule.id));
    found
}
