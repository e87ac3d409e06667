//! What arguments and decisions name, and whether anything is about it.

use std::collections::BTreeSet;

use confmig::decisions::{Decisions, Followed};
use confmig::history::{Service, built_in_rules};
use confmig::migrate::{Migration, OWN_RULES};
use confmig::pack::Pack;
use confmig::target::{Target, name_of};
use glob::Pattern;
use oslo_config::ParsedFile;

use super::Failure;
use super::input::Inputs;
use super::output::Output;

/// What had a use, of all that the arguments, the policy and the file of decisions name.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// The entries of the file of decisions that are about a decision.
    pub(crate) decisions: BTreeSet<usize>,
    /// Its entries that name existing rules and options.
    pub(crate) existing: BTreeSet<usize>,
    /// The words of `--accept` without which the result would be another.
    pub(crate) accepted: BTreeSet<String>,
    /// The patterns of options to pin.
    pub(crate) pins: BTreeSet<Pattern>,
    /// Those that match an option.
    pub(crate) matching_pins: BTreeSet<Pattern>,
}

impl Uses {
    /// Adds the uses of another set of files.
    pub(crate) fn add(&mut self, mut other: Self) {
        self.decisions.append(&mut other.decisions);
        self.existing.append(&mut other.existing);
        self.accepted.append(&mut other.accepted);
        self.pins.append(&mut other.pins);
        self.matching_pins.append(&mut other.matching_pins);
    }

    /// Finds what exists of what is named.
    pub(crate) fn find(
        &mut self,
        inputs: &Inputs<'_>,
        target: &dyn Target,
        pack: &Pack,
        decisions: Option<&Decisions>,
    ) {
        let patterns = &inputs.given().names.pinned;
        if !patterns.is_empty() {
            self.find_pins(patterns, target);
        }
        // All entries exist if each is about a decision.
        if let Some(file) = decisions.filter(|file| self.decisions.len() < file.count()) {
            self.find_existing(file, &inputs.parsed, (target, pack));
        }
    }

    /// Finds the words of `--accept` without which the result would be another. What they decide
    /// is not left to the file of decisions.
    pub(crate) fn find_accepted(
        &mut self,
        words: &[String],
        result: &Migration,
        follow: impl Fn(&[String]) -> Result<Followed, Failure>,
    ) -> Result<(), Failure> {
        // Of two words that each decide the same, one has a use.
        let mut needed = words.to_vec();
        for word in words {
            let others = needed.iter().filter(|other| *other != word);
            let others: Vec<String> = others.cloned().collect();
            let other = follow(&others)?;
            self.decisions.extend(&other.used);
            let decisions = other.migration.decisions.len();
            let texts = result.files.iter().map(|file| &file.after);
            let other_texts = other.migration.files.iter().map(|file| &file.after);
            if decisions != result.decisions.len() || !texts.eq(other_texts) {
                self.accepted.insert(word.clone());
            } else {
                needed = others;
            }
        }
        Ok(())
    }

    /// Finds the patterns of options to pin that match an option of the target.
    fn find_pins(&mut self, patterns: &[Pattern], target: &dyn Target) {
        let names = target.names().into_iter();
        let options = names.filter(|name| target.option(name).is_some());
        let options: Vec<String> = options.map(|name| name.to_string()).collect();
        let matching = |pattern: &&Pattern| options.iter().any(|option| pattern.matches(option));
        self.matching_pins = patterns.iter().filter(matching).cloned().collect();
        self.pins = patterns.iter().cloned().collect();
    }

    /// Finds the entries of a file of decisions that name existing rules and options.
    fn find_existing(
        &mut self,
        decisions: &Decisions,
        files: &[ParsedFile<'_>],
        (target, pack): (&dyn Target, &Pack),
    ) {
        let own = OWN_RULES.into_iter().map(|(id, _)| id);
        let built_in = Service::all().flat_map(built_in_rules);
        let of_pack = pack.rules.iter().map(|rule| rule.id.as_str());
        let rules = own.chain(built_in.map(|rule| rule.id())).chain(of_pack);
        let rules: BTreeSet<&str> = rules.collect();
        let entries = files.iter().flat_map(|file| file.document.entries());
        let options = target.names().into_iter().chain(entries.map(name_of));
        let options: BTreeSet<String> = options.map(|option| option.to_string()).collect();
        self.existing = decisions.existing(
            |rule| rules.iter().any(|id| rule.matches(id)),
            |option| options.iter().any(|name| option.matches(name)),
        );
    }

    /// Tells what had no use.
    pub(crate) fn tell_rest(&self, accept: &[String], output: &mut Output) {
        for pattern in self.pins.difference(&self.matching_pins) {
            output.warning(&format!(
                "the pattern \"{pattern}\" of defaults to pin matches no option"
            ));
        }
        let idle = accept.iter().filter(|word| !self.accepted.contains(*word));
        for word in idle {
            output.note(&format!(
                "--accept {word} changes nothing: the result without it is the same"
            ));
        }
    }
}
