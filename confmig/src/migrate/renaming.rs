//! Which entry of a former name goes where.
//!
//! An entry's *readers* are all options that read its name. Each of them gets the value under its
//! current name; the entry itself stays while the target reads it for its own sake.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use foldhash::{HashMap, HashSet};
use oslo_config::{Entry, Opt, OptName, ParsedFile};

use super::effect::{Carry, Planned};
use super::names::Names;
use super::of_option::{self, OfOption};
use super::pass::Pass;
use super::{Decision, references};

/// What is done with the former names in a set of files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan<'d> {
    files: &'d [ParsedFile<'d>],
    pub(crate) planned: Vec<Planned<'d>>,
    /// What is left to decide, each with its file.
    pub(crate) decisions: Vec<(usize, Decision)>,
    /// Options that were left to decide by a step before.
    held: HashSet<OptName>,
    /// Entries that stay although another one hides them: file and line.
    pub(crate) superseded: Vec<(usize, usize)>,
    /// References by former names: the option, and the file and line of the first.
    referring: BTreeMap<OptName, (usize, usize)>,
}

impl<'d> Plan<'d> {
    /// Leaves one of the planned changes to the operator.
    pub(crate) fn leave_out_all(&mut self, at: usize, reason: &str) {
        if let Some(option) = self.planned[at].options().first().cloned() {
            self.leave_out(at, &option, None, reason);
        }
    }

    /// Leaves what is planned for an option to the operator, and with it what is done for others
    /// that share an entry with it. It is about a `place`, if not about the entry of the option.
    fn leave_out(
        &mut self,
        at: usize,
        option: &OptName,
        place: Option<(usize, usize)>,
        reason: &str,
    ) {
        let planned = self.planned.remove(at);
        for other in planned.options() {
            let reason = match other == option {
                true => reason.to_owned(),
                false => format!(
                    "it shares a former name with {option}, which was not migrated: {reason}"
                ),
            };
            let place = place.filter(|_| other == option);
            let (file, line) = place.unwrap_or_else(|| self.place(&planned, other));
            let decision = Decision {
                acceptable: true,
                ..Decision::new(other, self.files[file].path, line, reason)
            };
            self.decisions.push((file, decision));
        }
    }

    fn of_option(&self, option: &OptName) -> Option<usize> {
        let has = |planned: &Planned<'_>| planned.options().contains(option);
        self.planned.iter().position(has)
    }

    /// The file and the line of the first entry that a change is about for an option.
    fn place(&self, planned: &Planned<'_>, option: &OptName) -> (usize, usize) {
        let mut carries = planned.carries().iter();
        let first = carries.find(|carry| carry.to == *option);
        let first = first.map(|carry| (carry.file, carry.entry.line()));
        let referring = || self.referring.get(option).copied();
        first.or_else(referring).unwrap_or((0, 1))
    }

    /// Leaves out what would give values with references another meaning, or another option a
    /// value.
    fn leave_out_doubtful(&mut self, pass: Pass<'_, 'd, '_>, names: &Names<'_>) {
        let planned = self.planned.iter().flat_map(Planned::options);
        let asked = planned.filter(|option| !pass.settings.accept.contains(*option));
        for option in asked.cloned().collect::<Vec<_>>() {
            let Some(at) = self.of_option(&option) else {
                continue;
            };
            let carried = self.planned[at].carries().iter();
            let mut carried = carried.filter(|carry| !carry.hidden && carry.to == option);
            let doubt = carried.find_map(|carry| {
                references::ambiguity(carry, names).or_else(|| fed(carry, names))
            });
            if let Some(reason) = doubt {
                self.leave_out(at, &option, None, &reason);
            }
        }
    }

    /// The options with a former name in use.
    pub(crate) fn in_use(&self) -> HashSet<OptName> {
        let left = self.decisions.iter().map(|(_, decision)| &decision.option);
        let planned = self.planned.iter().flat_map(Planned::options);
        planned.chain(left).chain(&self.held).cloned().collect()
    }

    fn is_left(&self, option: &OptName) -> bool {
        let mut left = self.decisions.iter();
        self.held.contains(option) || left.any(|(_, decision)| decision.option == *option)
    }
}

/// Decides for each entry of a former name what is done with it.
pub(crate) fn plan<'d>(pass: Pass<'_, 'd, '_>, names: &Names<'_>) -> Plan<'d> {
    let mut plan = Plan {
        files: pass.files,
        held: held(pass, names),
        ..Plan::default()
    };
    let found = of_option::find(pass, names);
    let mut carried: Vec<(usize, Vec<Carry<'d>>)> = Vec::new();
    for (at, opt) in names.opts.iter().enumerate() {
        if opt.deprecated().is_empty() || plan.held.contains(opt.name()) {
            continue;
        }
        let mut carries = Vec::new();
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
            match of_file.carries() {
                Ok(of_file) => carries.extend(of_file),
                Err(reason) => plan.decisions.extend(of_file.left(reason)),
            }
        }
        if !carries.is_empty() {
            carried.push((at, carries));
        }
    }
    plan.planned = grouped(carried, names);
    plan.leave_out_doubtful(pass, names);
    while find_references(&mut plan, pass, names) {}
    plan
}

/// The options that a step before left to decide, and those that read a name of one.
fn held(pass: Pass<'_, '_, '_>, names: &Names<'_>) -> HashSet<OptName> {
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

/// Puts together what is done for options that share an entry which none of them may take alone.
fn grouped<'d>(carried: Vec<(usize, Vec<Carry<'d>>)>, names: &Names<'_>) -> Vec<Planned<'d>> {
    let place = |carry: &Carry<'_>| (carry.file, carry.entry.line());
    let mut groups: Vec<(Vec<usize>, Vec<Carry<'d>>)> = Vec::new();
    let mut of_entry: HashMap<(usize, usize), usize> = HashMap::default();
    for (opt, carries) in carried {
        let joined = carries
            .iter()
            .filter_map(|carry| of_entry.get(&place(carry)));
        let joined: BTreeSet<usize> = joined.copied().collect();
        let at = joined.first().copied().unwrap_or(groups.len());
        if at == groups.len() {
            groups.push((Vec::new(), Vec::new()));
        }
        for other in joined.into_iter().skip(1) {
            let (options, carries) = std::mem::take(&mut groups[other]);
            of_entry.extend(carries.iter().map(|carry| (place(carry), at)));
            groups[at].0.extend(options);
            groups[at].1.extend(carries);
        }
        of_entry.extend(carries.iter().map(|carry| (place(carry), at)));
        groups[at].0.push(opt);
        groups[at].1.extend(carries);
    }
    groups.retain(|(options, _)| !options.is_empty());
    let planned = groups.into_iter().map(|(options, carries)| {
        let options = options.into_iter().map(|at| names.opts[at].name().clone());
        Planned::Options(options.collect(), carries)
    });
    planned.collect()
}

/// Notes the options that values refer to by a former name, and leaves out those to which no
/// reference by the current name can be written. Tells whether any was left out: then entries stay that
/// were to be removed, and their references count too.
fn find_references(plan: &mut Plan<'_>, pass: Pass<'_, '_, '_>, names: &Names<'_>) -> bool {
    let keep_old = pass.settings.keep_old;
    let decided = plan.decisions.len();
    plan.planned.retain(|planned| !planned.carries().is_empty());
    let mut goes: HashMap<(usize, usize), HashSet<String>> = HashMap::default();
    for carry in plan.planned.iter().flat_map(Planned::carries) {
        let groups = goes.entry((carry.file, carry.entry.line())).or_default();
        if !carry.hidden {
            groups.insert(carry.to.group().to_owned());
        }
    }
    plan.referring.clear();
    let mut unwritable: Vec<(OptName, (usize, usize))> = Vec::new();
    for (index, file) in pass.files.iter().enumerate() {
        for entry in file.document.entries() {
            if !entry.value().contains(&b'$') {
                continue;
            }
            let group = entry.group();
            let (Ok(group), Ok(key)) = (group.to_str(), entry.key().to_str()) else {
                continue;
            };
            let mut readers = names.readers(group, key).iter();
            let is_left = readers.any(|reader| plan.is_left(names.opts[reader.opt].name()));
            if is_left || pass.holds(group, key) {
                continue;
            }
            let place = (index, entry.line());
            let mut groups = goes.get(&place).cloned().unwrap_or_default();
            // With both names kept, entries stay as they are, and only copies follow.
            let stays = !goes.contains_key(&place) || names.is_current(group, key);
            if stays && !keep_old {
                groups.insert(group.to_owned());
            }
            for group in groups {
                for (option, writable) in references::by_former_name(entry, &group, names) {
                    plan.referring.entry(option.clone()).or_insert(place);
                    // A copy with such a reference is left to the proof: nothing is done to the option.
                    if !writable && !keep_old {
                        unwritable.push((option.clone(), place));
                    }
                }
            }
        }
    }
    // References to options for which nothing else is done are followed as well.
    for option in plan.referring.keys() {
        if plan.of_option(option).is_none() && !plan.is_left(option) {
            let planned = Planned::Options(vec![option.clone()], Vec::new());
            plan.planned.push(planned);
        }
    }
    for (option, place) in unwritable {
        if let Some(at) = plan.of_option(&option) {
            let reason = format!(
                "a value refers to it, and {option} cannot be written as a reference: put the value \
                 itself there"
            );
            plan.leave_out(at, &option, Some(place), &reason);
        }
    }
    plan.decisions.len() > decided
}

/// Why the current name of an option would give another one a value, in words; `None` when it would not.
fn fed(carry: &Carry<'_>, names: &Names<'_>) -> Option<String> {
    let readers = names.readers(carry.to.group(), carry.to.name()).iter();
    let fed = readers.filter(|reader| reader.renames).find(|reader| {
        let opt = &names.opts[reader.opt];
        opt.is_multi() || !is_set(carry.entry, opt.name())
    })?;
    Some(format!(
        "{} is a former name of {}, too, which would get the value",
        carry.to,
        names.opts[fed.opt].name()
    ))
}

/// Tells whether the file of an entry sets an option by this name.
fn is_set(entry: Entry<'_, '_>, name: &OptName) -> bool {
    let mut entries = entry.section().document().entries();
    entries.any(|entry| entry.key() == name.name() && *entry.group() == *name.group())
}
