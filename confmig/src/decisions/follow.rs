//! Migrations that follow decisions.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use oslo_config::{Document, OptName, ParsedFile};

use super::{Choice, Decisions, Followed};
use crate::history::find_rule;
use crate::migrate::{DECIDED, Decision, MigrateError, Migration, Route, Settings, migrate};
use crate::pack::Pack;
use crate::rule::{Assignment, Condition, IfSet, Name, Rule};
use crate::target::name_of;

/// The most migrations in which one acceptance may lead to another decision.
const ROUNDS: usize = 100;

/// What tells decisions apart.
type Key = (PathBuf, usize, OptName, Option<String>);

fn key(decision: &Decision) -> Key {
    let Decision {
        path,
        line,
        option,
        rule,
        ..
    } = decision;
    (path.clone(), *line, option.clone(), rule.clone())
}

/// What has been decided so far.
struct Decided {
    settings: Settings,
    /// Rules that set options to the values that were decided.
    values: Vec<Rule>,
    /// The options that these rules set, and the lines of the choices, by the decisions that they
    /// follow.
    valued: HashMap<Key, (OptName, usize)>,
}

impl Decisions {
    /// Migrates files along a route, and follows the decisions, also about what follows from
    /// decisions. `pack` has the rules of the route that are not built in.
    ///
    /// # Errors
    ///
    /// When a new text cannot be made or parsed.
    pub fn follow(
        &self,
        files: &[ParsedFile<'_>],
        route: &Route<'_>,
        settings: &Settings,
        pack: &Pack,
    ) -> Result<Followed, MigrateError> {
        let mut decided = Decided {
            settings: settings.clone(),
            values: Vec::new(),
            valued: HashMap::new(),
        };
        let mut used = BTreeSet::new();
        let mut migration = decided.migrate(files, route)?;
        for _ in 0..ROUNDS {
            let mut more = false;
            for decision in &migration.decisions {
                let Some(entry) = self.entry(decision) else {
                    continue;
                };
                used.extend(self.about(decision));
                more |= match &entry.choice {
                    Choice::Accept => decided.accept(decision),
                    Choice::Value(value) => {
                        decided.set(decision, (value, entry.line), &migration, pack)
                    }
                    Choice::Open | Choice::Refuse => false,
                };
            }
            if !more {
                break;
            }
            migration = decided.migrate(files, route)?;
        }
        if !decided.valued.is_empty() {
            let after = migration.files.iter();
            let after = after.filter_map(|file| Document::parse(&file.after).ok());
            let after: Vec<Document<'_>> = after.collect();
            let is_set = |option: &OptName| {
                let mut after = after.iter();
                after.any(|document| document.entry(option.group(), option.name()).is_some())
            };
            migration.decisions.retain(|decision| {
                let option = decided.valued.get(&key(decision));
                // A value that was not written leaves the decision open.
                option.is_none_or(|(option, _)| !is_set(option))
            });
        }
        let settings = decided.settings.clone();
        let values = decided.valued.values().cloned().collect();
        let further = self.further(&migration, files, route, decided)?;
        used.extend(further.iter().flat_map(|decision| self.about(decision)));
        Ok(Followed {
            migration,
            settings,
            further,
            used,
            values,
        })
    }

    /// Returns the decisions that would follow if those that are left were accepted.
    fn further(
        &self,
        migration: &Migration,
        files: &[ParsedFile<'_>],
        route: &Route<'_>,
        mut decided: Decided,
    ) -> Result<Vec<Decision>, MigrateError> {
        let mut known: HashSet<Key> = migration.decisions.iter().map(key).collect();
        known.extend(decided.valued.keys().cloned());
        let mut left = migration.decisions.clone();
        let mut further = Vec::new();
        for _ in 0..ROUNDS {
            let is_open = |decision: &&Decision| {
                let entry = self.entry(decision);
                entry.is_none_or(|entry| entry.choice == Choice::Open)
            };
            let mut more = false;
            for decision in left.iter().filter(is_open) {
                more |= decided.accept(decision);
            }
            if !more {
                break;
            }
            left = decided.migrate(files, route)?.decisions;
            let new = left.iter().filter(|decision| known.insert(key(decision)));
            further.extend(new.cloned());
        }
        Ok(further)
    }
}

impl Decided {
    fn migrate(
        &self,
        files: &[ParsedFile<'_>],
        route: &Route<'_>,
    ) -> Result<Migration, MigrateError> {
        if self.values.is_empty() {
            return migrate(files, route, &self.settings);
        }
        let pack = Pack {
            name: "the decisions".into(),
            rules: self.values.clone(),
            ..Pack::default()
        };
        migrate(files, &route.clone().with_site(&pack), &self.settings)
    }

    /// Accepts a change; returns whether it was not accepted before.
    fn accept(&mut self, decision: &Decision) -> bool {
        match &decision.rule {
            _ if !decision.acceptable => false,
            Some(rule) => self.settings.accept_rules.insert(rule.clone()),
            None => self.settings.accept.insert(decision.option.clone()),
        }
    }

    /// Sets an option to the value that was decided; returns whether it was not set before.
    fn set(
        &mut self,
        decision: &Decision,
        (value, line): (&str, usize),
        migration: &Migration,
        pack: &Pack,
    ) -> bool {
        if self.valued.contains_key(&key(decision)) {
            return false;
        }
        let Some((option, rule)) = rule_for(decision, value, migration, pack) else {
            return false;
        };
        self.valued.insert(key(decision), (option, line));
        self.values.push(rule);
        true
    }
}

/// Returns the option that the value of a decision is for, and the rule that sets it and removes
/// the entries that the value takes the place of; `None` if no value can be decided.
fn rule_for(
    decision: &Decision,
    value: &str,
    migration: &Migration,
    pack: &Pack,
) -> Option<(OptName, Rule)> {
    let option = decision.value_for.as_ref()?;
    let entry = name_now(decision, migration).unwrap_or_else(|| decision.option.clone());
    let rule = decision.rule.as_ref().and_then(|id| {
        let built_in = || find_rule(id)?.rule();
        let own = pack.rules.iter().find(|rule| rule.id == *id).cloned();
        own.or_else(built_in)
    });
    let taken = match &rule {
        Some(rule) if !rule.set.is_empty() => rule.taken(),
        _ => vec![&entry],
    };
    let take = taken.into_iter().filter(|name| *name != option);
    let name = |option: &OptName| Name::parse(&option.to_string());
    let rule = Rule {
        id: DECIDED.into(),
        why: "the file of decisions has the value".into(),
        when: vec![Condition {
            option: name(&entry)?,
            set: Some(true),
            equals: None,
            contains: None,
            not: false,
        }],
        if_target_set: IfSet::Source,
        set: vec![Assignment {
            option: name(option)?.into_current(),
            value: value.to_owned(),
            append: false,
            if_set: None,
            when: Vec::new(),
            need: Vec::new(),
        }],
        take: Some(take.map(name).collect::<Option<_>>()?),
        ..Rule::default()
    };
    Some((option.clone(), rule))
}

/// Returns the name that the entry of a decision has after the migration. If one line became
/// several entries, it is that of the decision's option.
fn name_now(decision: &Decision, migration: &Migration) -> Option<OptName> {
    let mut files = migration.files.iter();
    let file = files.find(|file| file.path == decision.path)?;
    let document = Document::parse(&file.after).ok()?;
    let option = &decision.option;
    let own = document.entry(option.group(), option.name());
    if own.is_some_and(|own| file.lines.original(own.line()) == Some(decision.line)) {
        return Some(option.clone());
    }
    let line = *file
        .lines
        .current_lines([decision.line])
        .get(&decision.line)?;
    document.entry_at(line).map(name_of)
}
