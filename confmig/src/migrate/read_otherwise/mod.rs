//! Reports values that the newer of two releases reads differently from the older one.
//!
//! Each step keeps the values that its own release reads. A reference that was not followed, since
//! the old names are kept or a decision is left, may still resolve to another option in the other
//! release; and an option may have lost a name, or got one, by which the other release reads it.

mod reader;
mod values;

use foldhash::HashSet;
use oslo_config::{DEFAULT_GROUP, OptName, ParsedFile};

use super::finding::{Finding, FindingAt};
use super::migrator::Migrator;
use super::names::Names;
use super::own_rules::OTHERWISE;
use crate::diagnostic::Code;
use crate::schema::Schema;
pub(super) use reader::Reader;
pub(super) use values::Compared;
use values::{ReadValues, Value, read};

impl Migrator<'_> {
    /// Reports what the newer of two schemas reads otherwise.
    pub(super) fn read_otherwise_by_schema(
        &mut self,
        older: &Schema,
        newer: &Schema,
        compared: Compared,
    ) {
        let older = Reader::of_schema(older, self.before);
        let newer = Reader::of_schema(newer, &self.files());
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
        let comparison = Comparison::new((older, self.before), (newer, &now), compared);
        let before = |option| comparison.value_before(option);
        let changed = comparison.changed(&comparison.is, newer.name, before);
        let mut found: Vec<FindingAt> = changed.collect();
        if self.settings.keep_old {
            let still = read(older, &now, compared, |_| false);
            let before = |option| comparison.was.get(option);
            found.extend(comparison.changed(&still, older.name, before));
        }
        if compared == Compared::Plain {
            let changes = self.results.iter().flat_map(|file| &file.changes);
            let made: HashSet<&OptName> = changes.map(|change| &change.to).collect();
            let gained = comparison.gained();
            found.extend(gained.filter(|(option, ..)| !made.contains(option)));
            found.extend(
                comparison
                    .lost()
                    .filter_map(|(option, (file, line), finding)| {
                        let lines = self.results[file].lines.current_lines(vec![line]);
                        Some((option, (file, *lines.get(&line)?), finding))
                    }),
            );
        }
        let decided: HashSet<&OptName> = (self.decisions.iter())
            .flat_map(|(_, decision)| decision.options.iter().chain([&decision.option]))
            .collect();
        found.retain(|(option, ..)| !decided.contains(option));
        self.add(found);
    }
}

/// What the older release reads from the files before, and the newer one from those after.
struct Comparison<'c> {
    older: &'c Reader<'c>,
    newer: &'c Reader<'c>,
    compared: Compared,
    /// The options of the older release.
    old: Names<'c>,
    /// Those of the newer one.
    new: Names<'c>,
    was: ReadValues,
    /// What the newer release reads from the files before, if it has options that the older one
    /// does not have.
    was_new: ReadValues,
    is: ReadValues,
}

impl<'c> Comparison<'c> {
    fn new(
        (older, before): (&'c Reader<'c>, &[ParsedFile<'_>]),
        (newer, now): (&'c Reader<'c>, &[ParsedFile<'_>]),
        compared: Compared,
    ) -> Self {
        let old = older.names(&[]);
        let new = newer.names(&[]);
        // Options that only the older release has have no effect in the newer one.
        let is_removed = |name: &OptName| {
            old.has(name.group(), name.name()) && !new.has(name.group(), name.name())
        };
        let by_newer = |files: &[ParsedFile<'_>]| read(newer, files, compared, is_removed);
        let is = by_newer(now);
        let was_new = match is.keys().any(|option| is_added(option, &old, &new)) {
            true => by_newer(before),
            false => ReadValues::new(),
        };
        Comparison {
            older,
            newer,
            compared,
            was: read(older, before, compared, |_| false),
            was_new,
            is,
            old,
            new,
        }
    }

    /// Tells whether a reference in a value of an option names what either release has. The older
    /// one may not know a former name, whose reference was followed. What references to other
    /// unknown names resolve to is not known.
    fn is_known(&self, option: &OptName, reference: &str) -> bool {
        let bare = [option.group(), DEFAULT_GROUP].map(|group| (group, reference));
        let named = reference.split_once('.');
        let mut targets = named.into_iter().chain(bare);
        targets.any(|(group, name)| self.old.has(group, name) || self.new.has(group, name))
    }

    /// Returns the options whose value is another one than that of `was` for a release.
    fn changed<'v>(
        &'v self,
        values: &'v ReadValues,
        release: &'v str,
        was: impl Fn(&'v OptName) -> Option<&'v Value> + 'v,
    ) -> impl Iterator<Item = FindingAt> + 'v {
        let changed = values.iter().filter(move |(option, value)| {
            let is_compared =
                |was: &Value| self.compared == Compared::Referring || !(value.refers && was.refers);
            let was = was(option).filter(|was| is_compared(was));
            was.is_some_and(|was| !value.is_kept(was, |name| self.is_known(option, name)))
        });
        changed.map(move |(option, value)| (option.clone(), value.place, differs(value, release)))
    }

    /// Returns the value in the older release of what became an option of the newer one: of the
    /// option itself, or of the only one that is set and has one of its former names. If none is,
    /// an option that only the newer release has may be set already, and keeps that value.
    fn value_before(&self, option: &OptName) -> Option<&Value> {
        let at = self.new.index_of(option.group(), option.name());
        let Some(at) = at.filter(|_| is_added(option, &self.old, &self.new)) else {
            return self.was.get(option);
        };
        let former = self.new.opts[at].deprecated().iter();
        let is_old = |name: &&OptName| self.old.is_current(name.group(), name.name());
        let mut values = former.filter(is_old).filter_map(|name| self.was.get(name));
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            (Some(_), Some(_)) => None,
            (None, _) => self.was_new.get(option),
        }
    }

    /// Returns the options that only the newer release reads a value for, although both have them.
    fn gained(&self) -> impl Iterator<Item = FindingAt> + '_ {
        let is_gained = |option: &OptName| {
            self.old.is_current(option.group(), option.name()) && !self.was.contains_key(option)
        };
        let gained = self.is.iter().filter(move |(option, _)| is_gained(option));
        gained.map(|(option, value)| {
            let (older, newer) = (self.older.name, self.newer.name);
            let reason = format!(
                "{newer} reads this as its value, and {older} reads none: rename the entry, or set \
                 the option"
            );
            (option.clone(), value.place, otherwise(reason))
        })
    }

    /// Returns the options of the newer release that it reads no value for, unlike the older one,
    /// with their places before.
    fn lost(&self) -> impl Iterator<Item = FindingAt> + '_ {
        let is_lost = |option: &OptName| {
            self.new.is_current(option.group(), option.name()) && !self.is.contains_key(option)
        };
        let lost = self.was.iter().filter(move |(option, _)| is_lost(option));
        lost.map(|(option, value)| {
            let reason = format!(
                "{} no longer reads its value, which stands under another name: set it by its own",
                self.newer.name
            );
            (option.clone(), value.place, otherwise(reason))
        })
    }
}

/// Tells whether only the newer of two releases has an option.
fn is_added(option: &OptName, old: &Names<'_>, new: &Names<'_>) -> bool {
    let is_current = |names: &Names<'_>| names.is_current(option.group(), option.name());
    is_current(new) && !is_current(old)
}

fn differs(value: &Value, release: &str) -> Finding {
    otherwise(match value.refers {
        true => format!(
            "a reference in its value has another value in {release}: replace it with the value"
        ),
        false => format!("{release} reads another value: set the one that is meant"),
    })
}

/// Returns the finding that a value is read otherwise.
pub(super) fn otherwise(reason: String) -> Finding {
    Finding {
        rule: OTHERWISE,
        reason,
        code: Code::NeedsDecision,
        severity: None,
        release: None,
    }
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
            // One of the values has a dollar sign.
            (
                "b.x*<a.v,d.z d.z",
                "b.x* d.z",
                "[a]\nv = 1\n[d]\nz = $$\n",
                "b.x",
            ),
            // The older release refuses the value that refers to a new option.
            (
                "a.x b.z*<c.z c.z",
                "b.y<a.x b.z* c.z",
                "[c]\nz = 1\n[b]\nz = ${b.y}\n",
                "b.z",
            ),
        ] {
            assert_eq!(reported(older, newer, text, false), [expected], "{text}");
        }
        // One value is copied, and read as before.
        let copied = reported("d.y c.x<d.y", "d.y c.x", "[d]\ny = 1\n", false);
        assert!(copied.is_empty(), "{copied:?}");
    }

    /// A former name in a reference leads to the current name in the group of the former one, if
    /// that is set: here it is once a value is copied.
    #[test]
    fn an_option_that_only_the_newer_release_has_keeps_its_value() {
        let (older, newer) = ("c.x c.y<a.w,a.v a.y<a.v,c.x", "a.z c.y<a.w,a.v a.y<a.v,c.x");
        for value in ["${c.x}", "$nowhere/${c.x}"] {
            let text = format!("[a]\nv = two\nw = one\nz = {value}\n");
            assert_eq!(reported(older, newer, &text, true), ["a.z"], "{text}");
        }
        // It may have a former name that is not set.
        let (older, newer) = ("c.x c.z<a.w", "b.z<c.x a.x<c.x c.z<a.w");
        let text = "[a]\nw = one\n[b]\nz = ${c.x}\n";
        assert_eq!(reported(older, newer, text, true), ["b.z"]);
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
