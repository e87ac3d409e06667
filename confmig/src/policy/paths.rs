//! Patterns of paths.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

/// How patterns match: `*` stays within a directory, `**` does not.
const MATCH: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

/// Patterns of the paths of files, relative to the directory of the file that has them.
#[derive(Debug, Clone)]
pub struct Patterns {
    directory: PathBuf,
    patterns: Vec<Pattern>,
}

impl Patterns {
    /// Creates patterns from texts such as `services/*/nova.conf`, which are relative to
    /// `directory`.
    ///
    /// # Errors
    ///
    /// What is wrong with a pattern.
    pub fn new(directory: &Path, texts: &[String]) -> Result<Self, String> {
        let pattern = |text: &String| {
            Pattern::new(text).map_err(|error| {
                format!("{text:?} is no pattern of paths: {error}: expected one like etc/*.conf")
            })
        };
        Ok(Patterns {
            directory: directory.to_owned(),
            patterns: texts.iter().map(pattern).collect::<Result<_, _>>()?,
        })
    }

    /// Tells whether one of the patterns matches a path, which is relative to the working
    /// directory.
    #[must_use]
    pub fn matches(&self, path: &Path) -> bool {
        let relative = relative(path, &self.directory);
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| pattern.matches_path_with(&relative, MATCH))
    }

    /// Tells whether there are no patterns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Returns the files that the patterns match, sorted for each pattern, each file once; and the
    /// patterns that match none.
    #[must_use]
    pub fn files(&self) -> (Vec<PathBuf>, Vec<&str>) {
        let (mut files, mut without) = (Vec::new(), Vec::new());
        let mut seen = std::collections::HashSet::new();
        for pattern in &self.patterns {
            let mut found = self.files_of(pattern).peekable();
            if found.peek().is_none() {
                without.push(pattern.as_str());
            }
            files.extend(found.filter(|path| seen.insert(path.clone())));
        }
        (files, without)
    }

    fn files_of(&self, pattern: &Pattern) -> impl Iterator<Item = PathBuf> + use<> {
        let directory = Pattern::escape(&self.directory.to_string_lossy());
        let whole = Path::new(&directory).join(pattern.as_str());
        // The pattern was parsed before. What cannot be read is not there.
        let paths = glob::glob_with(&whole.to_string_lossy(), MATCH);
        let paths = paths.into_iter().flatten().filter_map(Result::ok);
        paths.filter(|path| path.is_file())
    }
}

/// Returns a path relative to a directory, if it leads into it.
pub(crate) fn relative(path: &Path, directory: &Path) -> PathBuf {
    let directory = match directory.as_os_str().is_empty() {
        true => Path::new("."),
        false => directory,
    };
    let absolute = std::path::absolute(path).ok();
    let base = std::path::absolute(directory).ok();
    let inside = absolute.as_deref().zip(base.as_deref());
    let inside = inside.and_then(|(path, base)| path.strip_prefix(base).ok());
    inside.unwrap_or(path).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_relative_to_their_directory() {
        let patterns = Patterns::new(Path::new("etc"), &["*/nova.conf".into()]).unwrap();
        assert!(patterns.matches(Path::new("etc/a/nova.conf")));
        assert!(patterns.matches(Path::new("./etc/a/nova.conf")));
        assert!(!patterns.matches(Path::new("etc/a/b/nova.conf")));
        assert!(!patterns.matches(Path::new("etc/nova.conf")));
        let everywhere = Patterns::new(Path::new(""), &["**/*.conf".into()]).unwrap();
        assert!(everywhere.matches(Path::new("etc/a/nova.conf")));
        assert!(Patterns::new(Path::new(""), &["a[".into()]).is_err());
    }
}
