//! The command line's arguments.

mod inputs;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use confmig::report::REPORT_FORMS;
use glob::Pattern;
use oslo_config::OptName;

use super::candidates;
pub(crate) use inputs::{CommonArgs, ReleaseArgs, ReviewArgs, SourceArgs};
use inputs::{packs, releases};

/// Migrate the configuration of an oslo.config service to new option names without losing anything.
///
/// Exit status: 0 if all is done, or there is nothing to do; 1 if `check` or `--check` found
/// something that --fail-on names; 2 for wrong usage, input that cannot be read or parsed, or a
/// failed write.
#[derive(Debug, Parser)]
#[command(name = "confmig", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// When to use colours
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        display_order = 100
    )]
    pub(crate) color: ColorWhen,

    /// Log what is done to standard error (-vv for details)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 101)]
    pub(crate) verbose: u8,

    /// Print findings and errors only, without summaries and notes
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        display_order = 102
    )]
    pub(crate) quiet: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum ColorWhen {
    /// If the output is a terminal and NO_COLOR is not set
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For code review and dashboards: SARIF 2.1.0
    Sarif,
    /// For people who approve changes: one self-contained page
    Html,
    /// For GitHub Actions: workflow commands, which annotate lines
    Github,
    /// For CI systems that show test results: JUnit's XML
    Junit,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what would change, as a unified diff; with --write, change it
    Migrate(Migrate),
    /// Find deprecated, hidden, removed, unknown, duplicate and invalid settings
    Check(Check),
    /// Show the settings as oslo.config sees them, or with -o where an option's value comes from
    Show(Show),
    /// List the rules of a pack, each with its reason and evidence
    Rules(Rules),
    /// Restore files that `migrate --write` replaced
    Undo(Undo),
    /// Finish or revert a run that was killed while it replaced several files
    Recover(Recover),
    /// Explain a code, a rule or an option
    Explain(Explain),
    /// Print the JSON Schema of a report in JSON
    SchemaOfReport {
        /// The command, or `backups` for `undo --list`
        #[arg(value_parser = PossibleValuesParser::new(REPORT_FORMS.map(|form| form.name)))]
        report: String,
    },
    /// Print the script by which a shell completes commands, options, releases, rules and codes
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of the program or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) review: ReviewArgs,

    /// Add the new names and keep the old ones, for files that a legacy program reads too
    #[arg(long)]
    pub(crate) keep_old: bool,

    /// Set options that are not set to the old default if --to or --schema has another one: all, or
    /// those that GLOB matches (conductor.*); repeatable. Needs --from or --from-schema
    #[arg(
        long,
        value_name = "GLOB",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "*",
        value_delimiter = ',',
        value_parser = pattern
    )]
    pub(crate) pin_defaults: Vec<Pattern>,

    /// Accept a change that needs a decision, by the option's new name (deploy.http_server_url) or
    /// by the rule's id (ilo-group); repeatable
    #[arg(
        long,
        value_name = "GROUP.OPTION|RULE",
        add = ArgValueCompleter::new(candidates::acceptable)
    )]
    pub(crate) accept: Vec<String>,

    /// Follow the decisions in a file; those that it does not have are added, for you to decide
    /// (not with --check)
    #[arg(long, value_name = "FILE")]
    pub(crate) decisions: Option<PathBuf>,

    /// Replace the files, after backing up each of them
    #[arg(long, conflicts_with_all = ["check", "output", "output_dir"])]
    pub(crate) write: bool,

    /// Exit with status 1 if anything would change or needs a decision (see --fail-on)
    #[arg(long)]
    pub(crate) check: bool,

    /// Write the whole new text of a single file to PATH, in place of what is there, or to standard
    /// output (-)
    #[arg(long, value_name = "PATH|-", conflicts_with = "output_dir")]
    pub(crate) output: Option<PathBuf>,

    /// Write the whole new text of each file to DIR, in place of a file of the same name
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,

    /// Write the report to PATH instead of standard output
    #[arg(long, value_name = "PATH")]
    pub(crate) report: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) review: ReviewArgs,

    /// Report options that are not set and whose default differs in --to or --schema
    #[arg(long)]
    pub(crate) defaults: bool,

    /// Allow old names beside the new ones, for files that a legacy program reads too
    #[arg(long)]
    pub(crate) keep_old: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    pub(crate) common: CommonArgs,

    /// The format of the report
    #[arg(long, value_parser = text_or_json(), default_value = "text")]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) releases: ReleaseArgs,

    /// Show an option's value, where it comes from and what it hides; repeatable
    #[arg(
        short,
        long,
        value_name = "GROUP.OPTION",
        value_parser = option_name,
        add = ArgValueCompleter::new(candidates::options)
    )]
    pub(crate) option: Vec<OptName>,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// A pack, a rule file, a service (`ironic`, `keystone`) for the rules of all its releases, or
    /// the id of one of these rules; without it, all packs and services are listed
    #[arg(conflicts_with = "schema", add = ArgValueCompleter::new(candidates::listed))]
    pub(crate) pack: Option<String>,

    /// List what changed in a service since this release [default: the one before --to]
    #[arg(long, value_name = "RELEASE", requires = "pack", add = releases())]
    pub(crate) from: Option<String>,

    /// List what changed in a service up to this release [default: the newest]
    #[arg(long, value_name = "RELEASE", requires = "pack", add = releases())]
    pub(crate) to: Option<String>,

    /// List the former names in a schema (JSON or YAML written by `oslo-config-generator`)
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,

    /// List what changed since this older schema
    #[arg(long, value_name = "FILE", requires = "schema")]
    pub(crate) from_schema: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A code (`needs-decision`), the id of a rule, or GROUP.OPTION
    #[arg(value_name = "CODE|RULE|OPTION", required = true, add = explainable())]
    pub(crate) what: Vec<String>,

    /// A rule pack or rule file that has the rule; repeatable
    #[arg(long, value_name = "PACK|FILE.toml", add = packs())]
    pub(crate) rules: Vec<String>,

    /// The schema that has the option, or its former name
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// The files to restore, all or none; backups among them are left out
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Restore a file even if it was edited since; its current text is kept beside it
    #[arg(long)]
    pub(crate) force: bool,

    /// Restore the files that were replaced by the same run, too
    #[arg(long)]
    pub(crate) transaction: bool,

    /// List the backups, and change nothing
    #[arg(long, conflicts_with_all = ["force", "transaction"])]
    pub(crate) list: bool,

    /// The format of the report
    #[arg(long, value_parser = text_or_json(), default_value = "text")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Recover {
    /// Files of the run
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Give all of its files the new texts
    #[arg(long, conflicts_with = "revert")]
    pub(crate) finish: bool,

    /// Give all of its files the old texts
    #[arg(long)]
    pub(crate) revert: bool,
}

fn explainable() -> ArgValueCompleter {
    ArgValueCompleter::new(candidates::explainable)
}

/// Returns a parser of the formats that `show` has.
fn text_or_json() -> impl TypedValueParser<Value = Format> {
    let formats = [Format::Text, Format::Json];
    PossibleValuesParser::new(formats.iter().filter_map(ValueEnum::to_possible_value))
        .try_map(|format| Format::from_str(&format, false))
}

fn pattern(text: &str) -> Result<Pattern, String> {
    let wrong = |error| format!("expected a pattern of options, such as conductor.*: {error}");
    Pattern::new(text).map_err(wrong)
}

fn option_name(text: &str) -> Result<OptName, String> {
    if text.contains(['*', '?']) {
        let hint = "expected the name of one option: `confmig show` without -o lists all settings";
        return Err(hint.into());
    }
    text.parse()
        .map_err(|_| "expected GROUP.OPTION, for example deploy.http_server_url".into())
}

impl Cli {
    /// Parses the command line.
    ///
    /// # Errors
    ///
    /// Wrong usage; also `--help` and `--version`, which clap reports as errors.
    pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let matches = Cli::command().try_get_matches_from(words)?;
        let mut cli = Cli::from_arg_matches(&matches)?;
        let of_command = matches.subcommand().map(|(_, matches)| matches);
        if let (Some(sources), Some(matches)) = (cli.command.sources_mut(), of_command) {
            sources.put_in_order(matches);
        }
        Ok(cli)
    }
}

impl Command {
    fn sources_mut(&mut self) -> Option<&mut SourceArgs> {
        match self {
            Command::Migrate(migrate) => Some(&mut migrate.review.sources),
            Command::Check(check) => Some(&mut check.review.sources),
            Command::Show(show) => Some(&mut show.sources),
            _ => None,
        }
    }
}
