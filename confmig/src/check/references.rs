//! References in values, and where they lead.

use std::borrow::Cow;
use std::ops::Range;

use oslo_config::{DEFAULT_GROUP, Opt, OptName, Origin, Reference, references};

use super::{Checker, Named, said};
use crate::diagnostic::{Code, Diagnostic};
use crate::history::KnownNames;
use crate::target::Standing;

impl Checker<'_> {
    /// The references in the value of an entry that lead nowhere.
    pub(super) fn references(&self, it: &Named<'_>, found: &mut Vec<Diagnostic>) {
        for (range, reference) in references_of(it) {
            let dangling = self.dangling(it, &reference);
            let moved = || self.neighbour(&it.name, &reference);
            if let Some(said) = dangling.or_else(moved) {
                found.push(self.at_reference(it, (&range, &reference), said));
            }
        }
    }

    /// What is wrong with a reference, and what to do.
    fn dangling(&self, it: &Named<'_>, reference: &Reference) -> Option<(String, String)> {
        // By a former name, a value is read in the group of the current one.
        let mut options: Vec<OptName> = reference.options(it.name.group()).collect();
        let mut by_former = options.iter();
        if let Some((opt, name)) = by_former.find_map(|name| Some((self.owner(name)?, name))) {
            return self.left_behind(&opt, name);
        }
        let (group, name) = reference.parts();
        if group == Some(DEFAULT_GROUP) {
            let message = "the default group cannot be named in a reference".to_owned();
            return Some((message, format!("write ${name}")));
        }
        for reader in self.target.readers(&it.name) {
            options.extend(reference.options(reader.group()));
        }
        let leads = |option: &OptName| match self.target.standing(option) {
            Standing::Option | Standing::Former | Standing::CannotTell => true,
            Standing::Removed | Standing::NotYet => false,
            Standing::Unknown => self.is_set(option),
        };
        if options.iter().any(leads) || KnownNames::ironic().has_anywhere(name) {
            return None;
        }
        let message = format!(
            "the reference ${} leads to no option of {}",
            reference.name(),
            self.target.name()
        );
        let is_gone = |option: &&OptName| self.target.standing(option) != Standing::Unknown;
        let help = match options.iter().find(is_gone) {
            Some(gone) => format!("write the value itself: {}", self.target.advice(gone)),
            None => "correct the name, or write $$ for a dollar sign".to_owned(),
        };
        Some((message, help))
    }

    /// The value of an option under a former name is read in the group of its current one, where its
    /// old neighbours are not found.
    fn neighbour(&self, entry: &OptName, reference: &Reference) -> Option<(String, String)> {
        let (None, name) = reference.parts() else {
            return None;
        };
        let opt = self.owner(entry)?;
        let (old, new) = (entry.group(), opt.name().group());
        let exists = |group: &str| {
            let option = OptName::new(group, name);
            self.target.standing(&option).is_read() || self.is_set(&option)
        };
        let lost = old != new && exists(old) && !exists(new) && !exists(DEFAULT_GROUP);
        lost.then(|| {
            (
                format!(
                    "${name} is looked up in [{new}], where {entry} belongs now, not in [{old}]"
                ),
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
        let name = opt.name();
        let under_current = match self.config.get(name.group(), name.name()).ok()?.origin {
            Origin::File { deprecated, .. } => !deprecated,
            Origin::Environment { .. } => true,
            _ => false,
        };
        under_current.then(|| {
            (
                format!(
                    "the reference to {former} does not see the value of {name}, its current name"
                ),
                format!("write ${name}, or run `confmig migrate`"),
            )
        })
    }

    /// The option of the pack that a former name belongs to.
    pub(super) fn owner(&self, former: &OptName) -> Option<Cow<'_, Opt>> {
        let readers = self.target.readers(former).into_iter();
        let mut owners = readers.filter_map(|reader| self.target.option(&reader));
        owners.find(|opt| opt.deprecated().contains(former))
    }

    fn at_reference(
        &self,
        it: &Named<'_>,
        (range, reference): (&Range<usize>, &Reference),
        (message, help): (String, String),
    ) -> Diagnostic {
        let (group, key) = (it.name.group(), it.name.name());
        if self.places.secrets.hides(group, key) {
            // The name would give a part of the secret away.
            let message = "a reference in the value leads nowhere";
            let help = "correct its name, or write $$ for a dollar sign";
            return said(Code::DanglingReference, message, help).at(it.place(&self.places));
        }
        let offset = range.start + reference.range().start;
        let chars = reference.name().chars().count();
        let place = self.places.in_value(it.file.path, it.entry, offset, chars);
        said(Code::DanglingReference, message, help).at(place)
    }
}

/// Every reference in an entry's value, and the bytes of the document that it stands in.
fn references_of(it: &Named<'_>) -> Vec<(Range<usize>, Reference)> {
    let text = it.file.document.text();
    let of_range = |range: Range<usize>| {
        let found = references(&text[range.clone()]);
        found.into_iter().map(move |found| (range.clone(), found))
    };
    it.entry.value_ranges().flat_map(of_range).collect()
}
