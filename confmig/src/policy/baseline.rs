//! Baselines: the findings of an earlier run, which are known.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::diagnostic::{Diagnostic, FINGERPRINT_METHOD, Fingerprints, Settled, SettledBy, uri};

/// The findings of an earlier run: the SARIF log that it wrote.
#[derive(Debug, Clone)]
pub struct Baseline {
    path: PathBuf,
    /// The file, as a URI, and the fingerprint of each finding.
    known: HashSet<(String, String)>,
}

/// The error for a baseline that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages show what the fields are")]
pub enum BaselineError {
    /// The file cannot be read.
    #[error(
        "cannot read the baseline {}: {cause}: write one with `confmig check --format sarif`",
        path.display()
    )]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// The file is not a SARIF log of this program.
    #[error(
        "the baseline {} is no SARIF log with the fingerprints {FINGERPRINT_METHOD}: write one \
         with `confmig check --format sarif`",
        path.display()
    )]
    Form { path: PathBuf },
}

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a SARIF log that this program wrote.
    pub fn read(path: &Path) -> Result<Self, BaselineError> {
        let text = std::fs::read(path).map_err(|cause| BaselineError::Read {
            path: path.into(),
            cause,
        })?;
        let form = || BaselineError::Form { path: path.into() };
        let log: Value = serde_json::from_slice(&text).map_err(|_| form())?;
        let results = log["runs"][0]["results"].as_array().ok_or_else(form)?;
        let finding = |result: &Value| {
            let print = result["partialFingerprints"][FINGERPRINT_METHOD].as_str()?;
            let location = &result["locations"][0]["physicalLocation"]["artifactLocation"];
            let uri = location["uri"].as_str().unwrap_or_default();
            Some((uri.to_owned(), print.to_owned()))
        };
        let known = results.iter().map(finding);
        Ok(Baseline {
            path: path.to_owned(),
            known: known.collect::<Option<_>>().ok_or_else(form)?,
        })
    }

    /// Settles the open findings that are known. The diagnostics must be all of a report, since
    /// equal ones are told apart by their number.
    pub fn settle(&self, diagnostics: &mut [Diagnostic]) {
        let mut fingerprints = Fingerprints::default();
        for found in diagnostics {
            let print = fingerprints.of_diagnostic(found);
            let uri = found.path().map(uri).unwrap_or_default();
            if found.is_open() && self.known.contains(&(uri, print)) {
                found.settled = Some(Settled {
                    by: SettledBy::Baseline,
                    reason: format!("known since the baseline {}", self.path.display()),
                });
            }
        }
    }
}
