//! The words of the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use confmig::history::Service;
use oslo_config::{OptName, Source};

/// Moves the configuration of an oslo.config service to new option names, losing nothing.
///
/// Exit status: 0 done, or nothing to do; 1 `--check` or `check` found something; 2 wrong usage,
/// input that cannot be read or parsed, a write that failed.
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
    pub(crate) color: When,

    /// Tell on standard error what is done (twice: in detail)
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 101)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(crate) enum When {
    /// When the output is a terminal, and NO_COLOR is not set
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
    /// For people who approve of a change: one page, with all that it needs in it
    Html,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what would change, as a unified diff; with --write, change it
    Migrate(Migrate),
    /// Find deprecated, hidden, removed, unknown, repeated, ill-typed and dangling settings
    Check(Check),
    /// Show what oslo.config sees, and with -o where an option's value comes from
    Show(Show),
    /// List the rules of a pack, each with its reason and its proof
    Rules(Rules),
    /// Put back what `migrate --write` replaced
    Undo(Undo),
    /// Print a script that completes the command line in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, of the program or of one of its commands
    Man {
        /// The command
        command: Option<String>,
    },
}

/// Which files are read. Given none, those that oslo.config finds for the project ironic, or for the
/// service of the schema.
#[derive(Debug, Args)]
pub(crate) struct Sources {
    /// Configuration files, in the order in which the service reads them; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// A configuration file, as the service is given it
    #[arg(long, value_name = "FILE")]
    config_file: Vec<PathBuf>,

    /// A directory of which the service reads all *.conf files, sorted
    #[arg(long, value_name = "DIR")]
    config_dir: Vec<PathBuf>,

    /// All of the above in the order in which they were given
    #[arg(skip)]
    pub(crate) ordered: Vec<Source>,
}

#[derive(Debug, Args)]
pub(crate) struct Choice {
    /// Rule packs by name, or files with rules (TOML) [default: standalone-ilo, or none with --to or --schema]
    #[arg(long, value_name = "PACK|FILE.toml")]
    pub(crate) rules: Vec<String>,

    /// The options of any service that uses oslo.config: JSON or YAML of `oslo-config-generator --format`
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,

    /// Do not mask passwords, keys and tokens
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// Between which releases.
#[derive(Debug, Default, Args)]
pub(crate) struct Releases {
    /// The schema of the release that the files were written for
    #[arg(long, value_name = "FILE", requires = "schema", conflicts_with_all = ["from", "to"])]
    pub(crate) from_schema: Option<PathBuf>,

    /// The release that the files were written for, as a series (train, 2026.1), code name or version; guessed
    /// from the files if only --to is given
    #[arg(long, value_name = "RELEASE", conflicts_with = "schema")]
    pub(crate) from: Option<String>,

    /// The release that is to read them; the newest if only --from is given
    #[arg(long, value_name = "RELEASE", conflicts_with = "schema")]
    pub(crate) to: Option<String>,

    /// The service whose releases --from and --to name; guessed from the files if not given
    #[arg(long, value_name = "SERVICE", value_parser = service, conflicts_with = "schema")]
    pub(crate) service: Option<Service>,
}

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) sources: Sources,

    #[command(flatten)]
    pub(crate) choice: Choice,

    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) releases: Releases,

    /// Add the new names and leave the old ones, for files that an older program reads too
    #[arg(long)]
    pub(crate) keep_old: bool,

    /// Migrate an option that needs a decision, such as deploy.http_server_url, or follow a rule that
    /// does, such as ilo-group
    #[arg(long, value_name = "GROUP.OPTION|RULE")]
    pub(crate) accept: Vec<String>,

    /// Replace the files, after a backup of each
    #[arg(long, conflicts_with_all = ["check", "output"])]
    pub(crate) write: bool,

    /// Exit with 1 when anything would change or needs a decision
    #[arg(long)]
    pub(crate) check: bool,

    /// Write the whole new text of the one file to PATH, or to standard output (-)
    #[arg(long, value_name = "PATH|-")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) sources: Sources,

    #[command(flatten)]
    pub(crate) choice: Choice,

    /// Form of the report
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) releases: Releases,

    /// Report options that are not set and have another default in the release of --to, or in --schema
    #[arg(long)]
    pub(crate) defaults: bool,

    /// Old names may stand beside the new ones, for an older program that reads the files too
    #[arg(long)]
    pub(crate) keep_old: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) sources: Sources,

    #[command(flatten)]
    pub(crate) choice: Choice,

    /// Form of the report
    #[arg(long, value_parser = text_or_json(), default_value = "text")]
    pub(crate) format: Format,

    /// Show an option's value, where it comes from and what it hides (GROUP.OPTION; repeatable)
    #[arg(short, long, value_name = "GROUP.OPTION", value_parser = option_name)]
    pub(crate) option: Vec<OptName>,
}

#[derive(Debug, Args)]
pub(crate) struct Rules {
    /// The pack, a file with rules, `ironic` for the history of Ironic, or one of its rules by its id;
    /// without it, the packs are listed
    #[arg(conflicts_with = "schema")]
    pub(crate) pack: Option<String>,

    /// List the former names of a service's options: JSON or YAML of `oslo-config-generator --format`
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,

    /// List what changed since another schema of the service
    #[arg(long, value_name = "FILE", requires = "schema")]
    pub(crate) from_schema: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// Files that `migrate --write` replaced
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// Put back also a file that was changed since; its present text is kept beside it
    #[arg(long)]
    pub(crate) force: bool,
}

/// Takes the formats that `show` has.
fn text_or_json() -> impl TypedValueParser<Value = Format> {
    let formats = [Format::Text, Format::Json];
    PossibleValuesParser::new(formats.iter().filter_map(ValueEnum::to_possible_value))
        .try_map(|format| Format::from_str(&format, false))
}

fn option_name(text: &str) -> Result<OptName, String> {
    OptName::parse(text).ok_or_else(|| "expected GROUP.OPTION, as in deploy.http_server_url".into())
}

impl Cli {
    /// Parses a command line.
    ///
    /// # Errors
    ///
    /// When it is not one; also for `--help` and `--version`, which clap treats alike.
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
    fn sources_mut(&mut self) -> Option<&mut Sources> {
        match self {
            Command::Migrate(migrate) => Some(&mut migrate.sources),
            Command::Check(check) => Some(&mut check.sources),
            Command::Show(show) => Some(&mut show.sources),
            _ => None,
        }
    }
}

impl Sources {
    fn put_in_order(&mut self, matches: &ArgMatches) {
        let indices = |id: &str| matches.indices_of(id).into_iter().flatten();
        let files = indices("files").zip(self.files.drain(..).map(Source::File));
        let named = indices("config_file").zip(self.config_file.drain(..).map(Source::File));
        let directories = indices("config_dir").zip(self.config_dir.drain(..).map(Source::Dir));
        let mut all: Vec<(usize, Source)> = files.chain(named).chain(directories).collect();
        all.sort_by_key(|(index, _)| *index);
        self.ordered = all.into_iter().map(|(_, source)| source).collect();
    }
}

/// Finds a service whose releases are known.
fn service(id: &str) -> Result<Service, String> {
    Service::find(id).ok_or_else(|| {
        let known: Vec<&str> = Service::all().map(Service::id).collect();
        format!(
            "expected one of {}; for any other, see --schema",
            known.join(", ")
        )
    })
}
