//! Strategies for configurations: files, the options that a service registers, and its environment.
//!
//! Strategies generate plans of numbers and choices, from which texts are made at the end, so that
//! failing cases shrink: lines disappear, names become the first of their pool, odd white space
//! vanishes.

mod files;
mod options;
mod rules;
mod services;
mod values;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use oslo_config::{DEFAULT_GROUP, Document, Opt, OptName, OptType, Source};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use crate::pools::{CLASSES, Class};
use files::{file_plan, source_plan};
pub use options::plain_types;
use options::{make_opts, opt_plan, unique, variable_plan};
pub use rules::{IfSet, Rule, RuleCase, RuleKind, rule_cases};
pub use services::{Given, ServiceCase, ServiceKind, services};
pub(crate) use services::{Names, files_plan, make_files};
use values::value_plan;

/// A file: its name and its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// The name, without a directory.
    pub name: String,
    /// The bytes.
    pub text: Vec<u8>,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Panics
    ///
    /// Panics if it cannot be read, or its name is not UTF-8.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let name = path.file_name().and_then(|name| name.to_str());
        ConfigFile {
            name: name.expect("a name in UTF-8").into(),
            text: fs::read(path).expect("a file that can be read"),
        }
    }
}

impl ConfigSource {
    /// Reads a file, or all files of a directory.
    ///
    /// # Panics
    ///
    /// Panics if one cannot be read.
    #[must_use]
    pub fn read(path: &Path) -> Self {
        let file = ConfigFile::read;
        if !path.is_dir() {
            return ConfigSource::File(file(path));
        }
        let entries = fs::read_dir(path).expect("a directory that can be listed");
        let files = entries.map(|entry| file(&entry.expect("an entry of it").path()));
        ConfigSource::Dir {
            name: path.file_name().expect("a name").to_string_lossy().into(),
            files: files.collect(),
        }
    }
}

/// A source of configuration, as given on the command line of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// `--config-file`.
    File(ConfigFile),
    /// `--config-dir`, with all its files, including those that are not read.
    Dir {
        /// The name.
        name: String,
        /// The files, in no particular order.
        files: Vec<ConfigFile>,
    },
}

/// The whole configuration of a service.
#[derive(Clone)]
pub struct Set {
    /// The sources in reading order.
    pub sources: Vec<ConfigSource>,
    /// The options that the service registers, with distinct names.
    pub opts: Vec<Opt>,
    /// The environment of the service.
    pub environment: Vec<(String, String)>,
}

impl Set {
    /// Returns the files that are read, in reading order.
    #[must_use]
    pub fn files(&self) -> Vec<&ConfigFile> {
        let mut found = Vec::new();
        for source in &self.sources {
            match source {
                ConfigSource::File(file) => found.push(file),
                ConfigSource::Dir { files, .. } => {
                    let mut files: Vec<_> = files.iter().filter(|file| is_read(file)).collect();
                    files.sort_by(|one, other| one.name.cmp(&other.name));
                    found.append(&mut files);
                }
            }
        }
        found
    }

    /// Returns the same files as [`Set::files`], mutably.
    pub fn files_mut(&mut self) -> Vec<&mut ConfigFile> {
        let mut found = Vec::new();
        for source in &mut self.sources {
            match source {
                ConfigSource::File(file) => found.push(file),
                ConfigSource::Dir { files, .. } => {
                    let mut files: Vec<_> = files.iter_mut().filter(|file| is_read(file)).collect();
                    files.sort_by(|one, other| one.name.cmp(&other.name));
                    found.append(&mut files);
                }
            }
        }
        found
    }

    /// Creates a set from sources, with an option for each key in the files, whose types are
    /// `kinds` in turn. Returns `None` if a file is not UTF-8 or cannot be parsed.
    #[must_use]
    pub fn of_sources(sources: Vec<ConfigSource>, kinds: &[OptType]) -> Option<Self> {
        let mut set = Set {
            sources,
            opts: Vec::new(),
            environment: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        let mut opts = Vec::new();
        for file in set.files() {
            std::str::from_utf8(&file.text).ok()?;
            for entry in Document::parse(&file.text).ok()?.entries() {
                let (group, key) = (entry.group().to_string(), entry.key().to_string());
                // oslo.config reserves these names.
                let own = [
                    "project",
                    "prog",
                    "version",
                    "usage",
                    "config_file",
                    "config_dir",
                ];
                let free = !own.contains(&key.as_str()) && !key.starts_with('_');
                // A hyphen counts as an underscore.
                if free && seen.insert(OptName::new(&*group, key.replace('-', "_"))) {
                    let kind = kinds[opts.len() % kinds.len()].clone();
                    opts.push(Opt::new(group, key, kind));
                }
            }
        }
        set.opts = opts;
        Some(set)
    }

    /// Creates a set from one file, with a string option for each key. Returns `None` if the file
    /// is not UTF-8 or cannot be parsed.
    #[must_use]
    pub fn of_file(text: &[u8]) -> Option<Self> {
        let file = ConfigFile {
            name: "file.conf".into(),
            text: text.to_vec(),
        };
        Set::of_sources(vec![ConfigSource::File(file)], &[OptType::string()])
    }

    /// Writes all files below `directory`.
    ///
    /// # Errors
    ///
    /// Returns an error if a file cannot be written.
    pub fn write_to(&self, directory: &Path) -> io::Result<Vec<Source>> {
        let write = |place: &Path, file: &ConfigFile| fs::write(place.join(&file.name), &file.text);
        let mut sources = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            // A directory for each, since two sources may have the same name.
            let place = directory.join(index.to_string());
            fs::create_dir(&place)?;
            match source {
                ConfigSource::File(file) => {
                    write(&place, file)?;
                    sources.push(Source::File(place.join(&file.name)));
                }
                ConfigSource::Dir { name, files } => {
                    let place = place.join(name);
                    fs::create_dir(&place)?;
                    for file in files {
                        write(&place, file)?;
                    }
                    sources.push(Source::Dir(place));
                }
            }
        }
        Ok(sources)
    }
}

fn is_read(file: &ConfigFile) -> bool {
    file.name.ends_with(".conf") && !file.name.starts_with('.')
}

impl fmt::Debug for ConfigFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}:", self.name)?;
        // Line by line, with invisible characters escaped.
        for line in self.text.split_inclusive(|&byte| byte == b'\n') {
            writeln!(f, "    {}", escaped(line))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Set {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for source in &self.sources {
            match source {
                ConfigSource::File(file) => write!(f, "file {file:?}")?,
                ConfigSource::Dir { name, files } => {
                    writeln!(f, "directory {name:?}:")?;
                    for file in files {
                        write!(f, "  file {file:?}")?;
                    }
                }
            }
        }
        for opt in &self.opts {
            let multi = if opt.is_multi() { " multi" } else { "" };
            write!(f, "option {}: {:?}{multi}", opt.name(), opt.kind())?;
            for name in opt.deprecated() {
                write!(f, ", formerly {name}")?;
            }
            if !opt.default().is_empty() {
                write!(f, ", default {:?}", opt.default())?;
            }
            writeln!(f)?;
        }
        for (name, value) in &self.environment {
            writeln!(f, "environment {name}={value:?}")?;
        }
        Ok(())
    }
}

/// Returns bytes as in a Rust string literal.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Returns the kinds of cases whose name contains `ORACLE_KIND`; all if none does.
pub(crate) fn requested_kinds<K: Copy>(kinds: Vec<K>, name: impl Fn(K) -> &'static str) -> Vec<K> {
    let part = std::env::var("ORACLE_KIND").unwrap_or_default();
    let requested: Vec<K> = kinds
        .iter()
        .copied()
        .filter(|kind| name(*kind).contains(&part))
        .collect();
    if requested.is_empty() {
        kinds
    } else {
        requested
    }
}

/// Generates whole configurations. Most parse; each has some of what oslo.config's rules are about:
/// names in several roles, several files and directories, references, odd white space, all types of
/// options.
pub fn sets() -> BoxedStrategy<Set> {
    let theme = vec(any::<Index>(), 3);
    let sources = vec(source_plan(), 1..4);
    let opts = vec(opt_plan(), 1..8);
    let environment = vec(variable_plan(), 0..3);
    (theme, sources, opts, environment)
        .prop_map(|(theme, sources, opts, environment)| {
            let theme: Vec<Class> = theme.iter().map(|class| *class.get(&CLASSES)).collect();
            let opts = make_opts(&opts, &theme);
            let environment = environment
                .iter()
                .map(|plan| plan.make(&opts, &theme))
                .collect();
            let sources = sources.iter().map(|plan| plan.make(&theme)).collect();
            Set {
                sources,
                opts,
                environment: unique(environment),
            }
        })
        .boxed()
}

/// Generates texts for the parser, all UTF-8: files as in [`sets`], and lines of tokens of the
/// grammar, valid or not.
pub fn texts() -> BoxedStrategy<Vec<u8>> {
    const PARTS: [&str; 34] = [
        "\n", "\r\n", "\r", "[", "]", "a", "=", ":", " ", "\t", "#", ";", "\"", "'", "[a]\n",
        "b = c\n", " d\n", "[A]\r\n", "k=\n", "\u{a0}", "\u{85}", "\u{b}", "\u{c}", "\u{1c}",
        "\u{1d}", "\u{1f}", "\u{2028}", "\u{feff}", "\u{200b}", "é", "\0", "\u{7f}", "中", "\n\r",
    ];
    let theme = vec(any::<Index>(), 3);
    let file = (theme, file_plan()).prop_map(|(theme, plan)| {
        let theme: Vec<Class> = theme.iter().map(|class| *class.get(&CLASSES)).collect();
        plan.make(&theme)
    });
    let parts = vec(select(&PARTS[..]), 0..40).prop_map(|parts| parts.concat().into_bytes());
    // A valid start makes it more likely that the rest is read.
    let in_section = vec(select(&PARTS[..]), 0..30)
        .prop_map(|parts| format!("[s]\n{}", parts.concat()).into_bytes());
    let any_text = vec(any::<char>(), 0..30)
        .prop_map(|text| text.into_iter().collect::<String>().into_bytes());
    prop_oneof![3 => file, 3 => parts, 3 => in_section, 1 => any_text].boxed()
}

/// Generates options whose values come from the environment, which can hold any text, to try many
/// texts on each type.
pub fn conversions() -> BoxedStrategy<Set> {
    let one = (any::<Index>(), any::<Index>(), value_plan());
    vec(one, 1..20)
        .prop_map(|plans| {
            let mut set = Set {
                sources: Vec::new(),
                opts: Vec::new(),
                environment: Vec::new(),
            };
            for (number, (class, kind, value)) in plans.iter().enumerate() {
                let class = *class.get(&CLASSES);
                let name = format!("option{number}");
                let text = value.make(&class, &[class]).replace('\0', "\u{1}");
                set.environment
                    .push((format!("OS_DEFAULT__OPTION{number}"), text));
                set.opts.push(Opt::new(
                    DEFAULT_GROUP,
                    name,
                    kind.get(&(class.types)()).clone(),
                ));
            }
            set
        })
        .boxed()
}
