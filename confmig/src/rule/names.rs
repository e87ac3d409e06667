//! The names of options in rules, and the options and texts that a rule is about.

use std::fmt;
use std::ops::Deref;

use oslo_config::{DEFAULT_GROUP, OptName};
use serde::de::{Deserialize, Deserializer, Error};

use super::{Rule, Sections};

/// The name of an option in a rule: `GROUP.OPTION`, where the last dot ends the group. The group
/// may be `{section}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub(crate) OptName);

impl Name {
    /// Reads `GROUP.OPTION`; `None` when the text is not the name of an option.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (group, name) = text.rsplit_once('.')?;
        let plain = |part: &str| {
            !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '[' || c == ']')
        };
        (plain(group) && plain(name)).then(|| Name(OptName::new(group_of(group), name)))
    }

    /// Returns the name as a current one: with underscores, since oslo.config reads no current name
    /// that has a hyphen.
    pub(crate) fn into_current(self) -> Self {
        Name(OptName::new(self.group(), self.name().replace('-', "_")))
    }
}

impl Deref for Name {
    type Target = OptName;

    fn deref(&self) -> &OptName {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Name::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "{text:?} is not the name of an option: expected GROUP.OPTION, such as \
                 \"DEFAULT.debug\""
            ))
        })
    }
}

/// Returns the group of a section: its name in lower case, except for `DEFAULT`.
pub(crate) fn group_of(section: &str) -> String {
    match section {
        DEFAULT_GROUP => section.to_owned(),
        _ => section.to_lowercase(),
    }
}

/// Deserializes the name of a section as its group.
pub(crate) fn group<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(group_of(&String::deserialize(deserializer)?))
}

/// Deserializes a current name.
pub(super) fn current<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Name, D::Error> {
    Name::deserialize(deserializer).map(Name::into_current)
}

impl Rule {
    /// Returns the names of all options in the rule, without groups, which may be any sections.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let having = match &self.sections {
            Some(Sections::Having { having, .. }) => Some(having.as_str()),
            _ => None,
        };
        having
            .into_iter()
            .chain(self.names().into_iter().map(|name| name.name()))
    }

    /// Returns the names of all options in the rule that have a group.
    pub(crate) fn names(&self) -> Vec<&Name> {
        let mut names = self.depends_on();
        names.extend(self.items.iter().flat_map(|items| &items.options));
        names.extend(self.remove.iter().flat_map(|removal| &removal.options));
        names.extend(self.report.iter().flat_map(|report| &report.options));
        names
    }

    /// Returns the names of the options whose values all of the rule depends on: not those that it
    /// edits, removes or reports one by one.
    pub(crate) fn depends_on(&self) -> Vec<&Name> {
        let mut names: Vec<&Name> = Vec::new();
        if let Some(Sections::NamedBy { named_by }) = &self.sections {
            names.push(named_by);
        }
        names.extend(self.when.iter().map(|condition| &condition.option));
        names.extend(self.decide.iter().map(|doubt| &doubt.option));
        names.extend(
            self.rename
                .iter()
                .flat_map(|rename| [&rename.from, &rename.to]),
        );
        names.extend(self.part.values().map(|part| &part.option));
        for set in &self.set {
            names.push(&set.option);
            names.extend(set.when.iter().map(|condition| &condition.option));
            names.extend(&set.need);
        }
        names.extend(self.take.iter().flatten());
        names
    }

    /// Returns the texts that may become part of a value.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self.set.iter().map(|set| set.value.as_str()).collect();
        for part in self.part.values() {
            texts.extend(part.default.as_deref());
            texts.extend(part.values.values().map(String::as_str));
            let around = [&part.scheme, &part.host_port, &part.each, &part.join];
            texts.extend(around.into_iter().flatten().map(String::as_str));
        }
        let replaced = self.items.iter().flat_map(|items| items.replace.values());
        texts.extend(replaced.map(String::as_str));
        texts
    }

    /// Returns the texts that values are made from, each with the group of its option.
    pub(crate) fn made_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let sets = self
            .set
            .iter()
            .map(|set| (set.option.group(), set.value.as_str()));
        let parts = self.part.values();
        let made = parts.flat_map(|part| {
            let texts = part.default.iter().chain(part.values.values());
            texts.map(move |text| (part.option.group(), text.as_str()))
        });
        sets.chain(made)
    }

    /// Returns the options that the rule removes, renames or edits. No two rules may claim the
    /// same.
    pub(crate) fn claims(&self) -> Vec<&OptName> {
        let renamed = self.rename.iter().map(|rename| &*rename.from);
        let items = self.items.iter().flat_map(|items| &items.options);
        let removed = self.remove.iter().flat_map(|removal| &removal.options);
        let others = items.chain(removed).map(|name| &**name);
        renamed.chain(others).chain(self.taken()).collect()
    }

    /// Returns the options that are removed when the assignments are made.
    pub(crate) fn taken(&self) -> Vec<&OptName> {
        if let Some(take) = &self.take {
            return take.iter().map(|name| &**name).collect();
        }
        let mut taken: Vec<&OptName> = Vec::new();
        for part in self.part.values() {
            let again = self.set.iter().any(|set| set.option == part.option);
            if !again && !taken.contains(&&*part.option) {
                taken.push(&part.option);
            }
        }
        taken
    }

    /// Returns the options that trigger the rule: it does not apply when none of them is set.
    pub(crate) fn triggers(&self) -> Vec<&OptName> {
        let mut triggers = self.claims();
        let reported = self.report.iter().flat_map(|report| &report.options);
        triggers.extend(reported.map(|name| &**name));
        if triggers.is_empty() {
            triggers.extend(self.part.values().map(|part| &*part.option));
            triggers.extend(self.when.iter().map(|condition| &*condition.option));
        }
        triggers
    }
}
