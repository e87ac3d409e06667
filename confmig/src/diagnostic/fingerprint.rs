//! Fingerprints, by which a finding is recognized again when its line has moved.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use oslo_config::OptName;
use sha2::{Digest, Sha256};

use super::Diagnostic;

/// The name of the method by which fingerprints are made, with its version.
pub const METHOD: &str = "confmigText/v2";

/// Creates the fingerprints of a report: a hash of what a result is about, and a number that tells
/// equal hashes in one file apart.
///
/// A result is about its code or rule, its option and its masked line. Messages may be improved and
/// are no part of it; the hash reveals no secret.
#[derive(Debug, Default)]
pub struct Fingerprints {
    seen: HashMap<(PathBuf, String), usize>,
}

impl Fingerprints {
    /// Returns the fingerprint of the next diagnostic of the report.
    pub fn of_diagnostic(&mut self, diagnostic: &Diagnostic) -> String {
        let rule = diagnostic.rule.as_ref().map_or("", |rule| &rule.id);
        let option = diagnostic.option().map(OptName::to_string);
        let text = diagnostic.place.as_ref().map_or("", |place| &place.text);
        self.next(
            diagnostic.path().unwrap_or(Path::new("")),
            &[
                diagnostic.code.as_str(),
                rule,
                &option.unwrap_or_default(),
                text,
            ],
        )
    }

    /// Returns the fingerprint of the next result of the report, which is about a file and some
    /// texts.
    pub(crate) fn next(&mut self, path: &Path, about: &[&str]) -> String {
        let mut hash = Sha256::new();
        for part in about {
            hash.update(part.trim().as_bytes());
            hash.update([0]);
        }
        let hash = hash.finalize();
        let hash: String = hash[..16].iter().map(|it| format!("{it:02x}")).collect();
        let seen = self
            .seen
            .entry((path.to_owned(), hash.clone()))
            .or_default();
        *seen += 1;
        format!("{hash}:{seen}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    /// A better message, or other findings before it, must not make a finding new.
    #[test]
    fn a_finding_without_a_place_is_known_by_its_option() {
        let finding = |message: &str, option: &str| {
            Diagnostic::new(Code::DefaultChanged, message).about(&OptName::new("pxe", option))
        };
        let of = |findings: &[Diagnostic]| -> Vec<String> {
            let mut made = Fingerprints::default();
            let all = findings.iter().map(|found| made.of_diagnostic(found));
            all.collect()
        };
        let first = of(&[finding("it was 1", "a"), finding("it was 2", "b")]);
        let second = of(&[finding("the default, 2, has changed", "b")]);
        assert_eq!(first[1], second[0]);
        assert_ne!(first[0], first[1]);
    }
}
