//! Strategies for configurations: files, the options that a service registers, its environment.
//!
//! What is generated is a plan in numbers and choices; the texts are made from it at the end. So a
//! failing case shrinks: lines go, names become the first of their alphabet, odd spaces vanish.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use oslo_config::{DEFAULT_GROUP, Document, Opt, OptName, OptType, Source};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use crate::pools::{
    BROKEN, CARRIED, CLASSES, COMMENTS, COMMON, Class, GROUPS, INDENTS, OTHER_KEYS,
    OTHER_REFERENCES, OTHER_SECTIONS, SECTIONS, SPACES,
};

/// A file: its name, and every byte of it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigFile {
    /// Its name, without a directory.
    pub name: String,
    /// Its bytes.
    pub text: Vec<u8>,
}

impl ConfigFile {
    /// Reads a file.
    ///
    /// # Panics
    ///
    /// When it cannot be read, or its name is not UTF-8.
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
    /// Reads a file, or everything in a directory.
    ///
    /// # Panics
    ///
    /// When it cannot be read.
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

/// What a service is told to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigSource {
    /// `--config-file`.
    File(ConfigFile),
    /// `--config-dir`, with everything that lies in it, read or not.
    Dir {
        /// Its name.
        name: String,
        /// Its files, in no order.
        files: Vec<ConfigFile>,
    },
}

/// A whole configuration of a service.
#[derive(Clone)]
pub struct Set {
    /// The sources, in the order in which they are read.
    pub sources: Vec<ConfigSource>,
    /// The options that the service registers. No two have the same name.
    pub opts: Vec<Opt>,
    /// Its environment.
    pub environment: Vec<(String, String)>,
}

impl Set {
    /// The files that are read, in the order in which they are.
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

    /// The same files as [`Set::files`], to be changed.
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

    /// Sources, with an option for each key that a file has; its type is the next of `kinds`, which
    /// start again when they are at their end. `None` when a file is not UTF-8 or cannot be parsed.
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
                // oslo.config keeps these names for itself.
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

    /// A file on its own, with an option of type text for each key; `None` when it is not UTF-8 or
    /// cannot be parsed.
    #[must_use]
    pub fn of_file(text: &[u8]) -> Option<Self> {
        let file = ConfigFile {
            name: "file.conf".into(),
            text: text.to_vec(),
        };
        Set::of_sources(vec![ConfigSource::File(file)], &[OptType::string()])
    }

    /// Writes everything below `directory`.
    ///
    /// # Errors
    ///
    /// When a file cannot be written.
    pub fn write_to(&self, directory: &Path) -> io::Result<Vec<Source>> {
        let write = |place: &Path, file: &ConfigFile| fs::write(place.join(&file.name), &file.text);
        let mut sources = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            // A directory of its own each: two sources may have the same name.
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
        // Line by line, with everything escaped that an eye could miss.
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

/// Bytes as a Rust string literal would have them.
#[must_use]
pub fn escaped(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string(),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

/// Whole configurations. Most parse; each has a few of what oslo.config's rules are about: names that
/// meet, several files and directories, references, odd white space, every type of option.
pub fn sets() -> impl Strategy<Value = Set> {
    let theme = vec(any::<Index>(), 3);
    let sources = vec(source_plan(), 1..4);
    let opts = vec(opt_plan(), 1..8);
    let environment = vec(variable_plan(), 0..3);
    (theme, sources, opts, environment).prop_map(|(theme, sources, opts, environment)| {
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
}

/// Texts for the parser alone: files as in [`sets`], and lines put together from what the grammar
/// knows, valid or not. All are UTF-8.
pub fn texts() -> impl Strategy<Value = Vec<u8>> {
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
    // A good start makes it more likely that the rest is looked at.
    let in_section = vec(select(&PARTS[..]), 0..30)
        .prop_map(|parts| format!("[s]\n{}", parts.concat()).into_bytes());
    let any_text = vec(any::<char>(), 0..30)
        .prop_map(|text| text.into_iter().collect::<String>().into_bytes());
    prop_oneof![3 => file, 3 => parts, 3 => in_section, 1 => any_text]
}

/// Options whose values come from the environment, where any text can stand: a way to try many texts
/// on each type.
pub fn conversions() -> impl Strategy<Value = Set> {
    let one = (any::<Index>(), any::<Index>(), value_plan());
    vec(one, 1..20).prop_map(|plans| {
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
}

// From here on: the plans, and what is made of them.

/// One of an alphabet, the first when shrunk.
fn pick(alphabet: &'static [&'static str]) -> impl Strategy<Value = &'static str> + Clone {
    select(alphabet)
}

/// A group of the theme; those of real life most of the time.
fn group() -> impl Strategy<Value = usize> + Clone {
    select(&[0, 1, 2, 1, 2, 0, 3, 4][..])
}

/// An option of the theme: class and name, as places in the alphabets.
#[derive(Debug, Clone, Copy)]
struct NamePlan {
    class: usize,
    name: usize,
}

fn name_plan() -> impl Strategy<Value = NamePlan> + Clone {
    (0..3_usize, 0..3_usize).prop_map(|(class, name)| NamePlan { class, name })
}

impl NamePlan {
    fn make(self, theme: &[Class]) -> &'static str {
        let class = &theme[self.class % theme.len()];
        class.names[self.name]
    }
}

#[derive(Debug, Clone)]
enum Fragment {
    /// A whole value of the option's class.
    Value(Index),
    /// A part of one.
    Piece(Index),
    /// What means something anywhere.
    Common(&'static str),
    /// A reference to an option of the theme.
    Reference {
        group: Option<usize>,
        name: NamePlan,
        braces: bool,
    },
    /// A reference to something else.
    OtherReference { name: &'static str, braces: bool },
}

fn fragment() -> impl Strategy<Value = Fragment> + Clone {
    let reference =
        (weighted(0.5, group()), name_plan(), any::<bool>()).prop_map(|(group, name, braces)| {
            Fragment::Reference {
                group,
                name,
                braces,
            }
        });
    let other = (pick(&OTHER_REFERENCES), any::<bool>())
        .prop_map(|(name, braces)| Fragment::OtherReference { name, braces });
    prop_oneof![
        6 => any::<Index>().prop_map(Fragment::Value),
        6 => any::<Index>().prop_map(Fragment::Piece),
        4 => pick(&COMMON).prop_map(Fragment::Common),
        4 => reference,
        1 => other,
    ]
}

impl Fragment {
    fn make(&self, class: &Class, theme: &[Class]) -> String {
        let braced = |name: &str, braces: bool| {
            if braces {
                format!("${{{name}}}")
            } else {
                format!("${name}")
            }
        };
        match self {
            Fragment::Value(index) => (*index.get(class.values)).into(),
            Fragment::Piece(index) => (*index.get(class.pieces)).into(),
            Fragment::Common(text) => (*text).into(),
            Fragment::Reference {
                group,
                name,
                braces,
            } => {
                // A name in a reference ends at a hyphen.
                let name = name.make(theme).replace('-', "_");
                match group {
                    // `$DEFAULT.name` is an error and has its place among the other references.
                    Some(group) if GROUPS[*group].is_ascii() && *group != 0 => {
                        braced(&format!("{}.{name}", GROUPS[*group]), *braces)
                    }
                    _ => braced(&name, *braces),
                }
            }
            Fragment::OtherReference { name, braces } => braced(name, *braces),
        }
    }
}

/// The text of a value, without the quotes and the white space around it.
#[derive(Debug, Clone)]
struct ValuePlan(Vec<Fragment>);

fn value_plan() -> impl Strategy<Value = ValuePlan> + Clone {
    let reference =
        (name_plan(), weighted(0.5, group()), any::<bool>()).prop_map(|(name, group, braces)| {
            vec![Fragment::Reference {
                group,
                name,
                braces,
            }]
        });
    prop_oneof![
        8 => any::<Index>().prop_map(|index| vec![Fragment::Value(index)]),
        3 => reference,
        3 => vec(any::<Index>().prop_map(Fragment::Piece), 1..6),
        3 => vec(fragment(), 0..5),
    ]
    .prop_map(ValuePlan)
}

impl ValuePlan {
    fn make(&self, class: &Class, theme: &[Class]) -> String {
        self.0
            .iter()
            .map(|fragment| fragment.make(class, theme))
            .collect()
    }
}

#[derive(Debug, Clone)]
enum KeyPlan {
    /// With hyphens as they are, or as underscores.
    Name(NamePlan, bool),
    Other(&'static str),
}

#[derive(Debug, Clone)]
enum ItemPlan {
    Entry {
        key: KeyPlan,
        spaces: [&'static str; 4],
        separator: &'static str,
        quotes: (&'static str, &'static str),
        value: ValuePlan,
        carried: Vec<(&'static str, CarriedPlan)>,
    },
    Comment(&'static str),
    Blank(&'static str),
    Broken(&'static str),
}

#[derive(Debug, Clone)]
enum CarriedPlan {
    Value(ValuePlan),
    Text(&'static str),
}

fn item_plan() -> impl Strategy<Value = ItemPlan> + Clone {
    let key = prop_oneof![
        12 => (name_plan(), any::<bool>()).prop_map(|(name, hyphens)| KeyPlan::Name(name, hyphens)),
        1 => pick(&OTHER_KEYS).prop_map(KeyPlan::Other),
    ];
    // Around the key and around the value. Before the key no blank and no tab may stand.
    let odd_before = select(&["", "\u{a0}", "\u{c}", "\u{1c}", "\u{2028}", "\u{85}"][..]);
    let before = prop_oneof![12 => Just(""), 1 => odd_before];
    let space = || prop_oneof![4 => Just(""), 4 => Just(" "), 1 => pick(&SPACES)];
    let spaces = (before, space(), space(), space()).prop_map(|(a, b, c, d)| [a, b, c, d]);
    let separator = prop_oneof![5 => Just("="), 2 => Just(":")];
    let quotes = prop_oneof![
        12 => Just(("", "")),
        3 => select(&[("\"", "\""), ("'", "'"), ("\"", ""), ("", "\""), ("'", "\""), ("''", "''")][..]),
    ];
    let carried = prop_oneof![
        2 => value_plan().prop_map(CarriedPlan::Value),
        1 => pick(&CARRIED).prop_map(CarriedPlan::Text),
    ];
    let carried = prop_oneof![
        9 => Just(Vec::new()),
        1 => vec((pick(&INDENTS), carried), 1..3),
    ];
    let entry = (key, spaces, separator, quotes, value_plan(), carried).prop_map(
        |(key, spaces, separator, quotes, value, carried)| ItemPlan::Entry {
            key,
            spaces,
            separator,
            quotes,
            value,
            carried,
        },
    );
    prop_oneof![
        200 => entry,
        30 => pick(&COMMENTS).prop_map(ItemPlan::Comment),
        30 => pick(&SPACES).prop_map(ItemPlan::Blank),
        1 => pick(&BROKEN).prop_map(ItemPlan::Broken),
    ]
}

impl ItemPlan {
    fn make(&self, theme: &[Class], lines: &mut Vec<String>) {
        match self {
            ItemPlan::Entry {
                key,
                spaces,
                separator,
                quotes,
                value,
                carried,
            } => {
                let (key, class) = match key {
                    KeyPlan::Name(name, hyphens) => {
                        let key = name.make(theme);
                        let key = if *hyphens {
                            key.into()
                        } else {
                            key.replace('-', "_")
                        };
                        (key, theme[name.class % theme.len()])
                    }
                    KeyPlan::Other(key) => ((*key).into(), theme[0]),
                };
                let [before, after_key, before_value, after_value] = spaces;
                let (open, close) = quotes;
                // A line end in a value would be another line.
                let value = value.make(&class, theme).replace('\n', "\u{b}");
                lines.push(format!(
                    "{before}{key}{after_key}{separator}{before_value}{open}{value}{close}{after_value}"
                ));
                for (indent, text) in carried {
                    let text = match text {
                        CarriedPlan::Value(value) => {
                            value.make(&class, theme).replace('\n', "\u{b}")
                        }
                        CarriedPlan::Text(text) => (*text).into(),
                    };
                    lines.push(format!("{indent}{text}"));
                }
            }
            ItemPlan::Comment(text) | ItemPlan::Blank(text) | ItemPlan::Broken(text) => {
                lines.push((*text).into());
            }
        }
    }
}

#[derive(Debug, Clone)]
struct SectionPlan {
    header: HeaderPlan,
    after: &'static str,
    items: Vec<ItemPlan>,
}

#[derive(Debug, Clone)]
enum HeaderPlan {
    Group(usize, Option<Index>),
    Other(&'static str),
}

fn section_plan() -> impl Strategy<Value = SectionPlan> + Clone {
    let plain = group().prop_map(|group| HeaderPlan::Group(group, None));
    let spelled =
        (group(), any::<Index>()).prop_map(|(group, how)| HeaderPlan::Group(group, Some(how)));
    let header = prop_oneof![
        8 => plain,
        3 => spelled,
        1 => pick(&OTHER_SECTIONS).prop_map(HeaderPlan::Other),
    ];
    let after = prop_oneof![8 => Just(""), 1 => pick(&SPACES)];
    (header, after, vec(item_plan(), 0..7)).prop_map(|(header, after, items)| SectionPlan {
        header,
        after,
        items,
    })
}

impl SectionPlan {
    fn make(&self, theme: &[Class], lines: &mut Vec<String>) {
        let name = match &self.header {
            HeaderPlan::Group(group, how) => {
                let spellings = SECTIONS[*group];
                how.map_or(&spellings[0], |how| how.get(spellings))
            }
            HeaderPlan::Other(name) => name,
        };
        lines.push(format!("[{name}]{}", self.after));
        for item in &self.items {
            item.make(theme, lines);
        }
    }
}

#[derive(Debug, Clone)]
struct FilePlan {
    mark: bool,
    top: Vec<ItemPlan>,
    sections: Vec<SectionPlan>,
    line_ends: Vec<&'static str>,
    open_end: bool,
}

fn file_plan() -> impl Strategy<Value = FilePlan> + Clone {
    let top = prop_oneof![
        30 => vec(pick(&COMMENTS).prop_map(ItemPlan::Comment), 0..2),
        5 => vec(pick(&SPACES).prop_map(ItemPlan::Blank), 0..2),
        1 => vec(item_plan(), 1..3),
    ];
    let mixed = vec(select(&["\n", "\r\n", "\r"][..]), 1..7);
    let line_ends = prop_oneof![
        5 => Just(vec!["\n"]),
        2 => Just(vec!["\r\n"]),
        1 => Just(vec!["\r"]),
        2 => mixed,
    ];
    let mark = prop_oneof![80 => Just(false), 1 => Just(true)];
    let sections = vec(section_plan(), 0..5);
    (mark, top, sections, line_ends, any::<bool>()).prop_map(
        |(mark, top, sections, line_ends, open_end)| FilePlan {
            mark,
            top,
            sections,
            line_ends,
            open_end,
        },
    )
}

impl FilePlan {
    fn make(&self, theme: &[Class]) -> Vec<u8> {
        let mut lines = Vec::new();
        for item in &self.top {
            item.make(theme, &mut lines);
        }
        for section in &self.sections {
            section.make(theme, &mut lines);
        }
        let mut text = String::from(if self.mark { "\u{feff}" } else { "" });
        let last = lines.len().saturating_sub(1);
        for (number, line) in lines.iter().enumerate() {
            text.push_str(line);
            if !(self.open_end && number == last) {
                text.push_str(self.line_ends[number % self.line_ends.len()]);
            }
        }
        text.into_bytes()
    }
}

#[derive(Debug, Clone)]
enum SourcePlan {
    File(&'static str, FilePlan),
    Dir(&'static str, Vec<(&'static str, FilePlan)>),
}

fn source_plan() -> impl Strategy<Value = SourcePlan> + Clone {
    const NAMES: [&str; 12] = [
        "10-a.conf",
        "20-b.conf",
        "9.conf",
        "a.conf",
        "B.conf",
        "é.conf",
        "z z.conf",
        ".hidden.conf",
        "a.conf.bak",
        "C.CONF",
        "conf",
        "a-b.conf",
    ];
    let file = (select(&["ironic.conf", "local.conf"][..]), file_plan())
        .prop_map(|(name, plan)| SourcePlan::File(name, plan));
    let dir = (
        select(&["ironic.conf.d", "d"][..]),
        vec((pick(&NAMES), file_plan()), 0..4),
    );
    prop_oneof![4 => file, 1 => dir.prop_map(|(name, files)| SourcePlan::Dir(name, files))]
}

impl SourcePlan {
    fn make(&self, theme: &[Class]) -> ConfigSource {
        let file = |name: &str, plan: &FilePlan| ConfigFile {
            name: name.into(),
            text: plan.make(theme),
        };
        match self {
            SourcePlan::File(name, plan) => ConfigSource::File(file(name, plan)),
            SourcePlan::Dir(name, files) => {
                let mut seen = BTreeSet::new();
                let files = files.iter().filter(|(name, _)| seen.insert(*name));
                ConfigSource::Dir {
                    name: (*name).into(),
                    files: files.map(|(name, plan)| file(name, plan)).collect(),
                }
            }
        }
    }
}

#[derive(Debug, Clone)]
struct OptPlan {
    group: usize,
    name: NamePlan,
    kind: Option<Index>,
    multi: bool,
    deprecated: Vec<(usize, NamePlan, bool)>,
    default: Option<ValuePlan>,
}

fn opt_plan() -> impl Strategy<Value = OptPlan> + Clone {
    let multi = prop_oneof![12 => Just(false), 1 => Just(true)];
    // Most former names are of the option's own class.
    let other_class = prop_oneof![6 => Just(false), 1 => Just(true)];
    let deprecated = vec((group(), name_plan(), other_class), 0..4);
    let default = weighted(0.3, value_plan());
    (
        group(),
        name_plan(),
        weighted(0.5, any::<Index>()),
        multi,
        deprecated,
        default,
    )
        .prop_map(|(group, name, kind, multi, deprecated, default)| OptPlan {
            group,
            name,
            kind,
            multi,
            deprecated,
            default,
        })
}

impl OptPlan {
    fn make(&self, theme: &[Class]) -> Opt {
        let class = theme[self.name.class % theme.len()];
        let types = (class.types)();
        let kind = self.kind.map_or(&types[0], |index| index.get(&types));
        let (group, name) = (GROUPS[self.group], self.name.make(theme));
        let mut opt = Opt::new(group, name, kind.clone());
        if class.multi || self.multi {
            opt = opt.multi();
        }
        if let Some(default) = &self.default {
            opt = opt.with_default(default.make(&class, theme));
        }
        for (former_group, former, other_class) in &self.deprecated {
            let former_name = if *other_class {
                former.make(theme)
            } else {
                class.names[former.name]
            };
            let former_group = GROUPS[*former_group];
            // An option is not its own former name.
            if (former_group, former_name) != (group, name) {
                opt = opt.with_deprecated(former_group, former_name);
            }
        }
        opt
    }
}

/// Options of all plans; the first of each name, since oslo.config refuses a second one.
fn make_opts(plans: &[OptPlan], theme: &[Class]) -> Vec<Opt> {
    let mut seen = BTreeSet::new();
    let opts = plans.iter().map(|plan| plan.make(theme));
    opts.filter(|opt| seen.insert(opt.name().clone())).collect()
}

#[derive(Debug, Clone)]
struct VariablePlan {
    opt: Index,
    /// The variable of a former name, which is not read.
    former: Option<Index>,
    value: ValuePlan,
}

fn variable_plan() -> impl Strategy<Value = VariablePlan> + Clone {
    (any::<Index>(), weighted(0.3, any::<Index>()), value_plan())
        .prop_map(|(opt, former, value)| VariablePlan { opt, former, value })
}

impl VariablePlan {
    fn make(&self, opts: &[Opt], theme: &[Class]) -> (String, String) {
        let opt = self.opt.get(opts);
        let former = self.former.filter(|_| !opt.deprecated().is_empty());
        let name = former.map_or(opt.name(), |index| index.get(opt.deprecated()));
        let class = theme
            .iter()
            .find(|class| class.names.contains(&name.name()));
        let text = self.value.make(class.unwrap_or(&theme[0]), theme);
        // A variable cannot hold NUL.
        (name.environment_variable(), text.replace('\0', "\u{1}"))
    }
}

/// The first of each name, as an environment holds them.
fn unique(variables: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    variables
        .into_iter()
        .filter(|(name, _)| seen.insert(name.clone()))
        .collect()
}

/// The plain types of options, one of each kind.
#[must_use]
pub fn plain_types() -> Vec<OptType> {
    let mut kinds: Vec<OptType> = Vec::new();
    for class in &CLASSES {
        let kind = (class.types)().remove(0);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}
