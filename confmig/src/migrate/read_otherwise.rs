//! Reports values that the newer of two releases reads differently from the older one.
//!
//! Each step keeps the values that its own release reads. A reference that was not followed, since
//! the old names are kept or a decision is left, may still resolve to another option in the other
//! release; and an option may have lost a name, or got one, by which the other release reads it.

use std::collections::BTreeMap;

use foldhash::HashSet;
use oslo_config::{Config, DEFAULT_GROUP, OptName, ParsedFile, references};

use super::migrator::Migrator;
use super::names::Names;
use super::own_rules::OTHERWISE;
use super::prove::{ComparedValues, Reading, Registration, texts_of};
use super::unread::{Finding, FindingAt};
use crate::diagnostic::Code;
use crate::history::{self, History, Series};
use crate::pack::Pack;
use crate::schema::Schema;
use crate::target::name_of;

/// A release that reads the files: its name, and the options that it has.
pub(super) struct Reader<'r> {
    pub(super) name: &'r str,
    pub(super) pack: Pack,
}

impl<'r> Reader<'r> {
    /// Creates a reader with the options of a release that files name, in keys or references.
    pub(super) fn of_release(
        name: &'r str,
        series: Series,
        files: &[ParsedFile<'_>],
        history: &History,
    ) -> Self {
        let entries = files.iter().flat_map(|file| file.document.entries());
        let named = entries.flat_map(|entry| {
            let option = name_of(entry);
            let found = references(&entry.value()).into_iter();
            let found: Vec<OptName> = found.flat_map(|it| it.options(option.group())).collect();
            found.into_iter().chain([option])
        });
        let pack = history::pack(series, &named.collect(), history);
        Reader { name, pack }
    }
}

/// The options whose values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Those without a reference in their values, and those that only one release reads.
    Plain,
    /// Those with a reference in their values.
    Referring,
}

impl Migrator<'_> {
    /// Reports what the newer of two schemas reads otherwise.
    pub(super) fn read_otherwise_by_schema(
        &mut self,
        older: &Schema,
        newer: &Schema,
        compared: Compared,
    ) {
        let older = Reader {
            name: older.name(),
            pack: older.pack(self.before),
        };
        let newer = Reader {
            name: newer.name(),
            pack: newer.pack(&self.files()),
        };
        self.read_otherwise(&older, &newer, compared);
    }

    /// Reports options whose value in the newer release differs from the old value in the older
    /// one, and with the old names kept, options whose value in the older one changed.
    pub(super) fn read_otherwise(&mut self, older: &Reader, newer: &Reader, compared: Compared) {
        let now = self.files();
        let mut files = self.before.iter().chain(&now);
        let refers = files.any(|file| file.document.text().contains(&b'$'));
        if compared == Compared::Referring && !refers {
            return;
        }
        let was = read(&older.pack, self.before, compared, |_| false);
        // Options that only the older release has have no effect in the newer one.
        let (old, new) = (Names::new(&[], &older.pack), Names::new(&[], &newer.pack));
        let has = |names: &Names<'_>, name: &OptName| names.has(name.group(), name.name());
        let is_removed = |name: &OptName| has(&old, name) && !has(&new, name);
        let is = read(&newer.pack, &now, compared, is_removed);
        // The older release may not know a former name, whose reference was followed. What
        // references to other unknown names resolve to is not known.
        let is_known = |option: &OptName, reference: &str| {
            let bare = || [option.group(), DEFAULT_GROUP].map(|group| (group, reference));
            let named = reference.split_once('.');
            let mut targets = named.into_iter().chain(bare());
            targets.any(|(group, name)| old.has(group, name) || new.has(group, name))
        };
        let is_changed = |option: &OptName, value: &Value, was: &Value| {
            let is_compared = compared == Compared::Referring || !value.refers && !was.refers;
            is_compared && !value.is_kept(was, |name| is_known(option, name))
        };
        let mut found = Vec::new();
        for (option, value) in &is {
            let predecessor = predecessor(option, &old, &new, &was);
            let was = predecessor.and_then(|predecessor| was.get(predecessor));
            if was.is_some_and(|was| is_changed(option, value, was)) {
                found.push((option.clone(), value.place, differs(value, newer.name)));
            }
        }
        if self.settings.keep_old {
            for (option, value) in &read(&older.pack, &now, compared, |_| false) {
                if was
                    .get(option)
                    .is_some_and(|was| is_changed(option, value, was))
                {
                    found.push((option.clone(), value.place, differs(value, older.name)));
                }
            }
        }
        let is_option =
            |names: &Names<'_>, name: &OptName| names.is_current(name.group(), name.name());
        let changes = self.results.iter().flat_map(|file| &file.changes);
        let changed: HashSet<&OptName> = changes.map(|change| &change.to).collect();
        let gained = is.iter().filter(|(option, _)| {
            let is_new = is_option(&old, option) && !was.contains_key(*option);
            compared == Compared::Plain && is_new && !changed.contains(option)
        });
        found.extend(gained.map(|(option, value)| {
            let reason = format!(
                "{} reads this as its value, and {} reads none: rename the entry, or set the \
                 option",
                newer.name, older.name
            );
            (option.clone(), value.place, finding(reason))
        }));
        let lost = was.iter().filter(|(option, _)| {
            compared == Compared::Plain && is_option(&new, option) && !is.contains_key(*option)
        });
        let lost = lost.filter_map(|(option, value)| {
            let reason = format!(
                "{} no longer reads its value, which stands under another name: set it by its own",
                newer.name
            );
            let (file, line) = value.place;
            let lines = self.results[file].lines.current_lines(vec![line]);
            Some((option.clone(), (file, *lines.get(&line)?), finding(reason)))
        });
        found.extend(lost);
        drop((old, new));
        let decided: HashSet<&OptName> = (self.decisions.iter())
            .flat_map(|(_, decision)| decision.options.iter().chain([&decision.option]))
            .collect();
        found.retain(|(option, ..): &FindingAt| !decided.contains(option));
        drop(decided);
        self.add(found);
    }
}

/// Returns the option of the older release that became an option of the newer one: itself, or the
/// only one that is set and has one of its former names.
fn predecessor<'v>(
    option: &'v OptName,
    old: &Names<'_>,
    new: &Names<'v>,
    was: &'v ReadValues,
) -> Option<&'v OptName> {
    let is_old = |name: &OptName| old.is_current(name.group(), name.name());
    let at = new.index_of(option.group(), option.name());
    let Some(at) = at.filter(|_| !is_old(option)) else {
        return Some(option);
    };
    let former = new.opts[at].deprecated().iter();
    let mut former = former.filter(|name| is_old(name) && was.contains_key(*name));
    former.next().filter(|_| former.next().is_none())
}

fn differs(value: &Value, release: &str) -> Finding {
    finding(match value.refers {
        true => format!(
            "a reference in its value has another value in {release}: replace it with the value"
        ),
        false => format!("{release} reads another value: set the one that is meant"),
    })
}

fn finding(reason: String) -> Finding {
    Finding {
        rule: OTHERWISE,
        reason,
        code: Code::NeedsDecision,
        severity: None,
        release: None,
    }
}

/// The values of options as a program with the options of one release reads them.
type ReadValues = BTreeMap<OptName, Value>;

struct Value {
    /// The file and line of the last entry, or the last one with a reference.
    place: (usize, usize),
    refers: bool,
    text: Reading,
    /// The value with referred options as Python prints them; `None` when it is refused.
    typed: Option<Vec<String>>,
}

impl Value {
    /// Tells whether the value is that of the older release, or resolves more references, all of
    /// them to names that are known.
    fn is_kept(&self, was: &Value, is_known: impl Fn(&str) -> bool) -> bool {
        let is_same = match (&self.typed, &was.typed) {
            (Some(one), Some(other)) => one == other,
            _ => self.text == was.text,
        };
        let resolves_more = || {
            let mut unresolved = was.text.unresolved_beside(&self.text);
            self.text.resolves_more_than(&was.text) && unresolved.all(is_known)
        };
        is_same || resolves_more()
    }
}

/// Reads files as a program with the options of a pack and all others that are set, except removed
/// ones.
fn read(
    pack: &Pack,
    files: &[ParsedFile<'_>],
    compared: Compared,
    is_removed: impl Fn(&OptName) -> bool,
) -> ReadValues {
    let names = Names::new(files, pack);
    let mut registration = Registration::new(&names);
    registration.add_files(files.iter(), |_, _| true);
    let mut opts = registration.into_opts();
    opts.retain(|opt| !names.is_only_referred(opt.name()) && !is_removed(opt.name()));
    let typed = [&pack.opts, &opts[pack.opts.len()..]].concat();
    let config = Config::new(files, &opts);
    let typed = config.with_opts(&typed);
    let values = opts.iter().filter_map(|opt| {
        let (option, set) = (opt.name(), config.occurrences(opt).effective);
        let mut referring = set.iter().filter(|set| set.entry.value().contains(&b'$'));
        let referring = referring.next_back();
        let last = set.last().filter(|_| compared == Compared::Plain);
        let place = referring.or(last)?;
        let value = Value {
            place: (place.file, place.entry.line()),
            refers: referring.is_some(),
            text: ComparedValues::Effective.read(opt, &config)?,
            typed: texts_of(&typed, option),
        };
        Some((option.clone(), value))
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use oslo_config::SourceFile;
    use serde_json::{Value, json};

    use crate::migrate::{Route, Settings, migrate};
    use crate::schema::Schema;

    /// Returns a schema of string options, each as `GROUP.NAME*<FORMER,FORMER`, where `*` is for a
    /// multi-valued one.
    fn schema(text: &str) -> Schema {
        let mut groups: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for option in text.split_whitespace() {
            let (name, former) = option.split_once('<').unwrap_or((option, ""));
            let (group, key) = name.split_once('.').unwrap();
            let former = former.split(',').filter_map(|name| name.split_once('.'));
            let former = former.map(|(group, name)| json!({"group": group, "name": name}));
            groups.entry(group).or_default().push(json!({
                "name": key.trim_end_matches('*'),
                "type": if key.ends_with('*') { "multi valued" } else { "string value" },
                "deprecated_opts": former.collect::<Vec<_>>(),
            }));
        }
        let groups = groups.iter();
        let groups: BTreeMap<_, _> = groups
            .map(|(name, opts)| (name, json!({"opts": opts})))
            .collect();
        Schema::parse(&json!({"options": groups}).to_string(), "site.json").unwrap()
    }

    /// Returns the options that are reported as read otherwise.
    fn reported(older: &str, newer: &str, text: &str, keep_old: bool) -> Vec<String> {
        let (older, newer) = (schema(older), schema(newer));
        let file = SourceFile {
            path: "site.conf".into(),
            text: text.into(),
        };
        let settings = Settings {
            keep_old,
            ..Settings::default()
        };
        let route = Route::schemas(Some(&older), &newer);
        let migration = migrate(&[file.parse().unwrap()], &route, &settings).unwrap();
        let otherwise = migration.decisions.iter();
        let otherwise = otherwise.filter(|it| it.rule.as_deref() == Some("read-otherwise"));
        otherwise.map(|it| it.option.to_string()).collect()
    }

    #[test]
    fn a_value_that_an_option_loses_or_gets_is_reported() {
        for (older, newer, text, expected) in [
            // The newer release no longer reads the name, which stays an option.
            ("d.y c.x*<d.y", "d.y c.x*", "[d]\ny = 1\n", "c.x"),
            (
                "d.y c.x*<d.y",
                "d.y c.x*",
                "[d]\ny = 1\n[c]\nx = 2\n",
                "c.x",
            ),
            // It reads another option's name, too.
            (
                "c.y a.z*",
                "c.y a.z*<c.y",
                "[c]\ny = 1\n[a]\nz = 2\n",
                "a.z",
            ),
            ("c.w<b.w a.z*", "c.w<b.w a.z*<c.w", "[b]\nw = 1\n", "a.z"),
        ] {
            assert_eq!(reported(older, newer, text, false), [expected], "{text}");
        }
        // One value is copied, and read as before.
        let copied = reported("d.y c.x<d.y", "d.y c.x", "[d]\ny = 1\n", false);
        assert!(copied.is_empty(), "{copied:?}");
    }

    #[test]
    fn with_the_old_names_kept_another_order_of_former_names_is_reported() {
        let text = "[b]\ny = 1\n[a]\nx = 3\n[d]\ny = 6\n";
        let (older, newer) = ("b.y<d.y a.x<b.y", "e.n<d.y,b.y a.x<b.y");
        assert_eq!(reported(older, newer, text, true), ["e.n"]);
        let text = "[a]\nw = 1\nv = 2\n";
        let (older, newer) = ("a.w<a.v b.q", "b.q a.v<a.w");
        assert_eq!(reported(older, newer, text, true), ["a.v"]);
    }
}
