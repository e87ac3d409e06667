//! The value of an option: which file, which name, what is hidden, and what the text becomes.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use bstr::{BStr, ByteSlice};
use foldhash::{HashMap, HashSet};

use crate::document::Entry;
use crate::opt::{DEFAULT_GROUP, Opt, OptName};
use crate::setting::{GetError, Occurrence, Occurrences, Origin, Setting};
use crate::sources::ParsedFile;
use crate::template::{self, split_name};
use crate::text::group_of_section;
use crate::types::OptType;
use crate::value::Value;

/// A service's configuration: its files in the order in which they are read, the options that it
/// has registered, and its environment. Looks options up as oslo.config does.
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
    files: Arc<[FileIndex<'d>]>,
    registered: HashMap<(&'d str, &'d str), &'d Opt>,
    /// Options by their former names, for references that still use one.
    deprecated: HashMap<(&'d str, &'d str), &'d Opt>,
    groups: HashSet<&'d str>,
    environment: HashMap<String, String>,
}

/// Group, then key, then the entries in the order in which they stand.
#[derive(Debug)]
struct FileIndex<'d> {
    path: &'d Path,
    groups: HashMap<Cow<'d, [u8]>, Keys<'d>>,
}

type Keys<'d> = HashMap<&'d [u8], Vec<Entry<'d, 'd>>>;

/// Whether the places that do not give an option's value are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Found,
    Ignored,
}

/// How long a chain of references may be. Each link takes some of the stack, and a file must not be
/// able to exhaust that.
const MAX_DEPTH: usize = 200;

/// How many references one value may take in all. Where each of a chain of options refers twice to the
/// next, their number doubles with every link.
const MAX_REFERENCES: usize = 10_000;

/// The references that led to an option.
#[derive(Default)]
struct Chain {
    /// The options on the way, from the one that was asked for.
    options: Vec<OptName>,
    /// How many references were followed in all.
    references: usize,
}

impl<'d> Config<'d> {
    /// A configuration of the given files, in the order in which they are read, and the options
    /// that the service registers. The environment is empty.
    #[must_use]
    pub fn new(files: &'d [ParsedFile<'d>], opts: &'d [Opt]) -> Self {
        Self::registered(files.iter().map(FileIndex::new).collect(), opts)
    }

    /// The same files, read by a service that registers `opts`. The environment is empty.
    #[must_use]
    pub fn with_opts(&self, opts: &'d [Opt]) -> Self {
        Self::registered(Arc::clone(&self.files), opts)
    }

    fn registered(files: Arc<[FileIndex<'d>]>, opts: &'d [Opt]) -> Self {
        let key = |name: &'d OptName| (name.group(), name.name());
        let deprecated = opts
            .iter()
            .flat_map(|opt| opt.deprecated().iter().map(move |name| (key(name), opt)));
        Config {
            files,
            // The first registration counts.
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
        }
    }

    /// Sets the environment, whose variables `OS_GROUP__OPTION` win over every file.
    #[must_use]
    pub fn with_environment(
        mut self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        self.environment = variables
            .into_iter()
            .filter(|(name, _)| name.starts_with("OS_"))
            .collect();
        self
    }

    /// Looks an option up by its current name.
    ///
    /// # Errors
    ///
    /// When no such option is registered, when its value or one that it refers to is not of its
    /// type, or when a reference leads nowhere.
    pub fn get(&self, group: &str, name: &str) -> Result<Setting<'d>, GetError> {
        let opt = self
            .registered
            .get(&(group, name))
            .ok_or_else(|| GetError::NoSuchOption {
                name: OptName::new(group, name).to_string(),
            })?;
        self.setting(opt, group, name, Hidden::Found, &mut Chain::default())
    }

    /// Finds all places where an option is set under any of its names.
    #[must_use]
    pub fn occurrences(&self, opt: &Opt) -> Occurrences<'d> {
        self.find(opt, opt.name().group(), Hidden::Found)
    }

    /// Tells where an option's value comes from, without reading the value.
    #[must_use]
    pub fn origin(&self, opt: &Opt) -> Origin {
        self.raw(opt, opt.name(), &self.occurrences(opt)).0
    }

    /// Replaces the references in a text, as in the value of an option of `group`.
    ///
    /// # Errors
    ///
    /// When a reference leads nowhere, or to an option whose value is not of its type.
    pub fn substitute(&self, text: &str, group: &str) -> Result<String, GetError> {
        let open = &mut Chain::default();
        template::substitute(text, |name| self.refer(name, group, open))
    }

    /// Replaces the references in a text that lead to an option, as in the value of an option of
    /// `group`, whatever the types of these options. References that lead nowhere stay as they are
    /// written, and are returned beside the text.
    #[must_use]
    pub fn substitute_known(&self, text: &str, group: &str) -> (String, Vec<String>) {
        let mut unresolved = Vec::new();
        let text = self.partly(text, group, &mut Chain::default(), &mut unresolved);
        (text, unresolved)
    }

    fn partly(
        &self,
        text: &str,
        group: &str,
        open: &mut Chain,
        unresolved: &mut Vec<String>,
    ) -> String {
        let replaced = template::substitute(text, |name| {
            let depth = open.options.len();
            let found = self.refer(name, group, open);
            open.options.truncate(depth);
            Ok::<_, GetError>(match found {
                Ok(value) => value,
                Err(_) => self.referred_partly(name, group, open, unresolved),
            })
        });
        // The closure returns no error.
        replaced.unwrap_or_default()
    }

    /// The value of an option whose own references do not all lead to one; `None` when there is no
    /// such option, or it refers to itself.
    fn referred_partly(
        &self,
        name: &str,
        group: &str,
        open: &mut Chain,
        unresolved: &mut Vec<String>,
    ) -> Option<String> {
        let (named_group, option) = split_name(name);
        let is_group = named_group.is_none_or(|named| self.groups.contains(named));
        let own = is_group.then_some((named_group.unwrap_or(group), option));
        let mut candidates = own.into_iter().chain([(DEFAULT_GROUP, name)]);
        let found = candidates
            .find_map(|(group, name)| Some((self.referred_opt(group, name)??, group, name)));
        let usable = found.filter(|(_, group, name)| {
            let option = OptName::new(*group, *name);
            open.options.len() < MAX_DEPTH && !open.options.contains(&option)
        });
        let Some((opt, group, name)) = usable else {
            unresolved.push(name.to_owned());
            return None;
        };
        let option = OptName::new(group, name);
        let (_, texts) = self.raw(opt, &option, &self.find(opt, group, Hidden::Ignored));
        open.options.push(option);
        let texts = texts
            .iter()
            .map(|text| self.partly(text, group, open, unresolved));
        let text = texts.collect::<Vec<_>>().join("\n");
        open.options.pop();
        Some(text)
    }

    /// As [`Config::occurrences`], the option's own group taken to be `group`: what a reference by a
    /// former name looks up.
    fn find(&self, opt: &Opt, group: &str, hidden: Hidden) -> Occurrences<'d> {
        let current = (group, opt.name().name());
        let former = opt
            .deprecated()
            .iter()
            .map(|name| (name.group(), name.name()));
        let names: Vec<(&str, &str)> = std::iter::once(current).chain(former).collect();
        let mut found = Occurrences::default();
        // The last file that has any of the names wins, and in it the first name.
        for (file, index) in self.files.iter().enumerate().rev() {
            for (name_index, (group, name)) in names.iter().enumerate() {
                let entries = index.entries(group, name).iter();
                let mut set = entries.map(|&entry| Occurrence {
                    file,
                    path: index.path,
                    entry,
                    name_index,
                });
                if opt.is_multi() {
                    let mut set: Vec<_> = set.collect();
                    set.append(&mut found.effective);
                    found.effective = set;
                } else {
                    if found.effective.is_empty() {
                        found.effective.extend(set.next_back());
                    }
                    if hidden == Hidden::Found {
                        found.hidden.extend(set);
                    }
                }
            }
        }
        found
            .hidden
            .sort_by_key(|hidden| (hidden.file, hidden.entry.line()));
        found
    }

    fn setting(
        &self,
        opt: &'d Opt,
        group: &str,
        name: &str,
        hidden: Hidden,
        open: &mut Chain,
    ) -> Result<Setting<'d>, GetError> {
        let option = OptName::new(group, name);
        if open.options.contains(&option) {
            return Err(GetError::ReferenceLoop { option });
        }
        open.references += 1;
        if open.options.len() > MAX_DEPTH || open.references > MAX_REFERENCES {
            return Err(GetError::TooDeep { option });
        }
        let occurrences = self.find(opt, group, hidden);
        let (origin, texts) = self.raw(opt, &option, &occurrences);
        open.options.push(option);
        let texts = texts
            .iter()
            .map(|text| template::substitute(text, |name| self.refer(name, group, open)))
            .collect::<Result<Vec<_>, _>>()?;
        open.options.pop();
        let (texts, value) = match origin {
            // oslo.config takes each character of the variable for one value.
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
        Ok(Setting {
            value,
            texts,
            origin,
            occurrences,
        })
    }

    /// The texts that an option is set to, as they are written.
    fn raw(
        &self,
        opt: &Opt,
        option: &OptName,
        occurrences: &Occurrences<'d>,
    ) -> (Origin, Vec<String>) {
        if !self.environment.is_empty() {
            let variable = option.environment_variable();
            if let Some(text) = self.environment.get(&variable) {
                return (Origin::Environment { variable }, vec![text.clone()]);
            }
        }
        let Some(last) = occurrences.effective.last() else {
            let origin = if opt.default().is_empty() {
                Origin::Unset
            } else {
                Origin::Default
            };
            return (origin, opt.default().to_vec());
        };
        let deprecated = last
            .name_index
            .checked_sub(1)
            .and_then(|at| opt.deprecated().get(at));
        let origin = Origin::File {
            path: last.path.to_owned(),
            line: last.entry.line(),
            name: deprecated.cloned().unwrap_or_else(|| option.clone()),
            deprecated: deprecated.is_some(),
        };
        let text =
            |occurrence: &Occurrence<'d>| occurrence.entry.value().to_str_lossy().into_owned();
        (origin, occurrences.effective.iter().map(text).collect())
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

    /// What a reference in a value of an option of `group` becomes; `None` when it stays as it is.
    fn refer(&self, name: &str, group: &str, open: &mut Chain) -> Result<Option<String>, GetError> {
        let (named_group, option) = split_name(name);
        let depth = open.options.len();
        let first = self.referred(named_group, named_group.unwrap_or(group), option, open);
        let value = match first {
            // The full name, dots and all, is then tried in the default group: unless it just was, since
            // trying twice at each link of a chain doubles the work with each.
            Err(GetError::NoSuchOption { .. })
                if named_group.is_some() || group != DEFAULT_GROUP =>
            {
                open.options.truncate(depth);
                self.referred(None, DEFAULT_GROUP, name, open)
            }
            other => other,
        }?;
        Ok(value.as_ref().map(Value::to_python_str))
    }

    fn referred(
        &self,
        named_group: Option<&str>,
        group: &str,
        name: &str,
        open: &mut Chain,
    ) -> Result<Option<Value>, GetError> {
        // `$DEFAULT.name` is an error too: the default group is not a registered one.
        if let Some(named) = named_group.filter(|named| !self.groups.contains(named)) {
            return Err(GetError::NoSuchGroup {
                group: named.into(),
            });
        }
        if group == DEFAULT_GROUP && self.groups.contains(name) {
            return Err(GetError::GroupReference { name: name.into() });
        }
        match self.referred_opt(group, name) {
            // Only the value counts: an option that is set often must not cost that much at each reference.
            Some(Some(opt)) => self
                .setting(opt, group, name, Hidden::Ignored, open)
                .map(|setting| Some(setting.value)),
            Some(None) => Ok(None),
            None => Err(GetError::NoSuchOption {
                name: OptName::new(group, name).to_string(),
            }),
        }
    }

    /// The option that a reference leads to; `None` when there is none, `Some(None)` when the reference
    /// stays as text.
    fn referred_opt(&self, group: &str, name: &str) -> Option<Option<&'d Opt>> {
        let registered = |name| self.registered.get(&(group, name)).copied();
        Some(
            match (registered(name), self.deprecated.get(&(group, name))) {
                (Some(opt), _) => Some(opt),
                // oslo.config looks for the option under its name as it is registered, where those with a
                // hyphen are not found...
                (None, Some(opt)) if opt.registered_name().contains('-') => None,
                // ... and it forgets to leave the former name's group for the default one, so that it takes
                // the option of that name in this group. If there is none, the reference stays as text.
                (None, Some(opt))
                    if opt.name().group() == DEFAULT_GROUP && group != DEFAULT_GROUP =>
                {
                    registered(opt.name().name())
                }
                (None, Some(opt)) => Some(opt),
                (None, None) => return None,
            },
        )
    }
}

/// An option, as a text of one value, for each name that is set in `files`, except for names that
/// `opts` has: what a program registers that does not know a service's options, so that references
/// to them are found.
#[must_use]
pub fn opts_as_set(files: &[ParsedFile<'_>], opts: &[Opt]) -> Vec<Opt> {
    let names = opts
        .iter()
        .flat_map(|opt| std::iter::once(opt.name()).chain(opt.deprecated()));
    let mut seen: HashSet<OptName> = names.cloned().collect();
    let mut found = Vec::new();
    for entry in files.iter().flat_map(|file| file.document.entries()) {
        let group = entry.group();
        let name = OptName::new(group.to_str_lossy(), entry.key().to_str_lossy());
        // No option is read by a key with a hyphen: oslo.config looks for an underscore instead.
        let readable = !name.name().contains('-');
        if readable && seen.insert(name.clone()) {
            found.push(Opt::new(name.group(), name.name(), OptType::string()));
        }
    }
    found
}

impl<'d> FileIndex<'d> {
    fn new(file: &'d ParsedFile<'d>) -> Self {
        let mut groups: HashMap<Cow<'d, [u8]>, Keys<'d>> = HashMap::default();
        for section in file.document.sections() {
            let name: &'d BStr = section.name();
            let keys = groups.entry(group_of_section(name)).or_default();
            for entry in section.entries() {
                keys.entry(entry.key()).or_default().push(entry);
            }
        }
        FileIndex {
            path: file.path,
            groups,
        }
    }

    fn entries(&self, group: &str, name: &str) -> &[Entry<'d, 'd>] {
        let group = group_of_section(group.as_bytes());
        let entries = self
            .groups
            .get(&*group)
            .and_then(|keys| keys.get(name.as_bytes()));
        entries.map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;

    #[test]
    fn references_that_lead_nowhere_stay() {
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
