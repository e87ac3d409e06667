//! What a release of Ironic would not understand, or takes otherwise than another one.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::{Entry, OptName, ParsedFile};

use crate::diagnostic::{Code, Diagnostic, Places};
use crate::known::KnownNames;
use crate::release::{self, Lives, Series, auth_options, installed, is_installed, named_by};
use crate::secret::Secrets;

/// How files are checked for a release.
#[derive(Debug, Clone, Copy)]
pub struct Release<'l> {
    /// The release that reads them.
    pub to: Series,
    /// The release whose defaults are compared with those of `to`; none if they are not.
    pub defaults_of: Option<Series>,
    /// What is known of names.
    pub lives: &'l Lives,
}

/// What a release would not understand of files, besides what [`super::check`] finds with the pack of
/// the release.
#[must_use]
pub fn check_release(
    files: &[ParsedFile<'_>],
    release: Release<'_>,
    secrets: &Secrets<'_>,
) -> Vec<Diagnostic> {
    let checker = ReleaseChecker {
        files,
        release,
        places: Places { secrets },
    };
    let mut found = Vec::new();
    for file in files {
        for section in file.document.sections() {
            let plugin = checker.plugin(&section.group().to_str_lossy());
            for entry in section.entries() {
                let group = section.group();
                let (Ok(group), Ok(key)) = (group.to_str(), entry.key().to_str()) else {
                    continue;
                };
                found.extend(checker.life(file, entry, group, key));
                checker.values(file, entry, group, key, &mut found);
                if let Some(plugin) = &plugin {
                    found.extend(checker.unread(file, entry, key, plugin));
                }
            }
        }
    }
    if let Some(from) = release.defaults_of {
        checker.defaults(from, &mut found);
    }
    found
}

struct ReleaseChecker<'c> {
    files: &'c [ParsedFile<'c>],
    release: Release<'c>,
    places: Places<'c, 'c>,
}

impl ReleaseChecker<'_> {
    /// An option that will be gone, or is not there yet.
    fn life(
        &self,
        file: &ParsedFile<'_>,
        entry: Entry<'_, '_>,
        group: &str,
        key: &str,
    ) -> Option<Diagnostic> {
        let to = self.release.to;
        let life = self.release.lives.of(group, key)?;
        let place = || self.places.key(file.path, entry);
        if let Some(definition) = life.definition(to) {
            return definition.to_be_removed.then(|| {
                let (_, last) = life.as_option().unwrap_or((to, to));
                let when = match last.after() {
                    Some(gone) => format!("it is gone in {gone}"),
                    None => "it will be gone in a later release".to_owned(),
                };
                let advice = last.after().map(|gone| {
                    release::whereabouts(&OptName::new(group, key), gone, self.release.lives)
                });
                Diagnostic::new(
                    Code::DeprecatedOption,
                    format!("[{group}] {key} is deprecated in {to}: {when}"),
                )
                .at(place())
                .help(
                    advice
                        .unwrap_or_else(|| "see the release notes for what takes its place".into()),
                )
            });
        }
        let (first, _) = life.span()?;
        (first > to).then(|| {
            let message = format!("{to} does not know [{group}] {key}: it came in {first}");
            Diagnostic::new(Code::UnknownOption, message)
                .at(place())
                .help("an option that is not known is not read: take it out, or check for a later release")
        })
    }

    /// Hardware types and interfaces that are not installed.
    fn values(
        &self,
        file: &ParsedFile<'_>,
        entry: Entry<'_, '_>,
        group: &str,
        key: &str,
        found: &mut Vec<Diagnostic>,
    ) {
        let to = self.release.to;
        let is_option = self
            .release
            .lives
            .of(group, key)
            .is_some_and(|life| life.is_option(to));
        if !is_option || !named_by(group, key) {
            return;
        }
        let value = entry.value();
        let value = value.to_str_lossy();
        for item in value
            .split([',', '\n'])
            .map(str::trim)
            .filter(|item| !item.is_empty() && !item.contains('$'))
        {
            if is_installed(group, key, item, to) == Some(false) {
                let names: Vec<&str> = installed(group, key, to).collect();
                let message = format!(
                    "{to} has no {item} for [{group}] {key}: a service that is told of it does not start"
                );
                found.push(
                    Diagnostic::new(Code::NotInstalled, message)
                        .at(self.places.key(file.path, entry).label("not installed"))
                        .help(format!("installed are {}", names.join(", "))),
                );
            }
        }
    }

    /// The plugin that a section chooses.
    fn plugin(&self, group: &str) -> Option<String> {
        let sections = self.files.iter().flat_map(|file| file.document.sections());
        let entries = sections
            .filter(|section| *section.group() == *group)
            .flat_map(|section| section.entries());
        let chosen = entries.filter(|entry| entry.key() == "auth_type").last()?;
        Some(chosen.value().to_str().ok()?.to_owned())
    }

    /// An option of authentication that the chosen plugin does not read.
    fn unread(
        &self,
        file: &ParsedFile<'_>,
        entry: Entry<'_, '_>,
        key: &str,
        plugin: &str,
    ) -> Option<Diagnostic> {
        let options = auth_options(plugin, self.release.to)?;
        if !KnownNames::ironic().has_anywhere(key) || options.has(key) {
            return None;
        }
        let group = entry.group();
        let message =
            format!("[{group}] {key} is not read: auth_type = {plugin} has no such option");
        let names: Vec<&str> = options.names().collect();
        Some(
            Diagnostic::new(Code::UnreadByPlugin, message)
                .at(self.places.key(file.path, entry))
                .help(format!("{plugin} reads {}", names.join(", "))),
        )
    }

    /// Options that are not set and have another default.
    fn defaults(&self, from: Series, found: &mut Vec<Diagnostic>) {
        let to = self.release.to;
        let entries = self.files.iter().flat_map(|file| file.document.entries());
        let set: BTreeSet<(Vec<u8>, Vec<u8>)> = entries
            .map(|entry| (entry.group().to_vec(), entry.key().to_vec()))
            .collect();
        let sections: BTreeSet<&Vec<u8>> = set.iter().map(|(group, _)| group).collect();
        for (name, life) in release::all_names() {
            let (Some(old), Some(new)) = (life.definition(from), life.definition(to)) else {
                continue;
            };
            let (group, key) = (
                name.group().as_bytes().to_vec(),
                name.name().as_bytes().to_vec(),
            );
            let about = name.group() == oslo_config::DEFAULT_GROUP || sections.contains(&group);
            let host = old.runtime_default || new.runtime_default;
            if !about || host || set.contains(&(group, key)) || old.default() == new.default() {
                continue;
            }
            let shown = |default: Vec<String>| match default.as_slice() {
                [] => "none".to_owned(),
                values if old.secret || new.secret => format!("{} values", values.len()),
                values => format!("{:?}", values.join(", ")),
            };
            let message = format!(
                "[{}] {} is not set, and its default is {} in {to}, where it was {} in {from}",
                name.group(),
                name.name(),
                shown(new.default()),
                shown(old.default())
            );
            found.push(
                Diagnostic::new(Code::DefaultChanged, message).help("set it to keep the old value"),
            );
        }
    }
}
