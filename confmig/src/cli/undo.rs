//! `confmig undo`.

use confmig::report;
use confmig::shell::word;
use confmig::store::{self, Backup, Undo, UndoSettings};

use super::args::{self, Format};
use super::output::Output;
use super::{Failure, Status, listed, recover};

pub(crate) fn run(command: &args::Undo, output: &mut Output) -> Result<Status, Failure> {
    if command.list {
        return list(command, output);
    }
    let settings = UndoSettings {
        force: command.force,
        transaction: command.transaction,
    };
    let prepared = store::prepare_undo(&command.files, settings)?;
    if command.format == Format::Json {
        // A report that cannot be written keeps the files from being restored.
        output.bytes(report::undo_json(prepared.undo()).as_bytes())?;
    }
    recover::tell(&prepared.undo().recovered, output)?;
    let undo = prepared.commit()?;
    if command.format == Format::Text {
        tell(&undo, output);
    }
    Ok(Status::Success)
}

/// Tells what was restored, and what was not.
fn tell(undo: &Undo, output: &mut Output) {
    for undone in &undo.undone {
        let (path, backup) = (undone.path.display(), undone.backup.display());
        output.message(&format!("restored {path} from {backup}"));
        if let Some(kept) = &undone.kept {
            output.note(&format!("its previous text is kept in {}", kept.display()));
        }
    }
    if !undo.skipped.is_empty() {
        output.note(&format!(
            "left without a backup to restore: {}",
            listed(&undo.skipped)
        ));
    }
    if let [first, ..] = &undo.remaining[..] {
        output.note(&format!(
            "replaced by the same run, and still new: {}; `confmig undo --transaction {}` restores \
             them",
            listed(&undo.remaining),
            word(first)
        ));
    }
    output.message(&match (undo.undone.len(), &undo.recovered[..]) {
        (0, [_, ..]) => "nothing else to restore".to_owned(),
        (count, _) => format!("restored {}", report::counted(count, "file")),
    });
}

/// Lists the backups.
fn list(command: &args::Undo, output: &mut Output) -> Result<Status, Failure> {
    let backups = store::backups(&command.files)?;
    if command.format == Format::Json {
        output.bytes(report::backups_json(&backups).as_bytes())?;
        return Ok(Status::Success);
    }
    let lines: String = backups.iter().map(line).collect();
    output.bytes(lines.as_bytes())?;
    output.message(&match backups.len() {
        0 => "no backups".to_owned(),
        count => report::counted(count, "backup"),
    });
    Ok(Status::Success)
}

fn line(backup: &Backup) -> String {
    let mut line = format!("{}  {}", backup.time, backup.backup.display());
    if backup.edited {
        line += " (edited since)";
    }
    if !backup.together.is_empty() {
        line += &format!(" (together with {})", listed(&backup.together));
    }
    line + "\n"
}
