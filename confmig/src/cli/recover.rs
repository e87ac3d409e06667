//! `confmig recover`, and what other commands do about interrupted runs.

use std::path::Path;

use confmig::diagnostic::Diagnostic;
use confmig::store::{self, Direction, Kind, Recovered};

use super::args::Recover;
use super::output::Output;
use super::{Failure, Status, listed};

pub(crate) fn run(command: &Recover, output: &mut Output) -> Result<Status, Failure> {
    let direction = match (command.finish, command.revert) {
        (true, _) => Some(Direction::Finish),
        (_, true) => Some(Direction::Revert),
        _ => None,
    };
    let recovered = store::recover(command.files.iter().map(|path| &**path), direction)?;
    if recovered.is_empty() {
        output.message("nothing to do: no run on these files was interrupted between two of them");
    }
    tell(&recovered, output)?;
    Ok(Status::Success)
}

/// Finishes or reverts the interrupted runs that have one of these files. Returns whether there
/// were any.
pub(crate) fn recover_first<'p>(
    paths: impl Iterator<Item = &'p Path>,
    output: &mut Output,
) -> Result<bool, Failure> {
    let recovered = store::recover(paths, None)?;
    tell(&recovered, output)?;
    Ok(!recovered.is_empty())
}

/// Returns the diagnostics of interrupted runs that have one of these files.
pub(crate) fn diagnostics<'p>(
    paths: impl Iterator<Item = &'p Path>,
) -> Result<Vec<Diagnostic>, Failure> {
    let found = store::interrupted(paths)?;
    Ok(found.iter().map(store::Interrupted::diagnostic).collect())
}

/// Tells what was found and done about it. Fails if files were left in another state than the rest.
pub(crate) fn tell(recovered: &[Recovered], output: &mut Output) -> Result<(), Failure> {
    for one in recovered {
        output.message(&one.found.to_string());
        let done = verb(one.direction);
        let replaced = match (one.direction, one.found.kind) {
            (Direction::Finish, Kind::Write) | (Direction::Revert, Kind::Undo) => "replaced",
            _ => "restored",
        };
        output.message(&match one.changed.is_empty() {
            true => format!("{done} it: no file had to change"),
            false => format!("{done} it: {replaced} {}", listed(&one.changed)),
        });
        let left = one.left.iter();
        let left: Vec<String> = left
            .map(|(path, why)| format!("{}: {why}", path.display()))
            .collect();
        if !left.is_empty() {
            return Err(Failure::Message(format!(
                "{done} the interrupted run, except for {}",
                left.join("; ")
            )));
        }
    }
    Ok(())
}

fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Finish => "finished",
        Direction::Revert => "reverted",
    }
}
