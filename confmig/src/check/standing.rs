//! Names that the target does not read, or will soon stop reading.

use std::collections::HashSet;

use bstr::ByteSlice;
use oslo_config::{OptName, ParsedFile, Section, references};

use super::plugins::PluginChoice;
use super::{Checker, NamedEntry, finding};
use crate::diagnostic::{Code, Diagnostic, Severity, bracketed};
use crate::history::is_plugin_option;
use crate::target::{Standing, near};

impl Checker<'_> {
    /// Checks a section and its entries.
    pub(super) fn section(
        &self,
        file: &ParsedFile<'_>,
        section: Section<'_, '_>,
        found: &mut Vec<Diagnostic>,
    ) {
        let group = section.group();
        let group = group.to_str_lossy();
        let is_known = self.groups.contains(&*group);
        if !is_known {
            found.extend(self.unknown_section(file, section, &group));
        }
        let plugins = self.plugins.as_ref();
        let choice = plugins.map_or(PluginChoice::Unknown, |plugins| plugins.choice(&group));
        let chooses = plugins.is_some_and(|plugins| plugins.is_chosen(&group));
        for entry in section.entries() {
            let named = NamedEntry::new(file, entry);
            let of_plugin = plugins.and_then(|plugins| plugins.check(&named, &choice));
            let anywhere = || chooses && is_plugin_option(named.name.name());
            let standing = self.target.standing(&named.name);
            match standing {
                Standing::Removed => found.push(self.removed(&named)),
                Standing::Unknown if is_known && of_plugin.is_none() && !anywhere() => {
                    found.push(self.unknown(&named));
                }
                _ => {}
            }
            self.value(&named, standing, found);
            if standing == Standing::NotYet {
                found.push(self.not_yet(&named));
            }
            found.extend(self.deprecated_option(&named));
            if standing != Standing::Removed {
                found.extend(of_plugin);
            }
        }
    }

    /// Reports a section that nothing reads: as a warning when its name looks like a mistake.
    fn unknown_section(
        &self,
        file: &ParsedFile<'_>,
        section: Section<'_, '_>,
        group: &str,
    ) -> Option<Diagnostic> {
        if self.groups.is_empty() || self.is_used(group) {
            return None;
        }
        let name = self.places.secrets.section(section.name());
        let unread = format!("nothing reads the section [{name}]");
        let near = near(group, self.groups.iter().copied());
        let (message, label, help) = if section.name().contains(&b']') {
            (
                "the section's name continues past a closing bracket".to_owned(),
                Some("all of this is the name".to_owned()),
                "a section header needs its own line: put what follows it on the next line",
            )
        } else if let Some(meant) = near.first() {
            (
                unread,
                Some(format!("did you mean [{meant}]?")),
                "case does not matter in section names, but spaces do; \
                 only DEFAULT must be in capitals",
            )
        } else {
            let help = "remove it, unless another program reads it";
            (unread, None, help)
        };
        let severity = match label {
            Some(_) => Severity::Warning,
            None => Severity::Note,
        };
        let place = self.places.header(file, section);
        let diagnostic = finding(Code::UnknownSection, message, help).severity(severity);
        let diagnostic = diagnostic.at(place);
        Some(match label {
            Some(label) => diagnostic.label(label),
            None => diagnostic,
        })
    }

    /// Tells whether a value refers to an option of a section, or an option names it as the one
    /// whose plugin options count.
    fn is_used(&self, group: &str) -> bool {
        let plugins = self.plugins.as_ref();
        plugins.is_some_and(|plugins| plugins.is_referred(group))
            || self.referred_groups().contains(group)
    }

    /// Returns the groups that references name.
    fn referred_groups(&self) -> &HashSet<String> {
        self.referred.get_or_init(|| {
            let entries = self.files.iter().flat_map(|file| file.document.entries());
            let values = entries.map(|entry| entry.value());
            let referring = values.filter(|value| value.contains(&b'$'));
            let found = referring.flat_map(|value| references(&value));
            let groups = found.filter_map(|found| Some(found.parts().0?.to_owned()));
            groups.collect()
        })
    }

    fn removed(&self, named: &NamedEntry<'_>) -> Diagnostic {
        let message = format!("{} is no longer read", bracketed(&named.name));
        let help = self.absence(&named.name);
        let severity = match self.target.successors(&named.name).is_empty() {
            true => Severity::Warning,
            // The setting is lost, although the target could follow it.
            false => Severity::Error,
        };
        let diagnostic = finding(Code::RemovedOption, message, help).severity(severity);
        diagnostic.at(named.place(&self.places))
    }

    /// Describes why a removed name is not read. The advice of a rule is given once.
    fn absence(&self, name: &OptName) -> String {
        let mut absence = self.target.absence(name);
        if let Some(rule) = &absence.rule
            && !self.advised.borrow_mut().insert(rule.clone())
        {
            absence.advice = None;
        }
        absence.to_string()
    }

    fn not_yet(&self, named: &NamedEntry<'_>) -> Diagnostic {
        let help = "unknown options are not read: remove it, or check against a later release";
        let message = self.target.denial(&self.places.secrets.name(named.entry));
        finding(Code::UnknownOption, message, help).at(named.place(&self.places))
    }

    fn unknown(&self, named: &NamedEntry<'_>) -> Diagnostic {
        let (name, is_set) = (&named.name, |name: &OptName| self.is_set(name));
        let (meant, help) = match self.suggestions.meant(name, is_set) {
            Some(meant) if meant.group() == name.group() => (
                Some(meant.name().to_owned()),
                "correct the name; keys are case-sensitive",
            ),
            Some(meant) if meant.name() == name.name() => (
                Some(format!("[{}]", meant.group())),
                "move it to its section",
            ),
            Some(meant) => (Some(bracketed(&meant)), "move it to its section"),
            None => (None, "remove it, unless one of your own programs reads it"),
        };
        let help = format!("unknown options are not read: {help}");
        let message = self.target.denial(&self.places.secrets.name(named.entry));
        let diagnostic = finding(Code::UnknownOption, message, help).at(named.place(&self.places));
        match meant {
            Some(meant) => diagnostic.label(format!("did you mean {meant}?")),
            None => diagnostic,
        }
    }

    fn deprecated_option(&self, named: &NamedEntry<'_>) -> Option<Diagnostic> {
        let deprecation = self.target.upcoming_removal(&named.name)?;
        let (when, severity) = match (deprecation.taken_back, deprecation.removed_in) {
            (Some(release), _) => (format!("{release} takes that back"), Severity::Note),
            (None, removed_in) => {
                let unknown = || "a later release will remove it".to_owned();
                let when = removed_in.map(|release| format!("{release} removes it"));
                (when.unwrap_or_else(unknown), Severity::Warning)
            }
        };
        let (name, since) = (bracketed(&named.name), deprecation.since);
        let message = format!("{name} is deprecated{since}: {when}");
        let see_notes = || "see the release notes for its replacement".to_owned();
        let help = deprecation.advice.unwrap_or_else(see_notes);
        let diagnostic = finding(Code::DeprecatedOption, message, help).severity(severity);
        Some(diagnostic.at(named.place(&self.places)))
    }
}
