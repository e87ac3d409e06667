//! Configurations of Ironic of any release as operators write them, and what a migration from release
//! to release must keep of each.

use std::sync::OnceLock;

use bstr::{BString, ByteSlice};
use confmig::history::{
    Definition, History, NameHistory, ReleaseRange, Series, Service, all_names, built_in_rules,
};
use confmig::migrate::{Migration, Route, Settings, migrate};
use oslo_config::{Document, OptName, ParsedFile, SourceFile};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::cases::Tally;
use crate::migration::{bytes_are_kept, parse};

/// Files, and the releases between which they are migrated.
#[derive(Debug, Clone)]
pub struct Walk {
    /// The files, in the order in which they are read.
    pub files: Vec<SourceFile>,
    /// The release that they are written for.
    pub from: Series,
    /// The release that is to read them.
    pub to: Series,
    /// Every rule that needs a decision is followed.
    pub accept: bool,
}

/// An entry on its way into a file.
#[derive(Debug, Clone)]
struct Line {
    name: Index,
    any_release: bool,
    value: Value,
    separator: &'static str,
    comment: bool,
    second_file: bool,
}

#[derive(Debug, Clone)]
enum Value {
    /// One of the option's type.
    Sample,
    /// The option's default.
    Default,
    /// Any text.
    Text(&'static str),
    /// A reference to another of the names, with its group or without.
    Reference(Index, bool),
}

/// Values that are read in more than one way, or name what came and went.
const TEXTS: [&str; 18] = [
    "",
    "True",
    "off",
    "0",
    "a$$b",
    "\\$x",
    "\"quoted text\"",
    "'",
    "one, two ,three",
    "one:two,three:four",
    "one,\n    two",
    "http://[2001:db8::7]:8080/",
    "ilo,ipmi,redfish",
    "agent_ilo,pxe_ipmitool",
    "${nowhere}/x",
    "rabbit",
    "0o644",
    "p@ss/w:rd#%s",
];

fn names() -> &'static [(OptName, NameHistory)] {
    // A life is shared by pointers that stay in one thread, but its facts are all static.
    static NAMES: OnceLock<Vec<(OptName, NameHistory)>> = OnceLock::new();
    NAMES.get_or_init(|| all_names(Service::IRONIC).collect())
}

/// Up to twenty-five options, most of them of the release that the files are for, in one file or two.
pub fn walks() -> impl Strategy<Value = Walk> {
    let series: Vec<Series> = Service::IRONIC.releases().collect();
    let value = prop_oneof![
        4 => Just(Value::Sample),
        3 => Just(Value::Default),
        3 => select(&TEXTS[..]).prop_map(Value::Text),
        2 => (any::<Index>(), any::<bool>()).prop_map(|(name, bare)| Value::Reference(name, bare)),
    ];
    let line = (
        any::<Index>(),
        prop::bool::weighted(0.15),
        value,
        select(&[" = ", "=", ": ", "\t=  "][..]),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
    );
    let line = line.prop_map(
        |(name, any_release, value, separator, comment, second_file)| Line {
            name,
            any_release,
            value,
            separator,
            comment,
            second_file,
        },
    );
    let releases = (select(series.clone()), select(series));
    (releases, vec(line, 1..25), any::<bool>(), any::<bool>()).prop_map(
        |((one, other), lines, two_files, accept)| {
            let (from, to) = (one.min(other), one.max(other));
            Walk {
                files: files(&lines, from, two_files),
                from,
                to,
                accept,
            }
        },
    )
}

fn files(lines: &[Line], from: Series, two: bool) -> Vec<SourceFile> {
    let read: Vec<_> = names()
        .iter()
        .filter(|(_, life)| life.is_read(from))
        .collect();
    let all: Vec<_> = names().iter().collect();
    let mut texts = vec![String::new(); if two { 2 } else { 1 }];
    let mut groups = vec![String::new(); texts.len()];
    for line in lines {
        let (name, life) = line.name.get(if line.any_release { &all } else { &read });
        let at = usize::from(two && line.second_file);
        if groups[at] != name.group() {
            groups[at] = name.group().to_owned();
            texts[at] += &format!("[{}]\n", name.group());
        }
        if line.comment {
            texts[at] += "# Ours.\n";
        }
        let value = value(&line.value, life.definition(from).as_ref(), &all);
        texts[at] += &format!("{}{}{value}\n", name.name(), line.separator);
    }
    let file = |(at, text): (usize, String)| SourceFile {
        path: format!("{at}.conf").into(),
        text: text.into_bytes(),
    };
    texts.into_iter().enumerate().map(file).collect()
}

fn value(
    value: &Value,
    definition: Option<&Definition<'_>>,
    all: &[&(OptName, NameHistory)],
) -> String {
    match value {
        Value::Text(text) => (*text).to_owned(),
        Value::Reference(name, true) => format!("${}/x", name.get(all).0.name()),
        Value::Reference(name, false) => {
            let name = &name.get(all).0;
            format!("${{{}.{}}}", name.group(), name.name())
        }
        Value::Default => {
            let default = definition.map(Definition::default).unwrap_or_default();
            default.first().cloned().unwrap_or_default()
        }
        Value::Sample => definition.map_or_else(|| "value".to_owned(), sample),
    }
}

/// A value of an option's type.
fn sample(definition: &Definition<'_>) -> String {
    if let Some(choice) = definition.choices().last() {
        return choice.clone();
    }
    match &*definition.kind {
        "bool" => "yes".into(),
        "int" | "float" => "3".into(),
        "port" => "8080".into(),
        "uri" => "http://192.0.2.1:8080".into(),
        "dict" => "one:two".into(),
        "ip" | "hostaddress" => "192.0.2.1".into(),
        _ => "value".into(),
    }
}

/// Follows every rule that asks for a decision.
#[must_use]
pub fn accepting_all() -> Settings {
    Settings {
        accept_rules: Service::all()
            .flat_map(built_in_rules)
            .filter_map(|rule| Some(rule.rule()?.id))
            .collect(),
        ..Settings::default()
    }
}

/// Migrates, at once and release by release, and looks whether the texts are the same, the bytes that
/// no change is about stay, and a second run changes nothing: where no renaming was left to decide.
///
/// # Errors
///
/// What does not hold.
pub fn holds(walk: &Walk, tally: &Tally) -> Result<(), String> {
    let settings = match walk.accept {
        true => accepting_all(),
        false => Settings::default(),
    };
    let Ok(parsed) = parse(&walk.files) else {
        tally.count("refused");
        return Ok(());
    };
    let at_once = migrated(&parsed, walk.from, walk.to, &settings)?;
    count(&at_once, tally);
    bytes_are_kept(&parsed, &at_once).map_err(|why| told(&why, &at_once))?;
    // What a release leaves to decide, the later ones of the same run leave; another run may go on.
    let mut decisions = at_once.decisions.iter();
    if decisions.any(|decision| decision.rule.is_none()) {
        tally.count("renaming left to decide");
        return Ok(());
    }

    let mut texts = walk.files.clone();
    let mut at = walk.from;
    while let Some(next) = at.after().filter(|next| *next <= walk.to) {
        let parsed = parse(&texts).map_err(|error| error.to_string())?;
        let step = migrated(&parsed, at, next, &settings)?;
        texts = sources(step);
        at = next;
    }
    if walk.from == walk.to {
        texts = sources(at_once.clone());
    }
    for (file, stepwise) in at_once.files.iter().zip(&texts) {
        if entries_read(&file.after, walk.to) != entries_read(&stepwise.text, walk.to) {
            let stepwise = stepwise.text.as_bstr();
            return Err(told(
                &format!("release by release it is\n{stepwise}"),
                &at_once,
            ));
        }
    }
    let again = sources(at_once.clone());
    let again = parse(&again).map_err(|error| error.to_string())?;
    let second = migrated(&again, walk.to, walk.to, &settings)?;
    if !second.is_empty() {
        let changes: Vec<_> = second.files.iter().flat_map(|file| &file.changes).collect();
        return Err(told(&format!("a second run makes {changes:?}"), &at_once));
    }
    Ok(())
}

/// What a release may read of a text. A migration that ends earlier adds what a later release does not
/// read, and a comment whose entry is removed later stays where the entry was last.
fn entries_read(text: &[u8], to: Series) -> Vec<(OptName, String)> {
    let lives = History::new(Service::IRONIC);
    let document = Document::parse(text).expect("a new text that parses");
    let entries = document.entries().map(|entry| {
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        (name, entry.value().to_string())
    });
    let read = |(name, _): &(OptName, String)| {
        let life = lives.of_option(name);
        life.is_none_or(|life| life.is_read(to))
    };
    entries.filter(read).collect()
}

fn migrated(
    files: &[ParsedFile<'_>],
    from: Series,
    to: Series,
    settings: &Settings,
) -> Result<Migration, String> {
    let lives = History::new(Service::IRONIC);
    migrate(
        files,
        &Route::releases(ReleaseRange { from, to }, &lives),
        settings,
    )
    .map_err(|error| format!("{from} to {to}: {error}"))
}

fn sources(migration: Migration) -> Vec<SourceFile> {
    let source = |file: confmig::migrate::FileMigration| SourceFile {
        path: file.path,
        text: file.after.into(),
    };
    migration.files.into_iter().map(source).collect()
}

fn count(migration: &Migration, tally: &Tally) {
    tally.count(match migration.is_empty() {
        true => "nothing to do",
        false => "migrated",
    });
    for change in migration.files.iter().flat_map(|file| &file.changes) {
        tally.count(change.kind.as_str());
    }
    for _ in &migration.decisions {
        tally.count("decision");
    }
}

fn told(why: &str, migration: &Migration) -> String {
    let mut text = format!("{why}\nat once it is");
    for file in &migration.files {
        let after: &BString = &file.after;
        text += &format!("\n--- {}\n{after}", file.path.display());
    }
    text
}
