//! The small alphabets that generated configurations are made of. They are small so that names meet:
//! an option under two of its names, a reference to an option that is there.

use oslo_config::{IpVersion, OptType};

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

pub(crate) const CLASSES: [Class; 13] = [
    Class {
        names: ["http_root", "root", "tftp_root"],
        types: strings,
        multi: false,
        values: &[
            "/httpboot",
            "",
            "a",
            "A",
            "b c",
            "B C",
            "straße",
            "STRASSE",
            "STRAßE",
            "i\u{307}",
            "\u{130}",
            "ος",
            "ΟΣ",
            "12345",
            "äöüßé",
            "123456",
            "a\"b",
            "<None>",
            "None",
        ],
        pieces: &["/", "a", "B", "/var/lib", "ß", "ς"],
    },
    Class {
        names: ["http_url", "url", "web_url"],
        types: || vec![OptType::Uri, OptType::string()],
        multi: false,
        values: &[
            "http://192.0.2.1:8080",
            "https://user:pass@example.org/a/b?c#d",
            "http://[2001:db8::1]:80/x",
            "http:",
            "192.0.2.1:8080",
            "//host/path",
            "http://",
            "http:///x",
            "http://host:port",
            "http://a b",
            "HTTP://H",
            "swift+http://h",
            "1http://h",
            "http://h/%zz",
            "http://h/%41",
            "http://h/é",
            "http://é",
            "http://h/a b",
            "http://h?a b",
            "http://h#é é",
            "http://h:",
            "http://h:123456",
            "http://[::1",
            "http://[::1%25eth0]/",
            "http://[fe80::1%eth0]/",
            "http://[v1.x]/",
            "http://256.1.1.1/",
            "http://1.1.1/",
            "http://01.1.1.1",
            "http://a@b@c/",
            "http://@h/",
            "http://h\\x",
            "http://u:p:q@h",
            "file:///x",
            "mailto:a@b",
            "urn:a:b",
            "http://h//x",
            "http://h/;a=1,b",
            "http://h/\n",
            "http://[::ffff:192.0.2.1]",
            "http://[1:2]",
            "http://h_x",
        ],
        pieces: &[
            "http",
            "https",
            ":",
            "//",
            "/",
            "h",
            "192.0.2.1",
            "256",
            ".",
            "[",
            "]",
            "::1",
            "[::1]",
            "@",
            "u",
            "80",
            ":80",
            "?",
            "#",
            "%",
            "%41",
            "%25",
            "é",
            " ",
            "\\",
            "+",
            "-",
            "_",
            "~",
            "!",
            "v1.",
            "^",
            "|",
            "\"",
            "<",
        ],
    },
    Class {
        names: ["timeout", "retries", "wait"],
        types: integers,
        multi: false,
        values: &[
            "60",
            "0",
            "1",
            "2",
            "3",
            "5",
            "10",
            "11",
            "-1",
            "-5",
            "-6",
            "+7",
            "007",
            "1_0",
            "1__0",
            "_1",
            "1_",
            "1.0",
            "1e3",
            "0x10",
            "",
            "9223372036854775808",
            "-99999999999999999999999999999999999999",
            "ten",
            "--1",
            "+-1",
            "- 1",
            "1 0",
            "\u{a0}5",
            "−1",
            "None",
        ],
        pieces: &[
            "1", "0", "9", "-", "+", "_", ".", " ", "00", "e", "\u{2003}", "12",
        ],
    },
    Class {
        names: ["use_web", "enabled", "debug"],
        types: || vec![OptType::Bool],
        multi: false,
        values: &[
            "true",
            "True",
            "TRUE",
            "1",
            "on",
            "oN",
            "yes",
            "YES",
            "false",
            "False",
            "0",
            "off",
            "OFF",
            "no",
            "",
            "y",
            "t",
            "2",
            "01",
            "enabled",
            "true,",
            "tru\u{65}\u{301}",
            "yeſ",
            "\u{ff41}",
        ],
        pieces: &["t", "rue", "o", "n", "ff", "0", "1", "F", " "],
    },
    Class {
        names: ["drivers", "items", "hooks"],
        types: lists,
        multi: false,
        values: &[
            "a,b",
            "",
            "a",
            " a , b ",
            "a,,b",
            ",a",
            "a,",
            "a,,,",
            ",",
            "1,2,3",
            "1, x",
            "x,1",
            "[a,b]",
            "[]",
            "[ ]",
            "[",
            "]",
            "[a,b],",
            "[1,2]",
            "a;b",
            "'a','b'",
            "\"a,b\"",
            "0x1,2",
            "80,443",
            "80,99999",
            "http://h,http://g",
            "http://h/a,b",
            "http://h/a,b,,",
            "1.5,2.5",
            "true,off",
            "on,maybe",
            "a\\,b",
            "[[a]]",
            "[a],[b]",
            "é,ü",
            "192.0.2.1,::1",
            "1,,2",
            ",1",
            "it's,\"q\"",
            "a\u{a0},\u{85}b",
            "\u{200b},\u{ad}",
            "tab\tx,\\",
        ],
        pieces: &[
            ",", "a", "1", " ", "[", "]", "80", "http://h", "'", "\"", "x", "on", ",,",
        ],
    },
    Class {
        names: ["dirs", "paths", "policy"],
        types: multis,
        multi: true,
        values: &[
            "/a", "/b", "/c", "", "1", "2", "3", "a,b", "x:1", "on", "http://h",
        ],
        pieces: &["/", "a", "1", ",", ":"],
    },
    Class {
        names: ["labels", "pairs", "extra"],
        types: dicts,
        multi: false,
        values: &[
            "a:1",
            "a:1,b:2",
            "",
            "a",
            ":1",
            "a:",
            "a:1,",
            ",a:1",
            "a:1,a:2",
            "a:1,b",
            "a:b:c",
            " a : 1 , b : 2 ",
            "a:x,y,b:1",
            "a:1,2,b:3",
            "{a:1}",
            "b:1,a:2",
            "a:true,b:off",
            "a:http://h,b:http://g/x",
            "a:1,x,b:2",
            "a:1,:2",
            "é:ü",
            "a:1,b:2,c",
            "a:host,b:::1",
            "a:1,2:3",
            "x:1,,y:2",
        ],
        pieces: &[
            ":", ",", "a", "b", "1", " ", "on", "http://h", "{", "}", "::1",
        ],
    },
    Class {
        names: ["port", "http_port", "client_port"],
        types: ports,
        multi: false,
        values: &[
            "443", "80", "0", "65535", "65536", "-1", "", "1024", "1023", "100", "101", "http",
            "0080", "8_0", "8080",
        ],
        pieces: &["8", "0", "6553", "5", "-", "_", " "],
    },
    Class {
        names: ["ratio", "factor", "limit"],
        types: floats,
        multi: false,
        values: &[
            "1.5",
            "0",
            "-0.0",
            ".5",
            "5.",
            "1e3",
            "1E-7",
            "1e400",
            "-1e400",
            "inf",
            "-Infinity",
            "nan",
            "NaN",
            "+1",
            "1_0.5_0",
            "1_.5",
            "1._5",
            "1e1_0",
            "",
            "1,5",
            "0x1p3",
            "1e",
            "e1",
            ".",
            "1e16",
            "123456789012345678",
            "1e22",
            "1e-5",
            "0.0001",
            "2.5e-324",
            "infin",
            "1f",
            "1.5.",
            "5e-324",
            "1.7976931348623159e308",
            "0.1",
            "100000000000000000000000",
            "1.6",
            "nan(1)",
            "+nan",
            "- 1",
        ],
        pieces: &[
            "1", "0", ".", "e", "E", "-", "+", "_", "9", "inf", "nan", " ", "5", "22", "17",
        ],
    },
    Class {
        names: ["host", "server", "my_host"],
        types: hosts,
        multi: false,
        values: &[
            "example.org",
            "192.0.2.1",
            "2001:db8::1",
            "",
            "host",
            "host.",
            "host..",
            ".",
            "-host",
            "host-",
            "ho_st",
            "1.2.3",
            "1.2.3.4.5",
            "256.1.1.1",
            "1.2.3.-",
            "a..b",
            "::g",
            "é",
            "xn--e1afmkfd",
            "a b",
            "a.1",
            "a.1b",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
            "host\n",
            "ſ.k",
            "\u{212a}.k",
            "01.1.1.1",
            "HOST",
            "[::1]",
            "::1%lo",
            "1.2.3.4.",
        ],
        pieces: &[
            "a", "1", ".", "-", "_", ":", "::", "255", "\u{212a}", "ı", "ab", "é", " ", "\0",
        ],
    },
    Class {
        names: ["my_ip", "address", "bind"],
        types: addresses,
        multi: false,
        values: &[
            "192.0.2.1",
            "::",
            "::1",
            "2001:db8::1",
            "",
            "1.2.3",
            "1.2.3.256",
            "01.2.3.4",
            "1.2.3.4 ",
            "0x1.2.3.4",
            "::ffff:1.2.3.4",
            "::1.2.3",
            "1::2::3",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7:8:9",
            "12345::",
            "::1%eth0",
            "::1%1",
            "fe80::1%",
            "::1/64",
            "[::1]",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1:2:3:4:5:6:1.2.3.4",
            ":",
            ":::",
            "::01",
            "::00001",
            "3232235521",
            "1.2.3.4.5",
            "1:2:3:4:5:6:7:1.2.3.4",
            "::1.2.3.4:1",
            "::FFFF",
        ],
        pieces: &[
            "1", ":", "::", ".", "255", "1.2.3.4", "f", "%", "eth0", "0", "00", "g", "/", "256",
        ],
    },
    Class {
        names: ["numbers", "counts", "sizes"],
        types: || vec![OptType::int(), OptType::Bool, OptType::list()],
        multi: true,
        values: &["1", "2", "3", "", "-1", "x", "1,2", "007"],
        pieces: &["1", "2", "-", " ", ","],
    },
    Class {
        names: ["motd", "log-text", "side-note"],
        types: strings,
        multi: false,
        values: &[
            "a",
            "hello",
            "\"a\"",
            "'b'",
            "\"",
            "''",
            "\"a'",
            "'a' 'b'",
            "\"a\" # c",
        ],
        pieces: &["\"", "'", "a", " ", "\\"],
    },
];

fn choices(texts: &[&str], ignore_case: bool) -> OptType {
    OptType::Str {
        choices: texts.iter().map(|&text| text.into()).collect(),
        ignore_case,
        max_length: None,
    }
}

fn strings() -> Vec<OptType> {
    let at_most = |length| OptType::Str {
        choices: Vec::new(),
        ignore_case: false,
        max_length: Some(length),
    };
    vec![
        OptType::string(),
        choices(&["a", "b c", "ος", "STRASSE"], false),
        choices(&["A", "B C", "ος", "straße", "\u{130}", ""], true),
        at_most(5),
        at_most(0),
    ]
}

fn int(min: Option<i128>, max: Option<i128>, choices: &[i128]) -> OptType {
    OptType::Int {
        min,
        max,
        choices: choices.to_vec(),
    }
}

fn integers() -> Vec<OptType> {
    vec![
        OptType::int(),
        int(Some(0), None, &[]),
        int(None, Some(10), &[]),
        int(Some(-5), Some(5), &[]),
        int(None, None, &[1, 2, 3]),
        int(Some(0), Some(10), &[5, 10]),
    ]
}

fn floats() -> Vec<OptType> {
    let float = |min, max| OptType::Float { min, max };
    vec![
        float(None, None),
        float(Some(0.0), None),
        float(None, Some(1.5)),
        float(Some(-1.0), Some(1.0)),
    ]
}

fn list(item: OptType, bounds: bool) -> OptType {
    OptType::List {
        item: Box::new(item),
        bounds,
    }
}

fn dict(value: OptType) -> OptType {
    OptType::Dict {
        value: Box::new(value),
    }
}

fn lists() -> Vec<OptType> {
    vec![
        OptType::list(),
        list(OptType::string(), true),
        list(OptType::int(), false),
        list(OptType::int(), true),
        list(OptType::port(), false),
        list(OptType::Uri, false),
        list(choices(&["a", "b", "a,b", "[a]"], false), false),
        list(OptType::Bool, false),
        list(floats().remove(0), false),
        list(OptType::Ip { version: None }, false),
        list(dict(OptType::string()), false),
        list(list(OptType::string(), true), false),
    ]
}

fn dicts() -> Vec<OptType> {
    vec![
        OptType::dict(),
        dict(OptType::int()),
        dict(OptType::Bool),
        dict(OptType::Uri),
        dict(list(OptType::int(), false)),
        dict(OptType::HostAddress { version: None }),
    ]
}

fn ports() -> Vec<OptType> {
    let port = |min, max, choices: &[u16]| OptType::Port {
        min,
        max,
        choices: choices.to_vec(),
    };
    vec![
        OptType::port(),
        port(Some(1024), None, &[]),
        port(None, Some(100), &[]),
        port(None, None, &[80, 443]),
    ]
}

fn hosts() -> Vec<OptType> {
    let host = |version| OptType::HostAddress { version };
    vec![
        host(None),
        host(Some(IpVersion::V4)),
        host(Some(IpVersion::V6)),
    ]
}

fn addresses() -> Vec<OptType> {
    let ip = |version| OptType::Ip { version };
    vec![ip(None), ip(Some(IpVersion::V4)), ip(Some(IpVersion::V6))]
}

fn multis() -> Vec<OptType> {
    vec![
        OptType::string(),
        choices(&["/a", "/b"], false),
        OptType::int(),
        OptType::dict(),
    ]
}
