//! Checks that no former name stays except where it must.

use oslo_config::{Entry, Opt, OptName, ParsedFile, Reference, references};

use super::{ValueCase, is_loop, is_unregistered, parse, read};
use crate::generate::{ConfigFile, Set};
use crate::oracle::{Oracle, Resolved};

/// Checks that every former name that oslo.config logs as deprecated is also an option, or part of
/// a decision.
pub(super) fn nothing_deprecated(
    oracle: &mut Oracle,
    new: &Resolved,
    opts: &[Opt],
    case: &ValueCase<'_>,
) -> Result<(), String> {
    let files = read(case.after);
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let decided = |former: &OptName| is_decided(case, former);
    // Files do not set what a default refers to.
    let in_default = |former: &OptName| {
        let mut defaults = opts.iter().flat_map(|opt| opt.default());
        defaults.any(|default| refers_to(default.as_bytes(), former))
    };
    // If the referenced value itself has a dangling reference, oslo.config continues in the default
    // group and may find a former name there. The value is an error before and after, as for a
    // loop.
    let broken = new
        .options
        .iter()
        .any(|value| is_unregistered(value) || is_loop(value));
    let own = |former: &&OptName| !opts.iter().any(|opt| same(opt.name(), former));
    let may_stay = |former: &&OptName| {
        decided(former) || in_default(former) || is_in_left(former, &parsed, case)
    };
    let in_files = new.deprecated.iter().filter(own);
    let mut left: Vec<&OptName> = in_files.filter(|former| !may_stay(former)).collect();
    for former in new.referred.iter().filter(own) {
        let may_stay = may_stay(&former)
            || may_be_another(former, &parsed, opts)
            || is_in_hidden(former, &parsed, opts);
        if !broken && !may_stay && could_follow(oracle, new, opts, case, former)? {
            left.push(former);
        }
    }
    if !left.is_empty() {
        return Err(format!("oslo.config still logs {left:?} as deprecated"));
    }
    Ok(())
}

/// Iterates over the entries of files, each with its name.
fn named<'f>(files: &'f [ParsedFile<'_>]) -> impl Iterator<Item = (OptName, Entry<'f, 'f>)> {
    let entries = files.iter().flat_map(|file| file.document.entries());
    entries.map(|entry| {
        let name = OptName::new(entry.group().to_string(), entry.key().to_string());
        (name, entry)
    })
}

/// Tells whether a reference by a former name is in the value of an option that was left alone, or
/// refers to such an option: if a reference in its value dangles, oslo.config looks up its name in
/// the default group, too.
fn is_in_left(former: &OptName, files: &[ParsedFile<'_>], case: &ValueCase<'_>) -> bool {
    let decided = |name: &OptName| is_decided(case, name);
    named(files).any(|(name, entry)| {
        let found = references(&entry.value());
        let mut found = found.iter().filter(|it| it.parts().1 == former.name());
        found.any(|it| decided(&name) || it.options(name.group()).any(|to| decided(&to)))
    })
}

/// Tells whether a reference by a former name is in an entry that a later one, in any file, hides
/// from its own option: it may be a value of a multi-valued one, which reads the reference in its
/// own group.
fn is_in_hidden(former: &OptName, files: &[ParsedFile<'_>], opts: &[Opt]) -> bool {
    let named: Vec<_> = named(files).collect();
    named.iter().enumerate().any(|(at, (name, entry))| {
        let mut readers = opts.iter().filter(|opt| opt.deprecated().contains(name));
        let is_hidden = named[at + 1..].iter().any(|(later, _)| later == name);
        is_hidden && readers.any(Opt::is_multi) && refers_to(&entry.value(), former)
    })
}

/// Tells whether the service may have the option that a reference `$group.name` names, to which
/// `$name` in the group resolves.
fn may_be_another(former: &OptName, files: &[ParsedFile<'_>], opts: &[Opt]) -> bool {
    let is_known = |name: &OptName| {
        let mut opts = opts.iter();
        opts.any(|opt| opt.name() == name || opt.deprecated().contains(name))
    };
    named(files).any(|(_, entry)| {
        let found = references(&entry.value());
        found.iter().map(Reference::parts).any(|(group, name)| {
            let another = group.map(|group| OptName::new(group, name));
            name == former.name() && another.is_some_and(|name| !is_known(&name))
        })
    })
}

/// Tells whether a decision is about a name, or about an option by any of its names one of which
/// this is.
fn is_decided(case: &ValueCase<'_>, former: &OptName) -> bool {
    let opts = case.before.opts.iter();
    let of = opts.filter(|opt| opt.deprecated().iter().any(|name| same(name, former)));
    let names = of.flat_map(|opt| [opt.name()].into_iter().chain(opt.deprecated()));
    let options: Vec<&OptName> = names.chain([former]).collect();
    case.migration.decisions.iter().any(|decision| {
        // In an upgrade, entries with a former name of the option of a decision wait, too.
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

/// Tells whether all values stay the same if references use the current name instead of a former
/// one.
fn could_follow(
    oracle: &mut Oracle,
    new: &Resolved,
    opts: &[Opt],
    case: &ValueCase<'_>,
    former: &OptName,
) -> Result<bool, String> {
    // A former name resolves to the last option that is registered with it.
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
