//! Which options get the value of an entry.

use oslo_config::OptName;

use super::Rule;
use super::parts::all_used;

impl Rule {
    /// Tells whether the value that the rule sets an option to is made from that of another option.
    pub(crate) fn makes(&self, option: &OptName, from: &OptName) -> bool {
        let mut sets = self.set.iter().filter(|set| *set.option == *option);
        sets.any(|set| {
            let parts = all_used(self, &set.value).into_iter();
            let mut parts = parts.filter_map(|name| self.part.get(name));
            parts.any(|part| *part.option == *from)
        })
    }

    /// Returns the option that a value can be given to instead of following the rule for an entry
    /// of `option`: the only one that gets the entry's value.
    pub(crate) fn option_of_value<'r>(&'r self, option: &'r OptName) -> Option<&'r OptName> {
        let mut renamed = self.rename.iter().filter(|rename| *rename.from == *option);
        if let Some(rename) = renamed.next() {
            return Some(&rename.to);
        }
        if let [set] = &self.set[..] {
            let is_own = *set.option == *option || self.makes(&set.option, option);
            return (is_own && !set.append && self.sections.is_none()).then_some(&*set.option);
        }
        let items = self.items.iter().flat_map(|items| &items.options);
        let reported = self.report.iter().flat_map(|report| &report.options);
        let is_kept = items.chain(reported).any(|kept| **kept == *option);
        (self.set.is_empty() && is_kept).then_some(option)
    }
}
