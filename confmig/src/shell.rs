//! Words of commands that messages name, to be copied into a shell.

use std::path::Path;

/// Returns a path as one word of a command: quoted if need be, and not to be taken for an option.
#[must_use]
pub fn word(path: &Path) -> String {
    let mut text = path.to_string_lossy().into_owned();
    if text.starts_with('-') {
        text.insert_str(0, "./");
    }
    // A path has no NUL, which is all that cannot be quoted.
    shlex::try_quote(&text).map_or_else(|_| text.clone(), |quoted| quoted.into_owned())
}

/// Returns paths as words of a command.
#[must_use]
pub fn words<'p>(paths: impl IntoIterator<Item = &'p Path>) -> String {
    let words: Vec<String> = paths.into_iter().map(word).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_as_the_path() {
        for (path, expected) in [
            ("/etc/ironic/ironic.conf", "/etc/ironic/ironic.conf"),
            ("d e/$(id).conf", "'d e/$(id).conf'"),
            ("it's", "\"it's\""),
            ("-d.conf", "./-d.conf"),
        ] {
            let read = shlex::split(&word(Path::new(path))).unwrap();
            assert_eq!(word(Path::new(path)), expected);
            assert_eq!(read, [expected.trim_matches(['\'', '"'])]);
        }
        let both = words([Path::new("a b"), Path::new("c")]);
        assert_eq!(both, "'a b' c");
    }
}
