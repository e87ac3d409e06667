//! No former name is left but those that must be.

use oslo_config::{Opt, OptName, Reference, references};

use super::{ValueCase, is_loop, is_unregistered, parse, read};
use crate::generate::{ConfigFile, Set};
use crate::oracle::{Oracle, Resolved};

/// Nothing that was logged as deprecated could have been migrated: what is logged is an option itself, or
/// was left for the operator to decide.
pub(super) fn nothing_deprecated(
    oracle: &mut Oracle,
    new: &Resolved,
    opts: &[Opt],
    case: &ValueCase<'_>,
) -> Result<(), String> {
    let files = read(case.after);
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let decided = |former: &OptName| is_decided(case, former);
    // A default that refers to a former name is no matter of the files.
    let in_default = |former: &OptName| {
        let mut defaults = opts.iter().flat_map(|opt| opt.default());
        defaults.any(|default| refers_to(default.as_bytes(), former))
    };
    // The value of an option that was left as it is has its references as they are.
    let in_left = |former: &OptName| {
        let mut entries = parsed.iter().flat_map(|file| file.document.entries());
        entries.any(|entry| {
            let name = OptName::new(entry.group().to_string(), entry.key().to_string());
            decided(&name) && refers_to(&entry.value(), former)
        })
    };
    // Where a reference names `$group.name`, the service may have that option, to which `$name` in the group leads.
    let may_be_another = |former: &OptName| {
        let mut entries = parsed.iter().flat_map(|file| file.document.entries());
        entries.any(|entry| {
            let named = references(&entry.value());
            let mut named = named.iter().map(Reference::parts);
            named.any(|(group, name)| {
                let another = group.map(|group| OptName::new(group, name));
                let is_known = |name: &OptName| {
                    opts.iter()
                        .any(|opt| opt.name() == name || opt.deprecated().contains(name))
                };
                name == former.name() && another.is_some_and(|name| !is_known(&name))
            })
        })
    };
    // Where a reference leads to a value that itself refers to nothing, oslo.config goes on to look in the
    // default group, and may meet a former name there. The value is an error before and after, as that of
    // what refers to itself is.
    let broken = new
        .options
        .iter()
        .any(|value| is_unregistered(value) || is_loop(value));
    let own = |former: &&OptName| !opts.iter().any(|opt| same(opt.name(), former));
    let may_stay = |former: &&OptName| decided(former) || in_default(former) || in_left(former);
    let in_files = new.deprecated.iter().filter(own);
    let mut left: Vec<&OptName> = in_files.filter(|former| !may_stay(former)).collect();
    for former in new.referred.iter().filter(own) {
        let may_stay = may_stay(&former) || may_be_another(former);
        if !broken && !may_stay && could_follow(oracle, new, opts, case, former)? {
            left.push(former);
        }
    }
    if !left.is_empty() {
        return Err(format!("oslo.config still logs {left:?}"));
    }
    Ok(())
}

/// Tells whether a decision is about a name, or about an option that has it as a former name, be it by
/// another of its former names.
fn is_decided(case: &ValueCase<'_>, former: &OptName) -> bool {
    let opts = case.before.opts.iter();
    let of = opts.filter(|opt| opt.deprecated().iter().any(|name| same(name, former)));
    let names = of.flat_map(|opt| [opt.name()].into_iter().chain(opt.deprecated()));
    let options: Vec<&OptName> = names.chain([former]).collect();
    case.migration.decisions.iter().any(|decision| {
        // On the way to a newer release, what has a former name of the decided option waits, too.
        let opts = case.before.opts.iter().filter(|_| case.older.is_some());
        let opt = opts.filter(|opt| *opt.name() == decision.option);
        let waits = opt.flat_map(|opt| opt.deprecated());
        let about = [&decision.option].into_iter().chain(&decision.options);
        about
            .chain(waits)
            .any(|option| options.iter().any(|known| same(known, option)))
    })
}

/// oslo.config logs groups in lower case.
fn same(one: &OptName, other: &OptName) -> bool {
    one.name() == other.name() && one.group().to_lowercase() == other.group().to_lowercase()
}

fn refers_to(value: &[u8], former: &OptName) -> bool {
    let found = references(value);
    found
        .iter()
        .any(|reference| reference.parts().1 == former.name())
}

/// Tells whether all values stay the same when references by a former name have the current one.
fn could_follow(
    oracle: &mut Oracle,
    new: &Resolved,
    opts: &[Opt],
    case: &ValueCase<'_>,
    former: &OptName,
) -> Result<bool, String> {
    // The last that is registered with a name answers.
    let mut has = opts.iter().rev();
    let Some(opt) = has.find(|opt| opt.deprecated().iter().any(|name| same(name, former))) else {
        return Ok(true);
    };
    let mut followed: Set = case.after.clone();
    for file in followed.files_mut() {
        follow(file, former, opt.name());
    }
    let values = oracle.resolve(&followed.sources, opts, &[]);
    let values = values.map_err(|failure| format!("oslo.config refuses it: {failure:?}"))?;
    Ok(values.options == new.options)
}

fn follow(file: &mut ConfigFile, former: &OptName, current: &OptName) {
    let Ok(text) = std::str::from_utf8(&file.text) else {
        return;
    };
    let written = |name: &OptName| match name.group() {
        "DEFAULT" | "default" => format!("${{{}}}", name.name()),
        group => format!("${{{group}.{}}}", name.name()),
    };
    let bare = OptName::new("DEFAULT", former.name());
    let text = text
        .replace(&written(former), &written(current))
        .replace(&written(&bare), &written(current));
    file.text = text.into_bytes();
}
