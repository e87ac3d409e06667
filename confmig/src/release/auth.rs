//! The options of keystoneauth's plugins.

use super::Series;

/// Made by `data/generate.py`: `plugin first-last option=former,…`.
const AUTH: &str = include_str!("../../data/ironic-auth.txt");

/// The options of a plugin.
#[derive(Debug, Clone)]
pub struct AuthOptions {
    words: &'static str,
}

impl AuthOptions {
    /// The names, former ones among them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.words.split([',', '=']).filter(|name| *name != "-")
    }

    /// Tells whether the plugin reads an option, by a current or a former name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// The current name of an option, by a former one that the plugin reads for it.
    #[must_use]
    pub fn current(&self, former: &str) -> Option<&'static str> {
        self.words.split(',').find_map(|option| {
            let mut names = option.split('=');
            let current = names.next()?;
            (current != former && names.any(|name| name == former)).then_some(current)
        })
    }
}

/// The options of a plugin in a release; `None` when the release has no such plugin, or its plugins
/// are not known here.
#[must_use]
pub fn auth_options(plugin: &str, series: Series) -> Option<AuthOptions> {
    AUTH.lines().find_map(|line| {
        let mut words = line.split(' ');
        let same = words.next()? == plugin;
        let (first, last) = words.next()?.split_once('-')?;
        let range = first.parse::<u8>().ok()?..=last.parse::<u8>().ok()?;
        (same && range.contains(&series.number())).then_some(AuthOptions {
            words: words.next()?,
        })
    })
}
