//! Looks up an option: the file and the name that set it, what is hidden, and its value.

mod error;
mod lookup;
mod reference;
mod registry;

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use serde_core::de::DeserializeOwned;

pub use self::error::{GetError, GetErrorKind};
use self::lookup::{Hidden, Index, file_origin};
use self::reference::{Chain, Cost, Partly, Resolved};
use self::registry::Registry;
use crate::document::Entry;
use crate::opt::{Opt, OptName};
use crate::setting::{Occurrences, Origin, Setting};
use crate::sources::ParsedFile;
use crate::types::OptType;
use crate::value::{TypeError, Value};

/// A service's configuration: its files in reading order, its registered options and its
/// environment. Looks options up as oslo.config does.
///
/// It borrows files and options, or owns them: `Config<'static>` can be kept by a service.
///
/// ```
/// use oslo_config::{Config, Document, Opt, OptType, ParsedFile};
///
/// struct Service {
///     config: Config<'static>,
/// }
///
/// let document = Document::parse_owned("[pxe]\nhttp_url = http://192.0.2.1\n")?;
/// let opts = vec![
///     Opt::new("deploy", "http_server_url", OptType::Uri).with_deprecated("pxe", "http_url"),
///     Opt::new("ilo", "client_port", OptType::port()).with_default("443"),
///     Opt::new("ilo", "ca_file", OptType::string()),
/// ];
/// let config = Config::new(vec![ParsedFile::new("ironic.conf", document)], opts)
///     .with_environment(std::env::vars_os());
/// let service = Service { config };
///
/// let url: String = service.config.get("deploy", "http_server_url")?;
/// assert_eq!(url, "http://192.0.2.1");
/// assert_eq!(service.config.get::<u16>("ilo", "client_port")?, 443);
/// assert_eq!(service.config.get::<Option<String>>("ilo", "ca_file")?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Config<'d> {
    index: Arc<Index<'d>>,
    registry: Registry<'d>,
    environment: HashMap<String, String>,
    resolved: Resolved,
}

/// Shows no values, which may be secret.
impl fmt::Debug for Config<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("index", &self.index)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}

impl<'d> Config<'d> {
    /// Creates a configuration from files in reading order and the options that the service
    /// registers, each borrowed or owned. Its environment is empty.
    #[must_use]
    pub fn new(
        files: impl Into<Cow<'d, [ParsedFile<'d>]>>,
        opts: impl Into<Cow<'d, [Opt]>>,
    ) -> Self {
        Self::registered(Arc::new(Index::new(files.into())), opts.into())
    }

    /// Returns the same files as read by a service that registers `opts`. The environment is empty.
    #[must_use]
    pub fn with_opts(&self, opts: impl Into<Cow<'d, [Opt]>>) -> Self {
        Self::registered(Arc::clone(&self.index), opts.into())
    }

    fn registered(index: Arc<Index<'d>>, opts: Cow<'d, [Opt]>) -> Self {
        Config {
            index,
            registry: Registry::new(opts),
            environment: HashMap::default(),
            resolved: Resolved::default(),
        }
    }

    /// Sets the environment, whose variables `OS_GROUP__OPTION` take precedence over every file. A
    /// variable that is not UTF-8 is not for oslo.config, and ignored.
    #[must_use]
    pub fn with_environment(
        mut self,
        variables: impl IntoIterator<Item = (impl Into<OsString>, impl Into<OsString>)>,
    ) -> Self {
        let variables = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into().into_string().ok()?;
            let value = value.into().into_string().ok()?;
            name.starts_with("OS_").then_some((name, value))
        });
        self.environment = variables.collect();
        self.resolved = Resolved::default();
        self
    }

    /// Returns the value of an option, by its current name. Hyphens in the name count as
    /// underscores, and the case of the group does not matter.
    ///
    /// `T` is any type that can be deserialized from the option's [`Value`]: a text, a number, a
    /// boolean, `Vec` and maps of these, an `enum` of texts, and `Option` for a value that may be
    /// missing.
    ///
    /// # Errors
    ///
    /// Returns an error if no such option is registered, if its value or one that it refers to does
    /// not fit its type or `T`, or if a reference does not resolve.
    pub fn get<T: DeserializeOwned>(&self, group: &str, name: &str) -> Result<T, GetError> {
        let opt = self.opt(group, name)?;
        let (Setting { value, origin, .. }, _) =
            self.evaluate(|chain| self.evaluated(opt, opt.name(), Hidden::Skip, chain))?;
        let is_none = value == Value::None;
        T::deserialize(value).map_err(|cause| {
            let option = OptName::new(group, name);
            let kind = match is_none {
                true => GetErrorKind::Unset { option },
                false => GetErrorKind::Invalid { option, cause },
            };
            GetError::new(kind).at(|| origin)
        })
    }

    /// Returns the value of an option with its origin, as [`get`](Config::get) finds it.
    ///
    /// # Errors
    ///
    /// Returns an error if no such option is registered, if its value or one that it refers to does
    /// not fit its type, or if a reference does not resolve.
    pub fn setting(&self, group: &str, name: &str) -> Result<Setting<'_>, GetError> {
        self.setting_of(self.opt(group, name)?)
    }

    fn opt(&self, group: &str, name: &str) -> Result<&Opt, GetError> {
        self.registry.named(group, name).ok_or_else(|| {
            GetError::new(GetErrorKind::NoSuchOption {
                name: OptName::new(group, name).to_string(),
            })
        })
    }

    /// Iterates over the registered options and their values, in the order in which they were
    /// registered.
    ///
    /// ```
    /// use oslo_config::{Config, Opt, OptType, Value};
    ///
    /// let opts = [Opt::new("ilo", "client_port", OptType::port()).with_default("443")];
    /// for (opt, setting) in Config::new(&[], &opts).settings() {
    ///     assert_eq!(opt.name().to_string(), "ilo.client_port");
    ///     assert_eq!(setting?.value, Value::Int(443));
    /// }
    /// # Ok::<(), oslo_config::GetError>(())
    /// ```
    pub fn settings(&self) -> impl Iterator<Item = (&Opt, Result<Setting<'_>, GetError>)> {
        let opts = self.registry.opts().iter();
        opts.map(|opt| (opt, self.setting_of(opt)))
    }

    fn setting_of(&self, opt: &Opt) -> Result<Setting<'_>, GetError> {
        let evaluate = |chain: &mut Chain| self.evaluated(opt, opt.name(), Hidden::Collect, chain);
        self.evaluate(evaluate).map(|(setting, _)| setting)
    }

    /// Finds all places where an option is set under any of its names.
    #[must_use]
    pub fn occurrences(&self, opt: &Opt) -> Occurrences<'_> {
        self.find(opt, opt.name().group(), Hidden::Collect)
    }

    /// Iterates over the entries of a name, each with the index of its file, in reading order.
    pub fn entries<'c, 'n>(
        &'c self,
        group: &'n str,
        name: &'n str,
    ) -> impl DoubleEndedIterator<Item = (usize, Entry<'c, 'c>)> + use<'c, 'n, 'd> {
        self.index.entries(group, name)
    }

    /// Returns where an option's value comes from, without evaluating it.
    #[must_use]
    pub fn origin(&self, opt: &Opt) -> Origin {
        let effective = self.find(opt, opt.name().group(), Hidden::Skip);
        self.texts(opt, opt.name(), &effective).0
    }

    /// Replaces the references in a text as if it were the value of an option in `group`.
    ///
    /// # Errors
    ///
    /// Returns an error if a reference does not resolve, or resolves to an option whose value does
    /// not fit its type.
    pub fn substitute(&self, text: &str, group: &str) -> Result<String, GetError> {
        self.evaluate(|chain| self.substituted(text, group, chain))
    }

    /// Replaces the references that resolve in a text, as if it were the value of an option in
    /// `group`, whatever the types of these options. Unresolved references stay as written; their
    /// names are returned along with the text.
    #[must_use]
    pub fn substitute_known(&self, text: &str, group: &str) -> (String, Vec<String>) {
        let mut partly = Partly::default();
        let text = self.substitute_resolvable(text, group, &mut partly);
        (text, partly.unresolved)
    }

    fn evaluated(
        &self,
        opt: &Opt,
        option: &OptName,
        hidden: Hidden,
        chain: &mut Chain,
    ) -> Result<(Setting<'_>, Cost), GetError> {
        let occurrences = self.find(opt, option.group(), hidden);
        let (origin, texts) = self.texts(opt, option, &occurrences);
        // Each value of a multi-valued option has an entry of its own.
        let origin_of = |at: usize| match (&origin, occurrences.effective.get(at)) {
            (Origin::File { .. }, Some(set)) => file_origin(opt, option, set),
            _ => origin.clone(),
        };
        let (texts, cost) = self.in_chain(option, chain, |chain| {
            let texts = texts.iter().enumerate().map(|(at, text)| {
                let substituted = self.substituted(text, option.group(), chain);
                substituted.map_err(|error| error.at(|| origin_of(at)))
            });
            texts.collect::<Result<Vec<_>, _>>()
        })?;
        // oslo.config treats each character of the variable as a value of its own.
        let texts = match origin {
            Origin::Environment { .. } if opt.is_multi() => {
                texts.concat().chars().map(String::from).collect()
            }
            _ => texts,
        };
        let invalid = |(at, cause)| {
            let option = opt.name().clone();
            GetError::new(GetErrorKind::Invalid { option, cause }).at(|| origin_of(at))
        };
        let value = match origin {
            Origin::Environment { .. } if texts.is_empty() => Value::List(Vec::new()),
            _ => convert(opt, &texts).map_err(invalid)?,
        };
        let setting = Setting {
            value,
            texts,
            origin,
            occurrences,
        };
        Ok((setting, cost))
    }
}

/// Converts the texts of an option. An error has the index of the text that it is about.
fn convert(opt: &Opt, texts: &[String]) -> Result<Value, (usize, TypeError)> {
    let convert = |(at, text): (usize, &String)| {
        let value = opt.kind().convert(text);
        value.map_err(|cause| (at, cause))
    };
    let mut texts = texts.iter().enumerate();
    match texts.len() {
        0 => Ok(Value::None),
        _ if opt.is_multi() => texts
            .map(convert)
            .collect::<Result<_, _>>()
            .map(Value::List),
        _ => texts.next().map_or(Ok(Value::None), convert),
    }
}

/// Returns a string option for each name that is set in `files` and is not a name of `opts`.
///
/// A program that does not know a service's options registers these so that references to them
/// resolve.
#[must_use]
pub fn opts_as_set(files: &[ParsedFile<'_>], opts: &[Opt]) -> Vec<Opt> {
    opts_as_set_where(files, opts, |_| true)
}

/// Returns what [`opts_as_set`] does, of the entries for which `wanted` holds.
#[must_use]
pub fn opts_as_set_where(
    files: &[ParsedFile<'_>],
    opts: &[Opt],
    mut wanted: impl FnMut(&Entry<'_, '_>) -> bool,
) -> Vec<Opt> {
    let names = opts
        .iter()
        .flat_map(|opt| std::iter::once(opt.name()).chain(opt.deprecated()));
    let mut seen: HashSet<OptName> = names.cloned().collect();
    let mut found = Vec::new();
    let entries = files.iter().flat_map(|file| file.document.entries());
    for entry in entries.filter(|entry| wanted(entry)) {
        let group = entry.group();
        let name = OptName::new(group.to_str_lossy(), entry.key().to_str_lossy());
        // No option reads a key with a hyphen: oslo.config looks for an underscore instead.
        let readable = !name.name().contains('-');
        if readable && seen.insert(name.clone()) {
            found.push(Opt::new(name.group(), name.name(), OptType::string()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn unresolved_references_stay() {
        let text =
            b"[DEFAULT]\nip = 192.0.2.1\nhost = $ip/$nowhere\nloop = ${loop}x\n[web]\nport = 80\n";
        let document = Document::parse(text).unwrap();
        let files = [ParsedFile::new("a.conf", document)];
        let opts = opts_as_set(&files, &[]);
        let config = Config::new(&files, &opts);
        let known = |text| config.substitute_known(text, "web");
        assert_eq!(
            known("http://$ip:$port/$$x"),
            ("http://192.0.2.1:80/$x".into(), vec![])
        );
        assert_eq!(
            known("${host}:${web.port}/$b.c"),
            (
                "192.0.2.1/$nowhere:80/$b.c".into(),
                vec!["nowhere".into(), "b.c".into()]
            )
        );
        assert_eq!(known("$loop"), ("${loop}x".into(), vec!["loop".into()]));
    }
}
