//! Values: invalid ones, reference loops, bytes that are not UTF-8, and changed defaults.

use bstr::ByteSlice;
use oslo_config::{Entry, GetErrorKind, Opt, OptName, ParsedFile};
use serde::de::IgnoredAny;

use super::{Checker, NamedEntry, finding, is_template};
use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::history::KnownNames;
use crate::target::Standing;

impl Checker<'_> {
    /// Checks the value of an entry.
    pub(super) fn value(
        &self,
        named: &NamedEntry<'_>,
        standing: Standing,
        found: &mut Vec<Diagnostic>,
    ) {
        found.extend(self.reference_loop(named));
        let follow = match standing {
            Standing::Removed | Standing::NotYet => self.owner(&named.name).is_some(),
            // An option that no release knows may belong to an out-of-tree driver.
            Standing::Unknown => !KnownNames::of(self.pack).is_empty(),
            _ => true,
        };
        if follow {
            self.references(named, found);
        }
        if let Some(release) = self.target.release() {
            self.not_installed(named, release, found);
            found.extend(self.kernel_parameters(named, release));
        }
    }

    /// Reports an option whose value is invalid, in a file or in the environment.
    pub(super) fn ill_typed(&self, opt: &Opt) -> Option<Diagnostic> {
        let name = opt.name();
        let error = self.config.setting(name.group(), name.name()).err()?;
        let cause = match error.kind() {
            GetErrorKind::Invalid { option, cause } if option == name => cause,
            _ => return None,
        };
        let variable = opt.name().environment_variable();
        if self.environment.variables.contains_key(&variable) {
            let message =
                format!("the value of the environment variable {variable} is not valid: {cause}");
            return Some(finding(
                Code::IllTypedValue,
                message,
                "correct it or unset it",
            ));
        }
        let set = self.config.occurrences(opt).effective.pop()?;
        let (path, entry) = (set.path, set.entry);
        let place = match value_start(entry) {
            Some(offset) => self.places.in_value(path, entry, offset, usize::MAX),
            None => self.places.key(path, entry),
        };
        if is_template(&entry.value()) {
            return Some(self.of_template(opt.name()).at(place));
        }
        let message = format!("the value of {} is not valid: {cause}", bracketed(name));
        let help = "the service fails when it reads the option: correct the value";
        Some(finding(Code::IllTypedValue, message, help).at(place))
    }

    /// Reports a value that is not valid before it is rendered.
    pub(super) fn of_template(&self, name: &OptName) -> Diagnostic {
        let message = format!("the value of {} looks like a template", bracketed(name));
        let help = "render the file first and check the result";
        finding(Code::IllTypedValue, message, help)
    }

    /// Reports the lines of a file that are not UTF-8.
    pub(super) fn not_utf8(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        if file.document.text().to_str().is_ok() {
            return;
        }
        let message = "the line has bytes that are not UTF-8";
        let help = "Python 3 cannot read the file: convert it, \
                    for example with `iconv -f latin1 -t utf-8`";
        for place in self.places.lines(file, |line| line.to_str().is_err()) {
            let diagnostic = finding(Code::NotUtf8, message, help);
            found.push(diagnostic.at(place).label("not UTF-8"));
        }
    }

    /// Reports a value that refers to itself.
    fn reference_loop(&self, named: &NamedEntry<'_>) -> Option<Diagnostic> {
        if !named.entry.value().contains(&b'$') {
            return None;
        }
        let owner = self.owner(&named.name);
        let option = owner.as_deref().map_or(&named.name, Opt::name);
        let value = self.config.get::<IgnoredAny>(option.group(), option.name());
        let error = value.err()?;
        let GetErrorKind::ReferenceLoop { .. } = error.kind() else {
            return None;
        };
        let message = "the value refers to itself, directly or through other options";
        let help = "the service fails when it reads the option: break the loop";
        Some(finding(Code::ReferenceLoop, message, help).at(named.place(&self.places)))
    }

    /// Reports unset options whose default has changed, whether or not the files have their
    /// sections.
    pub(super) fn defaults(&self, found: &mut Vec<Diagnostic>) {
        for changed in self.target.changed_defaults() {
            let Some(opt) = self.target.option(&changed.option) else {
                continue;
            };
            let formerly = changed.formerly.as_ref();
            if !self.config.occurrences(&opt).effective.is_empty()
                || formerly.is_some_and(|name| self.is_set(name))
            {
                continue;
            }
            let message = format!(
                "{} is not set, and its default has changed: {}",
                bracketed(opt.name()),
                changed.in_words()
            );
            let help = match changed.before.is_empty() {
                true => "set it if the new default is not what you want",
                false => "set it to keep the old value",
            };
            found.push(finding(Code::DefaultChanged, message, help).about(opt.name()));
        }
    }
}

/// Returns the byte offset of an entry's value, past leading white space.
fn value_start(entry: Entry<'_, '_>) -> Option<usize> {
    let range = entry.value_ranges().next()?;
    let text = &entry.section().document().text()[range.clone()];
    let space = text.len() - text.trim_start().len();
    (space < text.len()).then_some(range.start + space)
}
