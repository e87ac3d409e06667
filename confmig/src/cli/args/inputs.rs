//! The arguments that several commands share: files, their targets, and the policy.

use std::path::{Path, PathBuf};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgMatches, Args};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter};
use confmig::history::Service;
use confmig::policy::FailOn;
use oslo_config::Source;

use super::Format;
use crate::cli::candidates;

/// The arguments of the commands that review files.
#[derive(Debug, Args)]
pub(crate) struct ReviewArgs {
    #[command(flatten)]
    pub(crate) sources: SourceArgs,

    #[command(flatten)]
    pub(crate) common: CommonArgs,

    #[command(flatten)]
    pub(crate) policy: PolicyArgs,

    /// The format of the report
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    #[command(flatten)]
    pub(crate) releases: ReleaseArgs,
}

/// The files to read. Without any, those that oslo.config finds for the service: that of --service
/// or of the schema, or else ironic.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Configuration files, in the order in which the service reads them; `-` is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,

    /// A configuration file, as on the service's command line
    #[arg(long, value_name = "FILE")]
    config_file: Vec<PathBuf>,

    /// A directory whose *.conf files are read in sorted order
    #[arg(long, value_name = "DIR")]
    config_dir: Vec<PathBuf>,

    /// All of the above in the order given
    #[arg(skip)]
    pub(crate) ordered: Vec<Source>,
}

/// The arguments shared by all commands that read files.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// A rule pack or rule file (TOML); repeatable [default: standalone-ilo, or none with --to or
    /// --schema]
    #[arg(long, value_name = "PACK|FILE.toml", add = packs())]
    pub(crate) rules: Vec<String>,

    /// The options of any oslo.config service: JSON or YAML written by `oslo-config-generator`
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Option<PathBuf>,

    /// Do not mask passwords, keys and tokens
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// The releases to migrate between.
#[derive(Debug, Default, Args)]
pub(crate) struct ReleaseArgs {
    /// The schema of the release the files were written for
    #[arg(long, value_name = "FILE", requires = "schema", conflicts_with_all = ["from", "to"])]
    pub(crate) from_schema: Option<PathBuf>,

    /// The release the files were written for, as a series (train, 2026.1), code name or version;
    /// guessed from the files if only --to is given
    #[arg(
        long,
        value_name = "RELEASE",
        conflicts_with = "schema",
        value_parser = release,
        add = releases()
    )]
    pub(crate) from: Option<String>,

    /// The release that will read the files; the newest if only --from is given
    #[arg(
        long,
        value_name = "RELEASE",
        conflicts_with = "schema",
        value_parser = release,
        add = releases()
    )]
    pub(crate) to: Option<String>,

    /// The service that --from and --to refer to; guessed from the files by default
    #[arg(
        long,
        value_name = "SERVICE",
        conflicts_with = "schema",
        add = ArgValueCandidates::new(candidates::services)
    )]
    pub(crate) service: Option<Service>,
}

/// What counts as a finding, and what fails the run.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// The policy of the project [default: confmig.toml beside the first file]
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Treat each file as one that a service of its own reads, and report all of them together
    #[arg(long)]
    pub(crate) each: bool,

    /// Leave out the findings of an earlier run: the SARIF log that it wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// What makes the exit status 1: an open finding that is at least this severe, an open
    /// decision, or a change; repeatable [default: warning; for migrate --check: warning, change]
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = fail_on())]
    pub(crate) fail_on: Vec<FailOn>,
}

/// Returns what completes releases.
pub(super) fn releases() -> ArgValueCandidates {
    ArgValueCandidates::new(candidates::releases)
}

/// Refuses the path of a file, which is read as a release if that is forgotten.
fn release(text: &str) -> Result<String, String> {
    match text.contains('/') || Path::new(text).is_file() {
        true => Err("expected a release, such as 2026.2, before the file".into()),
        false => Ok(text.to_owned()),
    }
}

/// Returns what completes packs.
pub(super) fn packs() -> ArgValueCompleter {
    ArgValueCompleter::new(candidates::packs)
}

/// Returns a parser of what fails a run.
fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    PossibleValuesParser::new(FailOn::ALL.map(FailOn::as_str))
        .try_map(|name| FailOn::find(&name).ok_or("unknown"))
}

impl SourceArgs {
    /// Merges the three kinds of sources into `ordered`.
    pub(crate) fn put_in_order(&mut self, matches: &ArgMatches) {
        let indices = |id: &str| matches.indices_of(id).into_iter().flatten();
        let files = indices("files").zip(self.files.drain(..).map(Source::File));
        let named = indices("config_file").zip(self.config_file.drain(..).map(Source::File));
        let directories = indices("config_dir").zip(self.config_dir.drain(..).map(Source::Dir));
        let mut all: Vec<(usize, Source)> = files.chain(named).chain(directories).collect();
        all.sort_by_key(|(index, _)| *index);
        self.ordered = all.into_iter().map(|(_, source)| source).collect();
    }
}
