//! What it takes to resolve references, counted.

use std::cell::Cell;

use super::*;
use crate::config::opts_as_set;
use crate::document::Document;
use crate::sources::ParsedFile;
use crate::types::OptType;

thread_local! {
    /// The number of times that the value of an option was evaluated in this thread.
    pub(super) static EVALUATED: Cell<usize> = const { Cell::new(0) };
}

/// Reads all options of a text, each with its number, and returns how many evaluations it took.
fn evaluations(text: &str, read: impl Fn(&Config<'_>, &Opt)) -> usize {
    let document = Document::parse(text.as_bytes()).unwrap();
    let files = [ParsedFile::new("a.conf", document)];
    let opts = opts_as_set(&files, &[]);
    let config = Config::new(&files, &opts);
    EVALUATED.set(0);
    opts.iter().for_each(|opt| read(&config, opt));
    EVALUATED.get()
}

/// Returns a chain of options, each of which refers to the next one as `link` writes it.
fn chain(links: usize, link: impl Fn(usize) -> String, end: &str) -> String {
    let lines = (0..links).map(|at| format!("k{at} = {}\n", link(at + 1)));
    format!("[a]\n{}k{links} = {end}\n", lines.collect::<String>())
}

fn number(opt: &Opt) -> usize {
    opt.name().name()[1..].parse().unwrap()
}

#[test]
fn each_option_of_a_chain_is_evaluated_a_few_times() {
    // A loop longer than a chain may be is entered anew at each of its options.
    let in_loop = MAX_DEPTH + 10;
    for (end, links, most) in [("x", 3000, 5), ("$nowhere", 3000, 5), ("$k0", 600, in_loop)] {
        let text = chain(links, |next| format!("$k{next}"), end);
        let count = evaluations(&text, |config, opt| {
            let known = config.setting("a", opt.name().name());
            let depth = links + 1 - number(opt);
            match end {
                "x" => assert_eq!(known.is_ok(), depth <= MAX_DEPTH + 1, "{known:?}"),
                _ => assert!(known.is_err()),
            }
            let _ = config.substitute_known(&format!("${}", opt.name().name()), "a");
        });
        assert!(
            count < most * links,
            "{count} evaluations for the end {end}"
        );
    }
}

#[test]
fn the_length_of_a_chain_counts_from_any_side() {
    let text = chain(MAX_DEPTH + 1, |next| format!("$k{next}"), "x");
    for backwards in [false, true] {
        let document = Document::parse(text.as_bytes()).unwrap();
        let files = [ParsedFile::new("a.conf", document)];
        let mut opts = opts_as_set(&files, &[]);
        if backwards {
            opts.reverse();
        }
        let config = Config::new(&files, &opts);
        for opt in &opts {
            let found = config.setting("a", opt.name().name());
            let is_too_deep = matches!(
                found.as_ref().map_err(GetError::kind),
                Err(GetErrorKind::TooDeep { .. })
            );
            assert_eq!(is_too_deep, number(opt) == 0, "{found:?}");
        }
    }
}

#[test]
fn doubled_references_do_not_double_the_work() {
    let double = |next: usize| format!("$k{next} $k{next}");
    for end in ["x", "$nowhere", "$k0"] {
        let text = chain(60, double, end);
        let count = evaluations(&text, |config, opt| {
            let known = config.setting("a", opt.name().name());
            if end == "x" {
                assert_eq!(known.is_ok(), 60 - number(opt) < 13, "{known:?}");
            }
            let _ = config.substitute_known(&format!("${}", opt.name().name()), "a");
        });
        assert!(count < 100 * 60, "{count} evaluations for the end {end}");
    }
}

#[test]
fn references_add_64_kib_to_a_value_and_no_more() {
    let long = "x".repeat(40_000);
    let text = format!("[a]\nk0 = {long}\nk1 = $k0\nk2 = $k0 $k0\nk3 = $k2\n");
    evaluations(&text, |config, opt| {
        let found = config.setting("a", opt.name().name());
        let expected = OptName::new("a", "k0");
        match number(opt) {
            0 | 1 => assert_eq!(found.unwrap().texts, [long.as_str()]),
            _ => assert_eq!(
                *found.unwrap_err().kind(),
                GetErrorKind::TooLong { option: expected }
            ),
        }
    });
    evaluations(&text, |config, _| {
        let (text, unresolved) = config.substitute_known("$k0 $k0", "a");
        assert_eq!(text, format!("{long} $k0"));
        assert_eq!(unresolved, ["k0"]);
    });
}

#[test]
fn a_changed_environment_is_read() {
    let document = Document::parse(b"[a]\nx = $y\ny = 1\n").unwrap();
    let files = [ParsedFile::new("a.conf", document)];
    let opts = ["x", "y"].map(|name| Opt::new("a", name, OptType::string()));
    let config = Config::new(&files, &opts);
    assert_eq!(config.setting("a", "x").unwrap().texts, ["1"]);
    let config = config.with_environment([("OS_A__Y".to_owned(), "2".to_owned())]);
    assert_eq!(config.setting("a", "x").unwrap().texts, ["2"]);
}
