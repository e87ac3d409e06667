//! Explains where the value of an option comes from, and which names the option had.

use std::collections::BTreeSet;

use oslo_config::{Config, GetError, Occurrences, Opt, OptName, Origin};

use crate::history::{History, ReleaseRange, Service};
use crate::pack::Pack;
use crate::secret::Secrets;

/// The explanation of an option's value.
#[derive(Debug, Clone)]
pub struct Explanation<'d> {
    /// The option.
    pub opt: Opt,
    /// The value as text, with references replaced: none when the option is unset, all values of a
    /// multi-valued option; or the error with which oslo.config refuses it.
    pub texts: Result<Vec<String>, GetError>,
    /// The origin of the value, even if that is refused.
    pub origin: Origin,
    /// All entries that set the option.
    pub occurrences: Occurrences<'d>,
    /// The names that the option had over the releases of its service, if there were several.
    pub names: Vec<NameInReleases>,
}

impl<'d> Explanation<'d> {
    /// Explains the value of a registered option.
    #[must_use]
    pub fn new(config: &'d Config<'_>, opt: &Opt, pack: &Pack) -> Self {
        Explanation {
            opt: opt.clone(),
            texts: config
                .setting(opt.name().group(), opt.name().name())
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

    /// Describes why the value is refused; `None` when it is not.
    #[must_use]
    pub fn error(&self, secrets: &Secrets<'_>) -> Option<String> {
        let error = self.texts.as_ref().err()?;
        let name = self.opt.name();
        Some(match secrets.hides(name.group(), name.name()) {
            true => "it refers to an unknown option, or is not valid for its type".to_owned(),
            // The place is told with the origin.
            false => error.kind().to_string(),
        })
    }
}

/// A name of an option, with the releases that read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameInReleases {
    /// The name.
    pub name: OptName,
    /// The releases that have it as an option.
    pub option: Option<ReleaseRange>,
    /// The releases that read it as a former name.
    pub former: Option<ReleaseRange>,
}

/// Returns the names that an option had, by age; none when it only ever had one.
fn names_of(service: Service, option: &OptName) -> Vec<NameInReleases> {
    let history = History::new(service);
    let mut seen: BTreeSet<OptName> = BTreeSet::new();
    let mut open = vec![option.clone()];
    let mut found = Vec::new();
    while let Some(name) = open.pop() {
        // A name with a hyphen has no effect in a file.
        if name.name().contains('-') || !seen.insert(name.clone()) {
            continue;
        }
        let Some(of_name) = history.of_option(&name) else {
            continue;
        };
        let readers = of_name.all_former_of();
        open.extend(readers.iter().map(|(reader, _)| reader.clone()));
        open.extend(of_name.all_former().into_iter().map(|(name, _)| name));
        let first = readers.iter().map(|(_, run)| run.from).min();
        let last = readers.iter().map(|(_, run)| run.to).max();
        let former = first.zip(last);
        found.push(NameInReleases {
            name,
            option: of_name.as_option(),
            former: former.map(|(from, to)| ReleaseRange { from, to }),
        });
    }
    found.sort_by_key(|named| named.option.or(named.former));
    if found.len() < 2 { Vec::new() } else { found }
}
