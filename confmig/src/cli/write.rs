//! What `migrate` writes: replaced files, new files, or nothing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use confmig::migrate::FileMigration;
use confmig::report::MigrationReport;
use confmig::store::{self, NewFile, Prepared, PreparedFiles, Replaced, Replacement};
use oslo_config::SourceFile;

use super::Failure;
use super::args::{Format, Migrate};
use super::migrated::Migrated;
use super::output::Output;
use super::sources::is_stdin;

/// The standard output, as a path of `--output`.
const STDOUT: &str = "-";

/// The path of a new file, its text, and the file that it comes from.
type NewText<'m> = (PathBuf, &'m [u8], Option<&'m Path>);

/// What is to be written.
pub(crate) enum Plan<'m> {
    Nothing,
    /// With `--write`.
    Replace(Vec<Replacement>),
    /// With `--output` or `--output-dir`.
    Create(Vec<NewText<'m>>),
    /// With `--output -`.
    Print(&'m [u8]),
}

/// What is ready to be written.
pub(crate) enum Ready<'p> {
    Nothing,
    Replace(Prepared<'p>),
    Create(PreparedFiles<'p>, Vec<&'p Path>),
    Print(&'p [u8]),
}

/// Checks what does not depend on the migration.
pub(crate) fn check_arguments<'p>(
    command: &Migrate,
    paths: impl Iterator<Item = &'p Path> + Clone,
) -> Result<(), Failure> {
    let count = paths.clone().count();
    if command.output.is_some() && count != 1 {
        return Err(message(format!(
            "--output needs exactly one file, but {count} were given: use --output-dir"
        )));
    }
    let writes_text = command.output.is_some() || command.output_dir.is_some();
    if writes_text && command.review.format == Format::Html && command.report.is_none() {
        return Err(message(
            "--output and --output-dir write the new text with its secrets, not the page: use \
             --report PATH for the page, besides or instead",
        ));
    }
    if let Some(report) = &command.report {
        let mut paths = paths;
        let same = paths.any(|path| is_same(path, report));
        if same
            || command
                .output
                .as_ref()
                .is_some_and(|output| output == report)
        {
            return Err(message(format!(
                "--report {} would overwrite a configuration: choose another path",
                report.display()
            )));
        }
    }
    Ok(())
}

impl<'m> Plan<'m> {
    pub(crate) fn new(command: &Migrate, migrated: &'m [Migrated<'m>]) -> Result<Self, Failure> {
        let both = || {
            let sets = migrated.iter();
            sets.flat_map(|set| set.migration.files.iter().zip(&set.files))
        };
        let is_empty = || both().all(|(file, _)| file.changes.is_empty());
        if let Some(directory) = &command.output_dir {
            return Ok(Plan::Create(in_directory(directory, both())?));
        }
        let single = command.output.as_deref().zip(both().next());
        Ok(match single {
            Some((path, (file, _))) if path == Path::new(STDOUT) => Plan::Print(&file.after),
            Some((path, (file, before))) => Plan::Create(vec![new_file(path, file, before)?]),
            None if command.write && !is_empty() => Plan::Replace(replacements(both())?),
            None => Plan::Nothing,
        })
    }

    /// Does all that can fail for want of space or rights, and writes nothing yet.
    pub(crate) fn prepare(&self) -> Result<Ready<'_>, Failure> {
        Ok(match self {
            Plan::Nothing => Ready::Nothing,
            Plan::Replace(replacements) => Ready::Replace(store::prepare(replacements)?),
            Plan::Print(text) => Ready::Print(text),
            Plan::Create(files) => {
                let all: Vec<NewFile<'_>> = files
                    .iter()
                    .map(|(path, text, mode_like)| NewFile {
                        path,
                        text,
                        mode_like: *mode_like,
                    })
                    .collect();
                let paths = files.iter().map(|(path, ..)| path.as_path()).collect();
                Ready::Create(store::prepare_new(&all)?, paths)
            }
        })
    }
}

impl Ready<'_> {
    /// Returns the files that are replaced, with their backups.
    pub(crate) fn replaced(&self) -> &[Replaced] {
        match self {
            Ready::Replace(prepared) => prepared.replaced(),
            _ => &[],
        }
    }

    /// Writes it.
    pub(crate) fn commit(self, output: &mut Output) -> Result<(), Failure> {
        match self {
            Ready::Nothing => {}
            Ready::Replace(prepared) => {
                prepared.commit()?;
            }
            Ready::Print(text) => output.bytes(text)?,
            Ready::Create(prepared, paths) => {
                prepared.commit()?;
                for path in paths {
                    output.message(&format!("wrote the new text to {}", path.display()));
                }
            }
        }
        Ok(())
    }
}

/// Writes the report to the path of `--report`, no more readable than the first file.
pub(crate) fn write_report(
    path: &Path,
    report: &[u8],
    reports: &[MigrationReport<'_>],
) -> Result<(), Failure> {
    let source = reports.iter().find_map(|report| report.before.first());
    let source = source.map(|file| &*file.path);
    let source = source.filter(|source| !is_stdin(source));
    Ok(store::write_new(path, report, source)?)
}

/// Returns the files that change, as replacements.
fn replacements<'m>(
    both: impl Iterator<Item = (&'m FileMigration, &'m SourceFile)> + Clone,
) -> Result<Vec<Replacement>, Failure> {
    if both.clone().any(|(file, _)| is_stdin(&file.path)) {
        return Err(message(
            "--write cannot replace standard input: use --output - to get the new text",
        ));
    }
    let changed = both.filter(|(file, _)| !file.changes.is_empty());
    let replacement = |(file, before): (&FileMigration, &SourceFile)| Replacement {
        path: file.path.clone(),
        before: before.text.clone(),
        after: file.after.to_vec(),
    };
    Ok(changed.map(replacement).collect())
}

/// Returns the new files of `--output-dir`.
fn in_directory<'m>(
    directory: &Path,
    files: impl Iterator<Item = (&'m FileMigration, &'m SourceFile)>,
) -> Result<Vec<NewText<'m>>, Failure> {
    let (mut all, mut names) = (Vec::new(), HashSet::new());
    for (file, before) in files {
        let name = file.path.file_name();
        let Some(name) = name.filter(|_| !is_stdin(&file.path)) else {
            return Err(message(
                "--output-dir needs files with names: standard input has none, use --output",
            ));
        };
        if !names.insert(name) {
            return Err(message(format!(
                "--output-dir: two of the files are called {}; migrate them in two runs, with a \
                 directory for each",
                name.display()
            )));
        }
        all.push(new_file(&directory.join(name), file, before)?);
    }
    Ok(all)
}

/// Returns a new file, unless its path is that of the input.
fn new_file<'m>(
    path: &Path,
    file: &'m FileMigration,
    before: &'m SourceFile,
) -> Result<NewText<'m>, Failure> {
    if is_same(&before.path, path) {
        return Err(message(format!(
            "--output {} is the input file: use --write, which keeps a backup",
            path.display()
        )));
    }
    let source = (!is_stdin(&before.path)).then_some(before.path.as_path());
    Ok((path.to_path_buf(), &file.after, source))
}

/// Returns whether a path leads to the file that a text was read from.
fn is_same(file: &Path, path: &Path) -> bool {
    let identity = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
    let source = match is_stdin(file) || file == Path::new(STDOUT) {
        true => rustix::fs::fstat(std::io::stdin()),
        false => rustix::fs::stat(file),
    };
    match (source, rustix::fs::stat(path)) {
        (Ok(one), Ok(other)) => identity(one) == identity(other),
        _ => false,
    }
}

fn message(text: impl Into<String>) -> Failure {
    Failure::Message(text.into())
}
