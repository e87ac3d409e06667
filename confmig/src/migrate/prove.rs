//! The proof: what each option must be read as before and after.
//!
//! Two programs may read the old texts: an *updated* one knows the current names and falls back to
//! former ones, a *legacy* one has the former names as options of their own. Where both give a value,
//! both must be kept. A reference that leads to no option is compared as it is written.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use bstr::{BStr, ByteSlice};
use foldhash::{HashMap, HashSet};
use oslo_config::{Config, Occurrence, Opt, OptName, OptType, ParsedFile};

use super::MigrateError;
use super::effect::{Effect, Planned};
use super::names::Names;
use super::pass::{Applied, Pass};
use super::prove_plain::only_names_differ;
use super::registration::{Registration, legacy};

/// An option whose value would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The option.
    pub option: OptName,
    /// Its values before, as they are written after references were replaced; `None` when it has
    /// no value that can be read.
    pub before: Option<Vec<String>>,
    /// Its values after.
    pub after: Option<Vec<String>>,
}

impl fmt::Display for Difference {
    // The values are left out: they may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(_), Some(_)) => write!(f, "the value of {} would change", self.option),
            (None, _) => write!(
                f,
                "{} would get a value although none can be read now",
                self.option
            ),
            (_, None) => write!(f, "the value of {} could no longer be read", self.option),
        }
    }
}

/// Compares what a set of files means with what was made of it.
pub(crate) struct Prover<'p, 'd, 'm> {
    pub(crate) pass: &'p Pass<'p, 'd, 'm>,
    pub(crate) names: &'p Names<'p>,
}

impl<'d> Prover<'_, 'd, '_> {
    /// Returns the options that are not read as they must be: as `planned` promises, and all others as
    /// before.
    pub(crate) fn differences(
        &self,
        made: &[Applied<'_>],
        planned: &[&Planned<'d>],
    ) -> Result<Vec<Difference>, MigrateError> {
        if made.iter().all(|file| file.document.is_none()) {
            return Ok(Vec::new());
        }
        let parsed = self.pass.view.see(made, self.pass.files)?;
        if !self.pass.settings.keep_old
            && only_names_differ(self.pass.files, &parsed, self.names, planned)
        {
            return Ok(Vec::new());
        }
        let promises = Promises::new(planned);
        let updated = self.updated(&parsed, &promises);
        let compared = |updated: &[Opt]| self.compared(&parsed, updated, &promises);
        // In which order a service registers its options is not known.
        let mut others = self.names.referred_readers(self.pass.files).into_iter();
        let mut found = compared(&updated);
        while found.is_empty()
            && let Some(last) = others.next()
        {
            let mut updated = updated.clone();
            updated[last..self.names.opts.len()].rotate_left(1);
            found = compared(&updated);
        }
        // Nor is whether it has other options in the groups of former names.
        if found.is_empty() {
            let groups = self.names.referred_groups(self.pass.files);
            let others = groups.iter();
            let others = others.map(|group| Opt::new(group, "\u{1}", OptType::string()));
            if !groups.is_empty() {
                found = compared(&updated.iter().cloned().chain(others).collect::<Vec<_>>());
            }
        }
        // Nor is whether it has those that only references name.
        if found.is_empty() && self.names.has_named() {
            let (mut target, mut others) = (updated, Vec::new());
            others.extend(target.drain(self.names.opts.len()..));
            let is_sure = |opt: &Opt| !self.names.is_only_named(opt.name());
            target.extend(others.into_iter().filter(is_sure));
            found = compared(&target);
        }
        Ok(found)
    }

    /// The options that are not read as they must be by a program that registers these.
    fn compared(
        &self,
        after: &[ParsedFile<'_>],
        updated: &[Opt],
        promises: &Promises<'_, '_>,
    ) -> Vec<Difference> {
        let of_legacy = legacy(self.names, updated, self.pass.by_rules);
        let typed: Vec<Opt> = updated.iter().map(|opt| self.with_its_type(opt)).collect();
        let before = Programs::new(self.pass.files, updated, &of_legacy, &typed);
        let after = Programs::new(after, updated, &of_legacy, &typed);
        let mut found: Vec<Difference> = promises.broken(&after.updated);
        let (of_target, others) = updated.split_at(self.names.opts.len());
        let of_target = of_target.iter().map(|opt| (opt, Values::Effective));
        let compared = of_target.chain(others.iter().map(|opt| (opt, Values::All)));
        let same = compared.filter(|(opt, _)| !promises.of.contains_key(opt.name()));
        // No program knows the names of a rule as former ones.
        let may_disagree = !self.pass.by_rules;
        found.extend(
            same.filter_map(|(opt, values)| difference(opt, values, may_disagree, &before, &after)),
        );
        if self.pass.settings.keep_old {
            found.extend(self.former_differences(&before, &after));
        }
        found
    }

    /// The options as a program registers them that knows the current names.
    fn updated(&self, after: &[ParsedFile<'_>], promises: &Promises<'_, '_>) -> Vec<Opt> {
        let mut registration = Registration::new(self.names);
        // Most entries have nothing to do with the changes, and stand there as before: they need no
        // reading.
        let same = self.pass.files.len() == after.len()
            && self.pass.files.iter().zip(after).all(|(before, after)| {
                let (before, after) = (self.plain(before, promises), self.plain(after, promises));
                before.eq(after)
            });
        for entry in self
            .pass
            .files
            .iter()
            .chain(after)
            .flat_map(|file| file.document.entries())
        {
            if (!same || entry.value().contains(&b'$'))
                && let (Ok(group), Ok(name)) = (entry.group().to_str(), entry.key().to_str())
            {
                registration.add(group, name, None);
            }
        }
        registration.add_referred(self.pass.files);
        registration.add_referred(after);
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
                    self.names.has(group, name) || promises.names.contains(&(group, name))
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

    /// With the old names kept, a legacy program must read the same as before.
    fn former_differences(&self, before: &Programs<'_>, after: &Programs<'_>) -> Vec<Difference> {
        let former = self.names.opts.iter().flat_map(Opt::deprecated);
        let read = |programs: &Programs<'_>, name: &OptName| {
            let setting = programs.legacy.get(name.group(), name.name());
            setting.map(|setting| setting.texts).ok()
        };
        let compared = former.map(|name| (name, read(before, name), read(after, name)));
        let different = compared.filter(|(_, before, after)| before != after);
        different
            .map(|(name, before, after)| Difference {
                option: name.clone(),
                before,
                after,
            })
            .collect()
    }
}

/// What the programs read that may read a set of files.
struct Programs<'c> {
    updated: Config<'c>,
    legacy: Config<'c>,
    /// As `updated`, with the types of the options.
    typed: Config<'c>,
}

impl<'c> Programs<'c> {
    fn new(
        files: &'c [ParsedFile<'c>],
        updated: &'c [Opt],
        legacy: &'c [Opt],
        typed: &'c [Opt],
    ) -> Self {
        let updated = Config::new(files, updated);
        Programs {
            legacy: updated.with_opts(legacy),
            typed: updated.with_opts(typed),
            updated,
        }
    }

    /// What a legacy program reads of an option, under whichever of its former names it is set.
    fn read_legacy(&self, opt: &Opt, values: Values) -> Option<Reading> {
        if opt.deprecated().is_empty() {
            return values.read(opt, &self.legacy);
        }
        let set = self.updated.occurrences(opt).effective;
        if set.is_empty() || set.iter().any(|occurrence| occurrence.name_index == 0) {
            return None;
        }
        Some(Reading::of_entries(&set, &self.legacy))
    }

    /// The texts of an option with its type; `None` when its value is refused.
    fn read_typed(&self, opt: &Opt) -> Option<Vec<String>> {
        let setting = self.typed.get(opt.name().group(), opt.name().name());
        setting.map(|setting| setting.texts).ok()
    }
}

/// The values of an option as texts, references replaced.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    texts: Vec<String>,
    /// The references in them that lead nowhere.
    unresolved: BTreeSet<String>,
}

impl PartialEq for Reading {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Reading {
    /// Tells whether all references lead somewhere that do in another reading, and more.
    pub(super) fn resolves_more_than(&self, other: &Reading) -> bool {
        self.unresolved != other.unresolved && self.unresolved.is_subset(&other.unresolved)
    }

    /// The references that lead nowhere, and do in another reading.
    pub(super) fn unresolved_beside<'r>(
        &'r self,
        other: &'r Reading,
    ) -> impl Iterator<Item = &'r str> {
        self.unresolved
            .difference(&other.unresolved)
            .map(String::as_str)
    }

    fn new<'t>(
        texts: impl Iterator<Item = (Cow<'t, str>, Cow<'t, str>)>,
        config: &Config<'_>,
    ) -> Self {
        let mut reading = Reading {
            texts: Vec::new(),
            unresolved: BTreeSet::new(),
        };
        for (text, group) in texts {
            let (text, unresolved) = config.substitute_known(&text, &group);
            reading.texts.push(text);
            reading.unresolved.extend(unresolved);
        }
        reading
    }

    /// Entries, each as the value of an option of the group that it stands in.
    fn of_entries(entries: &[Occurrence<'_>], config: &Config<'_>) -> Self {
        let texts = entries.iter().map(|set| {
            let (value, group) = (set.entry.value(), set.entry.group());
            let (value, group) = (value.to_str_lossy(), group.to_str_lossy());
            (
                Cow::Owned(value.into_owned()),
                Cow::Owned(group.into_owned()),
            )
        });
        Reading::new(texts, config)
    }
}

/// Which of an option's values are compared.
#[derive(Debug, Clone, Copy)]
pub(super) enum Values {
    /// Those that the target's definition of the option makes count.
    Effective,
    /// Of an option that may be multi-valued or not: each that is set. It is registered with one
    /// value, so that a reference to it is as long as one value, however often it is set.
    All,
}

impl Values {
    pub(super) fn read(self, opt: &Opt, config: &Config<'_>) -> Option<Reading> {
        let set = config.occurrences(opt);
        if let Values::All = self {
            let mut all = set.hidden;
            all.extend(set.effective);
            return (!all.is_empty()).then(|| Reading::of_entries(&all, config));
        }
        let group = opt.name().group();
        if set.effective.is_empty() {
            let defaults = opt.default().iter();
            let texts = defaults.map(|text| (Cow::from(text), Cow::from(group)));
            return (!opt.default().is_empty()).then(|| Reading::new(texts, config));
        }
        // By a former name, too, a value is read in the group of the current one.
        let texts = set.effective.iter().map(|set| {
            let text = set.entry.value().to_str_lossy().into_owned();
            (Cow::Owned(text), Cow::from(group))
        });
        Some(Reading::new(texts, config))
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
    let texts = |reading: Option<Reading>| reading.map(|reading| reading.texts);
    let was = legacy.filter(|legacy| now.as_ref() != Some(legacy));
    (!kept).then(|| Difference {
        option: opt.name().clone(),
        before: texts(was.or(updated)),
        after: texts(now),
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
    of: HashMap<&'p OptName, Vec<&'p Effect<'d>>>,
    names: HashSet<(&'p str, &'p str)>,
}

impl<'p, 'd> Promises<'p, 'd> {
    fn new(planned: &[&'p Planned<'d>]) -> Self {
        let mut of: HashMap<_, Vec<_>> = HashMap::default();
        for effect in planned.iter().flat_map(|planned| &planned.effects) {
            if !matches!(effect, Effect::Carry(_) | Effect::Hide(_)) {
                of.entry(effect.option()).or_default().push(effect);
            }
        }
        let names = of.keys().map(|option| (option.group(), option.name()));
        Promises {
            names: names.collect(),
            of,
        }
    }

    /// Promises that are not kept.
    fn broken(&self, after: &Config<'_>) -> Vec<Difference> {
        let effects = self
            .of
            .iter()
            .flat_map(|(option, effects)| effects.iter().map(move |effect| (*option, *effect)));
        let broken = effects.filter(|(option, effect)| !is_kept(option, effect, after));
        broken
            .map(|(option, effect)| Difference {
                option: option.clone(),
                before: match effect {
                    Effect::Replace { value, .. } | Effect::Add { value, .. } => {
                        Some(vec![value.read.clone()])
                    }
                    _ => None,
                },
                after: None,
            })
            .collect()
    }
}

/// Tells whether an option is read as an effect promises.
fn is_kept(option: &OptName, effect: &Effect<'_>, after: &Config<'_>) -> bool {
    let (Effect::Replace { value, .. } | Effect::Add { value, .. }) = effect else {
        return true;
    };
    let all = Opt::new(option.group(), option.name(), OptType::string()).multi();
    let entries = after.occurrences(&all).effective.into_iter();
    let here = entries.filter(|set| set.file == effect.file());
    let read: Vec<String> = here
        .map(|set| {
            let text = set.entry.value();
            let text = text.to_str_lossy();
            after.substitute_known(&text, option.group()).0
        })
        .collect();
    match effect {
        Effect::Add { .. } => read == [value.read.as_str()],
        // Of an entry that another one hides, only that it was written can be told.
        _ => read.contains(&value.read),
    }
}
