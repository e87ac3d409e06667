//! The rules of a service's history that metadata does not tell.

use foldhash::HashMap;

use super::{Series, Service};
use crate::rule::Rule;

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
    fn read(service: Service, (place, line): (usize, &'static str)) -> Option<Self> {
        let mut words = line.splitn(4, ' ');
        let number = |text: &str| Some(Series::from_number(service, text.parse().ok()?));
        let first = number(words.next()?)?;
        let last = words.next()?;
        let lasting = last.strip_suffix('+');
        Some(BuiltIn {
            first,
            last: number(lasting.unwrap_or(last))?,
            lasting: lasting.is_some(),
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

/// All rules of a service, by release.
pub fn built_in_rules(service: Service) -> impl Iterator<Item = BuiltIn> {
    let lines = service.known().rules.lines().enumerate();
    lines.filter_map(move |line| BuiltIn::read(service, line))
}

/// The rule of this id, which no two services have in common.
#[must_use]
pub fn find_rule(id: &str) -> Option<BuiltIn> {
    let mut rules = Service::all().flat_map(built_in_rules);
    rules.find(|rule| rule.id() == id)
}

/// The rules of a service that an option sets going.
pub(crate) fn triggered_by(service: Service, option: &str) -> &'static [BuiltIn] {
    service.triggers().get(option).map_or(&[], Vec::as_slice)
}

/// The rules of a service by the options that set them going.
pub(super) fn triggers(service: Service) -> HashMap<&'static str, Vec<BuiltIn>> {
    let mut index: HashMap<&'static str, Vec<BuiltIn>> =
        HashMap::with_capacity_and_hasher(1024, foldhash::fast::RandomState::default());
    for rule in built_in_rules(service) {
        for trigger in rule.triggers() {
            index.entry(trigger).or_default().push(rule);
        }
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::problem;

    #[test]
    fn every_rule_is_read_and_makes_sense() {
        let mut ids = std::collections::HashSet::new();
        for built_in in Service::all().flat_map(built_in_rules) {
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
            assert!(!built_in.lasting || built_in.last == built_in.last.service().newest());
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
