//! What `check` finds in the new files of a migration.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use confmig::check::{Environment, check};
use confmig::diagnostic::{Code, Diagnostic};
use confmig::migrate::Migration;
use confmig::policy::settle_by_comments;
use confmig::secret::Secrets;
use confmig::target::Target;
use oslo_config::{Document, LineMap, OptName, ParsedFile, SourceError};

use super::Failure;
use super::given::Given;
use super::sources::environment;

/// Returns what `check` finds in the new files, besides what an open decision is about; the
/// diagnostics are those of the migration. A migration looks at names, and only at values that it
/// moves or makes.
pub(super) fn findings(
    (migration, diagnostics): (&Migration, &[Diagnostic]),
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
    let parsed = parsed?;
    let mut found = check(&parsed, target, secrets, &environment);
    settle_by_comments(&mut found, &parsed, secrets);
    let decisions = migration.decisions.iter().zip(diagnostics);
    let open = decisions.filter(|(_, diagnostic)| diagnostic.is_open());
    let open: HashSet<(&PathBuf, usize)> = open
        .map(|(decision, _)| (&decision.path, decision.line))
        .collect();
    let lines = migration.files.iter().map(|file| (&file.path, &file.lines));
    let lines: HashMap<&PathBuf, &LineMap> = lines.collect();
    let is_decided = |diagnostic: &Diagnostic| {
        diagnostic.place.as_ref().is_some_and(|place| {
            let map = lines.get(&place.path);
            let original = map.and_then(|map| map.original(place.line));
            open.contains(&(&place.path, original.unwrap_or(place.line)))
        })
    };
    Ok(found
        .into_iter()
        .filter(|found| !is_decided(found))
        .collect())
}

/// Fails if an option refuses a value that was decided.
pub(super) fn refuse_values(
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
