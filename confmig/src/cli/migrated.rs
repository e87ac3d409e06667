//! The migration of a set of files.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use confmig::check::{Environment, check};
use confmig::decisions::Followed;
use confmig::diagnostic::{Code, Diagnostic};
use confmig::history::find_rule;
use confmig::migrate::{Decision, Migration, Pins, Settings, migrate};
use confmig::pack::Pack;
use confmig::policy::settle_by_comments;
use confmig::report::Releases;
use confmig::secret::Secrets;
use confmig::target::Target;
use oslo_config::{Document, LineMap, OptName, ParsedFile, SourceError, SourceFile};

use super::Failure;
use super::args::Migrate;
use super::decide::Deciding;
use super::given::Given;
use super::input::{Inputs, Loaded, Unparsable};
use super::sets::name_file;
use super::sources::environment;
use super::uses::Uses;

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
    pub(crate) further: Option<usize>,
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
    let settings = settings(command, &*inputs.rules()?, &loaded)?;
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
    let follow = |settings| follow(&inputs, target.as_deref(), deciding, settings, &pack);
    let accepting = settings.clone();
    let Followed {
        migration,
        settings,
        further,
        used,
        values,
    } = follow(settings)?;
    let mut uses = Uses {
        decisions: used,
        accepted: with_effect(&command.accept, &accepting, &migration, follow)?,
        ..Uses::default()
    };
    if let Some(target) = &target {
        uses.find_pins(&given.names.pinned, &**target);
        if let Some(file) = &deciding.file {
            uses.find_existing(file, &inputs.parsed, (&**target, &pack));
        }
    }
    let mut diagnostics = migration.diagnostics(&inputs.parsed, &secrets);
    let own = migration.decisions.iter().cloned().zip(diagnostics.clone());
    let mut decided: Vec<(Decision, Diagnostic)> = own.collect();
    decided.extend(followed_by(further, &inputs, &secrets));
    if let Some(file) = &deciding.file {
        file.settle(&migration, &mut diagnostics);
    }
    settle_by_comments(&mut diagnostics, &inputs.parsed, &secrets);
    let further = match target
        .as_deref()
        .filter(|_| by_target || !values.is_empty())
    {
        Some(target) => further_findings(&migration, target, given, &secrets)?,
        None => Vec::new(),
    };
    if let Some(file) = &deciding.file {
        refuse_values(&further, &values, file.path())?;
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
        migration,
        diagnostics,
        releases,
        rules: own_pack.map_or(loaded_rules, Cow::Owned),
        settings,
        further: by_target.then_some(further.len()),
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

/// Returns the words of `--accept` without which the result would be another.
fn with_effect(
    words: &[String],
    settings: &Settings,
    result: &Migration,
    follow: impl Fn(Settings) -> Result<Followed, Failure>,
) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    for word in words {
        let mut without = settings.clone();
        without.accept_rules.remove(word);
        without
            .accept
            .retain(|option| word.parse().ok().as_ref() != Some(option));
        let other = follow(without)?.migration;
        let texts = result.files.iter().map(|file| &file.after);
        if other.decisions.len() != result.decisions.len()
            || !texts.eq(other.files.iter().map(|file| &file.after))
        {
            found.insert(word.clone());
        }
    }
    Ok(found)
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

/// Returns decisions that follow from others, with their diagnostics.
fn followed_by(
    further: Vec<Decision>,
    inputs: &Inputs<'_>,
    secrets: &Secrets<'_>,
) -> Vec<(Decision, Diagnostic)> {
    let migration = Migration {
        files: Vec::new(),
        decisions: further,
        not_pinned: Vec::new(),
    };
    let diagnostics = migration.diagnostics(&inputs.parsed, secrets);
    migration.decisions.into_iter().zip(diagnostics).collect()
}

/// Returns the settings of the migration, with what `--accept` names: rules by their ids, options
/// by their new names.
fn settings(command: &Migrate, pack: &Pack, loaded: &Loaded<'_>) -> Result<Settings, Failure> {
    let given = loaded.given;
    let by_release = given.names.by_release();
    let from_schema = given.schemas().and_then(|schemas| schemas.from);
    let mut settings = Settings {
        keep_old: given.names.keep_old,
        ..Settings::default()
    };
    for word in &command.accept {
        let of_pack = pack.rules.iter().any(|rule| rule.id == *word);
        if of_pack || by_release && find_rule(word).is_some() {
            settings.accept_rules.insert(word.clone());
            continue;
        }
        let Ok(name) = word.parse::<OptName>() else {
            return Err(Failure::Message(format!(
                "--accept {word}: expected GROUP.OPTION, for example deploy.http_server_url, or \
                 the id of a rule"
            )));
        };
        let known = by_release && loaded.lives.of_option(&name).is_some();
        let older = from_schema.is_some_and(|schema| schema.option(&name).is_some());
        let renamed = pack.renamings.iter().any(|rule| rule.to == name);
        if !known && !older && !renamed {
            return Err(Failure::Message(format!(
                "--accept {word}: expected the id of a rule, or the new name of an option, but \
                 {} has neither of this name",
                pack.name
            )));
        }
        settings.accept.insert(name);
    }
    Ok(settings)
}

/// Fails if an option refuses a value that was decided.
fn refuse_values(
    found: &[Diagnostic],
    values: &BTreeMap<OptName, usize>,
    path: &Path,
) -> Result<(), Failure> {
    let mut refused = found
        .iter()
        .filter(|found| found.code == Code::IllTypedValue)
        .filter_map(|found| Some((found, values.get(found.option()?)?)));
    refused.next().map_or(Ok(()), |(found, line)| {
        Err(Failure::Message(format!(
            "the decisions {}, line {line}: {}",
            path.display(),
            found.message
        )))
    })
}

/// Returns what `check` finds in the new files, besides what a decision is about. A migration looks
/// at names, and only at values that it moves or makes.
fn further_findings(
    migration: &Migration,
    target: &dyn Target,
    given: &Given,
    secrets: &Secrets<'_>,
) -> Result<Vec<Diagnostic>, Failure> {
    let parsed = migration.files.iter().map(|file| {
        let document = Document::parse(&file.after);
        let document = document.map_err(|errors| SourceError::Syntax {
            path: file.path.clone(),
            errors,
        });
        Ok::<_, SourceError>(ParsedFile::new(&file.path, document?))
    });
    let parsed: Result<Vec<_>, _> = parsed.collect();
    let environment = Environment {
        variables: &environment(),
        keep_old: given.names.keep_old,
        arguments: "",
        defaults: false,
        is_directory: &Path::is_dir,
    };
    let found = check(&parsed?, target, secrets, &environment);
    let decided = migration.decisions.iter();
    let decided: HashSet<(&PathBuf, usize)> = decided
        .map(|decision| (&decision.path, decision.line))
        .collect();
    let lines = migration.files.iter().map(|file| (&file.path, &file.lines));
    let lines: HashMap<&PathBuf, &LineMap> = lines.collect();
    let is_decided = |diagnostic: &Diagnostic| {
        diagnostic.place.as_ref().is_some_and(|place| {
            let map = lines.get(&place.path);
            let original = map.and_then(|map| map.original(place.line));
            decided.contains(&(&place.path, original.unwrap_or(place.line)))
        })
    };
    Ok(found
        .into_iter()
        .filter(|found| !is_decided(found))
        .collect())
}
