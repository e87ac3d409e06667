//! The step of a migration that pins defaults.

use foldhash::HashSet;
use oslo_config::{OptName, ParsedFile};

use super::proof::{Proof, referring};
use super::{Pin, Pins};
use crate::migrate::edit::add;
use crate::migrate::migrator::Migrator;
use crate::migrate::planned::Applied;
use crate::migrate::{Change, ChangeKind, MigrateError, Migration, NotPinned};
use crate::target::name_of;

impl Migrator<'_> {
    /// Pins defaults in the last file, as far as the options are not set in any file, before or
    /// after the migration. `again` migrates files along the route without this step.
    ///
    /// Left out are defaults that cannot be proved to be read as before, and those about which a
    /// further migration would have something to say: what an operator must not write is not
    /// written here.
    pub(in crate::migrate) fn pin(
        &mut self,
        pins: &Pins<'_>,
        again: impl Fn(&[ParsedFile<'_>]) -> Result<Migration, MigrateError>,
    ) -> Result<(), MigrateError> {
        let files = self.files();
        let Some((last, others)) = files.split_last() else {
            return Ok(());
        };
        let entries = self.before.iter().chain(&files);
        let entries = entries.flat_map(|file| file.document.entries());
        let set: HashSet<OptName> = entries.map(name_of).collect();
        let refused = pins.refused.iter().filter(|(pin, _)| !pin.is_set(&set));
        let mut left_out: Vec<NotPinned> = refused
            .map(|(pin, reason)| pin.left_out(reason.clone()))
            .collect();
        let mut left: Vec<&Pin> = pins.pins.iter().filter(|pin| !pin.is_set(&set)).collect();
        let proof = Proof {
            pins,
            original: self.before,
            before: &files,
            referring: referring(pins.target),
        };
        let made = loop {
            let additions: Vec<_> = left.iter().map(|pin| pin.addition()).collect();
            let made = add(last, &additions)?;
            let Some(document) = &made.document else {
                break made;
            };
            let after = ParsedFile::new(&last.path, document.borrowed());
            let after: Vec<ParsedFile<'_>> = others.iter().cloned().chain([after]).collect();
            let objections = match unproved(&proof, &after, &left) {
                found if found.is_empty() => remarks(&again(&after)?, &after, &left),
                found => found,
            };
            if objections.is_empty() {
                break made;
            }
            for (at, reason) in objections.into_iter().rev() {
                left_out.push(left.remove(at).left_out(reason));
            }
        };
        left_out.sort_by(|one, other| one.option.cmp(&other.option));
        let unchanged = others.iter().map(|_| Applied::default());
        let applied: Vec<Applied> = unchanged.chain([made]).collect();
        self.not_pinned.append(&mut left_out);
        self.absorb(applied, Vec::new(), None);
        Ok(())
    }
}

/// Returns the pins that cannot be proved, by their indices in order, with the reasons.
fn unproved(proof: &Proof<'_>, after: &[ParsedFile<'_>], pins: &[&Pin]) -> Vec<(usize, String)> {
    let Some(mismatch) = proof.mismatch(after, pins) else {
        return Vec::new();
    };
    let about = pins
        .iter()
        .position(|pin| *pin.opt.name() == mismatch.option);
    // If another option would change, it is not known which pin is the cause.
    let range = about.map_or(0..pins.len(), |at| at..at + 1);
    range.map(|at| (at, mismatch.to_string())).collect()
}

/// Returns the pins in `after` that a further migration leaves to decide, or would change, by their
/// indices in order, with the reasons.
fn remarks(again: &Migration, after: &[ParsedFile<'_>], pins: &[&Pin]) -> Vec<(usize, String)> {
    let files = again.files.iter().zip(after);
    let changes = files.flat_map(|(file, before)| {
        let changes = file.changes.iter();
        changes.map(move |change| (change, changed(change, before)))
    });
    let changes: Vec<(&Change, Vec<OptName>)> = changes.collect();
    let reason = |pin: &&Pin| {
        let option = pin.opt.name();
        let mut decisions = again.decisions.iter();
        let decision = decisions.find(|it| it.option == *option || it.options.contains(option));
        if let Some(decision) = decision {
            // It begins with the names of the options.
            let reason = decision.reason.split_once(": ");
            return Some(
                reason
                    .map_or(&*decision.reason, |(_, reason)| reason)
                    .to_owned(),
            );
        }
        let mut changes = changes.iter();
        let (change, _) = changes.find(|(_, changed)| changed.contains(option))?;
        Some(format!("a rule would change it ({})", change.rule))
    };
    let pins = pins.iter().enumerate();
    pins.filter_map(|(at, pin)| Some((at, reason(pin)?)))
        .collect()
}

/// Returns the options that a change of a file is about.
fn changed(change: &Change, file: &ParsedFile<'_>) -> Vec<OptName> {
    match change.kind {
        // Its names are those that the reference has.
        ChangeKind::Reference => {
            let entry = file.document.entry_at(change.line);
            entry.map(name_of).into_iter().collect()
        }
        _ => vec![change.from.clone(), change.to.clone()],
    }
}
