//! `confmig check`.

use std::collections::HashMap;
use std::path::Path;

use confmig::check::{World, check};
use confmig::report;

use super::args::{Check, Format};
use super::output::Output;
use super::{Failure, Outcome, input};

pub(crate) fn run(command: &Check, output: &mut Output) -> Result<Outcome, Failure> {
    let pack = input::pack(&command.choice)?;
    let secrets = input::secrets(&command.choice, &pack);
    let files = input::read(&command.sources)?;
    let parsed = input::parse(&files, &command.choice, &secrets, output)?;
    let environment = environment();
    let world = World {
        environment: &environment,
        keep_old: command.keep_old,
        is_directory: &Path::is_dir,
    };
    let diagnostics = check(&parsed, &pack, &secrets, &world);
    match command.choice.format {
        Format::Json => output.bytes(report::check_json(&diagnostics).as_bytes())?,
        Format::Text => {
            output.bytes(report::render(&diagnostics, output.results()).as_bytes())?;
            let files = match files.len() {
                1 => "1 file".to_owned(),
                count => format!("{count} files"),
            };
            if !diagnostics.is_empty() {
                output.message("");
            }
            output.message(&match diagnostics.len() {
                0 => format!("{files}, nothing to report"),
                count => format!("{files}, {count} to look at"),
            });
        }
    }
    Ok(if diagnostics.is_empty() {
        Outcome::Done
    } else {
        Outcome::Found
    })
}

/// The environment's variables, as far as they are UTF-8.
pub(crate) fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
