//! Looks up an option: the file and the name that set it, what is hidden, and its value.

mod lookup;
mod reference;

use std::sync::Arc;

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};

use self::lookup::{Hidden, Index};
use self::reference::{Chain, Cost, Partly, Resolved};
use crate::document::Entry;
use crate::opt::{DEFAULT_GROUP, Opt, OptName};
use crate::setting::{GetError, Occurrences, Origin, Setting};
use crate::sources::ParsedFile;
use crate::types::OptType;
use crate::value::Value;

/// A service's configuration: its files in reading order, its registered options and its
/// environment. Looks options up as oslo.config does.
///
/// ```
/// use oslo_config::{Config, Document, Opt, OptType, ParsedFile};
///
/// let document = Document::parse(b"[pxe]\nhttp_url = http://192.0.2.1\n")?;
/// let files = [ParsedFile { path: "ironic.conf".as_ref(), document }];
/// let opts = [Opt::new("deploy", "http_server_url", OptType::string())
///     .with_deprecated("pxe", "http_url")];
/// let config = Config::new(&files, &opts);
///
/// let setting = config.get("deploy", "http_server_url")?;
/// assert_eq!(setting.value.as_str(), Some("http://192.0.2.1"));
/// assert_eq!(setting.origin.deprecated_name().unwrap().to_string(), "pxe.http_url");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Config<'d> {
    index: Arc<Index<'d>>,
    registered: HashMap<(&'d str, &'d str), &'d Opt>,
    /// Options by their former names, which references may still use.
    deprecated: HashMap<(&'d str, &'d str), &'d Opt>,
    groups: HashSet<&'d str>,
    environment: HashMap<String, String>,
    resolved: Resolved,
}

impl<'d> Config<'d> {
    /// Creates a configuration from files in reading order and the options that the service
    /// registers. Its environment is empty.
    #[must_use]
    pub fn new(files: &'d [ParsedFile<'d>], opts: &'d [Opt]) -> Self {
        Self::registered(Arc::new(Index::new(files)), opts)
    }

    /// Returns the same files as read by a service that registers `opts`. The environment is empty.
    #[must_use]
    pub fn with_opts(&self, opts: &'d [Opt]) -> Self {
        Self::registered(Arc::clone(&self.index), opts)
    }

    fn registered(index: Arc<Index<'d>>, opts: &'d [Opt]) -> Self {
        let key = |name: &'d OptName| (name.group(), name.name());
        let deprecated = opts
            .iter()
            .flat_map(|opt| opt.deprecated().iter().map(move |name| (key(name), opt)));
        Config {
            index,
            // Reversed so that the first registration of a name wins.
            registered: opts
                .iter()
                .rev()
                .map(|opt| (key(opt.name()), opt))
                .collect(),
            deprecated: deprecated.collect(),
            groups: opts
                .iter()
                .map(|opt| opt.name().group())
                .filter(|&group| group != DEFAULT_GROUP)
                .collect(),
            environment: HashMap::default(),
            resolved: Resolved::default(),
        }
    }

    /// Sets the environment, whose variables `OS_GROUP__OPTION` take precedence over every file.
    #[must_use]
    pub fn with_environment(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.environment = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with("OS_"))
            .collect();
        self.resolved = Resolved::default();
        self
    }

    /// Looks an option up by its current name.
    ///
    /// # Errors
    ///
    /// Returns an error if no such option is registered, if its value or one that it refers to does
    /// not fit its type, or if a reference does not resolve.
    pub fn get(&self, group: &str, name: &str) -> Result<Setting<'d>, GetError> {
        let opt = self
            .registered
            .get(&(group, name))
            .ok_or_else(|| GetError::NoSuchOption {
                name: OptName::new(group, name).to_string(),
            })?;
        let option = OptName::new(group, name);
        let (setting, _) =
            self.evaluate(|chain| self.setting(opt, &option, Hidden::Collect, chain))?;
        Ok(setting)
    }

    /// Finds all places where an option is set under any of its names.
    #[must_use]
    pub fn occurrences(&self, opt: &Opt) -> Occurrences<'d> {
        self.find(opt, opt.name().group(), Hidden::Collect)
    }

    /// Iterates over the entries of a name, each with the index of its file, in reading order.
    pub fn entries(
        &self,
        group: &str,
        name: &str,
    ) -> impl DoubleEndedIterator<Item = (usize, Entry<'d, 'd>)> + use<'d, '_> {
        self.index.entries(group, name)
    }

    /// Returns where an option's value comes from, without evaluating it.
    #[must_use]
    pub fn origin(&self, opt: &Opt) -> Origin {
        self.texts(opt, opt.name(), &self.occurrences(opt)).0
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

    fn setting(
        &self,
        opt: &'d Opt,
        option: &OptName,
        hidden: Hidden,
        chain: &mut Chain,
    ) -> Result<(Setting<'d>, Cost), GetError> {
        let occurrences = self.find(opt, option.group(), hidden);
        let (origin, texts) = self.texts(opt, option, &occurrences);
        let (texts, cost) = self.in_chain(option, chain, |chain| {
            let texts = texts.iter();
            let texts = texts.map(|text| self.substituted(text, option.group(), chain));
            texts.collect::<Result<Vec<_>, _>>()
        })?;
        let (texts, value) = match origin {
            // oslo.config treats each character of the variable as a value of its own.
            Origin::Environment { .. } if opt.is_multi() => {
                let texts: Vec<String> = texts.concat().chars().map(String::from).collect();
                let value = match &*texts {
                    [] => Value::List(Vec::new()),
                    texts => self.convert(opt, texts)?,
                };
                (texts, value)
            }
            _ => {
                let value = self.convert(opt, &texts)?;
                (texts, value)
            }
        };
        let setting = Setting {
            value,
            texts,
            origin,
            occurrences,
        };
        Ok((setting, cost))
    }

    fn convert(&self, opt: &Opt, texts: &[String]) -> Result<Value, GetError> {
        let convert = |text: &str| {
            let invalid = |cause| GetError::Invalid {
                option: opt.name().clone(),
                cause,
            };
            opt.kind().convert(text).map_err(invalid)
        };
        match texts {
            [] => Ok(Value::None),
            _ if opt.is_multi() => texts
                .iter()
                .map(|text| convert(text))
                .collect::<Result<_, _>>()
                .map(Value::List),
            [text, ..] => convert(text),
        }
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
        let files = [ParsedFile {
            path: "a.conf".as_ref(),
            document,
        }];
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
