//! The options of keystoneauth's plugins.

use super::Series;
use super::facts::Run;

/// `PLUGIN OPTION RUN [secret] [FORMER,…]`, sorted; OPTION is `-` for a plugin without options.
const PLUGINS: &str = include_str!("../../history/ironic/plugins.txt");

/// An option of a plugin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PluginOption {
    pub(crate) plugin: &'static str,
    pub(crate) name: &'static str,
    pub(super) run: Run,
    pub(crate) is_secret: bool,
    former: &'static str,
}

impl PluginOption {
    fn read(line: &'static str) -> Option<Self> {
        let mut words = line.split(' ').peekable();
        Some(PluginOption {
            plugin: words.next()?,
            name: words.next()?,
            run: Run::parse(words.next()?)?,
            is_secret: words.next_if_eq(&"secret").is_some(),
            former: words.next().unwrap_or_default(),
        })
    }

    /// Its former names.
    pub(crate) fn former(self) -> impl Iterator<Item = &'static str> {
        self.former.split(',').filter(|name| !name.is_empty())
    }
}

/// The options of all plugins in any release.
pub(crate) fn plugin_options() -> impl Iterator<Item = PluginOption> {
    PLUGINS.lines().filter_map(PluginOption::read)
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
    let of_plugin = plugin_options().filter(|option| option.plugin == plugin);
    let options: Vec<PluginOption> = of_plugin
        .filter(|option| option.run.holds(series))
        .collect();
    (!options.is_empty()).then_some(AuthOptions { options })
}
