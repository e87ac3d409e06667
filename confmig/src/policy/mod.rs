//! Policies: what a project decided about its findings, in `confmig.toml`.
//!
//! A policy sets the severity of codes, ignores findings for a reason, names the files of the
//! project and their targets, and says what fails a run. Comments in the files ignore single
//! findings, and a baseline those that are known.

mod baseline;
mod comments;
mod fail_on;
mod form;
mod ignore;
mod paths;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use glob::Pattern;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::history::Service;

pub use baseline::{Baseline, BaselineError};
pub use comments::settle_by_comments;
pub use fail_on::FailOn;
pub use ignore::Ignore;
pub use paths::Patterns;
pub(crate) use paths::relative;

/// The name of a policy beside the files that it is about.
pub const FILE_NAME: &str = "confmig.toml";

/// A policy.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// The severities of codes.
    pub severity: BTreeMap<Code, Severity>,
    /// The findings that are ignored.
    pub ignores: Vec<Ignore>,
    /// What fails `confmig check`, if not the default.
    pub check_fails_on: Option<Vec<FailOn>>,
    /// What fails `confmig migrate --check`, if not the default.
    pub migrate_fails_on: Option<Vec<FailOn>>,
    /// The baseline.
    pub baseline: Option<PathBuf>,
    /// The file of decisions.
    pub decisions: Option<PathBuf>,
    /// The files of the project and what reads them.
    pub targets: Vec<ProjectTarget>,
}

/// Files of a project, and what reads them.
#[derive(Debug, Clone)]
pub struct ProjectTarget {
    /// The files.
    pub files: Patterns,
    /// Each file is read by a service of its own; otherwise one service reads all of them.
    pub each: bool,
    /// The names of packs and the paths of rule files.
    pub rules: Vec<String>,
    /// The schema of the service.
    pub schema: Option<PathBuf>,
    /// The schema of the release that the files were written for.
    pub from_schema: Option<PathBuf>,
    /// The release that the files were written for.
    pub from: Option<String>,
    /// The release that will read the files.
    pub to: Option<String>,
    /// The service of the releases.
    pub service: Option<Service>,
    /// A legacy program reads the files, too.
    pub keep_old: bool,
    /// The options whose old defaults stay.
    pub pin_defaults: Vec<Pattern>,
}

/// The error for a policy that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages show what the fields are")]
pub enum PolicyError {
    /// The file cannot be read.
    #[error("cannot read the policy {}: {cause}: expected a readable TOML file", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// The text does not have the form of a policy.
    #[error("the policy {} is not well-formed: {cause}", path.display())]
    Form {
        path: PathBuf,
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// A part of the policy cannot be used.
    #[error("the policy {}, line {line}: {reason}", path.display())]
    Meaning {
        path: PathBuf,
        line: usize,
        reason: String,
    },
}

impl Policy {
    /// Reads a policy. Paths in it are relative to its directory.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, or is not a policy.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let text = std::fs::read_to_string(path).map_err(|cause| PolicyError::Read {
            path: path.into(),
            cause,
        })?;
        form::parse(&text, path)
    }

    /// Returns the target of a file: the first one that names it.
    #[must_use]
    pub fn target_of(&self, path: &Path) -> Option<&ProjectTarget> {
        self.targets
            .iter()
            .find(|target| target.files.matches(path))
    }

    /// Settles the diagnostics that are to be ignored until after `today` (`YYYY-MM-DD`), and gives
    /// all their severities. An ignore whose time is over adds a diagnostic, and opens again what
    /// a baseline has settled.
    pub fn settle(&self, diagnostics: &mut Vec<Diagnostic>, today: &str) {
        for ignore in &self.ignores {
            ignore.settle(diagnostics, today);
        }
        for diagnostic in diagnostics {
            if let Some(severity) = self.severity.get(&diagnostic.code) {
                diagnostic.severity = *severity;
            }
        }
    }
}
