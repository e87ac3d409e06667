//! Hardware types without an enabled interface that they support: the conductor does not start.

use oslo_config::{DEFAULT_GROUP, OptName};

use super::{Checker, finding, is_template};
use crate::diagnostic::{Code, Diagnostic, Place, bracketed};
use crate::history::{is_installed, supported_interfaces};
use crate::target::ReleaseTarget;

/// The kinds of interfaces. Those for networks and storage have defaults that are not in the lists.
const KINDS: [&str; 11] = [
    "bios",
    "boot",
    "console",
    "deploy",
    "firmware",
    "inspect",
    "management",
    "power",
    "raid",
    "rescue",
    "vendor",
];

impl Checker<'_> {
    /// Reports the lists of enabled interfaces from which an enabled hardware type supports none.
    pub(super) fn interfaces(&self, found: &mut Vec<Diagnostic>) {
        let Some(release) = self.target.release() else {
            return;
        };
        let types = OptName::new(DEFAULT_GROUP, "enabled_hardware_types");
        let Some(enabled_types) = self.items(&types, release) else {
            return;
        };
        for kind in KINDS {
            found.extend(self.without_interface(kind, &types, &enabled_types, release));
        }
    }

    /// Reports the hardware types that support none of the enabled interfaces of a kind.
    fn without_interface(
        &self,
        kind: &str,
        types: &OptName,
        enabled_types: &[String],
        release: &ReleaseTarget<'_>,
    ) -> Option<Diagnostic> {
        let series = release.series();
        let list = OptName::new(DEFAULT_GROUP, format!("enabled_{kind}_interfaces"));
        let place = self.place_of(&list).or_else(|| self.place_of(types))?;
        let enabled = self.items(&list, release)?;
        // What no release has may come from outside the source tree.
        let is_known =
            |name: &String| is_installed(list.group(), list.name(), name, series) == Some(true);
        let default = OptName::new(DEFAULT_GROUP, format!("default_{kind}_interface"));
        if !enabled.iter().all(is_known) || self.is_set(&default) {
            return None;
        }
        let mut wanted: Vec<&str> = Vec::new();
        let lacking = enabled_types.iter().filter(|hardware_type| {
            let supported = supported_interfaces(hardware_type, kind, series);
            let lacks = !supported.is_empty()
                && !supported
                    .iter()
                    .any(|name| enabled.iter().any(|item| item == name));
            if lacks {
                wanted.extend(supported);
            }
            lacks
        });
        let lacking: Vec<&str> = lacking.map(String::as_str).collect();
        if lacking.is_empty() {
            return None;
        }
        wanted.sort_unstable();
        wanted.dedup();
        let (support, types) = match lacking.as_slice() {
            [_] => ("supports", "type"),
            _ => ("support", "types"),
        };
        let (lacking, list) = (lacking.join(", "), bracketed(&list));
        let message = format!(
            "the hardware {types} {lacking} {support} no interface in {list}: the conductor does \
             not start"
        );
        let wanted = wanted.join(", ");
        let help = format!("add one that it supports ({wanted}), or disable the hardware {types}");
        let diagnostic = finding(Code::NoCommonInterface, message, help).at(place);
        Some(diagnostic.label("none of these"))
    }

    /// Returns the items of a list as the release reads it, set or not; `None` when they are not
    /// known.
    fn items(&self, name: &OptName, release: &ReleaseTarget<'_>) -> Option<Vec<String>> {
        let texts = match self.is_set(name) {
            true => self.config.setting(name.group(), name.name()).ok()?.texts,
            false => {
                // Without a default, the service chooses interfaces by the hardware types.
                let default = release.definition(name)?.default();
                (!default.is_empty()).then_some(default)?
            }
        };
        let items = texts.iter().flat_map(|text| text.split(','));
        let items = items.map(str::trim).filter(|item| !item.is_empty());
        let items: Vec<String> = items.map(str::to_owned).collect();
        let is_plain = |item: &String| !item.contains('$') && !is_template(item.as_bytes());
        items.iter().all(is_plain).then_some(items)
    }

    /// Returns the place where an option is set.
    fn place_of(&self, name: &OptName) -> Option<Place> {
        let opt = self.target.option(name)?;
        let set = self.config.occurrences(&opt).effective.pop()?;
        Some(self.places.key(set.path, set.entry))
    }
}
