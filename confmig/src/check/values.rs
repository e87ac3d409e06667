//! Values: ill-typed, in a circle, not UTF-8, and those of defaults.

use std::collections::BTreeSet;

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, GetError, Opt, ParsedFile};

use super::{Checker, Named, said};
use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::history::KnownNames;
use crate::target::Standing;

impl Checker<'_> {
    /// What is wrong with the value of an entry.
    pub(super) fn value(&self, it: &Named<'_>, standing: Standing, found: &mut Vec<Diagnostic>) {
        found.extend(self.in_a_circle(it));
        let follow = match standing {
            Standing::Removed | Standing::NotYet => self.owner(&it.name).is_some(),
            // One that no release of Ironic has may be that of a driver from outside its tree.
            Standing::Unknown => !KnownNames::of(self.pack).is_empty(),
            _ => true,
        };
        if follow {
            self.references(it, found);
        }
        if let Some(release) = self.target.release() {
            self.not_installed(it, release, found);
            found.extend(self.kernel_parameters(it, release));
        }
    }

    pub(super) fn ill_typed(&self, opt: &Opt) -> Option<Diagnostic> {
        let name = opt.name();
        let cause = match self.config.get(name.group(), name.name()) {
            Err(GetError::Invalid { option, cause }) if option == *name => cause,
            _ => return None,
        };
        let variable = opt.name().environment_variable();
        if self.world.environment.contains_key(&variable) {
            let message =
                format!("the value of the environment variable {variable} is not valid: {cause}");
            return Some(said(Code::IllTypedValue, message, "correct or unset it"));
        }
        let set = self.config.occurrences(opt).effective.pop()?;
        let message = format!("the value of {} is not valid: {cause}", bracketed(name));
        let help = "the service refuses it when it reads it: correct the value";
        let (path, entry) = (set.path, set.entry);
        let place = match value_start(entry) {
            Some(offset) => self.places.in_value(path, entry, offset, usize::MAX),
            None => self.places.key(path, entry),
        };
        Some(said(Code::IllTypedValue, message, help).at(place))
    }

    pub(super) fn not_utf8(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        if file.document.text().to_str().is_ok() {
            return;
        }
        let message = "the line has bytes that are not UTF-8";
        let help = "Python 3 refuses the file: convert it, as with `iconv -f latin1 -t utf-8`";
        for place in self.places.lines(file, |line| line.to_str().is_err()) {
            let diagnostic = said(Code::NotUtf8, message, help);
            found.push(diagnostic.at(place).label("not UTF-8"));
        }
    }

    /// A value that refers to itself.
    fn in_a_circle(&self, it: &Named<'_>) -> Option<Diagnostic> {
        if !it.entry.value().contains(&b'$') {
            return None;
        }
        let owner = self.owner(&it.name);
        let option = owner.as_deref().map_or(&it.name, Opt::name);
        let Err(GetError::ReferenceLoop { .. }) = self.config.get(option.group(), option.name())
        else {
            return None;
        };
        let message = "the value refers to itself, directly or through others";
        let help = "the service refuses it when it reads it: break the circle";
        Some(said(Code::ReferenceLoop, message, help).at(it.place(&self.places)))
    }

    /// Options that are not set and have another default.
    pub(super) fn defaults(&self, found: &mut Vec<Diagnostic>) {
        let sections = self.files.iter().flat_map(|file| file.document.sections());
        let sections: BTreeSet<String> = sections
            .map(|section| section.group().to_str_lossy().into_owned())
            .collect();
        for changed in self.target.changed_defaults() {
            let name = &changed.option;
            let about = name.group() == DEFAULT_GROUP || sections.contains(name.group());
            let opt = about.then(|| self.target.option(name)).flatten();
            let Some(opt) = opt.filter(|opt| self.config.occurrences(opt).effective.is_empty())
            else {
                continue;
            };
            let message = format!(
                "{} is not set, and its default is {}, where it was {}",
                bracketed(opt.name()),
                changed.now,
                changed.before
            );
            let help = "set it to keep the old value";
            found.push(said(Code::DefaultChanged, message, help));
        }
    }
}

/// Where an entry's value starts, white space skipped.
fn value_start(entry: Entry<'_, '_>) -> Option<usize> {
    let range = entry.value_ranges().next()?;
    let text = &entry.section().document().text()[range.clone()];
    let space = text.len() - text.trim_start().len();
    (space < text.len()).then_some(range.start + space)
}
