//! The options of a release as a pack.

use std::collections::{BTreeMap, BTreeSet};

use oslo_config::{Opt, OptName};

use super::definition::Definition;
use super::names::History;
use super::series::Series;
use super::succession::{leads_on, renaming_of};
use super::types::kind;
use crate::pack::Pack;

/// Returns the options of a release that have one of these names as their current or a former name.
#[must_use]
pub fn pack(series: Series, names: &BTreeSet<OptName>, history: &History) -> Pack {
    let mut pack = empty(series);
    let mut wanted: BTreeSet<OptName> = BTreeSet::new();
    for name in names {
        let Some(of_name) = history.of_option(name) else {
            continue;
        };
        if of_name.is_option(series) {
            wanted.insert(name.clone());
        } else {
            wanted.extend(of_name.former_of(series));
        }
    }
    for name in &wanted {
        pack.opts.extend(full_option(name, series, history));
    }
    let former = pack.opts.iter();
    let former = former.flat_map(|opt| opt.deprecated().iter().map(move |from| (from, opt.name())));
    let renamings = former.map(|(from, to)| renaming_of(from, to, history));
    pack.renamings = renamings.collect();
    pack
}

/// Returns a pack that renames these former names: with the options of a release that read one of
/// them, and those that the release `before` read by one by which they are no longer read. Options
/// that come to nothing on the way to the release `to` are left out, if others read the same name.
///
/// Options that have one of the names as their current name, or read the current name of another
/// option of the pack, are part of it, too.
#[must_use]
pub fn renaming(
    (series, to): (Series, Series),
    before: Option<Series>,
    former: &BTreeSet<OptName>,
    history: &History,
) -> Pack {
    let mut pack = empty(series);
    let mut wanted: BTreeMap<OptName, Vec<OptName>> = BTreeMap::new();
    for name in former {
        let Some(of_name) = history.of_option(name) else {
            continue;
        };
        let mut readers = of_name.readers(series, before);
        let is_of_use = |option: &OptName| leads_on(option, series, to, history);
        let own = of_name.is_option(series).then(|| name.clone());
        let mut all = readers.iter().map(|(option, _)| option).chain(&own);
        if all.any(is_of_use) {
            readers.retain(|(option, _)| is_of_use(option));
        }
        for (option, is_lost) in readers {
            let lost = wanted.entry(option).or_default();
            lost.extend(is_lost.then(|| name.clone()));
        }
        if let Some(option) = own {
            wanted.entry(option).or_default();
        }
    }
    add_options_of_same_names(&mut wanted, series, history);
    // A reference spells a name that has a hyphen with an underscore.
    let respelled: BTreeSet<OptName> = former.iter().map(with_underscores).collect();
    for (name, lost) in &wanted {
        let Some(opt) = full_option(name, series, history) else {
            continue;
        };
        let opt = lost.iter().fold(opt, |opt, lost| {
            opt.with_deprecated(lost.group(), lost.name())
        });
        let renamed = opt.deprecated().iter();
        let renamed = renamed.filter(|from| respelled.contains(&with_underscores(from)));
        pack.renamings
            .extend(renamed.map(|from| renaming_of(from, name, history)));
        pack.opts.push(opt);
    }
    pack
}

/// Adds the options whose current name is a former name of a wanted one, those that read the
/// current name of a wanted one, and those by whose former names a reference finds a wanted one.
fn add_options_of_same_names(
    wanted: &mut BTreeMap<OptName, Vec<OptName>>,
    series: Series,
    history: &History,
) {
    let options = wanted.keys();
    let options = options.filter_map(|name| full_option(name, series, history));
    let former_names = options.flat_map(|opt| opt.deprecated().to_vec());
    let is_option = |name: &OptName| {
        let of_name = history.of_option(name);
        of_name.is_some_and(|of_name| of_name.is_option(series))
    };
    let own: Vec<OptName> = former_names.filter(is_option).collect();
    for option in own {
        wanted.entry(option).or_default();
    }
    let current = wanted.keys().filter_map(|name| history.of_option(name));
    let readers: Vec<OptName> = current
        .flat_map(|of_name| of_name.former_of(series).collect::<Vec<_>>())
        .collect();
    let leading = wanted.keys();
    let leading = leading.flat_map(|option| history.also_found_by(option, series));
    let leading: Vec<OptName> = leading.map(|(_, reader)| reader).collect();
    for option in readers.into_iter().chain(leading) {
        wanted.entry(option).or_default();
    }
}

fn with_underscores(name: &OptName) -> OptName {
    OptName::new(name.group(), name.name().replace('-', "_"))
}

/// Returns a pack of a release without any options.
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

/// Returns the name and type of an option in a release; `None` when the release does not have it.
#[must_use]
pub fn option(name: &OptName, series: Series, history: &History) -> Option<Opt> {
    let definition = history.of_option(name)?.definition(series)?;
    Some(typed(name, &definition))
}

fn typed(name: &OptName, definition: &Definition<'_>) -> Opt {
    let opt = Opt::new(name.group(), name.name(), kind(definition));
    match &*definition.kind {
        "multistr" => opt.multi(),
        _ => opt,
    }
}

/// Returns an option as a release defines it, with its default and its former names.
pub(crate) fn full_option(name: &OptName, series: Series, history: &History) -> Option<Opt> {
    let of_name = history.of_option(name)?;
    let definition = of_name.definition(series)?;
    let mut opt = typed(name, &definition);
    if definition.secret {
        opt = opt.secret();
    }
    if !definition.runtime_default {
        opt = definition
            .default()
            .into_iter()
            .fold(opt, Opt::with_default);
    }
    for former in of_name.former(series) {
        // An option may declare both spellings of a name with a hyphen.
        if !opt.deprecated().contains(&former) {
            opt = opt.with_deprecated(former.group(), former.name());
        }
    }
    Some(opt)
}
