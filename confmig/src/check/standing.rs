//! Names that the target does not read, or not for long.

use bstr::ByteSlice;
use oslo_config::{OptName, ParsedFile, Section};

use super::plugins::Choice;
use super::{Checker, Named, said};
use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::history::KnownNames;
use crate::target::Standing;

impl Checker<'_> {
    /// A section, and all that is in it.
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
        let choice = plugins.map_or(Choice::Unknown, |plugins| plugins.choice(&group));
        let chooses = section.entries().any(|entry| entry.key() == "auth_type");
        for entry in section.entries() {
            let it = Named::new(file, entry);
            let of_plugin = plugins.and_then(|plugins| plugins.check(&it, &choice));
            let anywhere = || chooses && KnownNames::ironic().has_anywhere(it.name.name());
            let standing = self.target.standing(&it.name);
            match standing {
                Standing::Removed => found.push(self.removed(&it)),
                Standing::Unknown if is_known && of_plugin.is_none() && !anywhere() => {
                    found.push(self.unknown(&it));
                }
                _ => {}
            }
            self.value(&it, standing, found);
            if standing == Standing::NotYet {
                found.push(self.not_yet(&it));
            }
            found.extend(self.deprecated_option(&it));
            found.extend(of_plugin);
        }
    }

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
                "the section's name runs on after a closing bracket".to_owned(),
                "all of this is the name".to_owned(),
                "a header needs a line of its own: put what follows it on the next line",
            )
        } else {
            let meant = similar(group, self.groups.iter().copied())?;
            let name = self.places.secrets.section(section.name());
            (
                format!("nothing reads the section [{name}]"),
                format!("did you mean [{meant}]?"),
                "section names are read without regard to case, but with all their spaces; only DEFAULT must be in capitals",
            )
        };
        let diagnostic = said(Code::UnknownSection, message, help);
        let place = self.places.header(file, section);
        Some(diagnostic.at(place).label(label))
    }

    fn removed(&self, it: &Named<'_>) -> Diagnostic {
        let message = format!("{} is gone", bracketed(&it.name));
        let help = self.target.advice(&it.name);
        said(Code::RemovedOption, message, help).at(it.place(&self.places))
    }

    fn not_yet(&self, it: &Named<'_>) -> Diagnostic {
        let help =
            "an option that is not known is not read: remove it, or check for a later release";
        let message = self.target.denial(&it.name);
        said(Code::UnknownOption, message, help).at(it.place(&self.places))
    }

    fn unknown(&self, it: &Named<'_>) -> Diagnostic {
        let of_group = self.target.names_in(it.name.group());
        let (meant, help) = if let Some(group) = self.belongs_to(it.name.name()) {
            let meant = format!("[{group}]");
            (Some(meant), "move it to the section it belongs to")
        } else if let Some(meant) = similar(it.name.name(), of_group.into_iter()) {
            let meant = meant.to_owned();
            (Some(meant), "correct the name; keys are case-sensitive")
        } else {
            (None, "remove it, unless a program of your own reads it")
        };
        let help = format!("an option that is not known is not read: {help}");
        let message = self.target.denial(&it.name);
        let diagnostic = said(Code::UnknownOption, message, help).at(it.place(&self.places));
        match meant {
            Some(meant) => diagnostic.label(format!("did you mean {meant}?")),
            None => diagnostic,
        }
    }

    /// The group that has an option of this name, when it is the only one: of the options that the files
    /// are read with, or of all that are known.
    fn belongs_to(&self, name: &str) -> Option<&str> {
        let own = self.pack.opts.iter().map(|opt| opt.name());
        let own = own.filter(|opt| opt.name() == name).map(OptName::group);
        let all = self.groups.iter().copied();
        let all = all.filter(|group| self.target.names_in(group).contains(&name));
        only(own).or_else(|| only(all))
    }

    fn deprecated_option(&self, it: &Named<'_>) -> Option<Diagnostic> {
        let deprecation = self.target.upcoming_removal(&it.name)?;
        let when = match deprecation.removed_in {
            Some(release) => format!("it is gone in {release}"),
            None => "it will be gone in a later release".to_owned(),
        };
        let (name, since) = (bracketed(&it.name), deprecation.since);
        let message = format!("{name} is deprecated{since}: {when}");
        let see_notes = || "see the release notes for what takes its place".to_owned();
        let help = deprecation.advice.unwrap_or_else(see_notes);
        Some(said(Code::DeprecatedOption, message, help).at(it.place(&self.places)))
    }
}

/// The item of an iterator that has one alone.
fn only<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}

/// The name that was probably meant: one that differs by case, spaces, or a slip or two.
fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let plain = |name: &str| name.trim().to_lowercase().replace('-', "_");
    let name = plain(name);
    let allowed = if name.chars().count() < 6 { 1 } else { 2 };
    let distance = |other: &str| strsim::osa_distance(&name, &plain(other));
    names
        .map(|other| (distance(other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, other)| other)
}
