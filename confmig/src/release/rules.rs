//! The rules of Ironic's history that metadata does not tell.

use foldhash::HashMap;
use std::sync::OnceLock;

use super::Series;
use crate::rule::Rule;

/// Made by `build.rs` of `history/ironic/rules`: `first last options JSON`, one rule a line; `last+` when it lasts.
const RULES: &str = include_str!(concat!(env!("OUT_DIR"), "/ironic-rules.txt"));

/// A rule that the program has inside.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// The first release whose step has the rule.
    pub first: Series,
    /// The last one: where what it is about is gone.
    pub last: Series,
    /// What it is about is not gone: a file for the newest release may have it.
    pub lasting: bool,
    place: usize,
    triggers: &'static str,
    json: &'static str,
}

impl BuiltIn {
    fn read((place, line): (usize, &'static str)) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let first = words.next()?.parse().ok()?;
        let last = words.next()?;
        let number = last.strip_suffix('+');
        Some(BuiltIn {
            first: Series::from_number(first),
            last: Series::from_number(number.unwrap_or(last).parse().ok()?),
            lasting: number.is_some(),
            place,
            triggers: words.next()?,
            json: words.next()?,
        })
    }

    /// The options, as `group.name`, of which one must be set for the rule to do anything.
    pub fn triggers(&self) -> impl Iterator<Item = &'static str> {
        self.triggers.split(',')
    }

    /// Where the rule stands among all, the first being 0.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// The rule's id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        let start = memchr::memmem::find(self.json.as_bytes(), b"\"id\":\"").map_or(0, |at| at + 6);
        let end = memchr::memchr(b'"', &self.json.as_bytes()[start..]).unwrap_or(0);
        &self.json[start..start + end]
    }

    /// The rule itself; `None` never happens: a test reads all of them.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        serde_json::from_str(self.json).ok()
    }
}

/// All of them, by release.
pub fn built_in_rules() -> impl Iterator<Item = BuiltIn> {
    RULES.lines().enumerate().filter_map(BuiltIn::read)
}

/// The rule of this id.
#[must_use]
pub fn find_rule(id: &str) -> Option<BuiltIn> {
    built_in_rules().find(|rule| rule.id() == id)
}

/// The rules that an option sets going.
pub(crate) fn triggered_by(option: &str) -> &'static [BuiltIn] {
    static INDEX: OnceLock<HashMap<&'static str, Vec<BuiltIn>>> = OnceLock::new();
    let index = INDEX.get_or_init(|| {
        let mut index: HashMap<&'static str, Vec<BuiltIn>> =
            HashMap::with_capacity_and_hasher(1024, foldhash::fast::RandomState::default());
        for rule in built_in_rules() {
            for trigger in rule.triggers() {
                index.entry(trigger).or_default().push(rule);
            }
        }
        index
    });
    index.get(option).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::problem;

    #[test]
    fn every_rule_is_read_and_makes_sense() {
        let mut ids = std::collections::HashSet::new();
        for (place, line) in RULES.lines().enumerate() {
            let built_in = BuiltIn::read((place, line)).unwrap();
            let json: serde_json::Value = serde_json::from_str(built_in.json).unwrap();
            let rule: Rule = serde_json::from_value(json)
                .unwrap_or_else(|error| panic!("rule {}: {error}", built_in.id()));
            assert_eq!(problem(&rule), None, "rule {}", rule.id);
            let missing = [
                ("why", rule.why.is_empty()),
                ("proof", rule.proof.is_empty()),
                ("example", rule.example.is_empty()),
            ];
            let missing = missing.iter().find(|(_, missing)| *missing);
            assert_eq!(missing, None, "rule {}", rule.id);
            assert!(ids.insert(rule.id.clone()), "{} twice", rule.id);
            assert!(!built_in.lasting || built_in.last == Series::newest());
            let triggers: Vec<String> = rule.triggers().iter().map(ToString::to_string).collect();
            for trigger in &triggers {
                let sections = trigger.starts_with("{section}");
                assert!(
                    sections || built_in.triggers().any(|known| known == trigger),
                    "{}: {trigger}",
                    rule.id
                );
            }
            assert!(find_rule(&rule.id).is_some());
        }
        assert!(!ids.is_empty());
    }
}
