//! What a release of Ironic would not understand, or takes otherwise than another one.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use oslo_config::{Config, Entry, OptName, OptType, ParsedFile};

use super::named::Named;
use super::plugins::{Plugins, Service};
use super::references::{self, references_of};
use crate::diagnostic::{Code, Diagnostic, Places};
use crate::known::KnownNames;
use crate::pack::Pack;
use crate::registered;
use crate::release::{
    self, Lives, Series, installed, is_installed, is_kernel_command_line, named_by,
};
use crate::secret::Secrets;

/// How files are checked for a release.
#[derive(Debug, Clone, Copy)]
pub struct Release<'l> {
    /// The release that reads them.
    pub to: Series,
    /// The release whose defaults are compared with those of `to`; none if they are not.
    pub defaults_of: Option<Series>,
    /// The files are also read by a program that knows the former names.
    pub keep_old: bool,
    /// What is known of names.
    pub lives: &'l Lives,
}

/// What a release would not understand of files, besides what [`super::check`] finds with `pack`, which
/// is that of the release for these files ([`release::pack`]).
#[must_use]
pub fn check_release(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    release: Release<'_>,
    secrets: &Secrets<'_>,
) -> Vec<Diagnostic> {
    let checker = ReleaseChecker {
        files,
        pack,
        release,
        places: Places { secrets },
        set: OnceCell::new(),
    };
    let of_release = (release.to, release.keep_old);
    let plugins = Plugins::new(files, &release, of_release, Places { secrets });
    let mut found = Vec::new();
    for file in files {
        for section in file.document.sections() {
            let choice = plugins.choice(&section.group().to_str_lossy());
            for entry in section.entries() {
                let it = Named::new(file, entry);
                found.extend(checker.life(&it));
                checker.values(&it, &mut found);
                checker.references(&it, &mut found);
                found.extend(checker.kernel_parameters(&it));
                found.extend(plugins.check(&it, &choice));
            }
        }
    }
    if let Some(from) = release.defaults_of {
        checker.defaults(from, &mut found);
    }
    found
}

impl Service for Release<'_> {
    fn authenticates(&self, group: &str) -> bool {
        let life = self.lives.of(group, "auth_section");
        life.is_some_and(|life| life.is_option(self.to))
    }

    fn default_plugin(&self, group: &str) -> Option<String> {
        let life = self.lives.of(group, "auth_type")?;
        life.definition(self.to)?.default().into_iter().next()
    }

    fn reads(&self, group: &str, name: &str) -> bool {
        let life = self.lives.of(group, name);
        life.is_some_and(|life| life.is_read(self.to))
    }

    fn is_former(&self, group: &str, name: &str) -> bool {
        let life = self.lives.of(group, name);
        life.is_some_and(|life| life.is_former(self.to))
    }
}

struct ReleaseChecker<'c> {
    files: &'c [ParsedFile<'c>],
    pack: &'c Pack,
    release: Release<'c>,
    places: Places<'c, 'c>,
    /// What is set, and the value that counts.
    set: OnceCell<BTreeMap<OptName, String>>,
}

impl ReleaseChecker<'_> {
    /// An option that will be gone, or is not there yet.
    fn life(&self, it: &Named<'_>) -> Option<Diagnostic> {
        let to = self.release.to;
        let life = self.release.lives.of_option(&it.name)?;
        let (group, key) = (it.name.group(), it.name.name());
        let place = || it.place(&self.places);
        if let Some(definition) = life.definition(to) {
            return definition.to_be_removed.then(|| {
                let (_, last) = life.as_option().unwrap_or((to, to));
                let when = match last.after() {
                    Some(gone) => format!("it is gone in {gone}"),
                    None => "it will be gone in a later release".to_owned(),
                };
                let advice = last
                    .after()
                    .map(|gone| release::whereabouts(&it.name, gone, self.release.lives));
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
    fn values(&self, it: &Named<'_>, found: &mut Vec<Diagnostic>) {
        let to = self.release.to;
        let (group, key) = (it.name.group(), it.name.name());
        let is_option = self
            .release
            .lives
            .of(group, key)
            .is_some_and(|life| life.is_option(to));
        if !is_option || !named_by(group, key) {
            return;
        }
        let value = it.entry.value();
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
                        .at(it.place(&self.places).label("not installed"))
                        .help(format!("installed are {}", names.join(", "))),
                );
            }
        }
    }

    /// References to options that only other releases have.
    fn references(&self, it: &Named<'_>, found: &mut Vec<Diagnostic>) {
        let (to, lives) = (self.release.to, self.release.lives);
        let is_read = |name: &OptName| lives.of_option(name).map(|life| life.is_read(to));
        if !it.entry.value().contains(&b'$') || is_read(&it.name) == Some(false) {
            return;
        }
        // By a former name, a value is read in the group of the current one.
        let current = self.current(&it.name);
        for (range, reference) in references_of(it) {
            let mut options: Vec<OptName> = reference.options(it.name.group()).collect();
            if let Some(current) = &current {
                options.extend(reference.options(current.group()));
            }
            let (_, name) = reference.parts();
            // One that no release knows may be that of a driver from outside.
            let Some(gone) = options.iter().find(|option| is_read(option).is_some()) else {
                continue;
            };
            let leads = |option: &OptName| match is_read(option) {
                Some(is_read) => is_read,
                None => self.set().contains_key(option),
            };
            if options.iter().any(leads) || KnownNames::ironic().has_anywhere(name) {
                continue;
            }
            let message = format!(
                "the reference ${} leads to no option of {to}",
                reference.name()
            );
            let help = format!(
                "write the value itself: {}",
                release::whereabouts(gone, to, lives)
            );
            let at = (&range, &reference);
            let said = (message, help);
            found.push(references::dangling(&self.places, it, at, said));
        }
    }

    /// Parameters that Ironic would refuse to hand to a kernel.
    fn kernel_parameters(&self, it: &Named<'_>) -> Option<Diagnostic> {
        let (to, lives) = (self.release.to, self.release.lives);
        let current = self.current(&it.name);
        let option = current.as_ref().unwrap_or(&it.name);
        let definition = lives.of_option(option)?.definition(to)?;
        if definition.subtype.as_deref() != Some("kernel_parameter_string")
            || self.is_on("conductor", "disable_kernel_parameter_parsing")
        {
            return None;
        }
        let value = it.entry.value();
        let text = value.to_str().ok()?;
        let text = if text.contains('$') {
            self.resolved(it, option)?
        } else {
            text.to_owned()
        };
        if is_kernel_command_line(&text) {
            return None;
        }
        let message = format!(
            "the value of [{}] {} is not valid: expected key and key=value with blanks between them, \
             values with blanks in double quotes",
            it.name.group(),
            it.name.name()
        );
        Some(
            Diagnostic::new(Code::IllTypedValue, message)
                .at(it.place(&self.places))
                .help("correct the value, or set [conductor] disable_kernel_parameter_parsing"),
        )
    }

    /// The option that the release reads a former name for.
    fn current(&self, former: &OptName) -> Option<OptName> {
        let life = self.release.lives.of_option(former)?;
        let mut options = life.former_of(self.release.to);
        options.next().filter(|_| life.is_former(self.release.to))
    }

    /// The value that an entry gives to an option, with what it refers to put in; `None` where another
    /// entry counts.
    fn resolved(&self, it: &Named<'_>, option: &OptName) -> Option<String> {
        let opts = registered(self.files, self.pack);
        let config = Config::new(self.files, &opts);
        let mut setting = config.get(option.group(), option.name()).ok()?;
        let counts = setting.occurrences.effective.last()?;
        let is_this = counts.path == it.file.path && counts.entry.line() == it.entry.line();
        setting.texts.pop().filter(|_| is_this)
    }

    fn set(&self) -> &BTreeMap<OptName, String> {
        let entries = || self.files.iter().flat_map(|file| file.document.entries());
        let row = |entry: Entry<'_, '_>| {
            let name = OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy());
            (name, entry.value().to_str_lossy().into_owned())
        };
        self.set.get_or_init(|| entries().map(row).collect())
    }

    /// Tells whether a switch is set, and on.
    fn is_on(&self, group: &str, name: &str) -> bool {
        let value = self.set().get(&OptName::new(group, name));
        let read = value.and_then(|text| OptType::Bool.convert(text).ok());
        read.is_some_and(|value| value.as_bool() == Some(true))
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
