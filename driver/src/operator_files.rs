//! Operators' files: boot loaders, and templates in Jinja's language, read and rendered within
//! limits.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Component, Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, Value};

/// The maximum size in bytes of a file or of what a template renders, far above any release of
/// isolinux, `ldlinux.c32` or a template.
const MAX_SIZE: u64 = 1 << 20;

/// The maximum number of a template's instructions: a template of Ironic has some hundred.
const MAX_INSTRUCTIONS: u64 = 100_000;

/// Reads a regular file of at most 1 MiB, or returns the reason why not.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, String> {
    // Checked before opening, since opening a pipe waits for its other end.
    let metadata = fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        let what = match metadata.is_dir() {
            true => "a directory",
            false => "a device, a pipe or a socket",
        };
        return Err(format!("it is {what}: expected a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_SIZE + 1).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_SIZE {
        return Err(format!("expected at most {} KiB", MAX_SIZE / 1024));
    }
    Ok(bytes)
}

/// Reads a template, or returns the reason why not.
pub(crate) fn read_template(path: &Path) -> Result<String, String> {
    String::from_utf8(read(path)?).map_err(|_| "expected UTF-8 text".to_owned())
}

/// An environment for one template.
#[derive(Debug)]
pub(crate) struct Renderer<'e>(pub(crate) Environment<'e>);

impl Renderer<'_> {
    /// Creates an environment in which a template may include files of `directory`, as in Ironic.
    pub(crate) fn new(directory: Option<PathBuf>) -> Self {
        let mut environment = Environment::new();
        environment.set_fuel(Some(MAX_INSTRUCTIONS));
        if let Some(directory) = directory {
            environment.set_loader(move |name| {
                let mut parts = Path::new(name).components();
                let path = directory.join(name);
                if !parts.all(|part| matches!(part, Component::Normal(_))) || !path.exists() {
                    return Ok(None);
                }
                let text = read_template(&path);
                text.map(Some)
                    .map_err(|reason| Error::new(ErrorKind::InvalidOperation, reason))
            });
        }
        Self(environment)
    }

    /// Renders the template `name` with the content `text`.
    ///
    /// Jinja2 drops the last newline, and old boot loaders then ignore the last line. As in Jinja2,
    /// unknown names are empty, so that operators' templates keep their meaning.
    pub(crate) fn render(
        mut self,
        name: &str,
        text: &str,
        variables: Value,
    ) -> Result<String, String> {
        let shown = |error: Error| match error.kind() {
            ErrorKind::OutOfFuel => format!(
                "expected at most {MAX_INSTRUCTIONS} instructions, but it loops for longer: \
                 {error:#}"
            ),
            _ => format!("{error:#}"),
        };
        let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
        self.0.set_syntax(syntax.map_err(shown)?);
        let mut out = Bounded(Vec::new());
        let template = self.0.template_from_named_str(name, text);
        let rendered = template
            .and_then(|template| template.render_captured_to(variables, &mut out).map(drop));
        if out.0.len() as u64 > MAX_SIZE {
            return Err(format!(
                "expected a result of at most {} KiB",
                MAX_SIZE / 1024
            ));
        }
        rendered.map_err(shown)?;
        String::from_utf8(out.0).map_err(|error| error.to_string())
    }
}

/// Accepts bytes until there are more than [`MAX_SIZE`].
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() as u64 > MAX_SIZE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let room = (MAX_SIZE + 1).saturating_sub(self.0.len() as u64);
        let count = usize::try_from(room).map_or(bytes.len(), |room| bytes.len().min(room));
        self.0.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use super::*;

    fn render(text: &str) -> Result<String, String> {
        Renderer::new(None).render("t", text, context! { n => 3 })
    }

    #[test]
    fn a_template_has_a_limit_of_work_and_of_size() {
        assert_eq!(render("a {{ n }}\n").unwrap(), "a 3\n");
        let loops = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
        let text = render(loops).unwrap_err();
        assert!(
            text.starts_with("expected at most 100000 instructions"),
            "{text}"
        );
        let long = format!(
            "{{% for a in range(9000) %}}{}{{% endfor %}}",
            "x".repeat(999)
        );
        assert_eq!(
            render(&long).unwrap_err(),
            "expected a result of at most 1024 KiB"
        );
    }

    #[test]
    fn an_included_file_is_bounded_too() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("part"), "b").unwrap();
        fs::create_dir(dir.path().join("directory")).unwrap();
        let include = |name: &str| {
            let renderer = Renderer::new(Some(dir.path().to_owned()));
            renderer.render("t", &format!("a{{% include '{name}' %}}"), context! {})
        };
        assert_eq!(include("part").unwrap(), "ab");
        assert!(
            include("directory")
                .unwrap_err()
                .contains("expected a regular file")
        );
        assert!(include("../part").is_err());
        assert!(include("none").is_err());
    }
}
