//! The options and texts that a rule is about.

use oslo_config::OptName;

use super::{Name, Rule, Sections};

impl Rule {
    /// Every option that the rule names in any way, without its group: that may be any section's.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        let having = match &self.sections {
            Some(Sections::Having { having, .. }) => Some(having.as_str()),
            _ => None,
        };
        having
            .into_iter()
            .chain(self.names().into_iter().map(|name| name.name()))
    }

    /// Every option that the rule gives a whole name of.
    pub(crate) fn names(&self) -> Vec<&Name> {
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
        names.extend(self.items.iter().flat_map(|items| &items.options));
        names.extend(self.remove.iter().flat_map(|removal| &removal.options));
        names.extend(self.report.iter().flat_map(|report| &report.options));
        names
    }

    /// Every text that may become part of a value.
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

    /// The texts that values are made of, each with the group of the option that it is for.
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

    /// The options that the rule removes, renames or edits: no two rules can have the same.
    pub(crate) fn claims(&self) -> Vec<&OptName> {
        let renamed = self.rename.iter().map(|rename| &*rename.from);
        let items = self.items.iter().flat_map(|items| &items.options);
        let removed = self.remove.iter().flat_map(|removal| &removal.options);
        let others = items.chain(removed).map(|name| &**name);
        renamed.chain(others).chain(self.taken()).collect()
    }

    /// The options that go when the assignments are made.
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

    /// The options that set the rule going: when none of them is set, there is nothing to do.
    pub(crate) fn triggers(&self) -> Vec<&OptName> {
        let mut triggers = self.claims();
        triggers.extend(
            self.report
                .iter()
                .flat_map(|report| &report.options)
                .map(|name| &**name),
        );
        if triggers.is_empty() {
            triggers.extend(self.part.values().map(|part| &*part.option));
            triggers.extend(self.when.iter().map(|condition| &*condition.option));
        }
        triggers
    }
}
