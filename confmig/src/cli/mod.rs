//! The command line: the only room that prints and that decides the exit status.

mod accept;
mod after;
mod args;
mod candidates;
mod check;
mod decide;
mod explain;
mod given;
mod input;
mod man;
mod migrate;
mod migrated;
mod output;
mod recover;
mod review;
mod rules;
mod sets;
mod show;
mod sources;
mod summary;
mod undo;
mod uses;
mod write;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::env::Shells;
use confmig::report::{Paint, REPORT_FORMS, counted};

use args::{Cli, ColorWhen, Command};
use output::{Output, Stream};

/// The result of a command that did not fail.
pub(crate) enum Status {
    /// All is done, or there is nothing to do.
    Success,
    /// `check` or `--check` found something.
    Findings,
}

/// The reason why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Message(String),
    #[error(transparent)]
    Pack(#[from] confmig::pack::PackError),
    #[error(transparent)]
    Policy(#[from] confmig::policy::PolicyError),
    #[error(transparent)]
    Baseline(#[from] confmig::policy::BaselineError),
    #[error(transparent)]
    Decisions(#[from] confmig::decisions::DecisionsError),
    #[error(transparent)]
    Schema(#[from] confmig::schema::SchemaError),
    #[error(transparent)]
    Source(#[from] oslo_config::SourceError),
    #[error(transparent)]
    Migrate(#[from] confmig::migrate::MigrateError),
    #[error(transparent)]
    Html(#[from] confmig::report::HtmlError),
    #[error(transparent)]
    Store(#[from] confmig::store::StoreError),
    /// Files that cannot be parsed; their diagnostics have been shown.
    #[error("cannot parse {}: correct the errors shown above", counted(*count, "file"))]
    Unparsable { count: usize },
    #[error("cannot write to standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// Runs the program.
pub(crate) fn run(words: impl Iterator<Item = OsString>) -> ExitCode {
    let words: Vec<OsString> = words.collect();
    // A shell asks for completions.
    match CompleteEnv::with_factory(Cli::command).try_complete(&words, None) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => {
            show_usage(&error);
            return ExitCode::from(2);
        }
    }
    let cli = match Cli::read(words.into_iter()) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output.
            let status = if error.use_stderr() { 2 } else { 0 };
            show_usage(&error);
            return ExitCode::from(status);
        }
    };
    let level = ["warn", "info", "debug"][usize::from(cli.verbose.min(2))];
    log_to(level, Stream::stderr(cli.color));
    let mut output = Output::new(cli.color, cli.quiet);
    let outcome = match cli.command {
        Command::Migrate(migrate) => migrate::run(&migrate, &mut output),
        Command::Check(check) => check::run(&check, &mut output),
        Command::Show(show) => show::run(&show, &mut output),
        Command::Rules(rules) => rules::run(&rules, &mut output),
        Command::Undo(undo) => undo::run(&undo, &mut output),
        Command::Recover(recover) => recover::run(&recover, &mut output),
        Command::Explain(explain) => explain::run(&explain, &mut output),
        Command::SchemaOfReport { report } => schema_of_report(&report, &mut output),
        Command::Completions { shell } => completions(shell, &mut output),
        Command::Man { command } => man::run(command.as_deref(), &mut output),
    };
    match outcome {
        Ok(Status::Success) => ExitCode::SUCCESS,
        Ok(Status::Findings) => ExitCode::from(1),
        Err(failure) => {
            output.failure(&failure.to_string());
            ExitCode::from(2)
        }
    }
}

/// Shows the help or the version, or what is wrong with the arguments.
fn show_usage(error: &clap::Error) {
    let text = error.render();
    let render = |paint| match paint {
        Paint::Plain => text.to_string(),
        Paint::Colour => text.ansi().to_string(),
    };
    // There is nowhere to report that it cannot be shown.
    let _ = match error.use_stderr() {
        true => Stream::stderr(ColorWhen::Auto).write(&mut std::io::stderr(), render),
        false => Stream::stdout(ColorWhen::Auto).write(&mut std::io::stdout(), render),
    };
}

/// Logs to standard error, at least at this level unless `RUST_LOG` names another.
fn log_to(level: &str, stream: Stream) {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level))
        .format(move |formatter, record| {
            let (level, target, text) = (record.level(), record.target(), record.args());
            let style = formatter.default_level_style(level);
            // Those that are always shown look like messages.
            let (before, head, after) = match level {
                log::Level::Error => ("", "error", ": ".to_owned()),
                log::Level::Warn => ("", "warning", ": ".to_owned()),
                level => ("[", level.as_str(), format!(" {target}] ")),
            };
            stream.write(formatter, |paint| match paint {
                Paint::Plain => format!("{before}{head:<5}{after}{text}\n"),
                Paint::Colour => format!("{before}{style}{head:<5}{style:#}{after}{text}\n"),
            })
        })
        .init();
}

/// Returns the paths, separated by commas.
fn listed(paths: &[PathBuf]) -> String {
    let paths = paths.iter().map(|path| path.display().to_string());
    paths.collect::<Vec<_>>().join(", ")
}

/// The variable by which a shell asks for completions.
const COMPLETE: &str = "COMPLETE";

/// Ends the script for zsh. Installed in a directory of `fpath`, the script is the function that
/// zsh calls at the first completion, and would register what completes without calling it.
const CALLED_BY_ZSH: &str = r#"
if [[ ${funcstack[1]} == _confmig ]]; then
    _clap_dynamic_completer_confmig "$@"
fi
"#;

/// Prints the script with which a shell asks this program for completions.
fn completions(shell: clap_complete::Shell, output: &mut Output) -> Result<Status, Failure> {
    let shells = Shells::builtins();
    let mut script = Vec::new();
    if let Some(completer) = shells.completer(&shell.to_string()) {
        completer.write_registration(COMPLETE, "confmig", "confmig", "confmig", &mut script)?;
    }
    if shell == clap_complete::Shell::Zsh {
        script.extend_from_slice(CALLED_BY_ZSH.as_bytes());
    }
    output.bytes(&script)?;
    Ok(Status::Success)
}

/// Prints the JSON Schema of a report.
fn schema_of_report(report: &str, output: &mut Output) -> Result<Status, Failure> {
    let forms = REPORT_FORMS.iter().filter(|form| form.name == report);
    for form in forms {
        output.bytes(form.schema.as_bytes())?;
    }
    Ok(Status::Success)
}
