//! All deliberate differences between this project and oslo.config, each with code that shows it.
//!
//! The generators avoid these; any other difference is a bug. One more is not tested since it takes
//! 4 GiB: a text of that size is refused.

use oslo_config::{Config, Document, Opt, OptType, ParsedFile, Value};

use crate::generate::{ConfigFile, ConfigSource};
use crate::oracle::{ErrorKind, Failure, Oracle, Outcome};

/// One difference.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// What differs and why.
    pub sentence: &'static str,
    /// Shows the difference; panics if it does not exist.
    pub shows: fn(&mut Oracle),
}

/// All differences.
pub const DIFFERENCES: &[Difference] = &[
    Difference {
        sentence: "\
            Bytes that are not UTF-8 are kept, and read as U+FFFD in a value, since comments \
            in Latin-1 are common and harmless. Python refuses the file.",
        shows: not_utf8,
    },
    Difference {
        sentence: "\
            Numbers are read in ASCII digits only: nobody writes ١٢ for 12. Python accepts \
            the digits of every script.",
        shows: digits_of_other_scripts,
    },
    Difference {
        sentence: "\
            A whole number of more than 128 bits is refused. Python's have no limit.",
        shows: numbers_without_end,
    },
    Difference {
        sentence: "\
            Characters that only the newer of Rust's and Python's versions of Unicode has may \
            be escaped by only one of them in the printed form of a list, and be \
            lower-cased by only one of them.",
        shows: characters_of_newer_unicode,
    },
    Difference {
        sentence: "\
            A reference to an option that oslo.config registers for itself (config_file, \
            config_dir, config_source, shell_completion) is an error.",
        shows: its_own_options,
    },
    Difference {
        sentence: "\
            An option whose group and name spell one of these names (file in [config]) is \
            read from files like any other. Python returns the value of --config-file.",
        shows: names_that_join_to_its_own,
    },
    Difference {
        sentence: "\
            A chain of references may have 200 links. Python gives up after about 120, \
            depending on the caller, with the same error as for a loop.",
        shows: long_chains_of_references,
    },
];

fn one_file(text: &[u8]) -> Vec<ConfigSource> {
    vec![ConfigSource::File(ConfigFile {
        name: "a.conf".into(),
        text: text.to_vec(),
    })]
}

/// Returns the oracle's outcome and ours for the first option.
fn both(oracle: &mut Oracle, text: &[u8], opts: &[Opt]) -> (Outcome, Result<Value, String>) {
    let theirs = oracle
        .resolve(&one_file(text), opts, &[])
        .expect("a file that oslo.config reads");
    let document = Document::parse(text).expect("a file that we read");
    let files = [ParsedFile::new("a.conf", document)];
    let name = opts[0].name();
    let config = Config::new(&files, opts);
    let setting = config.setting(name.group(), name.name());
    let ours = setting
        .map(|setting| setting.value)
        .map_err(|error| error.to_string());
    (theirs.options[0].clone(), ours)
}

fn text_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Found { text, .. } => text,
        Outcome::Refused { message, .. } => panic!("oslo.config refuses it: {message}"),
    }
}

fn not_utf8(oracle: &mut Oracle) {
    let text = b"[a]\n# caf\xe9\nk = \xff1\n";
    assert_eq!(oracle.parse(text), Err(Failure::NotUtf8));
    let document = Document::parse(text).expect("we read it");
    let entry = document.entries().next().expect("an entry");
    assert_eq!(entry.value().as_ref() as &[u8], b"\xff1");
    let files = [ParsedFile::new("a.conf", document)];
    let opts = [Opt::new("a", "k", OptType::string())];
    let config = Config::new(&files, &opts);
    let setting = config.setting("a", "k").expect("a value");
    assert_eq!(setting.value.as_str(), Some("\u{fffd}1"));
}

fn digits_of_other_scripts(oracle: &mut Oracle) {
    for kind in [
        OptType::int(),
        OptType::port(),
        OptType::Float {
            min: None,
            max: None,
        },
    ] {
        let (theirs, ours) = both(
            oracle,
            "[a]\nk = \u{661}\u{662}\n".as_bytes(),
            &[Opt::new("a", "k", kind)],
        );
        assert!(text_of(&theirs).starts_with("12"), "{theirs:?}");
        assert!(ours.is_err(), "{ours:?}");
    }
}

fn numbers_without_end(oracle: &mut Oracle) {
    let largest = i128::MAX.to_string();
    let opt = [Opt::new("a", "k", OptType::int())];
    let (theirs, ours) = both(oracle, format!("[a]\nk = {largest}").as_bytes(), &opt);
    assert_eq!(
        (text_of(&theirs), ours),
        (&*largest, Ok(Value::Int(i128::MAX)))
    );
    let (theirs, ours) = both(oracle, format!("[a]\nk = {largest}0").as_bytes(), &opt);
    assert_eq!(text_of(&theirs), format!("{largest}0"));
    assert!(ours.is_err(), "{ours:?}");
}

fn characters_of_newer_unicode(oracle: &mut Oracle) {
    // A character of Unicode 17, which Python has from 3.15 on.
    let opts = [Opt::new("a", "k", OptType::list())];
    let (theirs, ours) = both(oracle, "[a]\nk = \u{1faea}".as_bytes(), &opts);
    assert_eq!(
        ours.map(|value| value.to_python_str()).as_deref(),
        Ok("['\u{1faea}']")
    );
    let possible = ["['\\U0001faea']", "['\u{1faea}']"];
    assert!(possible.contains(&text_of(&theirs)), "{theirs:?}");
}

fn its_own_options(oracle: &mut Oracle) {
    let opts = [Opt::new("a", "k", OptType::string())];
    let (theirs, ours) = both(oracle, b"[a]\nk = $shell_completion$config_source", &opts);
    assert_eq!(text_of(&theirs), "[]");
    assert!(ours.is_err(), "{ours:?}");
}

fn names_that_join_to_its_own(oracle: &mut Oracle) {
    let opts = [Opt::new("config", "file", OptType::string())];
    let (theirs, ours) = both(oracle, b"[config]\nfile = x", &opts);
    assert!(text_of(&theirs).ends_with("/a.conf']"), "{theirs:?}");
    assert_eq!(ours, Ok(Value::Str("x".into())));
}

fn long_chains_of_references(oracle: &mut Oracle) {
    let chain = |length: usize| {
        let links = (0..length).map(|link| format!("k{link} = $k{}\n", link + 1));
        let text = format!("[a]\n{}k{length} = end\n", links.collect::<String>());
        let names = (0..=length).map(|link| Opt::new("a", format!("k{link}"), OptType::string()));
        (text.into_bytes(), names.collect::<Vec<_>>())
    };
    let (text, opts) = chain(20);
    let (theirs, ours) = both(oracle, &text, &opts);
    assert_eq!(
        (text_of(&theirs), ours),
        ("end", Ok(Value::Str("end".into())))
    );
    let (text, opts) = chain(200);
    let (theirs, ours) = both(oracle, &text, &opts);
    assert_eq!(ours, Ok(Value::Str("end".into())));
    let gives_up = |theirs: Outcome| match theirs {
        Outcome::Refused { error, .. } => error == ErrorKind::Recursion,
        Outcome::Found { .. } => false,
    };
    assert!(gives_up(theirs));
    let (text, opts) = chain(250);
    let (theirs, ours) = both(oracle, &text, &opts);
    assert!(gives_up(theirs));
    assert!(ours.is_err(), "{ours:?}");
}
