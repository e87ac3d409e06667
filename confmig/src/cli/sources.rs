//! Reads the files of a command.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use confmig::history::Service;
use confmig::schema::Schema;
use oslo_config::{Source, SourceError, SourceFile};

use super::Failure;
use super::given::Given;

/// The name of standard input in reports.
pub(crate) const STDIN: &str = "<stdin>";

/// Returns the paths of the files, in the order given.
pub(crate) fn paths(sources: &[Source]) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for source in sources {
        let files = source.files()?;
        if let (Source::Dir(directory), []) = (source, files.as_slice()) {
            log::warn!("{} has no files *.conf", directory.display());
        }
        paths.extend(files);
    }
    Ok(paths)
}

/// Finds the files of the service.
pub(crate) fn of_service(given: &Given) -> Result<Vec<PathBuf>, Failure> {
    let project = project(given.schema.as_ref(), given.names.service)?;
    let found = oslo_config::search(project, Path::exists, |name| std::env::var_os(name));
    if found.is_empty() {
        return Err(Failure::Message(format!(
            "found no configuration of {project} in ~/.{project}, ~, /etc/{project} or /etc: \
             give the files to read"
        )));
    }
    paths(&found)
}

fn project(schema: Option<&Schema>, service: Option<Service>) -> Result<&str, Failure> {
    match schema {
        Some(schema) => schema.project.as_deref().ok_or_else(|| {
            Failure::Message(format!(
                "{} does not name its service: give the files to read",
                schema.origin
            ))
        }),
        None => Ok(service.unwrap_or(Service::IRONIC).id()),
    }
}

/// Reads files; `-` is standard input.
pub(crate) fn read(paths: &[PathBuf]) -> Result<Vec<SourceFile>, Failure> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        log::info!("reading {}", path.display());
        files.push(match path == Path::new("-") {
            true => read_stdin()?,
            false => SourceFile::read(path)?,
        });
    }
    Ok(files)
}

fn read_stdin() -> Result<SourceFile, Failure> {
    let (path, mut text) = (STDIN.into(), Vec::new());
    match std::io::stdin().lock().read_to_end(&mut text) {
        Ok(_) => Ok(SourceFile { path, text }),
        Err(cause) => Err(SourceError::File { path, cause }.into()),
    }
}

/// Returns whether a path in a report stands for standard input.
pub(crate) fn is_stdin(path: &Path) -> bool {
    path == Path::new(STDIN)
}

/// Returns the environment variables that are UTF-8.
pub(crate) fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}
