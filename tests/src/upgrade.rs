//! Generates configurations of any release of Ironic as operators write them, and checks migrations
//! of these from release to release.

use std::collections::BTreeMap;
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

/// Files and the two releases between which they are migrated.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// The files in reading order.
    pub files: Vec<SourceFile>,
    /// The release that the files were written for.
    pub from: Series,
    /// The release that is to read the files.
    pub to: Series,
    /// Whether every rule that needs a decision is accepted.
    pub accept: bool,
}

/// A generated entry.
#[derive(Debug, Clone)]
struct EntryPlan {
    name: Index,
    any_release: bool,
    value: ValuePlan,
    separator: &'static str,
    comment: bool,
    second_file: bool,
}

#[derive(Debug, Clone)]
enum ValuePlan {
    /// A value of the option's type.
    Sample,
    /// The option's default.
    Default,
    /// Any text.
    Text(&'static str),
    /// A reference to another name, without its group if true.
    Reference(Index, bool),
}

/// Values that may be read in several ways, or name what releases added or removed.
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
    static NAMES: OnceLock<Vec<(OptName, NameHistory)>> = OnceLock::new();
    NAMES.get_or_init(|| all_names(Service::IRONIC).collect())
}

/// Generates one or two files with up to 24 entries, most of which the older release reads.
pub fn upgrades() -> BoxedStrategy<Upgrade> {
    let series: Vec<Series> = Service::IRONIC.releases().collect();
    let value = prop_oneof![
        4 => Just(ValuePlan::Sample),
        3 => Just(ValuePlan::Default),
        3 => select(&TEXTS[..]).prop_map(ValuePlan::Text),
        2 => (any::<Index>(), any::<bool>())
            .prop_map(|(name, bare)| ValuePlan::Reference(name, bare)),
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
        |(name, any_release, value, separator, comment, second_file)| EntryPlan {
            name,
            any_release,
            value,
            separator,
            comment,
            second_file,
        },
    );
    let releases = (select(series.clone()), select(series));
    (releases, vec(line, 1..25), any::<bool>(), any::<bool>())
        .prop_map(|((one, other), lines, two_files, accept)| {
            let (from, to) = (one.min(other), one.max(other));
            Upgrade {
                files: files(&lines, from, two_files),
                from,
                to,
                accept,
            }
        })
        .boxed()
}

fn files(entries: &[EntryPlan], from: Series, two: bool) -> Vec<SourceFile> {
    let read: Vec<_> = names()
        .iter()
        .filter(|(_, name_history)| name_history.is_read(from))
        .collect();
    let all: Vec<_> = names().iter().collect();
    let mut texts = vec![String::new(); if two { 2 } else { 1 }];
    let mut groups = vec![String::new(); texts.len()];
    for line in entries {
        let (name, name_history) = line.name.get(if line.any_release { &all } else { &read });
        let at = usize::from(two && line.second_file);
        if groups[at] != name.group() {
            groups[at] = name.group().to_owned();
            texts[at] += &format!("[{}]\n", name.group());
        }
        if line.comment {
            texts[at] += "# Ours.\n";
        }
        let value = value(&line.value, name_history.definition(from).as_ref(), &all);
        texts[at] += &format!("{}{}{value}\n", name.name(), line.separator);
    }
    let file = |(at, text): (usize, String)| SourceFile {
        path: format!("{at}.conf").into(),
        text: text.into_bytes(),
    };
    texts.into_iter().enumerate().map(file).collect()
}

fn value(
    value: &ValuePlan,
    definition: Option<&Definition<'_>>,
    all: &[&(OptName, NameHistory)],
) -> String {
    match value {
        ValuePlan::Text(text) => (*text).to_owned(),
        ValuePlan::Reference(name, true) => format!("${}/x", name.get(all).0.name()),
        ValuePlan::Reference(name, false) => {
            let name = &name.get(all).0;
            format!("${{{}.{}}}", name.group(), name.name())
        }
        ValuePlan::Default => {
            let default = definition.map(Definition::default).unwrap_or_default();
            default.first().cloned().unwrap_or_default()
        }
        ValuePlan::Sample => definition.map_or_else(|| "value".to_owned(), sample),
    }
}

/// Returns a value of an option's type.
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

/// Returns settings that accept every rule that needs a decision.
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

/// Migrates at once and release by release. Checks that the results are the same, that all bytes
/// stay that no change is about, and that a second run changes nothing, unless a renaming needs a
/// decision.
///
/// # Errors
///
/// Returns what does not hold.
pub fn holds(upgrade: &Upgrade, tally: &Tally) -> Result<(), String> {
    let settings = match upgrade.accept {
        true => accepting_all(),
        false => Settings::default(),
    };
    let Ok(parsed) = parse(&upgrade.files) else {
        tally.count("refused");
        return Ok(());
    };
    let at_once = migrated(&parsed, upgrade.from, upgrade.to, &settings)?;
    count(&at_once, tally);
    bytes_are_kept(&parsed, &at_once).map_err(|why| with_texts(&why, &at_once))?;
    // Later steps of a run leave alone what an earlier one left to decide; another run may
    // continue.
    let mut decisions = at_once.decisions.iter();
    if decisions.any(|decision| decision.rule.is_none()) {
        tally.count("renaming left to decide");
        return Ok(());
    }

    let mut texts = upgrade.files.clone();
    let mut at = upgrade.from;
    while let Some(next) = at.after().filter(|next| *next <= upgrade.to) {
        let parsed = parse(&texts).map_err(|error| error.to_string())?;
        let step = migrated(&parsed, at, next, &settings)?;
        texts = sources(step);
        at = next;
    }
    if upgrade.from == upgrade.to {
        texts = sources(at_once.clone());
    }
    for (file, stepwise) in at_once.files.iter().zip(&texts) {
        if values_read(&file.after, upgrade.to) != values_read(&stepwise.text, upgrade.to) {
            let stepwise = stepwise.text.as_bstr();
            return Err(with_texts(
                &format!("release by release, the result is\n{stepwise}"),
                &at_once,
            ));
        }
    }
    let again = sources(at_once.clone());
    let again = parse(&again).map_err(|error| error.to_string())?;
    let second = migrated(&again, upgrade.to, upgrade.to, &settings)?;
    if !second.is_empty() {
        let changes: Vec<_> = second.files.iter().flat_map(|file| &file.changes).collect();
        return Err(with_texts(
            &format!("a second run makes {changes:?}"),
            &at_once,
        ));
    }
    Ok(())
}

/// Returns the values of all names that a release may read: all of a multi-valued option's, and the
/// last one of any other. The files may differ otherwise: a migration that stops earlier adds
/// entries that later releases do not read, whose section may then come first, and comments of
/// removed entries stay at the last place of the entry.
fn values_read(text: &[u8], to: Series) -> BTreeMap<OptName, Vec<String>> {
    let history = History::new(Service::IRONIC);
    let document = Document::parse(text).expect("a new text that parses");
    let mut values: BTreeMap<OptName, Vec<String>> = BTreeMap::new();
    for entry in document.entries() {
        let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
        let known = history.of_option(&name);
        if known.as_ref().is_some_and(|known| !known.is_read(to)) {
            continue;
        }
        let readers = known.iter().flat_map(|known| known.former_of(to));
        let mut definitions = readers
            .chain([name.clone()])
            .filter_map(|reader| history.of_option(&reader)?.definition(to));
        // All values of an unknown name are compared.
        let is_multi =
            known.is_none() || definitions.any(|definition| definition.kind == "multistr");
        let values = values.entry(name).or_default();
        if !is_multi {
            values.clear();
        }
        values.push(entry.value().to_string());
    }
    values
}

fn migrated(
    files: &[ParsedFile<'_>],
    from: Series,
    to: Series,
    settings: &Settings,
) -> Result<Migration, String> {
    let history = History::new(Service::IRONIC);
    migrate(
        files,
        &Route::releases(ReleaseRange { from, to }, &history),
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

fn with_texts(why: &str, migration: &Migration) -> String {
    let mut text = format!("{why}\nat once, the result is");
    for file in &migration.files {
        let after: &BString = &file.after;
        text += &format!("\n--- {}\n{after}", file.path.display());
    }
    text
}
