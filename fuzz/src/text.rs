//! Parsing, editing and evaluating configurations.

use bstr::ByteSlice;
use confmig::pack::Pack;
use oslo_config::{Config, Document, Edit, Opt, OptType};

use crate::file_of;

/// Returns the keys and values of a document.
fn entries(document: &Document<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = document.entries();
    entries
        .map(|entry| (entry.key().to_vec(), entry.value().to_vec()))
        .collect()
}

#[test]
fn edits_change_what_they_name() {
    bolero::check!().for_each(|text: &[u8]| {
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(errors) => {
                assert!(errors.iter().all(|error| error.line() > 0));
                return;
            }
        };
        assert_eq!(Edit::new(&document).finish().unwrap(), text);
        let before = entries(&document);
        let mut edit = Edit::new(&document);
        for entry in document.entries() {
            edit.rename(entry, "renamed");
        }
        let renamed = edit.finish().unwrap();
        let renamed = Document::parse(&renamed).unwrap();
        let expected = before
            .iter()
            .map(|(_, value)| (b"renamed".to_vec(), value.clone()));
        assert_eq!(entries(&renamed), expected.collect::<Vec<_>>());
        let mut edit = Edit::new(&document);
        for entry in document.entries() {
            edit.remove_lines(entry.lines());
        }
        let without = edit.finish().unwrap();
        let without = Document::parse(&without).unwrap();
        assert_eq!(without.entries().count(), 0);
        assert_eq!(without.sections().count(), document.sections().count());
    });
}

/// Options of several types, with former names and defaults that refer to each other.
fn opts() -> Vec<Opt> {
    vec![
        Opt::new("DEFAULT", "a", OptType::string()).with_default("$b"),
        Opt::new("DEFAULT", "b", OptType::string()).with_deprecated("g", "b"),
        Opt::new("g", "a", OptType::list()).with_deprecated("DEFAULT", "c"),
        Opt::new(
            "g",
            "i",
            OptType::Int {
                min: None,
                max: None,
                choices: Vec::new(),
            },
        ),
        Opt::new("g", "m", OptType::string())
            .multi()
            .with_default("${g.a}"),
        Opt::new("g", "d", OptType::dict()),
        Opt::new("h", "u", OptType::Uri).with_deprecated("g", "u-u"),
        Opt::new("h", "t", OptType::Bool),
    ]
}

#[test]
fn every_lookup_ends() {
    let opts = opts();
    bolero::check!().for_each(|text: &[u8]| {
        let file = file_of(text);
        let Ok(parsed) = file.parse() else { return };
        let parsed = [parsed];
        let all = [opts.clone(), oslo_config::opts_as_set(&parsed, &opts)].concat();
        let config = Config::new(&parsed, &all);
        for opt in &all {
            let (group, name) = (opt.name().group(), opt.name().name());
            match config.setting(group, name) {
                Ok(setting) => assert!(opt.is_multi() || setting.texts.len() <= 1),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
            let set = config.occurrences(opt);
            assert!(opt.is_multi() || set.effective.len() <= 1);
        }
    });
}

#[test]
fn masking_keeps_what_is_parsed() {
    let pack = Pack::load("standalone-ilo").unwrap();
    bolero::check!().for_each(|text: &[u8]| {
        let file = file_of(text);
        let Ok(parsed) = file.parse() else { return };
        let masked = confmig::secret::Secrets::hidden(&pack).files(std::slice::from_ref(&parsed));
        let masked = masked[0].parse().unwrap();
        let names = |document: &Document<'_>| -> Vec<(Vec<u8>, Vec<u8>, usize)> {
            let entries = document.entries();
            entries
                .map(|entry| (entry.group().to_vec(), entry.key().to_vec(), entry.line()))
                .collect()
        };
        assert_eq!(names(&parsed.document), names(&masked.document));
        for (old, new) in parsed.document.entries().zip(masked.document.entries()) {
            if !new.value().contains_str("****") {
                assert_eq!(old.value(), new.value());
            }
        }
    });
}
