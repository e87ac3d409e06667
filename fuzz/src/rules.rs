//! Rule files and schemas.

use bstr::ByteSlice;
use confmig::migrate::check_examples;
use confmig::pack::Pack;
use confmig::report;
use confmig::schema::{Schema, compare};

use crate::{file_of, migrate_by};

/// A configuration that rules may be about.
const CONFIGURATION: &[u8] = b"[DEFAULT]\na = 1\nb = x,y\n[g]\na = $b\nc = true\n[old]\np = 2\n";

#[test]
fn rule_files_load_or_are_refused() {
    bolero::check!().for_each(|text: &[u8]| {
        let Ok(text) = text.to_str() else { return };
        match Pack::parse(text, "rules.toml") {
            Ok(pack) => {
                let _ = check_examples(&pack);
                assert!(!report::pack_text(&pack).is_empty());
                let file = file_of(CONFIGURATION);
                // Rules may say what cannot be proved; they must not make it panic.
                let _ = migrate_by(&[file.parse().unwrap()], &pack, false);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}

#[test]
fn schemas_load_or_are_refused() {
    bolero::check!().for_each(|text: &[u8]| {
        let Ok(text) = text.to_str() else { return };
        match Schema::parse(text, "schema") {
            Ok(schema) => {
                let same = compare(&schema, &schema);
                let _ = report::comparison_text(&schema, &schema, &same);
                let file = file_of(CONFIGURATION);
                let files = [file.parse().unwrap()];
                let _ = migrate_by(&files, &schema.pack(&files), false);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
}
