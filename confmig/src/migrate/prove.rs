//! The proof: what each option must be read as before and after.
//!
//! Two programs may read the old texts: an *updated* one knows the current names and falls back to
//! former ones, a *legacy* one has the former names as options of their own. Where both give a value,
//! both must be kept. A reference that leads to no option is compared as it is written.

use std::borrow::Cow;
use std::fmt;

use bstr::{BStr, ByteSlice};
use foldhash::HashSet;
use oslo_config::{Config, Occurrence, Opt, OptName, OptType, ParsedFile};

use super::MigrateError;
use super::effect::{Effect, Kind, Planned};
use super::names::Names;
use super::pass::{Applied, Pass};
use super::prove_plain::only_names_differ;
use super::reading::{Programs, Values, texts_of};
use super::registration::{Registration, legacy};

/// An option whose value would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) option: OptName,
    /// It has a value now that can be read.
    pub(crate) is_read: bool,
    /// It would have one afterwards.
    pub(crate) would_be_read: bool,
}

impl fmt::Display for Difference {
    // The values are left out: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let option = &self.option;
        match (self.is_read, self.would_be_read) {
            (true, true) => write!(f, "the value of {option} would change"),
            (true, false) => write!(f, "the value of {option} could no longer be read"),
            (false, _) => write!(
                f,
                "{option} would get a value although none can be read now"
            ),
        }
    }
}

/// Compares what a set of files means with what was made of it.
pub(crate) struct Prover<'p, 'd, 'm> {
    pub(crate) pass: &'p Pass<'p, 'd, 'm>,
    pub(crate) names: &'p Names<'p>,
}

impl<'d> Prover<'_, 'd, '_> {
    /// Returns an option that is not read as it must be: as `planned` promises, or else as before.
    /// `None` is the proof.
    pub(crate) fn difference(
        &self,
        made: &[Applied<'_>],
        planned: &[&Planned<'d>],
    ) -> Result<Option<Difference>, MigrateError> {
        if made.iter().all(|file| file.document.is_none()) {
            return Ok(None);
        }
        let parsed = self.pass.view.see(made, self.pass.files)?;
        if !self.pass.settings.keep_old
            && only_names_differ(self.pass.files, &parsed, self.names, planned)
        {
            return Ok(None);
        }
        let promises = Promises::new(planned);
        let mut updated = self.updated(&parsed, &promises);
        let compared = |updated: &[Opt]| self.compared(&parsed, updated, &promises);
        let mut found = compared(&updated);
        let of_target = self.names.opts.len();
        // In which order a service registers its options is not known.
        for last in self.names.referred_readers(self.pass.files) {
            found = found.or_else(|| {
                let mut updated = updated.clone();
                updated[last..of_target].rotate_left(1);
                compared(&updated)
            });
        }
        // Nor is whether it has other options in the groups of former names.
        if found.is_none() {
            let groups = self.names.referred_groups(self.pass.files);
            let others = groups.iter();
            let others = others.map(|group| Opt::new(group, "\u{1}", OptType::string()));
            if !groups.is_empty() {
                found = compared(&updated.iter().cloned().chain(others).collect::<Vec<_>>());
            }
        }
        // Nor is whether it has those that only references name.
        if found.is_none() && self.names.has_named() {
            let others = updated.split_off(of_target).into_iter();
            updated.extend(others.filter(|opt| !self.names.is_only_named(opt.name())));
            found = compared(&updated);
        }
        Ok(found)
    }

    /// An option that is not read as it must be by a program that registers these.
    fn compared(
        &self,
        after: &[ParsedFile<'_>],
        updated: &[Opt],
        promises: &Promises<'_, '_>,
    ) -> Option<Difference> {
        let of_legacy = legacy(self.names, updated, self.pass.by_rules);
        let typed: Vec<Opt> = updated.iter().map(|opt| self.with_its_type(opt)).collect();
        let before = Programs::new(self.pass.files, updated, &of_legacy, &typed);
        let after = Programs::new(after, updated, &of_legacy, &typed);
        let (of_target, others) = updated.split_at(self.names.opts.len());
        let of_target = of_target.iter().map(|opt| (opt, Values::Effective));
        let all = of_target.chain(others.iter().map(|opt| (opt, Values::All)));
        let mut same = all.filter(|(opt, _)| !promises.are_about(opt.name()));
        // No program knows the names of a rule as former ones.
        let may_disagree = !self.pass.by_rules;
        let broken = promises.broken(&after.updated);
        let changed = || {
            same.find_map(|(opt, values)| difference(opt, values, may_disagree, &before, &after))
        };
        let found = broken.or_else(changed);
        match self.pass.settings.keep_old {
            true => found.or_else(|| self.former_difference(&before, &after)),
            false => found,
        }
    }

    /// The options as a program registers them that knows the current names.
    fn updated(&self, after: &[ParsedFile<'_>], promises: &Promises<'_, '_>) -> Vec<Opt> {
        let mut registration = Registration::new(self.names);
        let files = self.pass.files.iter().chain(after);
        // Most entries have nothing to do with the changes, and stand there as before: they need no
        // reading.
        let same = self.pass.files.len() == after.len()
            && self.pass.files.iter().zip(after).all(|(before, after)| {
                let (before, after) = (self.plain(before, promises), self.plain(after, promises));
                before.eq(after)
            });
        registration.add_files(files, |value| !same || value.contains(&b'$'));
        registration.into_opts()
    }

    /// The entries of a file that no option of the target and no promise is about, and that have no
    /// references, in their order.
    fn plain<'f>(
        &self,
        file: &'f ParsedFile<'_>,
        promises: &Promises<'_, '_>,
    ) -> impl Iterator<Item = (Cow<'f, BStr>, &'f BStr, Cow<'f, BStr>)> {
        file.document.entries().filter_map(|entry| {
            let (group, key, value) = (entry.group(), entry.key(), entry.value());
            let concerned = match (group.to_str(), key.to_str()) {
                (Ok(group), Ok(name)) => {
                    self.names.has(group, name) || promises.of.contains(&(group, name))
                }
                _ => false,
            };
            (!concerned && !value.contains(&b'$')).then_some((group, key, value))
        })
    }

    /// The option with the type that the target gives it.
    fn with_its_type(&self, opt: &Opt) -> Opt {
        let known = self.names.index_of(opt.name().group(), opt.name().name());
        known.map_or_else(
            || opt.clone(),
            |known| opt.clone().with_type(self.names.opts[known].kind().clone()),
        )
    }

    /// A former name that a legacy program does not read as before, although it is kept.
    fn former_difference(&self, before: &Programs<'_>, after: &Programs<'_>) -> Option<Difference> {
        let mut former = self.names.opts.iter().flat_map(Opt::deprecated);
        former.find_map(|name| {
            let read = |programs: &Programs<'_>| texts_of(&programs.legacy, name);
            let (before, after) = (read(before), read(after));
            (before != after).then(|| Difference {
                option: name.clone(),
                is_read: before.is_some(),
                would_be_read: after.is_some(),
            })
        })
    }
}

/// What is different about an option that must be read as before.
fn difference(
    opt: &Opt,
    values: Values,
    may_disagree: bool,
    before: &Programs<'_>,
    after: &Programs<'_>,
) -> Option<Difference> {
    if is_set_the_same(opt, &before.updated, &after.updated) {
        return None;
    }
    let updated = values.read(opt, &before.updated);
    let legacy = before.read_legacy(opt, values);
    let now = values.read(opt, &after.updated);
    let expected = match (&updated, &legacy) {
        (Some(_), Some(legacy)) if !may_disagree => Some(legacy),
        (Some(updated), Some(legacy)) if legacy.resolves_more_than(updated) => Some(legacy),
        (Some(updated), Some(legacy)) if updated.resolves_more_than(legacy) => Some(updated),
        (Some(updated), Some(legacy)) => (updated == legacy).then_some(updated),
        (Some(one), None) | (None, Some(one)) => Some(one),
        (None, None) => None,
    };
    let kept = match expected {
        Some(expected) => now.as_ref() == Some(expected),
        None => now.is_none() && updated.is_none(),
    };
    // Two programs that disagreed before may go on to, each with its own value.
    let kept = kept || may_disagree && now == updated && legacy == after.read_legacy(opt, values);
    // With types, a reference becomes what Python prints, or an error: both must be kept too.
    let (was_typed, now_typed) = (before.read_typed(opt), after.read_typed(opt));
    let printed = values.read(opt, &after.typed);
    let is_printed_the_same = match was_typed {
        Some(_) => was_typed == now_typed,
        None => printed == now || printed == values.read(opt, &before.typed),
    };
    let kept = kept && is_printed_the_same;
    let was_other = legacy.is_some() && legacy != now;
    (!kept).then(|| Difference {
        option: opt.name().clone(),
        is_read: was_other || updated.is_some(),
        would_be_read: now.is_some(),
    })
}

/// Tells whether an option of one name is set to the same texts before and after, none with a
/// reference. Then every program reads the same; this is so of most options, and quickly seen.
fn is_set_the_same(opt: &Opt, before: &Config<'_>, after: &Config<'_>) -> bool {
    if !opt.deprecated().is_empty() {
        return false;
    }
    let (before, after) = (before.occurrences(opt), after.occurrences(opt));
    let same = |before: &[Occurrence<'_>], after: &[Occurrence<'_>]| {
        before.len() == after.len()
            && before.iter().zip(after).all(|(before, after)| {
                let value = before.entry.value();
                !value.contains(&b'$') && value == after.entry.value()
            })
    };
    !before.effective.is_empty()
        && same(&before.effective, &after.effective)
        && same(&before.hidden, &after.hidden)
}

/// What rules promise of options.
struct Promises<'p, 'd> {
    effects: Vec<&'p Effect<'d>>,
    of: HashSet<(&'p str, &'p str)>,
}

impl<'p, 'd> Promises<'p, 'd> {
    fn new(planned: &[&'p Planned<'d>]) -> Self {
        let effects = planned.iter().flat_map(|planned| planned.effects());
        let of = |effect: &'p Effect<'d>| (effect.option.group(), effect.option.name());
        Promises {
            of: effects.clone().map(of).collect(),
            effects: effects.collect(),
        }
    }

    fn are_about(&self, option: &OptName) -> bool {
        self.of.contains(&(option.group(), option.name()))
    }

    /// An option that is not read as it was promised.
    fn broken(&self, after: &Config<'_>) -> Option<Difference> {
        let broken = self.effects.iter().find(|effect| !is_kept(effect, after))?;
        Some(Difference {
            option: broken.option.clone(),
            is_read: true,
            would_be_read: false,
        })
    }
}

/// Tells whether an option is read as an effect promises.
fn is_kept(effect: &Effect<'_>, after: &Config<'_>) -> bool {
    let option = &effect.option;
    let all = Opt::new(option.group(), option.name(), OptType::string()).multi();
    let entries = after.occurrences(&all).effective.into_iter();
    let here = entries.filter(|set| set.file == effect.file);
    let mut read = here.map(|set| {
        let text = set.entry.value();
        after
            .substitute_known(&text.to_str_lossy(), option.group())
            .0
    });
    match &effect.kind {
        Kind::Add(_, value) => read.eq([&*value.read]),
        // Of an entry that another one hides, only that it was written can be told.
        Kind::Replace(_, value) => read.any(|read| read == value.read),
        Kind::Remove(..) => true,
    }
}
