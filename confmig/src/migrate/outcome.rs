//! The outcome of a migration, once all steps are done.

use std::borrow::Cow;

use bstr::BStr;
use foldhash::HashMap;
use oslo_config::Document;

use super::decision::folded;
use super::edit::put_back;
use super::migrator::Migrator;
use super::{Change, ChangeKind, Decision, MigrateError, Migration, finish};

impl Migrator<'_> {
    /// Returns the outcome: puts comments back, and drops decisions that later steps settled.
    ///
    /// # Errors
    ///
    /// When a new text cannot be made or parsed.
    pub(super) fn finish(mut self) -> Result<Migration, MigrateError> {
        self.put_back_comments()?;
        if !self.decisions.is_empty() {
            self.drop_settled_decisions();
        }
        let files = self.results.iter_mut().zip(self.documents);
        for ((result, changed), before) in files.zip(self.before) {
            let text = before.document.text();
            result.after = match changed {
                Some(changed) => changed.into_text().into_owned().into(),
                None => text.to_owned(),
            };
            result.changes.sort_by_key(|change| change.line);
            if result.after == text {
                result.changes.clear();
            }
        }
        let paths = self.before.iter().enumerate().rev();
        let order: HashMap<_, _> = paths.map(|(at, file)| (&*file.path, at)).collect();
        let mut decisions: Vec<Decision> = self
            .decisions
            .into_iter()
            .map(|(_, decision)| decision)
            .collect();
        decisions.sort_by_key(|decision| (order.get(&*decision.path), decision.line));
        let decisions = folded(decisions);
        Ok(Migration {
            files: self.results,
            decisions,
            not_pinned: self.not_pinned,
        })
    }

    /// Puts back comments of entries that were moved to another section and removed there.
    fn put_back_comments(&mut self) -> Result<(), MigrateError> {
        let files = self.results.iter_mut().zip(&mut self.documents);
        for ((result, changed), original) in files.zip(self.before) {
            let Some(document) = changed.as_ref().map(Document::borrowed) else {
                continue;
            };
            let removes = |change: &Change| {
                let kinds = [ChangeKind::Remove, ChangeKind::Drop, ChangeKind::Convert];
                kinds.contains(&change.kind)
            };
            if !result.changes.iter().any(removes) {
                continue;
            }
            if let Some(edit) = put_back(&original.document, &document, &result.lines) {
                let (tidied, lines) = finish(edit, &result.path)?;
                // The proof is about the text before: what programs read must still be the same.
                if settings(&document).eq(settings(&tidied)) {
                    result.lines = result.lines.then(&lines);
                    *changed = Some(tidied);
                }
            }
        }
        Ok(())
    }
}

/// Iterates over what programs read from a document: groups, keys and values, in order.
fn settings<'d>(
    document: &'d Document<'_>,
) -> impl Iterator<Item = (&'d BStr, &'d BStr, Cow<'d, BStr>)> {
    let entries = document.entries();
    entries.map(|entry| (entry.group(), entry.key(), entry.value()))
}
