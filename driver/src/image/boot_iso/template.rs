//! The configurations of boot loaders, rendered from templates like Ironic's.

use std::path::PathBuf;

use minijinja::{Value, context};

use super::BootIsoError;
use crate::operator_files::{self, Renderer};

/// Boots immediately, without a prompt.
pub(super) const ISOLINUX_CFG: &str = "\
default boot
prompt 0

label boot
  kernel {{ kernel }}
  append initrd={{ ramdisk }} {{ kernel_params }}
";

/// Boots immediately. Searches for the volume, since the configuration embedded in an EFI boot
/// image may have set a root device other than the one with this file.
pub(super) const GRUB_CFG: &str = "\
set default=0
set timeout=0
search --no-floppy --label {{ volume_id }} --set=root

menuentry \"boot\" {
  linux {{ linux }} {{ kernel_params | grub_words }}
  initrd {{ initrd }}
}
";

#[derive(Debug, Clone)]
pub(super) enum Template {
    /// The template's name and text.
    BuiltIn(&'static str, &'static str),
    File(PathBuf),
}

/// The variables of templates.
pub(super) struct Variables<'a> {
    kernel: String,
    ramdisk: String,
    kernel_params: &'a str,
}

impl<'a> Variables<'a> {
    pub(super) fn new(kernel: &str, ramdisk: &str, kernel_params: &'a str) -> Self {
        let (kernel, ramdisk) = (format!("/{kernel}"), format!("/{ramdisk}"));
        Self {
            kernel,
            ramdisk,
            kernel_params,
        }
    }

    /// Returns the variables. For the same two files, Ironic uses `kernel` and `ramdisk` for
    /// isolinux, and `linux` and `initrd` for GRUB.
    fn value(&self) -> Value {
        context! {
            kernel => &self.kernel,
            ramdisk => &self.ramdisk,
            linux => &self.kernel,
            initrd => &self.ramdisk,
            kernel_params => self.kernel_params,
            volume_id => crate::image::BOOT_ISO_LABEL,
        }
    }
}

impl Template {
    pub(super) fn render(&self, variables: &Variables<'_>) -> Result<Vec<u8>, BootIsoError> {
        let failed = |name: &str, reason| BootIsoError::Template {
            name: name.into(),
            reason,
        };
        let (name, text, directory) = match self {
            Self::BuiltIn(name, text) => (String::from(*name), String::from(*text), None),
            Self::File(path) => {
                let name = path.display().to_string();
                let text = operator_files::read_template(path);
                let text = text.map_err(|reason| failed(&name, reason))?;
                (name, text, Some(path.with_file_name("")))
            }
        };
        let mut renderer = Renderer::new(directory);
        renderer
            .0
            .add_filter("grub_words", |params: &str| grub_words(params));
        let rendered = renderer
            .render(&name, &text, variables.value())
            .map_err(|reason| failed(&name, reason))?;
        if rendered.trim().is_empty() {
            return Err(failed(
                &name,
                "expected a configuration, but the result is empty".into(),
            ));
        }
        Ok(rendered.into_bytes())
    }
}

/// Quotes kernel parameters as words of a GRUB command, which has the syntax of a shell: without
/// quotes, `;` would end the command and `$` would expand a variable.
///
/// A quoted value with spaces (`dyndbg="file x +p"`) remains one word; GRUB adds the double quotes
/// again when it passes it to the kernel.
fn grub_words(params: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-+=:,./@%^".contains(c);
    let quoted = |word: String| {
        if !word.is_empty() && word.chars().all(plain) {
            return word;
        }
        // GRUB has no escapes within single quotes, so a single quote is written outside them.
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    kernel_words(params)
        .into_iter()
        .map(quoted)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Splits `params` as the kernel does: at white space outside double quotes, which are dropped.
fn kernel_words(params: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut in_quotes = false;
    for c in params.chars() {
        match c {
            '"' => in_quotes = !in_quotes,
            c if c.is_whitespace() && !in_quotes => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_grub() {
        for (given, written) in [
            ("", ""),
            ("root=UUID=1-2 nofb  quiet", "root=UUID=1-2 nofb quiet"),
            ("console=ttyS0,115200n8", "console=ttyS0,115200n8"),
            ("a=1;b $x", "'a=1;b' '$x'"),
            ("dyndbg=\"file x +p\" q", "'dyndbg=file x +p' q"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(grub_words(given), written);
        }
    }
}
