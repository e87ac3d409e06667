//! The file of decisions of a migration.

use std::path::PathBuf;

use confmig::decisions::Decisions;
use confmig::diagnostic::Diagnostic;
use confmig::migrate::Decision;
use confmig::policy::Policy;
use confmig::report::counted;
use confmig::shell::word;
use confmig::store;

use super::Failure;
use super::args::Migrate;
use super::output::Output;
use super::uses::Uses;

/// The file of decisions, if there is one.
pub(crate) struct Deciding {
    pub(crate) file: Option<Decisions>,
    /// New decisions are added to the file.
    adds: bool,
}

impl Deciding {
    /// Reads the file that the arguments name, or else the policy.
    pub(crate) fn load(command: &Migrate, policy: &Policy) -> Result<Self, Failure> {
        let path: Option<&PathBuf> = command.decisions.as_ref().or(policy.decisions.as_ref());
        Ok(Deciding {
            file: path.map(|path| Decisions::read(path)).transpose()?,
            adds: command.decisions.is_some() && !command.check,
        })
    }

    /// Adds the decisions that the file does not have, and tells which of its entries are about
    /// nothing.
    pub(crate) fn finish(
        &self,
        found: &[(Decision, Diagnostic)],
        uses: &Uses,
        output: &mut Output,
    ) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let path = file.path();
        if let Some((text, count)) = file.with_new(found) {
            let decisions = counted(count, "decision");
            if self.adds {
                store::write_new(path, text.as_bytes(), None)?;
                output.message(&format!(
                    "added {decisions} to {}: edit it, and run again",
                    path.display()
                ));
            } else {
                output.note(&format!(
                    "{} does not have {decisions}: `--decisions {}` without --check adds them",
                    path.display(),
                    word(path)
                ));
            }
        }
        let (stale, mistaken) = file.unused(&uses.decisions, &uses.existing);
        if !mistaken.is_empty() {
            output.warning(&format!(
                "{} has names that no decision has ({}): correct them",
                path.display(),
                mistaken.join("; ")
            ));
        }
        if !stale.is_empty() {
            output.note(&format!(
                "{} decides what is not left to decide ({}): remove it once all files are migrated",
                path.display(),
                stale.join("; ")
            ));
        }
        Ok(())
    }
}
