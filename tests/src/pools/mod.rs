//! The small alphabets that generated configurations are made of. They are small so that names meet:
//! an option under two of its names, a reference to an option that is there.

mod classes;
mod types;

use oslo_config::OptType;

pub(crate) use classes::CLASSES;

/// What an option is about. Its names, its types and the texts of its values go together, so that
/// most values are valid and yet all ways to be invalid are tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Class {
    /// The names that options of this class have.
    pub(crate) names: [&'static str; 3],
    /// The types that they have; the first is the plainest.
    pub(crate) types: fn() -> Vec<OptType>,
    /// They are multi-valued.
    pub(crate) multi: bool,
    /// Whole values.
    pub(crate) values: &'static [&'static str],
    /// Parts of values, to be put together by chance.
    pub(crate) pieces: &'static [&'static str],
}

/// Groups as options have them. The last one has letters outside ASCII; one of them is written
/// differently at the end of a word when lower-cased.
pub(crate) const GROUPS: [&str; 5] = ["DEFAULT", "pxe", "deploy", "ilo", "äος"];

/// How a section of each group may be written.
pub(crate) const SECTIONS: [&[&str]; 5] = [
    &["DEFAULT", "default", "Default"],
    &["pxe", "PXE", "Pxe", " pxe ", "pxe "],
    &["deploy", "DEPLOY", "dePloy"],
    &["ilo", "ILO", "iLO", "\u{130}lo"],
    &["äος", "ÄΟΣ", "äοσ"],
];

/// Sections of no option.
pub(crate) const OTHER_SECTIONS: [&str; 6] = ["other", "a]b", "[x]", "\u{a0}pxe", "#", "x=y"];

/// White space within a line, of all kinds.
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

/// What an indented line begins with.
pub(crate) const INDENTS: [&str; 6] = [" ", "    ", "\t", " \u{a0}", "\t\u{c} ", "  \u{1e}"];

/// What follows the indent of a line that carries a value on, besides parts of the value.
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

/// Lines that break the file format, wherever they stand.
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

/// Keys of no option, and keys that are nearly one.
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

/// Parts of values that mean something to the parser, to a template or to a list.
pub(crate) const COMMON: [&str; 44] = [
    "x", "", " ", ",", ":", "=", "#", ";", " # c", "$$", r"\$", "$", "${", "}", "${}", "$1",
    r"\\$", "$$$", "\"", "'", "\\", "\\n", "%", "%s", "é", "\u{a0}", "\u{85}", "\u{c}", "\u{1c}",
    "\u{2028}", "\u{feff}", "中文", "[", "]", "{", "(", "\0", "\u{7f}", "😀", ".", "a,b", "\t",
    "${a", "$é",
];

/// Names in references that no option has. The third names a part of an option's name, so that the
/// longest match counts; the last two letters are ones that Python takes for ASCII's.
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
