//! The rule for a former name of several options.

use oslo_config::OptName;
use serde_json::json;

use super::Rule;

impl Rule {
    /// Gives the value of a former name to each option for which `reader`, a release or a service, reads it. `None` when a name
    /// cannot stand in a rule.
    pub(crate) fn copying<'o>(
        former: &OptName,
        options: impl IntoIterator<Item = &'o OptName>,
        reader: &str,
    ) -> Option<Self> {
        let names: Vec<String> = options.into_iter().map(ToString::to_string).collect();
        let sets: Vec<_> = names
            .iter()
            .map(|option| json!({"option": option, "value": "{value}"}))
            .collect();
        serde_json::from_value(json!({
            "id": format!("{}-{}", former.group(), former.name()),
            "why": format!("{reader} reads it for {}", names.join(", ")),
            "if_target_set": "last",
            "part": {"value": {"option": former.to_string()}},
            "set": sets,
            "take": [former.to_string()],
        }))
        .ok()
    }
}
