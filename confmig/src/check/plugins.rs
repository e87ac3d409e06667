//! Options of keystoneauth's plugins: a section has those of the plugin that it chooses by `auth_type`.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use oslo_config::{OptName, ParsedFile};

use super::{Named, said};
use crate::diagnostic::{Code, Diagnostic, Places};
use crate::history::KnownNames;
use crate::history::{AuthOptions, Series, auth_options};
use crate::target::{Standing, Target};

/// The plugins whose options services list with their own, whichever plugin is chosen.
const LISTED: [&str; 3] = ["password", "v2password", "v3password"];

/// What chooses a plugin, the last by a former name of the first.
const CHOOSING: [&str; 3] = ["auth_type", "auth_section", "auth_plugin"];

/// The options of plugins in a set of files.
pub(super) struct Plugins<'p> {
    files: &'p [ParsedFile<'p>],
    target: &'p dyn Target,
    series: Series,
    keep_old: bool,
    places: Places<'p, 'p>,
    /// The values that count of what chooses a plugin, by section and name.
    chosen: BTreeMap<(String, String), String>,
    /// The sections that `auth_section` names anywhere.
    referred: BTreeSet<String>,
    /// The last file that sets an option of a plugin, by section and name.
    last: BTreeMap<(String, String), usize>,
}

/// What a section chooses.
pub(super) enum Choice {
    /// A plugin with these options.
    Plugin(String, AuthOptions),
    /// None, although the service asks for one.
    Missing,
    /// The section that `auth_section` names has it all.
    Elsewhere(String),
    /// It has nothing to do with plugins, or it cannot be told.
    Unknown,
}

impl<'p> Plugins<'p> {
    /// Those of files for a target; `None` when it does not tell which plugins it has. `keep_old`: former
    /// names may stand beside the current ones.
    pub(super) fn new(
        files: &'p [ParsedFile<'p>],
        target: &'p dyn Target,
        keep_old: bool,
        places: Places<'p, 'p>,
    ) -> Option<Self> {
        let mut plugins = Plugins {
            files,
            target,
            series: target.plugins()?,
            keep_old,
            places,
            chosen: BTreeMap::new(),
            referred: BTreeSet::new(),
            last: BTreeMap::new(),
        };
        for (at, file) in files.iter().enumerate() {
            for entry in file.document.entries() {
                let (group, key) = (entry.group(), entry.key());
                let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
                    continue;
                };
                let name = || (group.to_owned(), key.to_owned());
                if CHOOSING.contains(&key) {
                    let value = entry.value().to_str_lossy().into_owned();
                    if key == "auth_section" {
                        plugins.referred.insert(value.to_lowercase());
                    }
                    plugins.chosen.insert(name(), value);
                } else if KnownNames::ironic().has_anywhere(key) {
                    plugins.last.insert(name(), at);
                }
            }
        }
        Some(plugins)
    }

    /// What a section chooses.
    pub(super) fn choice(&self, group: &str) -> Choice {
        let auth_section = OptName::new(group, "auth_section");
        let asked = self.target.standing(&auth_section) == Standing::Option;
        let referred = self.referred.contains(group);
        let elsewhere = self
            .chosen(group, "auth_section")
            .filter(|section| section.to_lowercase() != group);
        if let Some(section) = elsewhere.filter(|_| asked && !referred) {
            return match section.contains('$') {
                true => Choice::Unknown,
                false => Choice::Elsewhere(section.to_owned()),
            };
        }
        let chosen = self
            .chosen(group, "auth_type")
            .or_else(|| self.chosen(group, "auth_plugin"))
            .map(str::to_owned)
            .or_else(|| self.default_plugin(group));
        match chosen {
            Some(plugin) => match auth_options(&plugin, self.series) {
                Some(options) => Choice::Plugin(plugin, options),
                None => Choice::Unknown,
            },
            None if asked || referred => Choice::Missing,
            None => Choice::Unknown,
        }
    }

    /// What is wrong with an entry of a section that makes this choice.
    pub(super) fn check(&self, it: &Named<'_>, choice: &Choice) -> Option<Diagnostic> {
        let (group, key) = (it.name.group(), it.name.name());
        let listed = || {
            let mut plugins = LISTED
                .iter()
                .filter_map(|plugin| auth_options(plugin, self.series));
            plugins.any(|options| options.has(key))
        };
        let of_plugin = KnownNames::ironic().has_anywhere(key)
            && (!self.target.standing(&it.name).is_read() || listed());
        if !of_plugin {
            return None;
        }
        let (why, help) = match choice {
            Choice::Unknown => return None,
            Choice::Plugin(_, options) if options.has(key) => {
                let current = options.current(key)?;
                return self.former(it, current);
            }
            Choice::Plugin(plugin, options) => {
                let names: Vec<&str> = options.names().collect();
                (
                    format!("auth_type = {plugin} has no such option"),
                    format!("{plugin} reads {}", names.join(", ")),
                )
            }
            Choice::Missing => (
                "no auth_type chooses a plugin that would read it".to_owned(),
                "set auth_type, as in auth_type = password, or remove it".to_owned(),
            ),
            Choice::Elsewhere(section) => (
                format!("auth_section = {section} has the plugin read [{section}] instead"),
                format!("set it in [{section}], or take out auth_section"),
            ),
        };
        let message = format!("[{group}] {key} is not read: {why}");
        Some(said(Code::UnreadByPlugin, message, help).at(it.place(&self.places)))
    }

    /// A name that the plugin reads as a former one.
    fn former(&self, it: &Named<'_>, current: &str) -> Option<Diagnostic> {
        let (group, key) = (it.name.group(), it.name.name());
        // Where it is nothing but a former name, it is found as all others are.
        if self.target.standing(&it.name) == Standing::Former {
            return None;
        }
        let at = self
            .files
            .iter()
            .position(|other| other.path == it.file.path)?;
        let set = self.last.get(&(group.to_owned(), current.to_owned()));
        let hidden = set.is_some_and(|last| *last >= at);
        if hidden && self.keep_old {
            return None;
        }
        let (diagnostic, label) = if hidden {
            let message =
                format!("[{group}] {key} has no effect: the same option is set as {current}");
            let diagnostic = said(Code::HiddenValue, message, "remove it");
            (diagnostic, "no effect".to_owned())
        } else {
            let message = format!("[{group}] {key} is a former name of [{group}] {current}");
            let help = "write the new name: the plugin still reads the old one";
            let diagnostic = said(Code::DeprecatedName, message, help);
            (diagnostic, format!("now {current}"))
        };
        Some(diagnostic.at(it.place(&self.places)).label(label))
    }

    /// The plugin of a section that chooses none.
    fn default_plugin(&self, group: &str) -> Option<String> {
        let option = self.target.option(&OptName::new(group, "auth_type"))?;
        option.default().first().cloned()
    }

    /// The value that counts of what chooses a plugin.
    fn chosen(&self, group: &str, name: &str) -> Option<&str> {
        let value = self.chosen.get(&(group.to_owned(), name.to_owned()))?;
        (!value.is_empty()).then_some(value)
    }
}
