//! The command line: the only place that prints, and that decides on the exit status.

mod args;
mod check;
mod input;
mod migrate;
mod outcome;
mod output;
mod rules;
mod show;
mod undo;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::CommandFactory;

use args::{Cli, Command};
use outcome::{Failure, Outcome};
use output::Output;

/// Runs the program.
pub(crate) fn run(words: impl Iterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::read(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are not errors, and go to standard output.
            let status = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(status);
        }
    };
    let level = ["warn", "info", "debug"][usize::from(cli.verbose.min(2))];
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level))
        .format_timestamp(None)
        .init();
    let mut output = Output::new(cli.color);
    let outcome = match cli.command {
        Command::Migrate(migrate) => migrate::run(&migrate, &mut output),
        Command::Check(check) => check::run(&check, &mut output),
        Command::Show(show) => show::run(&show, &mut output),
        Command::Rules(rules) => rules::run(&rules, &mut output),
        Command::Undo(undo) => undo::run(&undo, &mut output),
        Command::Completions { shell } => completions(shell, &mut output),
        Command::Man { command } => man(command.as_deref(), &mut output),
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Err(failure) => {
            output.failure(&failure.to_string());
            ExitCode::from(2)
        }
    }
}

fn completions(shell: clap_complete::Shell, output: &mut Output) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "confmig", &mut script);
    output.bytes(&script)?;
    Ok(Outcome::Done)
}

fn man(command: Option<&str>, output: &mut Output) -> Result<Outcome, Failure> {
    let program = Cli::command().disable_help_subcommand(true);
    let page = match command {
        None => program,
        Some(name) => {
            let Some(found) = program.find_subcommand(name) else {
                return Err(Failure::Said(format!(
                    "there is no command {name}: see confmig --help"
                )));
            };
            found.clone().display_name(format!("confmig-{name}"))
        }
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page).render(&mut text)?;
    output.bytes(&text)?;
    Ok(Outcome::Done)
}
