//! What a release has installed: hardware types, interfaces and authentication plugins.

use super::definition::is_named_like_a_secret;
use super::facts::rest_of_lines;
use super::series::{ReleaseRange, Series};
use super::service::Service;

/// Returns the values of an option, each with the releases that have it.
fn rows(
    service: Service,
    group: &str,
    name: &str,
) -> impl Iterator<Item = (&'static str, ReleaseRange)> {
    let lines = rest_of_lines(service.texts().values, format!("{group} {name} "));
    lines.filter_map(move |rest| {
        let (value, run) = rest.split_once(' ')?;
        Some((value, ReleaseRange::parse(service, run)?))
    })
}

/// Tells whether the values of an option name installed things, such as hardware types.
#[must_use]
pub fn named_by(service: Service, group: &str, name: &str) -> bool {
    rows(service, group, name).next().is_some()
}

/// Returns what an option can name in a release, sorted.
pub fn installed(group: &str, name: &str, series: Series) -> impl Iterator<Item = &'static str> {
    rows(series.service(), group, name)
        .filter(move |(_, run)| run.contains(series))
        .map(|(value, _)| value)
}

/// Tells whether a release has what an option names; `None` when no release ever had it, in which
/// case it may come from outside the source tree.
#[must_use]
pub fn is_installed(group: &str, name: &str, value: &str, series: Series) -> Option<bool> {
    let mut runs = rows(series.service(), group, name)
        .filter(|(known, _)| *known == value)
        .peekable();
    runs.peek()?;
    Some(runs.any(|(_, run)| run.contains(series)))
}

/// Returns the interfaces of a kind, such as `bios`, that a hardware type supports in a release;
/// none when they are not known.
pub(crate) fn supported_interfaces(
    hardware_type: &str,
    kind: &str,
    series: Series,
) -> Vec<&'static str> {
    let start = format!("{hardware_type} {kind} ");
    let lines = series.service().texts().interfaces.lines();
    let of_type = lines.filter_map(|line| line.strip_prefix(start.as_str()));
    let supported = of_type.filter_map(|rest| {
        let (name, run) = rest.split_once(' ')?;
        let run = ReleaseRange::parse(series.service(), run)?;
        run.contains(series).then_some(name)
    });
    supported.collect()
}

/// An option of one of keystoneauth's plugins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PluginOption {
    pub(crate) plugin: &'static str,
    pub(crate) name: &'static str,
    run: ReleaseRange,
    /// The option is marked as secret, or named like one.
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
            run: ReleaseRange::parse(service, words.next()?)?,
            is_secret: words.next_if_eq(&"secret").is_some() || is_named_like_a_secret(name),
            former: words.next().unwrap_or_default(),
        })
    }

    /// Returns the former names.
    pub(crate) fn former(self) -> impl Iterator<Item = &'static str> {
        self.former.split(',').filter(|name| !name.is_empty())
    }
}

/// Returns the options of all plugins in all releases.
pub(crate) fn plugin_options(service: Service) -> impl Iterator<Item = PluginOption> {
    let lines = service.texts().plugins.lines();
    lines.filter_map(move |line| PluginOption::read(service, line))
}

/// Returns the newest release whose plugins are known: that of a service, or else of any other. The
/// plugins are keystoneauth's, whichever service uses them.
pub(crate) fn newest_plugins(service: Option<Service>) -> Option<Series> {
    let mut services = service.into_iter().chain(Service::all());
    let has_plugins = |service: &Service| plugin_options(*service).next().is_some();
    services.find(has_plugins).map(Service::newest)
}

/// The options of an authentication plugin in a release.
#[derive(Debug, Clone)]
pub struct AuthOptions {
    options: Vec<PluginOption>,
}

impl AuthOptions {
    /// Returns the current and former names of the options.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let all = self.options.iter();
        let all = all.flat_map(|option| std::iter::once(option.name).chain(option.former()));
        all.filter(|name| *name != "-")
    }

    /// Tells whether the plugin reads a name, current or former.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Returns the current name of the option that has this former name.
    #[must_use]
    pub fn current(&self, former: &str) -> Option<&'static str> {
        let mut options = self.options.iter();
        let option = options
            .find(|option| option.name != former && option.former().any(|name| name == former))?;
        Some(option.name)
    }
}

/// Returns the options of a plugin in a release; `None` when the release has no such plugin or its
/// plugins are not known.
#[must_use]
pub fn auth_options(plugin: &str, series: Series) -> Option<AuthOptions> {
    let of_plugin = plugin_options(series.service()).filter(|option| option.plugin == plugin);
    let options: Vec<PluginOption> = of_plugin
        .filter(|option| option.run.contains(series))
        .collect();
    (!options.is_empty()).then_some(AuthOptions { options })
}
