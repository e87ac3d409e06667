//! The reason for a change: the rule behind it, whichever pack or release has it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use oslo_config::OptName;

use super::Releases;
use super::rules::{arrow, what};
use crate::diagnostic::{Diagnostic, bracketed};
use crate::history::{self, History};
use crate::migrate::{Change, ChangeKind};
use crate::pack::{Pack, Renaming};
use crate::rule;

/// What a rule does, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(super) struct Reason {
    /// What the rule does, line by line.
    pub(super) what: Vec<String>,
    /// Why.
    pub(super) why: String,
    /// The evidence: where to look it up.
    pub(super) evidence: Vec<String>,
    /// What an operator needs to know or do.
    pub(super) advice: Option<String>,
}

impl Reason {
    fn of_renaming(rule: &Renaming) -> Self {
        Reason {
            what: vec![arrow(&rule.from, &rule.to)],
            why: rule.why.clone(),
            evidence: rule.proof.iter().cloned().collect(),
            advice: None,
        }
    }

    fn of_rule(rule: &rule::Rule) -> Self {
        Reason {
            what: what(rule),
            why: rule.why.clone(),
            evidence: rule.proof.clone(),
            advice: rule.advice.clone(),
        }
    }
}

/// What the reason for a change depends on.
#[derive(PartialEq, Eq, Hash)]
struct Sought {
    rule: String,
    names: [OptName; 2],
    in_history: bool,
    is_reference: bool,
}

/// Finds the reasons for changes and decisions.
pub(super) struct Reasons<'p> {
    /// The renamings of the pack, by their ids.
    renamings: HashMap<&'p str, Vec<&'p Renaming>>,
    /// The rules of the pack, by their ids.
    rules: HashMap<&'p str, &'p rule::Rule>,
    /// The reasons that were found for changes: the same rule makes many.
    found: RefCell<HashMap<Sought, Rc<Reason>>>,
    /// The history of the service, if the migration is from release to release.
    history: Option<History>,
}

impl<'p> Reasons<'p> {
    /// Finds reasons in a pack, and in the history of the service whose releases they are.
    pub(super) fn new(pack: &'p Pack, releases: Option<&Releases>) -> Self {
        let mut renamings: HashMap<&str, Vec<&Renaming>> = HashMap::new();
        for renaming in &pack.renamings {
            renamings.entry(&renaming.id).or_default().push(renaming);
        }
        let rules = pack.rules.iter().rev();
        Reasons {
            renamings,
            rules: rules.map(|rule| (&*rule.id, rule)).collect(),
            found: RefCell::default(),
            history: releases.map(|releases| History::new(releases.span.to.service())),
        }
    }

    /// Returns the reason for a change.
    pub(super) fn of_change(&self, change: &Change) -> Rc<Reason> {
        let sought = Sought {
            rule: change.rule.clone(),
            names: [change.from.clone(), change.to.clone()],
            in_history: change.release.is_some(),
            is_reference: change.kind == ChangeKind::Reference,
        };
        let mut found = self.found.borrow_mut();
        let reason = found.entry(sought);
        Rc::clone(reason.or_insert_with(|| Rc::new(self.find(change))))
    }

    fn find(&self, change: &Change) -> Reason {
        let found = match &change.release {
            Some(_) => self.in_history(&change.rule, &change.from, &change.to),
            None => self.in_pack(&change.rule, &change.to),
        };
        found.unwrap_or_else(|| {
            let (what, why) = match change.kind {
                ChangeKind::Reference => (
                    format!("${} -> ${}", change.from.name(), change.to),
                    "oslo.config looks up a reference without a group in the group of the option \
                     that contains it",
                ),
                ChangeKind::Pin => (
                    format!("{} keeps its old default", bracketed(&change.to)),
                    "the option is not set, and the newer release has another default",
                ),
                _ => (arrow(&change.from, &change.to), "renamed"),
            };
            Reason {
                what: vec![what],
                why: why.to_owned(),
                evidence: Vec::new(),
                advice: None,
            }
        })
    }

    /// Returns the reason for a decision, if a known rule is behind it.
    pub(super) fn of_diagnostic(&self, diagnostic: &Diagnostic) -> Option<Reason> {
        let rule = diagnostic.rule.as_ref()?;
        match &rule.release {
            Some(_) => Some(Reason::of_rule(&history::find_rule(&rule.id)?.rule()?)),
            None => self.in_pack(&rule.id, diagnostic.option()?),
        }
    }

    fn in_pack(&self, id: &str, to: &OptName) -> Option<Reason> {
        let with_id = self.renamings.get(id).map_or(&[][..], Vec::as_slice);
        let renaming = with_id.iter().find(|rule| rule.to == *to);
        let renaming = renaming.or(with_id.first()).copied();
        let rule = || self.rules.get(id).copied();
        renaming
            .map(Reason::of_renaming)
            .or_else(|| rule().map(Reason::of_rule))
    }

    fn in_history(&self, id: &str, from: &OptName, to: &OptName) -> Option<Reason> {
        if let Some(rule) = history::find_rule(id).and_then(|found| found.rule()) {
            return Some(Reason::of_rule(&rule));
        }
        let declared = history::declared_renaming(from, to, self.history.as_ref()?);
        (declared.id == id).then(|| Reason::of_renaming(&declared))
    }
}
