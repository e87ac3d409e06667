//! The pools that generated configurations are made from. They are small, so that an option is set
//! by two of its names and references resolve.

mod classes;
mod types;

use oslo_config::OptType;

pub(crate) use classes::CLASSES;

/// A class of options: names, types and texts of values that go together, so that most values are
/// valid and all kinds of invalid ones occur.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    /// The names that options of this class have.
    pub(crate) names: [&'static str; 3],
    /// Their types, the plainest first.
    pub(crate) types: fn() -> Vec<OptType>,
    /// Whether they are multi-valued.
    pub(crate) multi: bool,
    /// Whole values.
    pub(crate) values: &'static [&'static str],
    /// Parts of values, to be combined at random.
    pub(crate) pieces: &'static [&'static str],
}

/// The groups of options. The last one has letters outside ASCII, one of which has another
/// lower-case form at the end of a word.
pub(crate) const GROUPS: [&str; 5] = ["DEFAULT", "pxe", "deploy", "ilo", "äος"];

/// The spellings of the sections of each group.
pub(crate) const SECTIONS: [&[&str]; 5] = [
    &["DEFAULT", "default", "Default"],
    &["pxe", "PXE", "Pxe", " pxe ", "pxe "],
    &["deploy", "DEPLOY", "dePloy"],
    &["ilo", "ILO", "iLO", "\u{130}lo"],
    &["äος", "ÄΟΣ", "äοσ"],
];

/// Sections without options.
pub(crate) const OTHER_SECTIONS: [&str; 6] = ["other", "a]b", "[x]", "\u{a0}pxe", "#", "x=y"];

/// All kinds of white space within a line.
pub(crate) const SPACES: [&str; 14] = [
    "",
    " ",
    "  ",
    "\t",
    " \t",
    "\u{a0}",
    "\u{85}",
    "\u{c}",
    "\u{b}",
    "\u{1c}",
    "\u{1f}",
    "\u{2028}",
    "\u{3000} ",
    "\u{2003}",
];

/// Starts of indented lines.
pub(crate) const INDENTS: [&str; 6] = [" ", "    ", "\t", " \u{a0}", "\t\u{c} ", "  \u{1e}"];

/// Texts of continuation lines, other than parts of values.
pub(crate) const CARRIED: [&str; 8] = [
    "",
    "# no comment",
    "; none",
    "key = value",
    "[section]",
    "\"quoted\"",
    "a,",
    "\u{200b}",
];

/// Comments.
pub(crate) const COMMENTS: [&str; 8] = [
    "#",
    "# a comment",
    "; another",
    "#http_url = <None>",
    "#\thttp_root=/httpboot",
    "# Größe — 中文",
    "#[pxe]",
    ";=",
];

/// Lines that break the file format anywhere.
pub(crate) const BROKEN: [&str; 10] = [
    "no separator",
    "= no key",
    " : no key either",
    "[open",
    "[pxe] # comment",
    "[]",
    "\u{feff}[pxe]",
    "{{ template }}",
    "\u{a0}= no key",
    "[",
];

/// Keys that are not options, some of which look similar to one.
pub(crate) const OTHER_KEYS: [&str; 9] = [
    "other",
    "HTTP_URL",
    "http-url",
    "a key",
    "\u{feff}http_url",
    "http_url\u{200b}",
    "ключ",
    "]",
    "\"http_url\"",
];

/// Parts of values that are special to the parser, in references or in lists.
pub(crate) const COMMON: [&str; 44] = [
    "x", "", " ", ",", ":", "=", "#", ";", " # c", "$$", r"\$", "$", "${", "}", "${}", "$1",
    r"\\$", "$$$", "\"", "'", "\\", "\\n", "%", "%s", "é", "\u{a0}", "\u{85}", "\u{c}", "\u{1c}",
    "\u{2028}", "\u{feff}", "中文", "[", "]", "{", "(", "\0", "\u{7f}", "😀", ".", "a,b", "\t",
    "${a", "$é",
];

/// Names in references that no option has. The third is a part of an option's name, where the
/// longest match counts; Python takes the last two letters for ASCII ones.
pub(crate) const OTHER_REFERENCES: [&str; 12] = [
    "nothing",
    "pxe.nothing",
    "http",
    "nowhere.http_url",
    "deploy",
    "pxe",
    "DEFAULT.http_url",
    "pxe.",
    "pxe.a.b",
    "a.b",
    "PXE.http_url",
    "\u{17f}ome_\u{131}",
];
