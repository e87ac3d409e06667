//! Old defaults that stay: options that are not set are set to the defaults of the older release.

mod proof;
mod step;

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use foldhash::HashSet;
use oslo_config::{Opt, OptName, references};

use super::NotPinned;
use super::planned::Addition;
use crate::diagnostic::bracketed;
use crate::history::is_installed;
use crate::pack;
use crate::secret::Secrets;
use crate::target::{ChangedDefault, Target};

/// The options of a target whose defaults differ from those of the older release, to be set to the
/// old defaults where they are not set.
pub struct Pins<'r> {
    target: &'r dyn Target,
    /// The release whose defaults are kept.
    older: &'r dyn Target,
    pins: Vec<Pin>,
    /// The options that cannot be pinned, with the reasons.
    refused: Vec<(Pin, String)>,
}

/// An option, and the default of the older release.
#[derive(Debug)]
struct Pin {
    /// The option as the target defines it.
    opt: Opt,
    /// The name of the option in the older release, if it had another one.
    formerly: Option<OptName>,
    /// The old default, one text for each value.
    values: Vec<String>,
    /// Where the default is from, and since when there is another one.
    origin: String,
}

impl fmt::Debug for Pins<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pins")
            .field("pins", &self.pins)
            .finish_non_exhaustive()
    }
}

impl<'r> Pins<'r> {
    /// Finds the options of `target` whose default differs from that in the release `older`, and
    /// for which `wanted` holds, except those that `variables` set. `secrets` tells which values
    /// are never written.
    #[must_use]
    pub fn new(
        [older, target]: [&'r dyn Target; 2],
        wanted: impl Fn(&OptName) -> bool,
        secrets: &Secrets<'_>,
        variables: &HashMap<String, String>,
    ) -> Self {
        let mut found = Pins {
            target,
            older,
            pins: Vec::new(),
            refused: Vec::new(),
        };
        let changed = target.changed_defaults();
        let mut of_option = old_defaults(&changed);
        for changed in changed {
            let Some(defaults) = of_option.remove(&changed.option) else {
                // One of several options that became this one.
                continue;
            };
            let Some(opt) = target.option(&changed.option) else {
                continue;
            };
            let is_in_variables = names_of(&opt, changed.formerly.as_ref())
                .any(|name| variables.contains_key(&name.environment_variable()));
            if !wanted(&changed.option) || is_in_variables || is_read_the_same(&opt, &changed) {
                continue;
            }
            let opt = opt.into_owned();
            let reason = match defaults.len() {
                1 => refusal(&opt, &changed, [older, target], secrets),
                _ => Some("several options with different defaults became this one".into()),
            };
            let pin = Pin {
                origin: changed.origin_in_words(),
                opt,
                formerly: changed.formerly,
                values: changed.before,
            };
            match reason {
                Some(reason) => found.refused.push((pin, reason)),
                None => found.pins.push(pin),
            }
        }
        found
    }
}

impl Pin {
    /// Returns what is added to a file.
    fn addition(&self) -> Addition<'_> {
        let (option, origin) = (self.opt.name(), &self.origin);
        Addition {
            option,
            former: self.former_name(),
            values: &self.values,
            comment: format!("confmig --pin-defaults: {origin}"),
            message: format!("pinned {} to {origin}", bracketed(option)),
        }
    }

    /// Tells whether the option is set under any of its names, which `set` has.
    fn is_set(&self, set: &HashSet<OptName>) -> bool {
        names_of(&self.opt, self.formerly.as_ref()).any(|name| set.contains(name))
    }

    /// Returns the report that the old default does not stay.
    fn left_out(&self, reason: String) -> NotPinned {
        NotPinned {
            option: self.opt.name().clone(),
            reason,
        }
    }

    /// Returns the name of the option in the older release.
    fn former_name(&self) -> &OptName {
        self.formerly.as_ref().unwrap_or(self.opt.name())
    }

    /// Returns the option with the default of the older release.
    fn with_old_default(&self) -> Opt {
        let opt = &self.opt;
        let mut old = Opt::new(
            opt.name().group(),
            opt.registered_name(),
            opt.kind().clone(),
        );
        if opt.is_multi() {
            old = old.multi();
        }
        for name in opt.deprecated() {
            // One spelling of a name with a hyphen brings the other one.
            if !old.deprecated().contains(name) {
                old = old.with_deprecated(name.group(), name.name());
            }
        }
        self.values.iter().fold(old, Opt::with_default)
    }
}

/// Returns the old defaults for each option: several if several options became one.
fn old_defaults(changed: &[ChangedDefault]) -> HashMap<OptName, BTreeSet<Vec<String>>> {
    let mut of_option: HashMap<OptName, BTreeSet<Vec<String>>> = HashMap::new();
    for changed in changed {
        let defaults = of_option.entry(changed.option.clone()).or_default();
        defaults.insert(changed.before.clone());
    }
    of_option
}

/// Returns all names by which an option may be set.
fn names_of<'n>(
    opt: &'n Opt,
    formerly: Option<&'n OptName>,
) -> impl Iterator<Item = &'n OptName> + use<'n> {
    pack::names_of(opt).chain(formerly)
}

/// Tells whether two defaults are two spellings of one value.
fn is_read_the_same(opt: &Opt, changed: &ChangedDefault) -> bool {
    let read = |texts: &[String]| {
        let values = texts.iter().map(|text| opt.kind().convert(text));
        values.collect::<Result<Vec<_>, _>>().ok()
    };
    let before = read(&changed.before);
    before.is_some() && before == read(&changed.now)
}

/// Returns why an old default cannot be kept, if it cannot.
fn refusal(
    opt: &Opt,
    changed: &ChangedDefault,
    [older, target]: [&dyn Target; 2],
    secrets: &Secrets<'_>,
) -> Option<String> {
    let (name, values) = (opt.name(), &changed.before);
    if opt.is_secret() || secrets.hides(name.group(), name.name()) {
        return Some("its value is secret".into());
    }
    let mut readers = target.readers(name).into_iter();
    if let Some(reader) = readers.find(|reader| reader != name) {
        return Some(format!("{} would read it, too", bracketed(&reader)));
    }
    if values.is_empty() {
        return Some("it had none, and a file cannot set an option to none".into());
    }
    if values.iter().any(|value| value.contains(['\n', '\r'])) {
        return Some("it has several lines".into());
    }
    let mut computed = [target, older].into_iter();
    let computed = computed.find_map(|release| computed_reference(opt, values, release));
    if let Some(computed) = computed {
        return Some(format!(
            "it depends on the host or the installation (${computed})"
        ));
    }
    let refused = values.iter().find_map(|value| {
        let is_reference = value.contains('$');
        opt.kind().convert(value).err().filter(|_| !is_reference)
    });
    if let Some(cause) = refused {
        return Some(format!("{} refuses it: {cause}", target.name()));
    }
    let former = older.option(changed.formerly.as_ref().unwrap_or(name));
    if let Some(reason) = former.and_then(|former| retyped(&former, opt, values)) {
        return Some(reason);
    }
    let series = target.release()?.series();
    let items = values.iter().flat_map(|value| value.split(','));
    let missing = items
        .map(str::trim)
        .filter(|item| is_installed(name.group(), name.name(), item, series) == Some(false));
    let missing: Vec<&str> = missing.collect();
    (!missing.is_empty()).then(|| format!("{series} has no {}", missing.join(", ")))
}

/// Returns why values of an option are something else for the type that it has now, if they are.
fn retyped(former: &Opt, opt: &Opt, values: &[String]) -> Option<String> {
    let kinds = [former.kind(), opt.kind()];
    if kinds[0] == kinds[1] {
        return None;
    }
    let reason = |value: &String| match kinds.map(|kind| kind.convert(value)) {
        // The text is not the value.
        _ if value.contains('$') => {
            Some("its type has changed, and its value refers to other options".into())
        }
        [Ok(before), Ok(now)] if before == now => None,
        [Ok(before), Ok(now)] => Some(format!(
            "its type has changed: {} would be read as {}",
            before.to_python_str(),
            now.to_python_str()
        )),
        _ => Some("its type has changed".into()),
    };
    values.iter().find_map(reason)
}

/// Returns the name of an option of a release that values refer to, directly or through other
/// defaults, and whose default is computed.
fn computed_reference(opt: &Opt, values: &[String], target: &dyn Target) -> Option<String> {
    let referred = |texts: &[String], group: &str| -> Vec<OptName> {
        let found = texts.iter().flat_map(|text| references(text.as_bytes()));
        found
            .flat_map(|reference| reference.options(group))
            .collect()
    };
    let mut open = referred(values, opt.name().group());
    let mut seen: HashSet<OptName> = HashSet::default();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if target.has_computed_default(&name) {
            return Some(name.name().to_owned());
        }
        // A reference by a former name leads to one of the options that have it.
        open.extend(target.readers(&name));
        if let Some(opt) = target.option(&name) {
            open.extend(referred(opt.default(), name.group()));
        }
    }
    None
}
