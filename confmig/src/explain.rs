//! Where an option's value comes from, and the names that it had.

use std::collections::BTreeSet;

use oslo_config::{Config, GetError, Occurrences, Opt, OptName, Origin};

use crate::pack::Pack;
use crate::release::{Lives, Series, Service};
use crate::secret::Secrets;

/// What there is to say of an option's value.
#[derive(Debug, Clone)]
pub struct Explained<'d> {
    /// The option.
    pub opt: Opt,
    /// Its value as text, references replaced: one, or all of a multi-valued option, none when it is
    /// unset; or why oslo.config cannot give it.
    pub texts: Result<Vec<String>, GetError>,
    /// Where it comes from, also when it cannot be given.
    pub origin: Origin,
    /// All places where it is set.
    pub occurrences: Occurrences<'d>,
    /// The names that it had over the releases of the service, when there are several.
    pub names: Vec<Named>,
}

impl<'d> Explained<'d> {
    /// Explains a registered option of a pack.
    #[must_use]
    pub fn new(config: &Config<'d>, opt: &Opt, pack: &Pack) -> Self {
        Explained {
            opt: opt.clone(),
            texts: config
                .get(opt.name().group(), opt.name().name())
                .map(|setting| setting.texts),
            origin: config.origin(opt),
            occurrences: config.occurrences(opt),
            names: pack
                .project
                .as_deref()
                .and_then(Service::find)
                .map_or_else(Vec::new, |service| names_of(service, opt.name())),
        }
    }

    /// Says why it has no value; `None` when it has one, or is not set.
    #[must_use]
    pub fn error(&self, secrets: &Secrets<'_>) -> Option<String> {
        let error = self.texts.as_ref().err()?;
        let name = self.opt.name();
        Some(match secrets.hides(name.group(), name.name()) {
            true => "a reference in it leads nowhere, or it is not of its type".to_owned(),
            false => error.to_string(),
        })
    }
}

/// A name, and which releases read it how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name.
    pub name: OptName,
    /// The first and the last release that have it as an option.
    pub option: Option<(Series, Series)>,
    /// The first and the last release that read it as a former name.
    pub former: Option<(Series, Series)>,
}

/// Returns the names that an option had, by the releases that had them; none when the service never had
/// it under two names.
fn names_of(service: Service, option: &OptName) -> Vec<Named> {
    let lives = Lives::new(service);
    let mut seen: BTreeSet<OptName> = BTreeSet::new();
    let mut open = vec![option.clone()];
    let mut found = Vec::new();
    while let Some(name) = open.pop() {
        // A name with a hyphen has no effect in a file.
        if name.name().contains('-') || !seen.insert(name.clone()) {
            continue;
        }
        let Some(life) = lives.of_option(&name) else {
            continue;
        };
        let former = life.all_former_of();
        open.extend(former.iter().map(|(reader, ..)| reader.clone()));
        open.extend(life.all_former().into_iter().map(|(name, ..)| name));
        let first = former.iter().map(|(_, first, _)| *first).min();
        let last = former.iter().map(|(.., last)| *last).max();
        found.push(Named {
            name,
            option: life.as_option(),
            former: first.zip(last),
        });
    }
    found.sort_by_key(|named| named.option.or(named.former));
    if found.len() < 2 { Vec::new() } else { found }
}
