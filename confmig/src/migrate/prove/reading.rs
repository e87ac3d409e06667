//! The values of options as programs read them: texts with references replaced.

use std::borrow::Cow;
use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::{Config, Occurrence, Opt, OptName, ParsedFile};

use crate::migrate::names::Names;

/// The programs that may read a set of files.
pub(super) struct Programs<'c> {
    /// Knows the current names and falls back to former names.
    pub(super) updated: Config<'c>,
    /// Has the former names as options of their own.
    pub(super) legacy: Config<'c>,
    /// Like `updated`, with the types of the options; after rules, like `legacy`.
    pub(super) typed: Config<'c>,
}

impl<'c> Programs<'c> {
    /// Creates the programs that register these options.
    pub(super) fn new(
        files: &'c [ParsedFile<'c>],
        updated: &'c [Opt],
        legacy: &'c [Opt],
        typed: &'c [Opt],
    ) -> Self {
        let updated = Config::new(files, updated);
        Programs {
            legacy: updated.with_opts(legacy),
            typed: updated.with_opts(typed),
            updated,
        }
    }

    /// Reads an option as a legacy program does, by any of its former names, or by its current one
    /// if the program knows that.
    pub(super) fn read_legacy(
        &self,
        opt: &Opt,
        values: ComparedValues,
        knows_current: bool,
    ) -> Option<Reading> {
        if opt.deprecated().is_empty() {
            return values.read(opt, &self.legacy);
        }
        let set = self.updated.occurrences(opt).effective;
        if !set.is_empty() && set.iter().all(|occurrence| occurrence.name_index > 0) {
            return Reading::of_entries(&set, None, &self.legacy).unless_empty();
        }
        let by_current = knows_current.then(|| values.read_with(opt, &self.updated, &self.legacy));
        by_current.flatten()
    }

    /// Reads an option with its type, by the old name that a rule renames if that is in use; `None`
    /// when its value is refused.
    pub(super) fn read_typed(&self, opt: &Opt, renamed: Option<&Names<'_>>) -> Option<Vec<String>> {
        let former = renamed.and_then(|names| {
            let set = self.updated.occurrences(opt).effective;
            let former = opt.deprecated().get(set.last()?.name_index.checked_sub(1)?);
            former.filter(|name| names.is_renamed(name))
        });
        texts_of(&self.typed, former.unwrap_or(opt.name()))
    }
}

/// Reads an option with its type; `None` when its value is refused.
pub(in crate::migrate) fn texts_of(config: &Config<'_>, option: &OptName) -> Option<Vec<String>> {
    let setting = config.setting(option.group(), option.name());
    setting.map(|setting| setting.texts).ok()
}

/// The number of references of one option that are looked for in its values, since they do not
/// resolve. Values with more count as different.
const UNRESOLVED_MAX: usize = 64;

/// The values of an option as texts, references replaced.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::migrate) struct Reading {
    texts: Vec<String>,
    /// The references that cannot be resolved.
    unresolved: BTreeSet<String>,
}

impl Reading {
    /// Tells whether this reading resolves more references than another one, and is otherwise the
    /// same.
    pub(in crate::migrate) fn resolves_more_than(&self, other: &Reading) -> bool {
        let resolves_more = self.unresolved != other.unresolved
            && self.unresolved.is_subset(&other.unresolved)
            && other.unresolved.len() <= UNRESOLVED_MAX;
        let mut texts = self.texts.iter().zip(&other.texts);
        resolves_more
            && self.texts.len() == other.texts.len()
            && texts.all(|(text, other_text)| other.may_become(other_text, text))
    }

    /// Tells whether a text of this reading is another one with its unresolved references resolved.
    fn may_become(&self, text: &str, resolved: &str) -> bool {
        // The longer of two names of which one begins with the other comes first.
        let names = self.unresolved.iter().rev();
        let marked = names.fold(text.to_owned(), |text, name| {
            let text = text.replace(&format!("${{{name}}}"), "\0");
            text.replace(&format!("${name}"), "\0")
        });
        let mut between = marked.split('\0');
        let rest = between.next().and_then(|it| resolved.strip_prefix(it));
        let Some(last) = between.next_back() else {
            return rest == Some("");
        };
        let mut rest = rest.and_then(|rest| rest.strip_suffix(last));
        for part in between {
            rest = rest.and_then(|rest| Some(rest.split_once(part)?.1));
        }
        rest.is_some()
    }

    /// Returns the references that another reading resolves and this one does not.
    pub(in crate::migrate) fn unresolved_beside<'r>(
        &'r self,
        other: &'r Reading,
    ) -> impl Iterator<Item = &'r str> {
        let beside = self.unresolved.difference(&other.unresolved);
        beside.map(String::as_str)
    }

    /// Reads entries as values of an option of `group`, or each as a value of its own group.
    fn of_entries<'o, 'd: 'o>(
        entries: impl IntoIterator<Item = &'o Occurrence<'d>>,
        group: Option<&str>,
        config: &Config<'_>,
    ) -> Self {
        let mut reading = Reading::default();
        for set in entries {
            let (value, own) = (set.entry.value(), set.entry.group());
            let group = group.map_or_else(|| own.to_str_lossy(), Cow::from);
            reading.add(&value.to_str_lossy(), &group, config);
        }
        reading
    }

    fn add(&mut self, text: &str, group: &str, config: &Config<'_>) {
        let (text, unresolved) = config.substitute_known(text, group);
        self.texts.push(text);
        self.unresolved.extend(unresolved);
    }

    /// Returns the reading; `None` when there were no values.
    fn unless_empty(self) -> Option<Self> {
        (!self.texts.is_empty()).then_some(self)
    }
}

/// Which of an option's values are compared.
#[derive(Debug, Clone, Copy)]
pub(in crate::migrate) enum ComparedValues {
    /// The effective values by the target's definition of the option.
    Effective,
    /// All values that are set, of an option that may be multi-valued or not. It is registered as
    /// single-valued, so that a reference to it is as long as one value.
    All,
}

impl ComparedValues {
    /// Reads them; `None` when there are none.
    pub(in crate::migrate) fn read(self, opt: &Opt, config: &Config<'_>) -> Option<Reading> {
        self.read_with(opt, config, config)
    }

    /// Reads them with references replaced as another program does; `None` when there are none.
    pub(super) fn read_with(
        self,
        opt: &Opt,
        config: &Config<'_>,
        references: &Config<'_>,
    ) -> Option<Reading> {
        let set = config.occurrences(opt);
        let group = opt.name().group();
        let mut reading = match self {
            ComparedValues::All => {
                Reading::of_entries(set.hidden.iter().chain(&set.effective), None, references)
            }
            // Even under a former name, a value is read in the group of the current name.
            ComparedValues::Effective => {
                Reading::of_entries(&set.effective, Some(group), references)
            }
        };
        if let ComparedValues::Effective = self
            && set.effective.is_empty()
        {
            for text in opt.default() {
                reading.add(text, group, references);
            }
        }
        reading.unless_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(texts: &[&str], unresolved: &[&str]) -> Reading {
        Reading {
            texts: texts.iter().map(ToString::to_string).collect(),
            unresolved: unresolved.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_reading_that_resolves_more_is_otherwise_the_same() {
        let was = reading(&["-${a.x}:$b$bc-", "$b"], &["a.x", "b", "bc"]);
        let resolves_more = |texts: &[&str], unresolved: &[&str]| {
            reading(texts, unresolved).resolves_more_than(&was)
        };
        assert!(resolves_more(&["-1:23-", "2"], &[]));
        assert!(resolves_more(&["-1:$b3-", "$b"], &["b"]));
        assert!(!resolves_more(&["-1:23", "2"], &[]));
        assert!(!resolves_more(&["+1:23-", "2"], &[]));
        assert!(!resolves_more(&["-123-", "2"], &[]));
        assert!(!resolves_more(&["-1:23-"], &[]));
        assert!(!resolves_more(
            &["-${a.x}:$b$bc-", "$b"],
            &["a.x", "b", "bc"]
        ));
        assert!(!resolves_more(&["-1:23-", "$d"], &["d"]));
    }
}
