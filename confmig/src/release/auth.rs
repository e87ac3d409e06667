//! The options of keystoneauth's plugins.

use super::any::names_secret;
use super::facts::Run;
use super::{Series, Service};

/// An option of a plugin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PluginOption {
    pub(crate) plugin: &'static str,
    pub(crate) name: &'static str,
    pub(super) run: Run,
    /// It is marked as secret, or named like one.
    pub(crate) is_secret: bool,
    former: &'static str,
}

impl PluginOption {
    fn read(service: Service, line: &'static str) -> Option<Self> {
        let mut words = line.split(' ').peekable();
        let (plugin, name) = (words.next()?, words.next()?);
        Some(PluginOption {
            plugin,
            name,
            run: Run::parse(service, words.next()?)?,
            is_secret: words.next_if_eq(&"secret").is_some() || names_secret(name),
            former: words.next().unwrap_or_default(),
        })
    }

    /// Its former names.
    pub(crate) fn former(self) -> impl Iterator<Item = &'static str> {
        self.former.split(',').filter(|name| !name.is_empty())
    }
}

/// The options of all plugins in any release.
pub(crate) fn plugin_options(service: Service) -> impl Iterator<Item = PluginOption> {
    let lines = service.known().plugins.lines();
    lines.filter_map(move |line| PluginOption::read(service, line))
}

/// The options of a plugin.
#[derive(Debug, Clone)]
pub struct AuthOptions {
    options: Vec<PluginOption>,
}

impl AuthOptions {
    /// The names, former ones among them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let all = self.options.iter();
        let all = all.flat_map(|option| std::iter::once(option.name).chain(option.former()));
        all.filter(|name| *name != "-")
    }

    /// Tells whether the plugin reads an option, by a current or a former name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The current name of an option, by a former one that the plugin reads for it.
    #[must_use]
    pub fn current(&self, former: &str) -> Option<&'static str> {
        let mut options = self.options.iter();
        let option = options
            .find(|option| option.name != former && option.former().any(|name| name == former))?;
        Some(option.name)
    }
}

/// The options of a plugin in a release; `None` when the release has no such plugin, or its plugins
/// are not known here.
#[must_use]
pub fn auth_options(plugin: &str, series: Series) -> Option<AuthOptions> {
    let of_plugin = plugin_options(series.service()).filter(|option| option.plugin == plugin);
    let options: Vec<PluginOption> = of_plugin
        .filter(|option| option.run.holds(series))
        .collect();
    (!options.is_empty()).then_some(AuthOptions { options })
}
