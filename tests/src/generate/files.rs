//! Plans of lines, sections, files and sources, and the texts made from them.

use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use super::values::{NamePlan, ValuePlan, group, name_plan, pick, value_plan};
use super::{ConfigFile, ConfigSource};
use crate::pools::{
    BROKEN, CARRIED, COMMENTS, Class, INDENTS, OTHER_KEYS, OTHER_SECTIONS, SECTIONS, SPACES,
};

#[derive(Debug, Clone)]
pub(super) enum KeyPlan {
    /// With hyphens kept if true, else replaced by underscores.
    Name(NamePlan, bool),
    Other(&'static str),
}

#[derive(Debug, Clone)]
pub(super) enum ItemPlan {
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
pub(super) enum CarriedPlan {
    Value(ValuePlan),
    Text(&'static str),
}

/// Pairs of texts around a value, not all of which are pairs of quotes.
const QUOTES: [(&str, &str); 6] = [
    ("\"", "\""),
    ("'", "'"),
    ("\"", ""),
    ("", "\""),
    ("'", "\""),
    ("''", "''"),
];

pub(super) fn item_plan() -> BoxedStrategy<ItemPlan> {
    let key = prop_oneof![
        12 => (name_plan(), any::<bool>()).prop_map(|(name, hyphens)| KeyPlan::Name(name, hyphens)),
        1 => pick(&OTHER_KEYS).prop_map(KeyPlan::Other),
    ];
    // White space around the key and the value. A line with a key cannot start with a space or a
    // tab.
    let odd_before = select(&["", "\u{a0}", "\u{c}", "\u{1c}", "\u{2028}", "\u{85}"][..]);
    let before = prop_oneof![12 => Just(""), 1 => odd_before];
    let space = || prop_oneof![4 => Just(""), 4 => Just(" "), 1 => pick(&SPACES)];
    let spaces = (before, space(), space(), space()).prop_map(|(a, b, c, d)| [a, b, c, d]);
    let separator = prop_oneof![5 => Just("="), 2 => Just(":")];
    let quotes = prop_oneof![
        12 => Just(("", "")),
        3 => select(&QUOTES[..]),
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
    .boxed()
}

impl ItemPlan {
    pub(super) fn make(&self, theme: &[Class], lines: &mut Vec<String>) {
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
                // A line end in a value would start another line.
                let value = value.make(&class, theme).replace('\n', "\u{b}");
                let assignment = format!("{before}{key}{after_key}{separator}{before_value}");
                lines.push(format!("{assignment}{open}{value}{close}{after_value}"));
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
pub(super) struct SectionPlan {
    pub(super) header: HeaderPlan,
    pub(super) after: &'static str,
    pub(super) items: Vec<ItemPlan>,
}

#[derive(Debug, Clone)]
pub(super) enum HeaderPlan {
    Group(usize, Option<Index>),
    Other(&'static str),
}

pub(super) fn section_plan() -> BoxedStrategy<SectionPlan> {
    let plain = group().prop_map(|group| HeaderPlan::Group(group, None));
    let spelled =
        (group(), any::<Index>()).prop_map(|(group, how)| HeaderPlan::Group(group, Some(how)));
    let header = prop_oneof![
        8 => plain,
        3 => spelled,
        1 => pick(&OTHER_SECTIONS).prop_map(HeaderPlan::Other),
    ];
    let after = prop_oneof![8 => Just(""), 1 => pick(&SPACES)];
    (header, after, vec(item_plan(), 0..7))
        .prop_map(|(header, after, items)| SectionPlan {
            header,
            after,
            items,
        })
        .boxed()
}

impl SectionPlan {
    pub(super) fn make(&self, theme: &[Class], lines: &mut Vec<String>) {
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
pub(super) struct FilePlan {
    pub(super) mark: bool,
    pub(super) top: Vec<ItemPlan>,
    pub(super) sections: Vec<SectionPlan>,
    pub(super) line_ends: Vec<&'static str>,
    pub(super) open_end: bool,
}

pub(super) fn file_plan() -> BoxedStrategy<FilePlan> {
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
    (mark, top, sections, line_ends, any::<bool>())
        .prop_map(|(mark, top, sections, line_ends, open_end)| FilePlan {
            mark,
            top,
            sections,
            line_ends,
            open_end,
        })
        .boxed()
}

impl FilePlan {
    pub(super) fn make(&self, theme: &[Class]) -> Vec<u8> {
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
pub(super) enum SourcePlan {
    File(&'static str, FilePlan),
    Dir(&'static str, Vec<(&'static str, FilePlan)>),
}

pub(super) fn source_plan() -> BoxedStrategy<SourcePlan> {
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
    prop_oneof![4 => file, 1 => dir.prop_map(|(name, files)| SourcePlan::Dir(name, files))].boxed()
}

impl SourcePlan {
    pub(super) fn make(&self, theme: &[Class]) -> ConfigSource {
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
