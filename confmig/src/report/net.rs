//! What became of each line: its changes over all steps as one.

use std::collections::{BTreeMap, HashMap, HashSet};

use bstr::BString;
use oslo_config::{Document, Entry, OptName, SourceFile};

use crate::diagnostic::{all_bracketed, bracketed};
use crate::migrate::{Change, ChangeKind, FileMigration};
use crate::target::name_of;

/// The number of renamings that are followed from an option on.
const RENAMINGS_MAX: usize = 8;

/// What stands between an option that is removed and those that have its value.
const PART_OF: &str = "; its value is now part of ";

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
    let renamings = Renamings::new(&file.changes);
    let net = by_line.into_iter().filter_map(|(line, changes)| {
        let mut net = match (changes.as_slice(), &lines) {
            ([change], _) => Some(net_of(change, change.message.clone())),
            (changes, Some(lines)) => lines.net(line, changes),
            // Both texts were parsed before, so that there are lines.
            (changes, None) => changes
                .last()
                .map(|last| net_of(last, last.message.clone())),
        }?;
        if changes.iter().any(|it| it.kind == ChangeKind::Convert) {
            net.message = renamings.in_message(&net.message);
        }
        Some(net)
    });
    let pinned = pinned.into_iter();
    let pinned = pinned.map(|change| net_of(change, change.message.clone()));
    let mut net: Vec<NetChange> = net.chain(pinned).collect();
    net.sort_by_key(|change| change.line);
    net
}

/// The renamings of a file, by their new names and by their old ones. A conversion names options
/// as they are called at its step.
struct Renamings<'c> {
    later: HashMap<&'c OptName, &'c OptName>,
    earlier: HashMap<&'c OptName, &'c OptName>,
}

impl<'c> Renamings<'c> {
    fn new(changes: &'c [Change]) -> Self {
        let is_renaming = |it: &&Change| matches!(it.kind, ChangeKind::Rename | ChangeKind::Move);
        let renamings = || changes.iter().filter(is_renaming);
        Renamings {
            later: renamings().map(|it| (&it.from, &it.to)).collect(),
            earlier: renamings().map(|it| (&it.to, &it.from)).collect(),
        }
    }

    /// Returns the message of a conversion with the names that options have in the files: what is
    /// set by its name in the new text, what its value comes from by the one in the old text.
    fn in_message(&self, message: &str) -> String {
        let set = message.strip_prefix("set ");
        if let Some((new, old)) = set.and_then(|set| set.split_once(" from ")) {
            let (new, old) = (renamed(new, &self.later), renamed(old, &self.earlier));
            return format!("set {new} from {old}");
        }
        match message.split_once(PART_OF) {
            Some((removed, new)) => format!("{removed}{PART_OF}{}", renamed(new, &self.later)),
            None => message.to_owned(),
        }
    }
}

/// Follows renamings from each name in a text.
fn renamed(text: &str, renamings: &HashMap<&OptName, &OptName>) -> String {
    let (mut made, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(start) = rest.find('[') {
        made += &rest[..start];
        rest = &rest[start..];
        let Some((name, length)) = name_at(rest) else {
            made.push('[');
            rest = &rest[1..];
            continue;
        };
        made += &bracketed(last(&name, renamings));
        rest = &rest[length..];
    }
    made + rest
}

/// Reads `[group] key` at the start of a text; returns its length, too.
fn name_at(text: &str) -> Option<(OptName, usize)> {
    let (group, rest) = text.strip_prefix('[')?.split_once("] ")?;
    let key = rest.split([' ', ',', ';', ':']).next()?;
    let name = OptName::new(group, key);
    let length = text.len() - rest.len() + key.len();
    (!key.is_empty()).then_some((name, length))
}

/// Follows renamings from a name to the last one.
fn last<'n>(name: &'n OptName, renamings: &HashMap<&'n OptName, &'n OptName>) -> &'n OptName {
    let mut last = name;
    for _ in 0..RENAMINGS_MAX {
        match renamings.get(last) {
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
        let (old, new) = (bracketed(name), all_bracketed(&others));
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
        None => format!("removed {name}{PART_OF}{}", bracketed(&last.to)),
    }
}

fn all_of(changes: &[&Change]) -> String {
    let mut seen = HashSet::new();
    let messages = changes.iter().map(|change| &*change.message);
    let messages: Vec<&str> = messages.filter(|message| seen.insert(*message)).collect();
    messages.join("; ")
}
