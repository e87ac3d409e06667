//! The built-in rules: changes that the definitions of the options do not show.

use foldhash::HashMap;

use super::series::Series;
use super::service::{PerService, Service};
use crate::rule::Rule;

/// A built-in rule.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// The first release whose step includes the rule.
    pub first: Series,
    /// The last release whose step includes the rule: the one that no longer reads what the rule
    /// changes.
    pub last: Series,
    /// What the rule changes is still read: a file for the newest release may contain it.
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

    /// Returns the options, as `group.name`, one of which must be set for the rule to apply.
    pub fn triggers(&self) -> impl Iterator<Item = &'static str> {
        self.triggers.split(',')
    }

    /// Returns the index of the rule among all rules of its service.
    pub(crate) fn place(&self) -> usize {
        self.place
    }

    /// Returns the rule's id.
    #[must_use]
    pub fn id(&self) -> &'static str {
        let start = memchr::memmem::find(self.json.as_bytes(), b"\"id\":\"").map_or(0, |at| at + 6);
        let end = memchr::memchr(b'"', &self.json.as_bytes()[start..]).unwrap_or(0);
        &self.json[start..start + end]
    }

    /// Parses the rule. Never `None`: a test reads every rule.
    #[must_use]
    pub fn rule(&self) -> Option<Rule> {
        serde_json::from_str(self.json).ok()
    }
}

/// Returns the rules of a service, by release.
pub fn built_in_rules(service: Service) -> impl Iterator<Item = BuiltIn> {
    let lines = service.texts().rules.lines().enumerate();
    lines.filter_map(move |line| BuiltIn::read(service, line))
}

/// Finds a rule by its id, which is unique among all services.
#[must_use]
pub fn find_rule(id: &str) -> Option<BuiltIn> {
    let mut rules = Service::all().flat_map(built_in_rules);
    rules.find(|rule| rule.id() == id)
}

/// The rules of a service by the options that trigger them.
type ByTrigger = HashMap<&'static str, Vec<BuiltIn>>;

/// Returns the rules of a service that an option triggers.
pub(crate) fn triggered_by(service: Service, option: &str) -> &'static [BuiltIn] {
    static BY_TRIGGER: PerService<ByTrigger> = PerService::new();
    let rules = BY_TRIGGER.get(service, by_trigger);
    rules.get(option).map_or(&[], Vec::as_slice)
}

fn by_trigger(service: Service) -> ByTrigger {
    let mut index: ByTrigger =
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

    /// The build has checked the rules; the program reads what it wrote.
    #[test]
    fn every_rule_is_read_and_found() {
        let mut ids = std::collections::HashSet::new();
        for built_in in Service::all().flat_map(built_in_rules) {
            let rule = built_in.rule().unwrap();
            assert_eq!(rule.id, built_in.id());
            assert!(ids.insert(rule.id.clone()), "{} twice", rule.id);
            assert!(!built_in.lasting || built_in.last == built_in.last.service().newest());
            for trigger in rule.triggers().iter().map(ToString::to_string) {
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
