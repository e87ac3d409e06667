//! What is to be done to which entry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bstr::ByteSlice;
use foldhash::HashMap;
use oslo_config::{Entry, Opt, OptName, ParsedFile};

use super::names::Names;
use super::references;
use super::{ChangeKind, Decision, Settings};
use crate::diagnostic::Code;
use crate::pack::Pack;

/// The plan for a set of files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan<'d> {
    /// What is done to entries, in the order in which moved ones are to stand.
    pub(crate) steps: Vec<Step<'d>>,
    /// Options whose change of meaning was accepted.
    pub(crate) accepted: BTreeSet<OptName>,
    /// Old names stay, and so do references to them.
    pub(crate) keep_old: bool,
    /// References by former names: the option, and the file and line of the first.
    referring: BTreeMap<OptName, (usize, usize)>,
    /// The options that the plan is about; all when absent.
    scope: Option<BTreeSet<OptName>>,
    decisions: Vec<Pending>,
}

/// What is done to one entry that has a former name.
#[derive(Debug, Clone)]
pub(crate) struct Step<'d> {
    pub(crate) file: usize,
    pub(crate) entry: Entry<'d, 'd>,
    /// The former name that the entry has.
    pub(crate) from: OptName,
    /// The option's current name.
    pub(crate) to: OptName,
    pub(crate) action: ChangeKind,
    /// For a moved value of a multi-valued option: the first of the values that it goes before.
    pub(crate) before: Option<Entry<'d, 'd>>,
}

#[derive(Debug, Clone)]
struct Pending {
    option: OptName,
    file: usize,
    line: usize,
    reason: String,
    acceptable: bool,
}

impl<'d> Plan<'d> {
    /// The options that the plan changes, or references to which it does.
    pub(crate) fn options(&self) -> BTreeSet<OptName> {
        let moved = self.steps.iter().map(|step| step.to.clone());
        let referred = self
            .referring
            .keys()
            .filter(|option| self.follows(option))
            .cloned();
        moved.chain(referred).collect()
    }

    /// The part of the plan that is about these options.
    pub(crate) fn only(&self, options: BTreeSet<OptName>) -> Plan<'d> {
        let mut plan = self.clone();
        plan.steps.retain(|step| options.contains(&step.to));
        plan.scope = Some(options);
        plan
    }

    /// The part of the plan that must keep every value: all but what was accepted.
    pub(crate) fn without_accepted(&self) -> Plan<'d> {
        self.only(self.options().difference(&self.accepted).cloned().collect())
    }

    /// Tells whether references to an option by a former name are to follow it.
    pub(crate) fn follows(&self, option: &OptName) -> bool {
        self.scope
            .as_ref()
            .is_none_or(|scope| scope.contains(option))
            && !self.leaves_out(option)
    }

    /// Tells whether something is left for the operator to decide.
    pub(crate) fn has_decisions(&self) -> bool {
        !self.decisions.is_empty()
    }

    /// Takes an option out of the plan, for the operator to decide.
    pub(crate) fn leave_out(&mut self, option: &OptName, reason: &str) {
        let first = self.steps.iter().find(|step| step.to == *option);
        let place = first.map(|step| (step.file, step.entry.line()));
        if let Some((file, line)) = place.or_else(|| self.referring.get(option).copied()) {
            self.leave_out_at(option, file, line, reason);
        }
    }

    fn leave_out_at(&mut self, option: &OptName, file: usize, line: usize, reason: &str) {
        let (option, reason) = (option.clone(), reason.to_owned());
        self.steps.retain(|step| step.to != option);
        self.decisions.push(Pending {
            option,
            file,
            line,
            reason,
            acceptable: true,
        });
    }

    /// Tells whether an entry is of an option that is left as it is, and so stays in every byte.
    pub(crate) fn leaves_entry(&self, entry: Entry<'_, '_>, names: &Names<'_>) -> bool {
        let (group, key) = (entry.group(), entry.key());
        let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
            return false;
        };
        names
            .by_former(group, key)
            .is_some_and(|opt| self.leaves_out(opt.name()))
    }

    fn leaves_out(&self, option: &OptName) -> bool {
        self.decisions
            .iter()
            .any(|pending| pending.option == *option)
    }

    pub(crate) fn into_decisions(self, files: &[ParsedFile<'_>]) -> Vec<Decision> {
        let path = |file: usize| {
            files
                .get(file)
                .map_or_else(PathBuf::new, |file| file.path.to_owned())
        };
        let decision = |pending: Pending| Decision {
            option: pending.option,
            path: path(pending.file),
            line: pending.line,
            reason: pending.reason,
            acceptable: pending.acceptable,
            options: Vec::new(),
            rule: None,
            release: None,
            advice: None,
            code: Code::NeedsDecision,
        };
        self.decisions.into_iter().map(decision).collect()
    }
}

/// Decides for each entry of a former name what becomes of it.
pub(crate) fn plan<'d>(
    files: &'d [ParsedFile<'d>],
    names: &Names<'_>,
    pack: &Pack,
    settings: &Settings,
) -> Plan<'d> {
    let mut plan = Plan {
        accepted: settings.accept.clone(),
        keep_old: settings.keep_old,
        ..Plan::default()
    };
    let found = Found::collect(files, names);
    for opt in pack.opts.iter().filter(|opt| !opt.deprecated().is_empty()) {
        for file in 0..files.len() {
            let entries = found.of(opt, file);
            if entries.former().next().is_none() {
                continue;
            }
            let steps = match (opt.is_multi(), settings.keep_old) {
                (true, true) => Vec::new(),
                (true, false) => multi_valued(opt, file, &entries),
                (false, true) => copied(opt, file, &entries),
                (false, false) => single_valued(opt, file, &entries),
            };
            if steps.is_empty() && opt.is_multi() && settings.keep_old {
                plan.decisions
                    .extend(entries.former().next().map(|(_, entry)| {
                        Pending {
                    option: opt.name().clone(),
                    file,
                    line: entry.line(),
                    reason: "each name adds values of its own, so the old and the new name cannot \
                             both be kept"
                        .into(),
                        acceptable: false,
                }
                    }));
            }
            plan.steps.extend(steps);
        }
    }
    for option in plan.options() {
        if plan.accepted.contains(&option) {
            continue;
        }
        let ambiguous = plan.steps.iter().filter(|step| step.to == option);
        let reason = ambiguous
            .filter_map(|step| references::ambiguity(step, names))
            .next();
        if let Some(reason) = reason {
            plan.leave_out(&option, &reason);
        }
    }
    while find_references(&mut plan, files, names) {}
    plan
}

/// Notes the options that values refer to by a former name, and leaves out those to which no
/// reference by the current name can be written. Tells whether any was left out: then entries stay that
/// were to be taken out, and their references count too.
fn find_references(plan: &mut Plan<'_>, files: &[ParsedFile<'_>], names: &Names<'_>) -> bool {
    let decided = plan.decisions.len();
    // Where entries of former names go; `None` for those that are taken out.
    let becomes: HashMap<(usize, usize), Option<String>> = plan
        .steps
        .iter()
        .map(|step| {
            let goes = (step.action != ChangeKind::Drop).then(|| step.to.group().to_owned());
            ((step.file, step.entry.line()), goes)
        })
        .collect();
    plan.referring.clear();
    for (index, file) in files.iter().enumerate() {
        for entry in file.document.entries() {
            let becomes = becomes.get(&(index, entry.line()));
            // With both names kept, entries stay as they are, and only copies follow.
            let stays = becomes == Some(&None) || plan.keep_old && becomes.is_none();
            if stays || plan.leaves_entry(entry, names) {
                continue;
            }
            let new_group = becomes.and_then(Option::as_deref);
            for (option, writable) in references::by_former_name(entry, new_group, names) {
                plan.referring
                    .entry(option.clone())
                    .or_insert((index, entry.line()));
                // A copy with such a reference is left to the proof: nothing is done to the option.
                if !writable && !plan.keep_old && !plan.leaves_out(option) {
                    let reason = format!(
                        "a value refers to it, and {option} cannot be written as a reference: put the \
                         value itself there"
                    );
                    plan.leave_out_at(option, index, entry.line(), &reason);
                }
            }
        }
    }
    plan.decisions.len() > decided
}

/// The entries of the pack's options.
struct Found<'d> {
    /// Option, file, index of the name (0 is the current one), entry.
    entries: Vec<(OptName, usize, usize, Entry<'d, 'd>)>,
}

impl<'d> Found<'d> {
    fn collect(files: &'d [ParsedFile<'d>], names: &Names<'_>) -> Self {
        let mut entries = Vec::new();
        for (file, parsed) in files.iter().enumerate() {
            for section in parsed.document.sections() {
                let group = section.group();
                let Ok(group) = group.to_str() else { continue };
                for entry in section.entries() {
                    let Ok(name) = entry.key().to_str() else {
                        continue;
                    };
                    if let Some(opt) = names.by_former(group, name) {
                        let this =
                            |former: &OptName| former.group() == group && former.name() == name;
                        let index = opt
                            .deprecated()
                            .iter()
                            .position(this)
                            .map_or(0, |at| at + 1);
                        entries.push((opt.name().clone(), file, index, entry));
                    } else if names.is_current(group, name) {
                        entries.push((OptName::new(group, name), file, 0, entry));
                    }
                }
            }
        }
        Found { entries }
    }

    fn of(&self, opt: &Opt, file: usize) -> OfOption<'d> {
        let this = self
            .entries
            .iter()
            .filter(|(name, of, ..)| name == opt.name() && *of == file);
        OfOption {
            entries: this.map(|(_, _, index, entry)| (*index, *entry)).collect(),
        }
    }
}

/// The entries of one option in one file, in the order in which they stand.
struct OfOption<'d> {
    entries: Vec<(usize, Entry<'d, 'd>)>,
}

impl<'d> OfOption<'d> {
    fn former(&self) -> impl Iterator<Item = (usize, Entry<'d, 'd>)> + '_ {
        self.entries.iter().copied().filter(|(index, _)| *index > 0)
    }

    /// The first name, in the order in which they are tried, that the file has.
    fn winner(&self) -> Option<usize> {
        self.entries.iter().map(|(index, _)| *index).min()
    }
}

fn step<'d>(
    opt: &Opt,
    file: usize,
    (index, entry): (usize, Entry<'d, 'd>),
    action: ChangeKind,
) -> Option<Step<'d>> {
    let from = opt.deprecated().get(index.checked_sub(1)?)?.clone();
    let in_place = action == ChangeKind::Move && from.group() == opt.name().group();
    let action = if in_place { ChangeKind::Rename } else { action };
    Some(Step {
        file,
        entry,
        from,
        to: opt.name().clone(),
        action,
        before: None,
    })
}

/// The first name that the file has wins; the others are hidden by it.
fn single_valued<'d>(opt: &Opt, file: usize, found: &OfOption<'d>) -> Vec<Step<'d>> {
    let winner = found.winner();
    found
        .former()
        .filter_map(|(index, entry)| {
            let wins = Some(index) == winner;
            step(
                opt,
                file,
                (index, entry),
                if wins {
                    ChangeKind::Move
                } else {
                    ChangeKind::Drop
                },
            )
        })
        .collect()
}

/// The entry that gives the value is copied, unless the current name stands there already.
fn copied<'d>(opt: &Opt, file: usize, found: &OfOption<'d>) -> Vec<Step<'d>> {
    let winner = found.winner().filter(|&winner| winner > 0);
    let last = found
        .former()
        .filter(|(index, _)| Some(*index) == winner)
        .last();
    last.and_then(|found| step(opt, file, found, ChangeKind::Copy))
        .into_iter()
        .collect()
}

/// Later-declared names' values come first, the current name's last.
fn multi_valued<'d>(opt: &Opt, file: usize, found: &OfOption<'d>) -> Vec<Step<'d>> {
    let mut ordered = found.entries.clone();
    ordered.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
    let lines = |entries: &[(usize, Entry<'_, '_>)]| -> Vec<usize> {
        entries.iter().map(|(_, entry)| entry.line()).collect()
    };
    let same_group = ordered.iter().all(|(index, _)| {
        let former = index.checked_sub(1).and_then(|at| opt.deprecated().get(at));
        former.is_none_or(|former| former.group() == opt.name().group())
    });
    let stays = same_group && lines(&ordered) == lines(&found.entries);
    let current = found
        .entries
        .iter()
        .find(|(index, _)| *index == 0)
        .map(|(_, entry)| *entry);
    let steps = ordered
        .into_iter()
        .filter_map(|found| step(opt, file, found, ChangeKind::Move));
    steps
        .map(|step| {
            let action = if stays {
                ChangeKind::Rename
            } else {
                ChangeKind::Move
            };
            Step {
                action,
                before: current,
                ..step
            }
        })
        .collect()
}
