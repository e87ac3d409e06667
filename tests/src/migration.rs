//! What must hold of every migration, asked of oslo.config itself.

use std::collections::{BTreeMap, BTreeSet};

use confmig::migrate::{Change, ChangeKind, Migration, Settings, migrate};
use confmig::pack::Pack;
use oslo_config::{
    DEFAULT_GROUP, Document, LineKind, Opt, OptName, ParsedFile, SourceFile, opts_as_set,
    references,
};

use crate::cases::Tally;
use crate::generate::{Set, escaped};
use crate::oracle::{ErrorKind, Oracle, Outcome, Resolved};

/// Migrates a set to the names of its own options, and holds the result to what a migration must keep.
///
/// # Errors
///
/// With what does not hold.
pub fn holds(oracle: &mut Oracle, set: &Set, keep_old: bool, tally: &Tally) -> Result<(), String> {
    let set = &with_names_claimed_once(set);
    let pack = Pack::from_opts("generated", set.opts.clone()).map_err(|error| error.to_string())?;
    let settings = Settings {
        keep_old,
        ..Settings::default()
    };
    let files = read(set);
    let Ok(parsed) = parse(&files) else {
        tally.count("refused");
        return Ok(());
    };
    let migration = migrate(&parsed, &pack, &settings).map_err(|error| error.to_string())?;
    let mut after = set.clone();
    for (file, new) in after.files_mut().into_iter().zip(&migration.files) {
        file.text = new.after.to_vec();
    }
    count(&migration, tally);
    let shown = || shown(&migration);
    bytes_are_kept(&parsed, &migration).map_err(|why| format!("{why}\n{}", shown()))?;
    second_run_changes_nothing(&after, &pack, &settings, &migration)
        .map_err(|why| format!("{why}\n{}", shown()))?;
    if files
        .iter()
        .any(|file| std::str::from_utf8(&file.text).is_err())
    {
        tally.count("not UTF-8");
        return Ok(());
    }
    values_are_kept(oracle, set, &after, &migration, keep_old)
        .map_err(|why| format!("{why}\n{}", shown()))
}

/// The set without options that claim a name of another one: no pack may have such.
fn with_names_claimed_once(set: &Set) -> Set {
    let mut claimed: BTreeSet<OptName> = BTreeSet::new();
    let mut set = set.clone();
    set.opts.retain(|opt| {
        let names: Vec<_> = std::iter::once(opt.name())
            .chain(opt.deprecated())
            .cloned()
            .collect();
        let distinct: BTreeSet<_> = names.iter().cloned().collect();
        let free = distinct.len() == names.len() && distinct.is_disjoint(&claimed);
        if free {
            claimed.extend(names);
        }
        free
    });
    // A service knows the names that it is given; those that it does not know are not told apart here.
    let files = read(&set);
    if let Ok(parsed) = parse(&files) {
        let others = opts_as_set(&parsed, &set.opts);
        let groups: BTreeSet<String> = others
            .iter()
            .chain(&set.opts)
            .map(|opt| opt.name().group().to_owned())
            .collect();
        // oslo.config gives the group for an option of the default one that has a group's name.
        let usual = |opt: &Opt| {
            let is_group =
                opt.name().group() == DEFAULT_GROUP && groups.contains(opt.name().name());
            !is_group && !opt.registered_name().contains('-')
        };
        set.opts.extend(others.into_iter().filter(usual));
    }
    set
}

fn read(set: &Set) -> Vec<SourceFile> {
    let file = |file: &&crate::generate::ConfigFile| SourceFile {
        path: file.name.clone().into(),
        text: file.text.clone(),
    };
    set.files().iter().map(file).collect()
}

pub(crate) fn parse(files: &[SourceFile]) -> Result<Vec<ParsedFile<'_>>, oslo_config::SourceError> {
    files.iter().map(SourceFile::parse).collect()
}

fn count(migration: &Migration, tally: &Tally) {
    tally.count(if migration.is_empty() {
        "nothing to do"
    } else {
        "migrated"
    });
    for change in migration.files.iter().flat_map(|file| &file.changes) {
        tally.count(change.kind.as_str());
    }
    for _ in &migration.decisions {
        tally.count("decision");
    }
}

fn shown(migration: &Migration) -> String {
    let mut text = String::new();
    for file in &migration.files {
        text += &format!("{}: {}\n", file.path.display(), escaped(&file.after));
        for change in &file.changes {
            text += &format!("  line {}: {}\n", change.line, change.message);
        }
    }
    for decision in &migration.decisions {
        text += &format!("left: {}: {}\n", decision.option, decision.reason);
    }
    text
}

/// A second run finds nothing to do, and leaves the same to decide.
fn second_run_changes_nothing(
    after: &Set,
    pack: &Pack,
    settings: &Settings,
    first: &Migration,
) -> Result<(), String> {
    let files = read(after);
    let parsed = parse(&files).map_err(|error| format!("the new text does not parse: {error}"))?;
    let second = migrate(&parsed, pack, settings).map_err(|error| error.to_string())?;
    let left = |migration: &Migration| -> BTreeSet<OptName> {
        migration
            .decisions
            .iter()
            .map(|decision| decision.option.clone())
            .collect()
    };
    if !second.is_empty() {
        return Err(format!(
            "a second run changes something:\n{}",
            shown(&second)
        ));
    }
    if left(&second) != left(first) {
        return Err(format!(
            "a second run leaves {:?}, not {:?}",
            left(&second),
            left(first)
        ));
    }
    Ok(())
}

/// Lines that no change is about are there afterwards, in their order; comments all of them.
/// Comments, and the entries and headers that no change is about.
pub(crate) fn bytes_are_kept(
    before: &[ParsedFile<'_>],
    migration: &Migration,
) -> Result<(), String> {
    for (file, new) in before.iter().zip(&migration.files) {
        let old = &file.document;
        if new.changes.is_empty() && old.text() != new.after {
            return Err("a file without changes has another text".into());
        }
        let after = Document::parse(&new.after).map_err(|error| error.to_string())?;
        comments_are_kept(old, &after)?;
        other_lines_are_kept(old, &after, &new.changes)?;
    }
    Ok(())
}

fn comments_are_kept(old: &Document<'_>, new: &Document<'_>) -> Result<(), String> {
    let comments = |document: &Document<'_>| {
        let mut found: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        for line in 1..=document.line_count() {
            if document.line_kind(line) == Some(LineKind::Comment) {
                let text = document.line_text(line).map(|text| text.to_vec());
                *found.entry(text.unwrap_or_default()).or_default() += 1;
            }
        }
        found
    };
    if comments(old) != comments(new) {
        return Err("a comment was lost, changed or made".into());
    }
    Ok(())
}

/// Entries that no change is about, and the headers of sections that keep one, in their order.
fn other_lines_are_kept(
    old: &Document<'_>,
    new: &Document<'_>,
    changes: &[Change],
) -> Result<(), String> {
    let changed: BTreeSet<usize> = changes
        .iter()
        .filter(|change| change.kind != ChangeKind::Copy)
        .map(|change| change.line)
        .collect();
    let mut after = (1..=new.line_count()).map(|line| new.line_text(line));
    for section in old.sections() {
        let kept: Vec<_> = section
            .entries()
            .filter(|entry| !changed.contains(&entry.line()))
            .collect();
        let entries = section.entries().count();
        // An option that a rule put into an empty section takes its header with it when a later one takes it out.
        let group = section.group();
        let came_and_went = entries == 0
            && changes
                .iter()
                .any(|change| change.kind == ChangeKind::Remove && *group == *change.from.group());
        let untouched = kept.len() == entries && !came_and_went;
        let mut lines = Vec::new();
        if untouched || !kept.is_empty() {
            lines.push(section.line());
        }
        for entry in kept {
            lines.extend(entry.lines());
        }
        for line in lines {
            let text = old.line_text(line);
            if !after.any(|new| new == text) {
                let text = escaped(text.unwrap_or_default());
                return Err(format!("line {line} is gone, or not in its place: {text}"));
            }
        }
    }
    Ok(())
}

/// The values of all options are what they were, and no former name is left but those of options that
/// were left for the operator to decide.
fn values_are_kept(
    oracle: &mut Oracle,
    before: &Set,
    after: &Set,
    migration: &Migration,
    keep_old: bool,
) -> Result<(), String> {
    let mut told = |set: &Set, opts: &[Opt]| {
        oracle
            .resolve(&set.sources, opts, &[])
            .map_err(|failure| format!("refused: {failure:?}"))
    };
    let (old, new) = (told(before, &before.opts)?, told(after, &after.opts)?);
    let untold_opts = untold(&before.opts);
    let untold_old = told(before, &untold_opts)?;
    for (index, opt) in before.opts.iter().enumerate() {
        let name = opt.name();
        let (old, new) = (&old.options[index], &new.options[index]);
        let same = match (old, new) {
            (Outcome::Found { .. }, new) => old == new,
            (Outcome::Refused { .. }, Outcome::Refused { .. }) => true,
            // What only a program could read that was not told of the new names: under this name, or a
            // former one.
            (Outcome::Refused { .. }, new) => {
                untold_opts
                    .iter()
                    .zip(&untold_old.options)
                    .any(|(read, value)| {
                        let former = opt.deprecated().contains(read.name());
                        (former || read.name() == name)
                            && (former && opt.is_multi() || value == new)
                    })
                    || migration
                        .files
                        .iter()
                        .flat_map(|file| &file.changes)
                        .any(|change| change.kind == ChangeKind::Reference)
            }
        };
        if !same {
            return Err(format!("the value of {name} was {old:?}\nand is {new:?}"));
        }
    }
    if keep_old {
        let untold_new = told(after, &untold_opts)?;
        for (opt, (old, new)) in untold_opts
            .iter()
            .zip(untold_old.options.iter().zip(&untold_new.options))
        {
            let former = before
                .opts
                .iter()
                .any(|option| option.deprecated().contains(opt.name()));
            if former && old != new {
                return Err(format!(
                    "the former {} was {old:?}\nand is {new:?}",
                    opt.name()
                ));
            }
        }
        return Ok(());
    }
    nothing_deprecated(&new, after, migration)
}

/// The options of a program that was not told of the new names: former names are options of their own.
fn untold(opts: &[Opt]) -> Vec<Opt> {
    let mut found: Vec<Opt> = Vec::new();
    for opt in opts {
        // An option with a hyphen in its name is read with an underscore, which stands here too.
        for name in opt
            .deprecated()
            .iter()
            .filter(|name| !name.name().contains('-'))
        {
            let own = Opt::new(name.group(), name.name(), opt.kind().clone());
            let own = if opt.is_multi() { own.multi() } else { own };
            found.push(
                opt.default()
                    .iter()
                    .fold(own, |own, value| own.with_default(value)),
            );
        }
        if opt.deprecated().is_empty() {
            found.push(opt.clone());
        }
    }
    found
}

fn nothing_deprecated(new: &Resolved, after: &Set, migration: &Migration) -> Result<(), String> {
    let opts = &after.opts;
    let decided = |former: &OptName| {
        let of = |opt: &&Opt| {
            opt.deprecated().iter().any(|name| {
                name.group().to_lowercase() == former.group().to_lowercase()
                    && name.name() == former.name()
            })
        };
        let option = opts.iter().find(of).map(Opt::name);
        migration
            .decisions
            .iter()
            .any(|decision| Some(&decision.option) == option)
    };
    // A default that refers to a former name is no matter of the files.
    let in_default = |former: &OptName| {
        let mut defaults = opts.iter().flat_map(|opt| opt.default());
        defaults.any(|default| {
            let found = references(default.as_bytes());
            found
                .iter()
                .any(|reference| reference.parts().1 == former.name())
        })
    };
    // The value of an option that was left as it is has its references as they are.
    let files = read(after);
    let parsed = parse(&files).map_err(|error| error.to_string())?;
    let in_left = |former: &OptName| {
        let mut entries = parsed.iter().flat_map(|file| file.document.entries());
        entries.any(|entry| {
            decided(&OptName::new(
                entry.group().to_string(),
                entry.key().to_string(),
            )) && references(&entry.value())
                .iter()
                .any(|found| found.parts().1 == former.name())
        })
    };
    // Where a reference leads to a value that itself refers to nothing, oslo.config goes on to look in the
    // default group, and may meet a former name there. The value is an error before and after.
    let no_such = |outcome: &Outcome| {
        matches!(
            outcome,
            Outcome::Refused {
                error: ErrorKind::NoSuchOption,
                ..
            }
        )
    };
    let broken = new.options.iter().any(no_such);
    let left: Vec<&OptName> = new
        .deprecated
        .iter()
        .chain(new.referred.iter().filter(|_| !broken))
        .filter(|former| !decided(former) && !in_default(former) && !in_left(former))
        .collect();
    if !left.is_empty() {
        return Err(format!("oslo.config still logs {left:?}"));
    }
    Ok(())
}
