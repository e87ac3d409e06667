//! `confmig undo`.

use confmig::store;

use super::args::Undo;
use super::outcome::{Failure, Outcome};
use super::output::Output;

pub(crate) fn run(command: &Undo, output: &mut Output) -> Result<Outcome, Failure> {
    for path in &command.files {
        let undone = store::undo(path, command.force)?;
        output.message(&format!(
            "put back {} from {}",
            undone.path.display(),
            undone.backup.display()
        ));
        if let Some(kept) = undone.kept {
            output.note(&format!(
                "the text that it had until now is in {}",
                kept.display()
            ));
        }
    }
    Ok(Outcome::Done)
}
