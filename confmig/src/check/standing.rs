//! Names that the target does not read, or will soon stop reading.

use bstr::ByteSlice;
use oslo_config::{OptName, ParsedFile, Section};

use super::plugins::PluginChoice;
use super::{Checker, NamedEntry, finding};
use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::history::is_plugin_option;
use crate::target::Standing;

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
        let chooses = section.entries().any(|entry| entry.key() == "auth_type");
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
            found.extend(of_plugin);
        }
    }

    /// Reports a section that nothing reads, when its name looks like a mistake.
    fn unknown_section(
        &self,
        file: &ParsedFile<'_>,
        section: Section<'_, '_>,
        group: &str,
    ) -> Option<Diagnostic> {
        let (message, label, help) = if self.groups.is_empty() {
            return None;
        } else if section.name().contains(&b']') {
            (
                "the section's name continues past a closing bracket".to_owned(),
                "all of this is the name".to_owned(),
                "a section header needs its own line: put what follows it on the next line",
            )
        } else {
            let meant = similar(group, self.groups.iter().copied())?;
            let name = self.places.secrets.section(section.name());
            (
                format!("nothing reads the section [{name}]"),
                format!("did you mean [{meant}]?"),
                "case does not matter in section names, but spaces do; \
                 only DEFAULT must be in capitals",
            )
        };
        let diagnostic = finding(Code::UnknownSection, message, help);
        let place = self.places.header(file, section);
        Some(diagnostic.at(place).label(label))
    }

    fn removed(&self, named: &NamedEntry<'_>) -> Diagnostic {
        let message = format!("{} is no longer read", bracketed(&named.name));
        let help = self.target.advice(&named.name);
        finding(Code::RemovedOption, message, help).at(named.place(&self.places))
    }

    fn not_yet(&self, named: &NamedEntry<'_>) -> Diagnostic {
        let help = "unknown options are not read: remove it, or check against a later release";
        let message = self.target.denial(&self.places.secrets.name(named.entry));
        finding(Code::UnknownOption, message, help).at(named.place(&self.places))
    }

    fn unknown(&self, named: &NamedEntry<'_>) -> Diagnostic {
        let of_group = self.target.names_in(named.name.group());
        let (meant, help) = if let Some(group) = self.belongs_to(named.name.name()) {
            let meant = format!("[{group}]");
            (Some(meant), "move it to its section")
        } else if let Some(meant) = similar(named.name.name(), of_group.into_iter()) {
            let meant = meant.to_owned();
            (Some(meant), "correct the name; keys are case-sensitive")
        } else {
            (None, "remove it, unless one of your own programs reads it")
        };
        let help = format!("unknown options are not read: {help}");
        let message = self.target.denial(&self.places.secrets.name(named.entry));
        let diagnostic = finding(Code::UnknownOption, message, help).at(named.place(&self.places));
        match meant {
            Some(meant) => diagnostic.label(format!("did you mean {meant}?")),
            None => diagnostic,
        }
    }

    /// Returns the only group that has an option of this name, among the pack's options or else
    /// among all known ones; `None` when there are several.
    fn belongs_to(&self, name: &str) -> Option<&str> {
        let own = self.pack.opts.iter().map(|opt| opt.name());
        let own = own.filter(|opt| opt.name() == name).map(OptName::group);
        let all = self.groups.iter().copied();
        let all = all.filter(|group| self.target.names_in(group).contains(&name));
        only(own).or_else(|| only(all))
    }

    fn deprecated_option(&self, named: &NamedEntry<'_>) -> Option<Diagnostic> {
        let deprecation = self.target.upcoming_removal(&named.name)?;
        let when = match deprecation.removed_in {
            Some(release) => format!("{release} removes it"),
            None => "a later release will remove it".to_owned(),
        };
        let (name, since) = (bracketed(&named.name), deprecation.since);
        let message = format!("{name} is deprecated{since}: {when}");
        let see_notes = || "see the release notes for its replacement".to_owned();
        let help = deprecation.advice.unwrap_or_else(see_notes);
        Some(finding(Code::DeprecatedOption, message, help).at(named.place(&self.places)))
    }
}

/// Returns the item of an iterator that yields exactly one.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}

/// Returns the name that was probably meant: one that differs by case, spaces, or a typo or two.
fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let normalized = |name: &str| name.trim().to_lowercase().replace('-', "_");
    let name = normalized(name);
    let allowed = if name.chars().count() < 6 { 1 } else { 2 };
    let distance = |other: &str| strsim::osa_distance(&name, &normalized(other));
    names
        .map(|other| (distance(other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, other)| other)
}
