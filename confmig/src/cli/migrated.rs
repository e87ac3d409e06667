//! The migration of a set of files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use confmig::decisions::Followed;
use confmig::diagnostic::Diagnostic;
use confmig::migrate::{Decision, Migration, Pins, Settings, migrate};
use confmig::pack::Pack;
use confmig::policy::settle_by_comments;
use confmig::report::Releases;
use confmig::secret::Secrets;
use confmig::target::Target;
use oslo_config::{OptName, SourceFile};

use super::args::Migrate;
use super::decide::Deciding;
use super::given::Given;
use super::input::{Inputs, Loaded, Unparsable};
use super::sets::name_file;
use super::sources::environment;
use super::uses::Uses;
use super::{Failure, accept, after};

/// A set of files, migrated.
pub(crate) struct Migrated<'g> {
    pub(crate) given: &'g Given,
    pub(crate) files: Vec<SourceFile>,
    pub(crate) migration: Migration,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) releases: Option<Releases>,
    pub(crate) rules: Cow<'g, Pack>,
    pub(crate) settings: Settings,
    /// What `check` finds in the new files, if it looks for more than a migration does.
    pub(crate) further: Option<Vec<Diagnostic>>,
    pub(crate) uses: Uses,
    /// The decisions to add to that file, if they are not there.
    pub(crate) decided: Vec<(Decision, Diagnostic)>,
}

/// Migrates a set of files in memory. If it is one of several and has one file, its diagnostics
/// without a place name the file.
pub(crate) fn migrate_set<'g>(
    command: &Migrate,
    deciding: &Deciding,
    given: &'g Given,
    files: Vec<SourceFile>,
    is_one_of_several: bool,
) -> Result<Result<Migrated<'g>, Unparsable>, Failure> {
    let loaded = Loaded::new(given, files)?;
    let mut inputs = match loaded.parse()? {
        Ok(inputs) => inputs,
        Err(unparsable) => return Ok(Err(unparsable)),
    };
    let settings = accept::settings(&command.accept, &*inputs.rules()?, &loaded)?;
    inputs.compare_candidates(&settings)?;
    if command.write {
        refuse_to_guess(inputs.releases.as_ref(), &loaded.files, is_one_of_several)?;
    }
    let pack = inputs.rules()?;
    let secrets = given.secrets(&pack);
    let by_target = given.names.by_release() || given.schema.is_some();
    let target = match by_target || deciding.file.is_some() {
        true => Some(inputs.target()?),
        false => None,
    };
    let follow = |accept: &[String]| {
        let settings = accept::settings(accept, &pack, &loaded)?;
        follow(&inputs, target.as_deref(), deciding, settings, &pack)
    };
    let followed = follow(&command.accept)?;
    let mut uses = Uses::default();
    uses.decisions.clone_from(&followed.used);
    uses.find_accepted(&command.accept, &followed.migration, follow)?;
    let (mut diagnostics, decided) = diagnostics_of(&followed, &inputs, deciding, &secrets);
    let mut further = Vec::new();
    if let Some(target) = target.as_deref() {
        uses.find(&inputs, target, &pack, deciding.file.as_ref());
        if by_target || !followed.values.is_empty() {
            let migration = (&followed.migration, &diagnostics[..]);
            further = after::findings(migration, target, given, &secrets)?;
        }
    }
    if let Some(file) = &deciding.file {
        after::refuse_values(&further, &followed.values, file.path())?;
    }
    drop(target);
    let releases = inputs.releases.clone();
    let own_pack = match pack {
        Cow::Owned(pack) => Some(pack),
        Cow::Borrowed(_) => None,
    };
    let (loaded_files, loaded_rules) = loaded.into_parts();
    if is_one_of_several {
        name_file(&mut diagnostics, &loaded_files);
    }
    Ok(Ok(Migrated {
        given,
        files: loaded_files,
        migration: followed.migration,
        diagnostics,
        releases,
        rules: own_pack.map_or(loaded_rules, Cow::Owned),
        settings: followed.settings,
        further: by_target.then_some(further),
        uses,
        decided,
    }))
}

/// Migrates parsed files along their route, and follows the file of decisions if there is one.
fn follow(
    inputs: &Inputs<'_>,
    target: Option<&dyn Target>,
    deciding: &Deciding,
    settings: Settings,
    pack: &Pack,
) -> Result<Followed, Failure> {
    let pinned = &inputs.given().names.pinned;
    let older = match pinned.is_empty() {
        true => None,
        false => Some(older(inputs)?),
    };
    let pins = older.as_deref().zip(target).map(|targets| {
        let is_wanted = |option: &OptName| {
            let option = option.to_string();
            pinned.iter().any(|pattern| pattern.matches(&option))
        };
        // What is secret is not written, even if it may be shown.
        let secrets = Secrets::hidden(pack);
        Pins::new(targets.into(), is_wanted, &secrets, &environment())
    });
    let route = match &pins {
        Some(pins) => inputs.route().with_pins(pins),
        None => inputs.route(),
    };
    Ok(match &deciding.file {
        Some(file) => file.follow(&inputs.parsed, &route, &settings, pack)?,
        None => Followed {
            migration: migrate(&inputs.parsed, &route, &settings)?,
            settings,
            further: Vec::new(),
            used: BTreeSet::new(),
            values: BTreeMap::new(),
        },
    })
}

/// Returns the release whose defaults stay.
fn older<'i>(inputs: &'i Inputs<'_>) -> Result<Box<dyn Target + 'i>, Failure> {
    inputs.older()?.ok_or_else(|| {
        Failure::Message(
            "--pin-defaults keeps the defaults of the release that the files were written for: \
             give --from, or --from-schema and --schema"
                .into(),
        )
    })
}

/// Fails if the releases that the files may have been written for give different results.
fn refuse_to_guess(
    releases: Option<&Releases>,
    files: &[SourceFile],
    is_one_of_several: bool,
) -> Result<(), Failure> {
    let Some(differing) = releases.and_then(Releases::differing) else {
        return Ok(());
    };
    let first = files.first().filter(|_| is_one_of_several);
    let of = first.map_or_else(String::new, |file| format!("{}: ", file.path.display()));
    Err(Failure::Message(format!(
        "{of}cannot tell which release the files were written for, and {differing}: give --from"
    )))
}

/// Returns the diagnostics of a migration, and the decisions with theirs: those that are left, and
/// those that may follow from these.
fn diagnostics_of(
    followed: &Followed,
    inputs: &Inputs<'_>,
    deciding: &Deciding,
    secrets: &Secrets<'_>,
) -> (Vec<Diagnostic>, Vec<(Decision, Diagnostic)>) {
    let migration = &followed.migration;
    let mut diagnostics = migration.diagnostics(&inputs.parsed, secrets);
    settle_by_comments(&mut diagnostics, &inputs.parsed, secrets);
    let left = migration.decisions.iter().cloned().zip(diagnostics.clone());
    let left = left.filter(|(_, diagnostic)| diagnostic.is_open());
    let further = Migration {
        files: Vec::new(),
        decisions: followed.further.clone(),
        not_pinned: Vec::new(),
    };
    let of_further = further.diagnostics(&inputs.parsed, secrets);
    let decided = left.chain(further.decisions.into_iter().zip(of_further));
    let decided = decided.collect();
    if let Some(file) = &deciding.file {
        file.settle(migration, &mut diagnostics);
    }
    (diagnostics, decided)
}
