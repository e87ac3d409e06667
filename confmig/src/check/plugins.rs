//! Options of keystoneauth plugins: a section has those of the plugin that its `auth_type` chooses.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use oslo_config::{OptName, ParsedFile};

use super::{NamedEntry, finding};
use crate::diagnostic::{Code, Diagnostic, Places};
use crate::history::{AuthOptions, Series, auth_options, is_plugin_option};
use crate::target::{Standing, Target};

/// The plugins whose options services list among their own, whichever plugin is chosen.
const LISTED: [&str; 3] = ["password", "v2password", "v3password"];

/// The options that choose a plugin; `auth_plugin` is a former name of `auth_type`.
const CHOOSING: [&str; 3] = ["auth_type", "auth_section", "auth_plugin"];

/// The plugin options set in a set of files.
pub(super) struct Plugins<'p> {
    files: &'p [ParsedFile<'p>],
    target: &'p dyn Target,
    series: Series,
    keep_old: bool,
    places: Places<'p, 'p>,
    /// The effective values of the options that choose a plugin, by section and name.
    chosen: BTreeMap<(String, String), String>,
    /// The sections named by any `auth_section`.
    referred: BTreeSet<String>,
    /// The last file that sets a plugin option, by section and name.
    last: BTreeMap<(String, String), usize>,
}

/// The plugin that a section chooses.
pub(super) enum PluginChoice {
    /// A plugin, with its options.
    Plugin(String, AuthOptions),
    /// None, although the service expects one.
    Missing,
    /// The one that the section named by `auth_section` chooses.
    Elsewhere(String),
    /// Not known, or the section has nothing to do with plugins.
    Unknown,
}

impl<'p> Plugins<'p> {
    /// Collects the plugin options of files; `None` when the target does not say which plugins it
    /// has. With `keep_old`, former names may be set beside current ones.
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
                } else if is_plugin_option(key) {
                    plugins.last.insert(name(), at);
                }
            }
        }
        Some(plugins)
    }

    /// Tells whether a section chooses a plugin by an option of its own, in any file.
    pub(super) fn is_chosen(&self, group: &str) -> bool {
        let mut choosing = ["auth_type", "auth_plugin"].iter();
        choosing.any(|name| self.chosen(group, name).is_some())
    }

    /// Tells whether the options of a section count for another one.
    pub(super) fn is_referred(&self, group: &str) -> bool {
        self.referred.contains(group)
    }

    /// Returns the plugin that a section chooses.
    pub(super) fn choice(&self, group: &str) -> PluginChoice {
        let auth_section = OptName::new(group, "auth_section");
        let asked = self.target.standing(&auth_section) == Standing::Option;
        let referred = self.referred.contains(group);
        let elsewhere = self
            .chosen(group, "auth_section")
            .filter(|section| section.to_lowercase() != group);
        if let Some(section) = elsewhere.filter(|_| asked && !referred) {
            return match section.contains('$') {
                true => PluginChoice::Unknown,
                false => PluginChoice::Elsewhere(section.to_owned()),
            };
        }
        let chosen = self
            .chosen(group, "auth_type")
            .or_else(|| self.chosen(group, "auth_plugin"))
            .map(str::to_owned)
            .or_else(|| self.default_plugin(group));
        match chosen {
            Some(plugin) => match auth_options(&plugin, self.series) {
                Some(options) => PluginChoice::Plugin(plugin, options),
                None => PluginChoice::Unknown,
            },
            None if asked || referred => PluginChoice::Missing,
            None => PluginChoice::Unknown,
        }
    }

    /// Checks an entry of a section that makes this choice.
    pub(super) fn check(
        &self,
        named: &NamedEntry<'_>,
        choice: &PluginChoice,
    ) -> Option<Diagnostic> {
        let (group, key) = (named.name.group(), named.name.name());
        let listed = || {
            let mut plugins = LISTED
                .iter()
                .filter_map(|plugin| auth_options(plugin, self.series));
            plugins.any(|options| options.has(key))
        };
        let of_plugin =
            is_plugin_option(key) && (!self.target.standing(&named.name).is_read() || listed());
        if !of_plugin {
            return None;
        }
        let (why, help) = match choice {
            PluginChoice::Unknown => return None,
            PluginChoice::Plugin(_, options) if options.has(key) => {
                let current = options.current(key)?;
                return self.former(named, current);
            }
            PluginChoice::Plugin(plugin, options) => {
                let names: Vec<&str> = options.names().collect();
                (
                    format!("the plugin {plugin} has no such option"),
                    format!("{plugin} reads {}", names.join(", ")),
                )
            }
            PluginChoice::Missing => (
                "the section chooses no plugin".to_owned(),
                "set auth_type, for example to password, or remove this option".to_owned(),
            ),
            PluginChoice::Elsewhere(section) => (
                format!("auth_section makes the plugin read [{section}] instead"),
                format!("set it in [{section}], or remove auth_section"),
            ),
        };
        let message = format!("[{group}] {key} is not read: {why}");
        Some(finding(Code::UnreadByPlugin, message, help).at(named.place(&self.places)))
    }

    /// Reports an entry that the plugin reads under a former name.
    fn former(&self, named: &NamedEntry<'_>, current: &str) -> Option<Diagnostic> {
        let (group, key) = (named.name.group(), named.name.name());
        // The target's own former names are reported with all others.
        if self.target.standing(&named.name) == Standing::Former {
            return None;
        }
        let at = self
            .files
            .iter()
            .position(|other| other.path == named.file.path)?;
        let set = self.last.get(&(group.to_owned(), current.to_owned()));
        let hidden = set.is_some_and(|last| *last >= at);
        if hidden && self.keep_old {
            return None;
        }
        let (diagnostic, label) = if hidden {
            let message =
                format!("[{group}] {key} has no effect: the same option is set as {current}");
            let diagnostic = finding(Code::HiddenValue, message, "remove it");
            (diagnostic, "no effect".to_owned())
        } else {
            let message = format!("[{group}] {key} is a former name of [{group}] {current}");
            let help = "write the new name: the plugin still reads the old one";
            let diagnostic = finding(Code::DeprecatedName, message, help);
            (diagnostic, format!("now {current}"))
        };
        Some(diagnostic.at(named.place(&self.places)).label(label))
    }

    /// Returns the plugin of a section that sets none.
    fn default_plugin(&self, group: &str) -> Option<String> {
        let option = self.target.option(&OptName::new(group, "auth_type"))?;
        option.default().first().cloned()
    }

    /// Returns the effective value of an option that chooses a plugin, unless it is empty.
    fn chosen(&self, group: &str, name: &str) -> Option<&str> {
        let value = self.chosen.get(&(group.to_owned(), name.to_owned()))?;
        (!value.is_empty()).then_some(value)
    }
}
