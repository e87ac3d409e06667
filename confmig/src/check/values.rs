//! Values: ill-typed, with references that lead nowhere, not UTF-8.

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Entry, GetError, Opt, OptName, Origin, ParsedFile, Reference};

use super::Checker;
use super::named::Named;
use super::references::{self, references_of};
use crate::diagnostic::{Code, Diagnostic};

impl Checker<'_> {
    pub(super) fn values(&self, found: &mut Vec<Diagnostic>) {
        for opt in &self.pack.opts {
            found.extend(self.ill_typed(opt));
        }
        for file in self.files {
            self.not_utf8(file, found);
            self.loops(file, found);
            for entry in file.document.entries() {
                self.references(&Named::new(file, entry), found);
            }
        }
    }

    fn ill_typed(&self, opt: &Opt) -> Option<Diagnostic> {
        let error = self
            .config
            .get(opt.name().group(), opt.name().name())
            .err()?;
        let GetError::Invalid { option, cause } = &error else {
            return None;
        };
        if option != opt.name() {
            return None;
        }
        let variable = opt.name().environment_variable();
        if self.world.environment.contains_key(&variable) {
            let message =
                format!("the value of the environment variable {variable} is not valid: {cause}");
            return Some(Diagnostic::new(Code::IllTypedValue, message).help("correct or unset it"));
        }
        let set = self.config.occurrences(opt);
        let occurrence = set.effective.last()?;
        let entry = occurrence.entry;
        let message = format!(
            "the value of [{}] {} is not valid: {cause}",
            option.group(),
            option.name()
        );
        let place = match value_start(entry) {
            Some(offset) => self
                .places
                .in_value(occurrence.path, entry, offset, usize::MAX),
            None => self.places.key(occurrence.path, entry),
        };
        Some(
            Diagnostic::new(Code::IllTypedValue, message)
                .at(place)
                .help("the service refuses it when it reads it: correct the value"),
        )
    }

    fn not_utf8(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        if file.document.text().to_str().is_ok() {
            return;
        }
        for place in self.places.lines(file, |line| line.to_str().is_err()) {
            found.push(
                Diagnostic::new(Code::NotUtf8, "the line has bytes that are not UTF-8")
                    .at(place.label("not UTF-8"))
                    .help(
                        "Python 3 refuses the file: convert it, as with `iconv -f latin1 -t utf-8`",
                    ),
            );
        }
    }

    /// Values that refer to themselves.
    fn loops(&self, file: &ParsedFile<'_>, found: &mut Vec<Diagnostic>) {
        for entry in file
            .document
            .entries()
            .filter(|entry| entry.value().contains(&b'$'))
        {
            let (group, key) = (entry.group(), entry.key());
            let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
                continue;
            };
            let former = |opt: &&Opt| opt.deprecated().contains(&OptName::new(group, key));
            let name = self.pack.opts.iter().find(former).map(Opt::name);
            let (group, key) = name.map_or((group, key), |name| (name.group(), name.name()));
            if let Err(GetError::ReferenceLoop { .. }) = self.config.get(group, key) {
                let message = "the value refers to itself, directly or through others";
                let place = self.places.key(file.path, entry);
                let help = "the service refuses it when it reads it: break the circle";
                found.push(
                    Diagnostic::new(Code::ReferenceLoop, message)
                        .at(place)
                        .help(help),
                );
            }
        }
    }

    fn references(&self, it: &Named<'_>, found: &mut Vec<Diagnostic>) {
        for (range, reference) in references_of(it) {
            let dangling = self.dangling(it.name.group(), &reference);
            let moved = || self.neighbour(&it.name, &reference);
            if let Some(said) = dangling.or_else(moved) {
                let at = (&range, &reference);
                found.push(references::dangling(&self.places, it, at, said));
            }
        }
    }

    /// What is wrong with a reference, and what to do.
    fn dangling(&self, group: &str, reference: &Reference) -> Option<(String, String)> {
        let (named, name) = reference.parts();
        let former = reference.options(group).find_map(|name| {
            let of = |opt: &&Opt| opt.deprecated().contains(&name);
            let opt = self.pack.opts.iter().find(of)?;
            Some((opt, name))
        });
        if let Some((opt, name)) = former {
            return self.left_behind(opt, &name);
        }
        if named.is_some_and(|named| named == DEFAULT_GROUP) {
            let message = "the default group cannot be named in a reference".to_owned();
            return Some((message, format!("write ${name}")));
        }
        let exists = |name: OptName| {
            self.pack.opts.iter().any(|opt| *opt.name() == name)
                || self.known.has(name.group(), name.name())
                || self.is_set(&name)
        };
        if self.known.is_empty()
            || reference.options(group).any(exists)
            || self.known.has_anywhere(name)
        {
            return None;
        }
        let message = format!("the reference ${} leads to no option", reference.name());
        Some((
            message,
            "correct the name, or write $$ for a dollar sign".into(),
        ))
    }

    /// The value of an option under a former name is read in the group of its current one, where its
    /// old neighbours are not found.
    fn neighbour(&self, entry: &OptName, reference: &Reference) -> Option<(String, String)> {
        let (None, name) = reference.parts() else {
            return None;
        };
        let opt = self
            .pack
            .opts
            .iter()
            .find(|opt| opt.deprecated().contains(entry))?;
        let (old, new) = (entry.group(), opt.name().group());
        let exists = |group: &str| {
            let option = OptName::new(group, name);
            let is = |opt: &Opt| opt.name() == &option || opt.deprecated().contains(&option);
            self.pack.opts.iter().any(is) || self.known.has(group, name) || self.is_set(&option)
        };
        let lost = old != new && exists(old) && !exists(new) && !exists(DEFAULT_GROUP);
        lost.then(|| {
            let message = format!(
                "${name} is looked up in [{new}], where {entry} belongs now, not in [{old}]"
            );
            (
                message,
                format!("write ${old}.{name}, or run `confmig migrate`"),
            )
        })
    }

    /// A reference by a former name finds only entries of former names: when the option is set under
    /// its current one, the reference becomes the default, or empty.
    fn left_behind(&self, opt: &Opt, former: &OptName) -> Option<(String, String)> {
        if self.world.keep_old && self.is_set(former) {
            return None;
        }
        let setting = self
            .config
            .get(opt.name().group(), opt.name().name())
            .ok()?;
        let under_current = match &setting.origin {
            Origin::File { deprecated, .. } => !deprecated,
            Origin::Environment { .. } => true,
            _ => false,
        };
        under_current.then(|| {
            let message = format!(
                "the reference to {former} does not see the value of {}, its current name",
                opt.name()
            );
            (
                message,
                format!("write ${}, or run `confmig migrate`", opt.name()),
            )
        })
    }

    fn is_set(&self, name: &OptName) -> bool {
        let opt = Opt::new(name.group(), name.name(), oslo_config::OptType::string());
        !self.config.occurrences(&opt).effective.is_empty()
    }
}

/// Where an entry's value starts, white space skipped.
fn value_start(entry: Entry<'_, '_>) -> Option<usize> {
    let range = entry.value_ranges().next()?;
    let text = &entry.section().document().text()[range.clone()];
    let space = text.len() - text.trim_start().len();
    (space < text.len()).then_some(range.start + space)
}
