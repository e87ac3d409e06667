//! The proof: every option that is set has the same value before and after.
//!
//! A program may read the old texts in two ways: one that was told of the new names reads them
//! with its fallback to former names; one that was not has the former names as options of their
//! own. Where both give a value, both must be kept.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use bstr::{BStr, ByteSlice};
use oslo_config::{Config, Occurrence, Opt, OptName, OptType, ParsedFile, references};

use super::alike::only_names_differ;
use super::make::make;
use super::names::Names;
use super::plan::Plan;
use super::view::View;
use super::{ChangeKind, FileMigration, MigrateError, texts_of};
use crate::pack::Pack;

/// An option whose value would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The option.
    pub option: OptName,
    /// Its values before, as they are written after references were replaced; `None` when it has
    /// no value that could be read.
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
                "{} would get a value that it cannot be read to have",
                self.option
            ),
            (_, None) => write!(f, "the value of {} could no longer be read", self.option),
        }
    }
}

/// All differences in one message.
pub(super) fn describe(differences: &[Difference]) -> String {
    let list: Vec<String> = differences.iter().map(ToString::to_string).collect();
    format!(
        "{}; nothing was changed: please report this",
        list.join("; ")
    )
}

/// Compares what a set of files means with what a plan would make of it.
pub(super) struct Prover<'p, 'd> {
    pub(super) files: &'d [ParsedFile<'d>],
    pub(super) view: &'p View,
    pub(super) names: &'p Names<'p>,
    pub(super) pack: &'p Pack,
    pub(super) keep_old: bool,
}

impl<'d> Prover<'_, 'd> {
    /// The options whose values a plan would change.
    pub(super) fn differences(&self, plan: &Plan<'d>) -> Result<Vec<Difference>, MigrateError> {
        let made = make(self.files, self.names, self.pack, plan)?;
        self.differences_in(&made, plan)
    }

    /// The options whose values a plan changes in what was made by it.
    pub(super) fn differences_in(
        &self,
        made: &[FileMigration],
        plan: &Plan<'d>,
    ) -> Result<Vec<Difference>, MigrateError> {
        if made.iter().all(|file| file.changes.is_empty()) {
            return Ok(Vec::new());
        }
        let texts = texts_of(made);
        let parsed = self.view.parse(&texts, self.files)?;
        if !self.keep_old && only_names_differ(self.files, &parsed, self.pack, &plan.steps) {
            return Ok(Vec::new());
        }
        // Most entries have nothing to do with the pack, and stand there as before: they need no reading.
        let plain_alike = self.files.len() == parsed.len()
            && self
                .files
                .iter()
                .zip(&parsed)
                .all(|(before, after)| self.plain(before).eq(self.plain(after)));
        let told = self.opts_told(&parsed, plain_alike);
        let untold = self.opts_untold(&told);
        let typed: Vec<Opt> = told.iter().map(|opt| self.with_its_type(opt)).collect();
        let before_told = Config::new(self.files, &told);
        let after = Config::new(&parsed, &told);
        let comparison = Comparison {
            before_untold: before_told.with_opts(&untold),
            before_typed: before_told.with_opts(&typed),
            before_told,
            after_untold: after.with_opts(&untold),
            after_typed: after.with_opts(&typed),
            after,
        };
        let renamed: BTreeSet<&OptName> = plan
            .steps
            .iter()
            .filter(|step| step.action != ChangeKind::Copy)
            .map(|step| &step.from)
            .collect();
        let (of_pack, others) = told.split_at(self.names.opts.len());
        let of_pack = of_pack.iter().map(|opt| (opt, Values::Effective));
        let others = others.iter().map(|opt| (opt, Values::All));
        let mut found: Vec<Difference> = of_pack
            .chain(others)
            .filter_map(|(opt, values)| comparison.of_option(opt, values))
            .collect();
        if self.keep_old {
            let former = self.names.opts.iter().flat_map(Opt::deprecated);
            let kept = former.filter(|name| !renamed.contains(name));
            found.extend(kept.filter_map(|name| comparison.of_former(name)));
        }
        Ok(found)
    }

    /// The options as a program registers them that was told of the new names: those of the pack,
    /// and each name that is set or referred to.
    fn opts_told(&self, after: &[ParsedFile<'_>], without_plain: bool) -> Vec<Opt> {
        let mut opts: Vec<Opt> = self.names.opts.iter().map(as_text).collect();
        let mut seen = BTreeSet::new();
        let mut add = |group: &str, name: &str, default: Option<String>| {
            let of_pack =
                self.names.is_current(group, name) || self.names.by_former(group, name).is_some();
            if !of_pack && seen.insert((group.to_owned(), name.to_owned())) {
                let opt = Opt::new(group, name, OptType::string());
                opts.push(default.into_iter().fold(opt, Opt::with_default));
            }
        };
        // No option is read by a key with a hyphen.
        if without_plain {
            let entries = self
                .files
                .iter()
                .chain(after)
                .flat_map(|file| file.document.entries());
            for entry in entries.filter(|entry| entry.value().contains(&b'$')) {
                let (group, key) = (entry.group(), entry.key());
                if let (Ok(group), Ok(name)) = (group.to_str(), key.to_str())
                    && !name.contains('-')
                {
                    add(group, name, None);
                }
            }
        } else {
            for (group, name) in self.names.all_set().filter(|(_, name)| !name.contains('-')) {
                add(group, name, None);
            }
        }
        let groups = self.names.groups();
        let former_groups = self
            .names
            .opts
            .iter()
            .flat_map(Opt::deprecated)
            .map(OptName::group);
        for group in groups.chain(former_groups) {
            // A service has options in each of its groups; this one stands for them.
            add(group, "\u{1}", None);
        }
        for file in self.files.iter().chain(after) {
            for entry in file.document.entries() {
                let value = entry.value();
                for reference in references(&value) {
                    let group = entry.group();
                    let Ok(group) = group.to_str() else { continue };
                    let (group, name) = self.names.target(group, reference.parts());
                    if self.names.exists(group, name) {
                        // Its default is not known here, but it is the same before and after.
                        add(group, name, Some(format!("\u{1}{group}.{name}\u{1}")));
                    }
                }
            }
        }
        opts
    }

    /// The entries of a file that are of no option of the pack and have no references, in their order.
    fn plain<'f>(
        &self,
        file: &'f ParsedFile<'_>,
    ) -> impl Iterator<Item = (Cow<'f, BStr>, &'f BStr, Cow<'f, BStr>)> {
        file.document.entries().filter_map(|entry| {
            let (group, key, value) = (entry.group(), entry.key(), entry.value());
            let of_pack = match (group.to_str(), key.to_str()) {
                (Ok(group), Ok(name)) => {
                    self.names.is_current(group, name)
                        || self.names.by_former(group, name).is_some()
                }
                _ => false,
            };
            (!of_pack && !value.contains(&b'$')).then_some((group, key, value))
        })
    }

    /// The option with the type that the pack gives it.
    fn with_its_type(&self, opt: &Opt) -> Opt {
        let of_pack = self
            .names
            .opts
            .iter()
            .find(|known| known.name() == opt.name());
        of_pack.map_or_else(
            || opt.clone(),
            |known| opt.clone().with_type(known.kind().clone()),
        )
    }

    /// The options as a program registers them that was not told: former names are options.
    fn opts_untold(&self, told: &[Opt]) -> Vec<Opt> {
        let renamed = |opt: &&Opt| !opt.deprecated().is_empty();
        // No program has an option with a hyphen in its name as files would have to have it.
        let readable = |name: &&OptName| !name.name().contains('-');
        let former = self.names.opts.iter().filter(renamed).flat_map(|opt| {
            opt.deprecated().iter().filter(readable).map(move |name| {
                let own = Opt::new(name.group(), name.name(), OptType::string());
                let own = if opt.is_multi() { own.multi() } else { own };
                opt.default()
                    .iter()
                    .fold(own, |own, value| own.with_default(value))
            })
        });
        told.iter()
            .filter(|opt| !renamed(opt))
            .cloned()
            .chain(former)
            .collect()
    }
}

/// The option without its type: a value that is not of the type must be kept too.
fn as_text(opt: &Opt) -> Opt {
    opt.clone().with_type(OptType::string())
}

/// Which of an option's values are compared.
#[derive(Debug, Clone, Copy)]
enum Values {
    /// Those that the pack's definition of the option makes count.
    Effective,
    /// Of an option that may be multi-valued or not: each that is set. It is registered with one
    /// value, so that a reference to it is as long as one value, however often it is set.
    All,
}

impl Values {
    fn read(self, opt: &Opt, config: &Config<'_>) -> Option<Vec<String>> {
        if let Values::All = self {
            let mut set = config.occurrences(opt);
            set.hidden.append(&mut set.effective);
            if !set.hidden.is_empty() {
                return substituted(&set.hidden, config);
            }
        }
        let name = opt.name();
        let setting = config.get(name.group(), name.name()).ok()?;
        Some(setting.texts)
    }
}

struct Comparison<'c> {
    before_told: Config<'c>,
    before_untold: Config<'c>,
    after: Config<'c>,
    after_untold: Config<'c>,
    before_typed: Config<'c>,
    after_typed: Config<'c>,
}

impl Comparison<'_> {
    fn of_option(&self, opt: &Opt, values: Values) -> Option<Difference> {
        if self.is_set_alike(opt) {
            return None;
        }
        let told = values.read(opt, &self.before_told);
        let after = values.read(opt, &self.after);
        let untold = untold(opt, values, &self.before_told, &self.before_untold);
        let kept = match (&told, &untold) {
            (Some(told), Some(untold)) => after.as_ref() == Some(told) && told == untold,
            (Some(value), None) | (None, Some(value)) => after.as_ref() == Some(value),
            (None, None) => after.is_none(),
        };
        // Two programs that disagreed before may go on to, each with its own value.
        let kept = kept
            || after == told
                && untold == self::untold(opt, values, &self.after, &self.after_untold);
        // With types, a reference becomes what Python prints, or an error: both must be kept too.
        let name = opt.name();
        let typed = |config: &Config<'_>| {
            let setting = config.get(name.group(), name.name());
            setting.map(|setting| setting.texts).ok()
        };
        let before_typed = typed(&self.before_typed);
        let kept = kept && (before_typed.is_none() || before_typed == typed(&self.after_typed));
        let before = untold
            .filter(|untold| after.as_ref() != Some(untold))
            .or(told);
        (!kept).then(|| Difference {
            option: opt.name().clone(),
            before,
            after,
        })
    }

    /// Whether an option of one name is set to the same texts before and after, none with a reference.
    /// Then every program reads the same; this is so of most options, and quickly seen.
    fn is_set_alike(&self, opt: &Opt) -> bool {
        if !opt.deprecated().is_empty() {
            return false;
        }
        let (before, after) = (
            self.before_told.occurrences(opt),
            self.after.occurrences(opt),
        );
        let alike = |before: &[Occurrence<'_>], after: &[Occurrence<'_>]| {
            before.len() == after.len()
                && before.iter().zip(after).all(|(before, after)| {
                    let value = before.entry.value();
                    !value.contains(&b'$') && value == after.entry.value()
                })
        };
        !before.effective.is_empty()
            && alike(&before.effective, &after.effective)
            && alike(&before.hidden, &after.hidden)
    }

    /// With the old names kept, a program that was not told must read the same as before.
    fn of_former(&self, name: &OptName) -> Option<Difference> {
        let read = |config: &Config<'_>| {
            config
                .get(name.group(), name.name())
                .map(|setting| setting.texts)
                .ok()
        };
        let (before, after) = (read(&self.before_untold), read(&self.after_untold));
        (before != after).then(|| Difference {
            option: name.clone(),
            before,
            after,
        })
    }
}

/// What a program that was not told of the new names reads.
fn untold(
    opt: &Opt,
    values: Values,
    as_told: &Config<'_>,
    as_untold: &Config<'_>,
) -> Option<Vec<String>> {
    if opt.deprecated().is_empty() {
        return values.read(opt, as_untold);
    }
    let set = as_told.occurrences(opt).effective;
    if set.is_empty() || set.iter().any(|occurrence| occurrence.name_index == 0) {
        return None;
    }
    substituted(&set, as_untold)
}

/// The texts of entries as a program reads them; `None` when it cannot read one.
fn substituted(set: &[Occurrence<'_>], config: &Config<'_>) -> Option<Vec<String>> {
    set.iter()
        .map(|occurrence| {
            let group = occurrence.entry.group();
            let value = occurrence.entry.value();
            let text = value.to_str_lossy();
            config.substitute(&text, &group.to_str_lossy()).ok()
        })
        .collect()
}
