//! Sets options that are not set.

use oslo_config::ParsedFile;

use super::draft::{Draft, Lines};
use super::rule::written;
use crate::migrate::own_rules::PINNED;
use crate::migrate::pin::Pin;
use crate::migrate::planned::Applied;
use crate::migrate::{Change, ChangeKind, MigrateError, finish};

/// Sets options in a file, each below a comment that says why.
pub(in crate::migrate) fn pin(
    file: &ParsedFile<'_>,
    pins: &[&Pin],
) -> Result<Applied, MigrateError> {
    let document = &file.document;
    let (mut draft, mut changes) = (Draft::new(document), Vec::new());
    for pin in pins {
        let (option, end) = (pin.opt.name(), document.line_end());
        let comment = format!("# confmig --pin-defaults: {}", pin.origin);
        let mut lines = Lines::one(&[comment.as_bytes(), end].concat(), None);
        for value in &pin.values {
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
            from: pin.former_name().clone(),
            to: option.clone(),
            message: pin.message(),
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
