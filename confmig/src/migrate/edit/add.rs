//! Sets options that are not set.

use oslo_config::ParsedFile;

use super::draft::{Draft, Lines};
use super::rule::written;
use crate::migrate::own_rules::PINNED;
use crate::migrate::planned::{Addition, Applied};
use crate::migrate::{Change, ChangeKind, MigrateError, finish};

/// Sets options in a file, each below a comment that says why.
pub(in crate::migrate) fn add(
    file: &ParsedFile<'_>,
    additions: &[Addition<'_>],
) -> Result<Applied, MigrateError> {
    let document = &file.document;
    let (mut draft, mut changes) = (Draft::new(document), Vec::new());
    for addition in additions {
        let (option, end) = (addition.option, document.line_end());
        let comment = format!("# {}", addition.comment);
        let mut lines = Lines::one(&[comment.as_bytes(), end].concat(), None);
        for value in addition.values {
            let entry = format!("{} = {}", option.name(), written(value));
            lines.push(&Lines::one(
                &[entry.trim_end().as_bytes(), end].concat(),
                None,
            ));
        }
        changes.push(Change {
            rule: PINNED.to_owned(),
            kind: ChangeKind::Pin,
            line: draft.append(option, &lines).max(1),
            from: addition.former.clone(),
            to: option.clone(),
            message: addition.message.clone(),
            release: None,
        });
    }
    if changes.is_empty() {
        return Ok(Applied::default());
    }
    // No line is removed, so that no section is emptied.
    let (document, lines) = finish(draft.finish(|_| true), &file.path)?;
    Ok(Applied {
        document: Some(document),
        changes,
        lines,
    })
}
