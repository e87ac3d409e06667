//! Plans the renamings: which entry of a former name becomes which entry of a current name.
//!
//! An entry's *readers* are all options that read its name. Each of them gets the value under its
//! current name. The entry itself stays if its name is also the current name of an option.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Entry, Opt, OptName, ParsedFile};

use super::of_option::{self, OfOption, Superseded};
use crate::migrate::names::Names;
use crate::migrate::pass::Pass;
use crate::migrate::planned::{Planned, Transfer};
use crate::migrate::{Decision, references};

/// The plan for the former names in a set of files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan<'d> {
    files: &'d [ParsedFile<'d>],
    pub(crate) planned: Vec<Planned<'d>>,
    /// The decisions that are left, each with its file.
    pub(crate) decisions: Vec<(usize, Decision)>,
    /// The options that an earlier step left to decide.
    held: HashSet<OptName>,
    pub(crate) superseded: Vec<Superseded>,
    /// The options that are referred to by a former name, with the file and line of the first
    /// reference.
    referring: BTreeMap<OptName, (usize, usize)>,
}

impl<'d> Plan<'d> {
    /// Leaves one of the planned changes to the operator, unless nothing is left to do: with the
    /// old names kept, references to an option follow only in copies of others.
    pub(crate) fn leave_out_all(&mut self, at: usize, reason: &str, keep_old: bool) {
        let planned = self.planned.remove(at);
        let is_done = keep_old && planned.transfers().is_empty();
        if let Some(option) = planned.options().first().filter(|_| !is_done) {
            self.decide(&planned, option, None, reason);
        }
    }

    /// Leaves an option to the operator, and with it the options that share an entry with it. The
    /// decision points to the entry of the option, or else to a reference at `place` that would
    /// have to be written first.
    fn leave_out(
        &mut self,
        at: usize,
        option: &OptName,
        place: Option<(usize, usize)>,
        reason: &str,
    ) {
        let planned = self.planned.remove(at);
        self.decide(&planned, option, place, reason);
    }

    /// Leaves a change that is planned no longer to the operator.
    fn decide(
        &mut self,
        planned: &Planned<'d>,
        option: &OptName,
        place: Option<(usize, usize)>,
        reason: &str,
    ) {
        let acceptable = place.is_none();
        for other in planned.options() {
            let reason = match other == option {
                true => reason.to_owned(),
                false => format!(
                    "it shares a former name with {option}, which was not migrated: {reason}"
                ),
            };
            let place = place.filter(|_| other == option);
            let (file, line) = place.unwrap_or_else(|| self.place(planned, other));
            let decision = Decision {
                acceptable,
                value_for: acceptable.then(|| other.clone()),
                ..Decision::new(other, &self.files[file].path, line, reason)
            };
            self.decisions.push((file, decision));
        }
    }

    fn of_option(&self, option: &OptName) -> Option<usize> {
        let has = |planned: &Planned<'_>| planned.options().contains(option);
        self.planned.iter().position(has)
    }

    /// Returns the file and line of the first entry that is changed for an option.
    fn place(&self, planned: &Planned<'_>, option: &OptName) -> (usize, usize) {
        let mut transfers = planned.transfers().iter();
        let first = transfers.find(|transfer| transfer.to == *option);
        let first = first.map(|transfer| (transfer.file, transfer.entry.line()));
        let referring = || self.referring.get(option).copied();
        first.or_else(referring).unwrap_or((0, 1))
    }

    /// Leaves out options whose values have ambiguous references, or whose current name would give
    /// another option a value.
    fn leave_out_doubtful(&mut self, pass: Pass<'_, 'd>, names: &Names<'_>) {
        let set = LazyCell::new(|| names_set(pass.files));
        let is_set = |file: usize, name: &OptName| set.contains(&(file, name.group(), name.name()));
        let planned = std::mem::take(&mut self.planned);
        for planned in planned {
            let mut options = planned.options().iter();
            let doubtful = options.find_map(|option| {
                let transfers = planned.transfers().iter();
                let mut transfers =
                    transfers.filter(|transfer| !transfer.hidden && transfer.to == *option);
                let doubt = transfers.find_map(|transfer| {
                    let ambiguity = references::ambiguity(transfer, names, pass.by_rules);
                    ambiguity.or_else(|| feeds(transfer, names, is_set))
                });
                Some((option.clone(), doubt?))
            });
            match doubtful.filter(|_| !pass.is_accepted(&planned)) {
                Some((option, reason)) => self.decide(&planned, &option, None, &reason),
                None => self.planned.push(planned),
            }
        }
    }

    /// Returns the options with a former name in use.
    pub(crate) fn in_use(&self) -> HashSet<OptName> {
        let planned = self.planned.iter().flat_map(Planned::options);
        let others = self.held.iter().cloned().chain(self.left());
        planned.cloned().chain(others).collect()
    }

    /// Returns the options that are left to decide.
    pub(crate) fn left(&self) -> HashSet<OptName> {
        let left = self.decisions.iter();
        left.map(|(_, decision)| decision.option.clone()).collect()
    }

    fn is_left(&self, option: &OptName) -> bool {
        let mut left = self.decisions.iter();
        self.held.contains(option) || left.any(|(_, decision)| decision.option == *option)
    }
}

/// Plans what is done with each entry of a former name.
pub(crate) fn plan<'d>(pass: Pass<'_, 'd>, names: &Names<'_>) -> Plan<'d> {
    let mut plan = Plan {
        files: pass.files,
        held: held(pass, names),
        ..Plan::default()
    };
    let found = of_option::find(pass, names);
    let mut by_option: Vec<(usize, Vec<Transfer<'d>>)> = Vec::new();
    for (at, opt) in names.opts.iter().enumerate() {
        if opt.deprecated().is_empty() || plan.held.contains(opt.name()) {
            continue;
        }
        let mut transfers = Vec::new();
        for file in 0..pass.files.len() {
            let Some(entries) = found.get(&(at, file)) else {
                continue;
            };
            let of_file = OfOption {
                pass: &pass,
                opt,
                file,
                entries,
                names,
            };
            if pass.settings.keep_old && !opt.is_multi() {
                plan.superseded.extend(of_file.superseded());
            }
            match of_file.transfers() {
                Ok(of_file) => transfers.extend(of_file),
                Err(reason) => plan.decisions.extend(of_file.left(reason)),
            }
        }
        if !transfers.is_empty() {
            by_option.push((at, transfers));
        }
    }
    plan.planned = grouped(by_option, names);
    plan.leave_out_doubtful(pass, names);
    while find_references(&mut plan, pass, names) {}
    plan
}

/// Returns the options that an earlier step left to decide, and those that read one of their names.
fn held(pass: Pass<'_, '_>, names: &Names<'_>) -> HashSet<OptName> {
    let mut held = pass.held.names.clone();
    if !held.is_empty() {
        let reads = |opt: &&Opt| {
            let mut former = opt.deprecated().iter();
            former.any(|name| pass.held.names.contains(name))
        };
        let readers = names.opts.iter().filter(reads);
        held.extend(readers.map(|opt| opt.name().clone()));
    }
    held
}

/// Groups the transfers of options that share an entry, which are made together or not at all.
fn grouped<'d>(by_option: Vec<(usize, Vec<Transfer<'d>>)>, names: &Names<'_>) -> Vec<Planned<'d>> {
    let place = |transfer: &Transfer<'_>| (transfer.file, transfer.entry.line());
    let mut groups: Vec<(Vec<usize>, Vec<Transfer<'d>>)> = Vec::new();
    let mut of_entry: HashMap<(usize, usize), usize> = HashMap::default();
    for (opt, transfers) in by_option {
        let joined = transfers
            .iter()
            .filter_map(|transfer| of_entry.get(&place(transfer)));
        let joined: BTreeSet<usize> = joined.copied().collect();
        let at = joined.first().copied().unwrap_or(groups.len());
        if at == groups.len() {
            groups.push((Vec::new(), Vec::new()));
        }
        for other in joined.into_iter().skip(1) {
            let (options, transfers) = std::mem::take(&mut groups[other]);
            of_entry.extend(transfers.iter().map(|transfer| (place(transfer), at)));
            groups[at].0.extend(options);
            groups[at].1.extend(transfers);
        }
        of_entry.extend(transfers.iter().map(|transfer| (place(transfer), at)));
        groups[at].0.push(opt);
        groups[at].1.extend(transfers);
    }
    groups.retain(|(options, _)| !options.is_empty());
    let planned = groups.into_iter().map(|(options, transfers)| {
        let options = options.into_iter().map(|at| names.opts[at].name().clone());
        Planned::Options(options.collect(), transfers)
    });
    planned.collect()
}

/// Finds the options that values refer to by a former name, and leaves out those whose current name
/// cannot be written as a reference. Returns whether any was left out: then more entries stay, and
/// their references count, too.
fn find_references(plan: &mut Plan<'_>, pass: Pass<'_, '_>, names: &Names<'_>) -> bool {
    let keep_old = pass.settings.keep_old;
    let decided = plan.decisions.len();
    plan.planned
        .retain(|planned| !planned.transfers().is_empty());
    let mut goes: HashMap<(usize, usize), HashSet<String>> = HashMap::default();
    for transfer in plan.planned.iter().flat_map(Planned::transfers) {
        let place = (transfer.file, transfer.entry.line());
        let groups = goes.entry(place).or_default();
        if !transfer.hidden {
            groups.insert(transfer.to.group().to_owned());
        }
    }
    plan.referring.clear();
    let mut unwritable: Vec<(OptName, (usize, usize))> = Vec::new();
    for (index, file) in pass.files.iter().enumerate() {
        let entries = file.document.entries();
        for entry in entries.filter(|entry| entry.value().contains(&b'$')) {
            let place = (index, entry.line());
            for group in new_groups(plan, entry, goes.get(&place), pass, names) {
                for (option, writable) in references::by_former_name(entry, &group, names) {
                    plan.referring.entry(option.clone()).or_insert(place);
                    // With both names kept, the proof decides about a copy with such a reference.
                    if !writable && !keep_old {
                        unwritable.push((option.clone(), place));
                    }
                }
            }
        }
    }
    // References follow to options that have no entry of a former name, too.
    for option in plan.referring.keys() {
        if plan.of_option(option).is_none() && !plan.is_left(option) {
            let planned = Planned::Options(vec![option.clone()], Vec::new());
            plan.planned.push(planned);
        }
    }
    for (option, place) in unwritable {
        if let Some(at) = plan.of_option(&option) {
            let reason = format!(
                "a value refers to it, and {option} cannot be written as a reference: replace the \
                 reference with the value"
            );
            plan.leave_out(at, &option, Some(place), &reason);
        }
    }
    plan.decisions.len() > decided
}

/// Returns the groups in which an entry and its copies will be; none if it is left as it is. `goes`
/// are the groups of its transfers.
fn new_groups(
    plan: &Plan<'_>,
    entry: Entry<'_, '_>,
    goes: Option<&HashSet<String>>,
    pass: Pass<'_, '_>,
    names: &Names<'_>,
) -> HashSet<String> {
    let (group, key) = (entry.group(), entry.key());
    let (Ok(group), Ok(key)) = (group.to_str(), key.to_str()) else {
        return HashSet::default();
    };
    let mut readers = names.readers(group, key).iter();
    let is_left = readers.any(|reader| plan.is_left(names.opts[reader.opt].name()));
    if is_left || pass.is_held(group, key) {
        return HashSet::default();
    }
    let mut groups = goes.cloned().unwrap_or_default();
    // With both names kept, entries stay as they are, and only copies follow.
    let stays = goes.is_none() || names.is_current(group, key);
    if stays && !pass.settings.keep_old {
        groups.insert(group.to_owned());
    }
    groups
}

/// Describes the option that the current name of another one would give a value; `None` when there
/// is none.
fn feeds(
    transfer: &Transfer<'_>,
    names: &Names<'_>,
    is_set: impl Fn(usize, &OptName) -> bool,
) -> Option<String> {
    let readers = names
        .readers(transfer.to.group(), transfer.to.name())
        .iter();
    let fed = readers.filter(|reader| reader.renames).find(|reader| {
        let opt = &names.opts[reader.opt];
        opt.is_multi() || !is_set(transfer.file, opt.name())
    })?;
    Some(format!(
        "{} is also a former name of {}, which would get the value",
        transfer.to,
        names.opts[fed.opt].name()
    ))
}

/// Returns the names that are set: file, group and key.
fn names_set<'d>(files: &'d [ParsedFile<'d>]) -> HashSet<(usize, &'d str, &'d str)> {
    let entries = files.iter().enumerate();
    let entries =
        entries.flat_map(|(file, parsed)| parsed.document.entries().map(move |it| (file, it)));
    let names = entries.filter_map(|(file, entry)| {
        let (group, key) = (entry.group().to_str(), entry.key().to_str());
        Some((file, group.ok()?, key.ok()?))
    });
    names.collect()
}
