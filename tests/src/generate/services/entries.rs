//! The files of a small service.

use oslo_config::OptName;
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use crate::generate::{ConfigFile, ConfigSource};

/// The names for entries and references.
#[derive(Debug, Clone)]
pub(crate) struct Names(Vec<OptName>);

impl Names {
    pub(crate) fn new(names: Vec<OptName>) -> Self {
        Names(names)
    }
}

/// An entry of a file.
#[derive(Debug, Clone)]
struct EntryPlan {
    name: Index,
    value: ValuePlan,
    comment: bool,
    blank: bool,
}

/// The value of an entry.
#[derive(Debug, Clone)]
enum ValuePlan {
    Plain(&'static str),
    /// A reference to one of the names, with or without its group, and the text around it.
    Reference {
        to: Index,
        bare: bool,
        around: (&'static str, &'static str),
    },
    /// A reference to an unregistered name, followed by one to one of the names.
    Unregistered {
        to: Index,
        bare: bool,
    },
}

/// An entry that a kind of service needs.
#[derive(Debug, Clone)]
pub(crate) struct Forced {
    name: OptName,
    text: Text,
}

/// The value of a [`Forced`] entry.
#[derive(Debug, Clone)]
pub(crate) enum Text {
    /// A plain text, different for each entry.
    Plain,
    /// A reference to a name.
    Refers(OptName),
    /// A reference without a group.
    Bare(String),
    /// A reference to an unregistered name and one to this name.
    Unregistered(OptName),
}

impl Forced {
    pub(crate) fn new(name: OptName, text: Text) -> Self {
        Forced { name, text }
    }
}

fn entry_plan() -> BoxedStrategy<EntryPlan> {
    let values = select(&["one", "two", "1", "", "a,b", "$$", "True", "off"][..]);
    let around = select(&[("", ""), ("http://", "/"), ("-", ":80")][..]);
    let value = prop_oneof![
        6 => values.prop_map(ValuePlan::Plain),
        3 => (any::<Index>(), any::<bool>(), around)
            .prop_map(|(to, bare, around)| ValuePlan::Reference { to, bare, around }),
        1 => (any::<Index>(), any::<bool>())
            .prop_map(|(to, bare)| ValuePlan::Unregistered { to, bare }),
    ];
    let rarely = || prop_oneof![6 => Just(false), 1 => Just(true)];
    (any::<Index>(), value, rarely(), rarely())
        .prop_map(|(name, value, comment, blank)| EntryPlan {
            name,
            value,
            comment,
            blank,
        })
        .boxed()
}

/// The plan of one to three files and of the places of forced entries.
#[derive(Debug, Clone)]
pub(crate) struct FilesPlan {
    files: Vec<Vec<EntryPlan>>,
    forced: Vec<(Index, Index)>,
}

pub(crate) fn files_plan() -> BoxedStrategy<FilesPlan> {
    let entries = || vec(entry_plan(), 0..6);
    let files = prop_oneof![
        6 => vec(entries(), 1),
        3 => vec(entries(), 2),
        1 => vec(entries(), 3),
    ];
    let forced = vec((any::<Index>(), any::<Index>()), 4);
    (files, forced)
        .prop_map(|(files, forced)| FilesPlan { files, forced })
        .boxed()
}

pub(crate) fn make_files(plan: &FilesPlan, names: &Names, forced: &[Forced]) -> Vec<ConfigSource> {
    let mut files: Vec<Vec<Line>> = plan
        .files
        .iter()
        .map(|entries| entries.iter().map(|entry| entry.make(names)).collect())
        .collect();
    let texts = ["one", "two", "three", "four"].into_iter().cycle();
    for ((entry, (file, line)), planned) in forced.iter().zip(plan.forced.iter().cycle()).zip(texts)
    {
        let file = file.index(files.len());
        let lines = &mut files[file];
        let at = line.index(lines.len() + 1);
        let value = match &entry.text {
            Text::Plain => planned.to_owned(),
            Text::Refers(to) => format!("http://{}/", reference(to, false)),
            Text::Bare(name) => format!("-{}:80", reference(&OptName::new("DEFAULT", name), true)),
            Text::Unregistered(to) => format!("http://$nowhere/{}", reference(to, false)),
        };
        let line = Line {
            name: entry.name.clone(),
            value,
            comment: false,
            blank: false,
        };
        lines.insert(at, line);
    }
    let source = |(at, lines): (usize, Vec<Line>)| {
        ConfigSource::File(ConfigFile {
            name: format!("{at}.conf"),
            text: text(&lines).into_bytes(),
        })
    };
    files.into_iter().enumerate().map(source).collect()
}

struct Line {
    name: OptName,
    value: String,
    comment: bool,
    blank: bool,
}

impl EntryPlan {
    fn make(&self, names: &Names) -> Line {
        let name = |index: &Index| index.get(&names.0);
        let value = match &self.value {
            ValuePlan::Plain(text) => (*text).to_owned(),
            ValuePlan::Reference { to, bare, around } => {
                format!("{}{}{}", around.0, reference(name(to), *bare), around.1)
            }
            ValuePlan::Unregistered { to, bare } => {
                format!("$nowhere/{}", reference(name(to), *bare))
            }
        };
        Line {
            name: name(&self.name).clone(),
            value,
            comment: self.comment,
            blank: self.blank,
        }
    }
}

fn reference(to: &OptName, bare: bool) -> String {
    // A name in a reference ends at a hyphen, and `DEFAULT` cannot be its group.
    let name = to.name().replace('-', "_");
    match to.group() {
        "DEFAULT" => format!("${{{name}}}"),
        _ if bare => format!("${{{name}}}"),
        group => format!("${{{group}.{name}}}"),
    }
}

fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut group = "";
    for line in lines {
        if group != line.name.group() {
            group = line.name.group();
            text += &format!("[{group}]\n");
        }
        if line.blank {
            text += "\n";
        }
        if line.comment {
            text += "# Ours.\n";
        }
        text += &format!("{} = {}\n", line.name.name(), line.value);
    }
    text
}
