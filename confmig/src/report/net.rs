//! What became of each line: its changes over all steps as one.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::BString;
use oslo_config::{Document, Entry, OptName, SourceFile};

use crate::diagnostic::bracketed;
use crate::migrate::{Change, ChangeKind, FileMigration};
use crate::target::name_of;

/// The number of renamings that are followed from an option on.
const RENAMINGS_MAX: usize = 8;

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetChange {
    /// The line in the old text, counted from 1.
    pub line: usize,
    /// The id of the rule or renaming that led to the result.
    pub rule: String,
    /// The release whose step followed the rule, in a migration from release to release.
    pub release: Option<String>,
    /// What became of the line.
    pub message: String,
}

/// Returns what became of each line of a file that changes. A line that a step changed and a later
/// one changed back is left out.
#[must_use]
pub fn net_changes(before: &SourceFile, file: &FileMigration) -> Vec<NetChange> {
    let mut by_line: BTreeMap<usize, Vec<&Change>> = BTreeMap::new();
    // An option that was not set comes from no line.
    let (pinned, changes): (Vec<&Change>, Vec<&Change>) =
        (file.changes.iter()).partition(|change| change.kind == ChangeKind::Pin);
    for change in changes {
        by_line.entry(change.line).or_default().push(change);
    }
    let several = by_line.iter().filter(|(_, changes)| changes.len() > 1);
    let several: HashSet<usize> = several.map(|(line, _)| *line).collect();
    let lines = match several.is_empty() {
        true => None,
        false => Lines::new(before, file, &several),
    };
    let renamed: HashMap<&OptName, &OptName> = file
        .changes
        .iter()
        .filter(|change| matches!(change.kind, ChangeKind::Rename | ChangeKind::Move))
        .map(|change| (&change.from, &change.to))
        .collect();
    let net = by_line.into_iter().filter_map(|(line, changes)| {
        let mut net = match (changes.as_slice(), &lines) {
            ([change], _) => Some(net_of(change, change.message.clone())),
            (changes, Some(lines)) => lines.net(line, changes),
            // Both texts were parsed before, so that there are lines.
            (changes, None) => changes
                .last()
                .map(|last| net_of(last, last.message.clone())),
        }?;
        // The option that took over may have been renamed by a later step.
        for change in changes.iter().filter(|it| it.kind == ChangeKind::Convert) {
            let now = last_name(&change.to, &renamed);
            net.message = net.message.replace(&bracketed(&change.to), &bracketed(now));
        }
        Some(net)
    });
    let pinned = pinned.into_iter();
    let pinned = pinned.map(|change| net_of(change, change.message.clone()));
    let mut net: Vec<NetChange> = net.chain(pinned).collect();
    net.sort_by_key(|change| change.line);
    net
}

/// Returns the name that an option has after all renamings.
fn last_name<'n>(name: &'n OptName, renamed: &HashMap<&OptName, &'n OptName>) -> &'n OptName {
    let mut last = name;
    for _ in 0..RENAMINGS_MAX {
        match renamed.get(last) {
            Some(now) => last = now,
            None => break,
        }
    }
    last
}

fn net_of(change: &Change, message: String) -> NetChange {
    NetChange {
        line: change.line,
        rule: change.rule.clone(),
        release: change.release.clone(),
        message,
    }
}

/// An entry's name and value.
type Named = (OptName, BString);

/// The entries on some lines of the old text, and those of the new text that come from them.
struct Lines {
    old: HashMap<usize, Named>,
    new: HashMap<usize, Vec<Named>>,
}

impl Lines {
    fn new(before: &SourceFile, file: &FileMigration, wanted: &HashSet<usize>) -> Option<Self> {
        let text_before = Document::parse(&before.text).ok()?;
        let old = wanted.iter().filter_map(|line| {
            let entry = text_before.entry_at(*line)?;
            Some((*line, named(entry)))
        });
        let old = old.collect();
        // Both texts may be large: only one of them is parsed at a time.
        drop(text_before);
        let mut new: HashMap<usize, Vec<Named>> = HashMap::new();
        for entry in Document::parse(&file.after).ok()?.entries() {
            let line = file.lines.original(entry.line());
            if let Some(line) = line.filter(|line| wanted.contains(line)) {
                new.entry(line).or_default().push(named(entry));
            }
        }
        Some(Lines { old, new })
    }

    /// Returns what several changes together did to a line.
    fn net(&self, line: usize, changes: &[&Change]) -> Option<NetChange> {
        let (name, value) = self.old.get(&line)?;
        let made = self.new.get(&line).map_or(&[][..], Vec::as_slice);
        let others: Vec<&OptName> = made
            .iter()
            .map(|(made, _)| made)
            .filter(|made| *made != name)
            .collect();
        let own = made.iter().find(|(made, _)| made == name);
        let own_changes = changes.iter().filter(|it| it.kind != ChangeKind::Reference);
        let own_changes: Vec<&Change> = own_changes.copied().collect();
        let Some(last) = own_changes.last() else {
            return Some(net_of(changes.last()?, all_of(changes)));
        };
        if others.is_empty() {
            return match own {
                Some((_, now)) if now == value => None,
                Some(_) => {
                    let message = format!("changed the value of {}", bracketed(name));
                    Some(net_of(last, message))
                }
                None => Some(net_of(last, removal(name, last))),
            };
        }
        let follow = match own_changes.len() < changes.len() {
            true => "; its references follow",
            false => "",
        };
        let mut leading = own_changes.iter().rev();
        let leading = leading.find(|it| it.kind != ChangeKind::Drop && others.contains(&&it.to));
        let leading = leading.unwrap_or(last);
        let converts = own_changes.iter().any(|it| it.kind == ChangeKind::Convert);
        let (old, new) = (bracketed(name), joined(&others));
        let message = match (own, converts, others.as_slice()) {
            (_, true, _) if leading.from == *name && others.len() == 1 => leading.message.clone(),
            (_, true, _) => format!("set {new} from {old}"),
            (Some(_), false, _) => format!("copied from {old} to {new}"),
            (None, false, [other]) if other.group() == name.group() => {
                let (from, to, group) = (name.name(), other.name(), name.group());
                format!("renamed from {from} to {to} in [{group}]")
            }
            (None, false, _) => format!("moved from {old} to {new}"),
        };
        Some(net_of(leading, message + follow))
    }
}

fn named(entry: Entry<'_, '_>) -> Named {
    (name_of(entry), entry.value().into_owned())
}

/// Describes the removal of an entry that may have had other names in between.
fn removal(name: &OptName, last: &Change) -> String {
    let removed = format!("removed {}", bracketed(&last.from));
    let name = bracketed(name);
    match last.message.strip_prefix(&removed) {
        Some(why) => format!("removed {name}{why}"),
        None => format!(
            "removed {name}; its value is now part of {}",
            bracketed(&last.to)
        ),
    }
}

fn joined(names: &[&OptName]) -> String {
    let names: Vec<String> = names.iter().map(|name| bracketed(name)).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

fn all_of(changes: &[&Change]) -> String {
    let messages: Vec<&str> = changes.iter().map(|change| &*change.message).collect();
    messages.join("; ")
}
