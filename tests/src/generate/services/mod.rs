//! Strategies for small services with few names, so that options share them, and files that set
//! these and refer to them. Each case is of one [`ServiceKind`] by construction.

mod entries;
mod opts;

use std::collections::BTreeSet;

use oslo_config::{Opt, OptName};
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::select;

use super::Set;
use crate::target::Target;
use entries::{Forced, Text};
pub(crate) use entries::{Names, files_plan, make_files};
use opts::Claim;
pub(super) use opts::opts_plan;

/// The groups of small services.
pub(super) const GROUPS: [&str; 4] = ["a", "b", "DEFAULT", "c"];

/// The names of options in each group.
pub(super) const NAMES: [&str; 3] = ["x", "y", "z"];

/// The names of options in each group, for [`ServiceKind::Hyphens`].
const HYPHENATED: [&str; 3] = ["x-x", "y", "z-z"];

/// The subject of a generated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceKind {
    /// Two options have the same former name.
    SharedByTwo,
    /// Three options have the same former name.
    SharedByThree,
    /// One of the options that have the same former name is multi-valued.
    SharedWithMulti,
    /// An option has several former names, one of which it shares with another option.
    OneOfSeveralShared,
    /// A former name of an option is the current name of another one.
    OwnSake,
    /// An option has a former name, and its current name is a former name of another option, which
    /// would read a value that moves there.
    FedByAMove,
    /// A value refers to an option by a former name.
    ReferenceByFormerName,
    /// The same, and the group that the reference names has an entry with the option's current key.
    ReferenceMeetsCurrentKey,
    /// A reference without a group resolves to an entry of the default group.
    ReferenceThroughDefault,
    /// The same, past an entry with the option's current key whose value refers to an unregistered
    /// option.
    ReferencePastAnError,
    /// A value refers to an unregistered option and to a registered one.
    ReferenceToUnregistered,
    /// A value refers to a former name of two options.
    ReferenceBySharedName,
    /// The value of a shared former name refers to a neighbour.
    ReferenceInSharedValue,
    /// Options, former names and keys have hyphens.
    Hyphens,
}

impl ServiceKind {
    /// All kinds.
    pub const ALL: [ServiceKind; 14] = [
        ServiceKind::SharedByTwo,
        ServiceKind::SharedByThree,
        ServiceKind::SharedWithMulti,
        ServiceKind::OneOfSeveralShared,
        ServiceKind::OwnSake,
        ServiceKind::FedByAMove,
        ServiceKind::ReferenceByFormerName,
        ServiceKind::ReferenceMeetsCurrentKey,
        ServiceKind::ReferenceThroughDefault,
        ServiceKind::ReferencePastAnError,
        ServiceKind::ReferenceToUnregistered,
        ServiceKind::ReferenceBySharedName,
        ServiceKind::ReferenceInSharedValue,
        ServiceKind::Hyphens,
    ];

    /// Returns the name for tallies.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ServiceKind::SharedByTwo => "former name of two options",
            ServiceKind::SharedByThree => "former name of three options",
            ServiceKind::SharedWithMulti => "former name shared with a multi-valued option",
            ServiceKind::OneOfSeveralShared => "one of several former names is shared",
            ServiceKind::OwnSake => "former name that is an option",
            ServiceKind::FedByAMove => "option that a move would feed",
            ServiceKind::ReferenceByFormerName => "reference by a former name",
            ServiceKind::ReferenceMeetsCurrentKey => "reference that meets the current key",
            ServiceKind::ReferenceThroughDefault => "reference through DEFAULT",
            ServiceKind::ReferencePastAnError => "reference past an error",
            ServiceKind::ReferenceToUnregistered => "reference to what is not registered",
            ServiceKind::ReferenceBySharedName => "reference by a shared former name",
            ServiceKind::ReferenceInSharedValue => "reference in a shared value",
            ServiceKind::Hyphens => "hyphens",
        }
    }
}

/// The form in which the options of a service are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// A schema.
    Schema,
    /// Two schemas, of an older and a newer release.
    Schemas,
    /// A pack of option definitions.
    Pack,
    /// A pack in TOML.
    Toml,
}

impl Given {
    /// Returns the kinds of services that have this form: a pack in TOML refuses shared names.
    #[must_use]
    pub fn kinds(self) -> Vec<ServiceKind> {
        let shared = [
            ServiceKind::SharedByTwo,
            ServiceKind::SharedByThree,
            ServiceKind::SharedWithMulti,
            ServiceKind::OneOfSeveralShared,
            ServiceKind::OwnSake,
            ServiceKind::FedByAMove,
            ServiceKind::ReferenceBySharedName,
            ServiceKind::ReferenceInSharedValue,
        ];
        let can = |kind: &ServiceKind| self != Given::Toml || !shared.contains(kind);
        ServiceKind::ALL.into_iter().filter(can).collect()
    }
}

/// A generated configuration and the target of its migration.
#[derive(Clone)]
pub struct ServiceCase {
    /// The name of its kind for tallies.
    pub kind: &'static str,
    /// The files and the options with all their former names.
    pub set: Set,
    /// The target of the migration.
    pub target: Target,
}

impl std::fmt::Debug for ServiceCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{:?}{:?}", self.kind, self.set, self.target)
    }
}

/// Generates services of all kinds, or of those that `ORACLE_KIND` selects.
pub fn services(given: Given) -> BoxedStrategy<ServiceCase> {
    select(super::requested_kinds(given.kinds(), ServiceKind::name))
        .prop_flat_map(move |kind| service(kind, given))
        .boxed()
}

fn service(kind: ServiceKind, given: Given) -> BoxedStrategy<ServiceCase> {
    // A pack in TOML refuses shared names, and so does one of definitions with hyphens.
    let once = match (kind, given) {
        (ServiceKind::Hyphens, _) | (_, Given::Toml) => Just(true).boxed(),
        _ => prop_oneof![Just(false), Just(true)].boxed(),
    };
    let older = proptest::collection::vec(any::<u8>(), 8);
    (once, opts_plan(), files_plan(), older)
        .prop_map(move |(once, plan, files, older)| {
            let names = if kind == ServiceKind::Hyphens {
                &HYPHENATED
            } else {
                &NAMES
            };
            let generated = plan.make(names, once, &claims(kind));
            let opts = generated.opts;
            let pool = names_in_files(&opts);
            let sources = make_files(&files, &pool, &forced(kind, &opts, &generated.claimed));
            // In the order of a schema: a reference resolves to the last option that has the name.
            let mut opts = match given {
                Given::Schema | Given::Schemas => {
                    opts.iter().map(crate::target::as_in_schema).collect()
                }
                Given::Pack | Given::Toml => opts,
            };
            opts.sort_by(|one, other| one.name().cmp(other.name()));
            let set = Set {
                sources,
                opts: opts.clone(),
                environment: Vec::new(),
            };
            let target = match given {
                Given::Schema => Target::Schema(opts),
                Given::Schemas => Target::two_schemas(&opts, &older),
                Given::Pack => Target::Pack(opts),
                Given::Toml => Target::Rules(crate::target::toml(&opts)),
            };
            ServiceCase {
                kind: kind.name(),
                set,
                target,
            }
        })
        .boxed()
}

/// Returns the former names that a service of a kind needs.
fn claims(kind: ServiceKind) -> Vec<Claim> {
    let shared = |by: usize| (0..by).map(|opt| Claim::Same { opt }).collect();
    match kind {
        ServiceKind::SharedByTwo
        | ServiceKind::ReferenceBySharedName
        | ServiceKind::ReferenceInSharedValue => shared(2),
        ServiceKind::SharedByThree => shared(3),
        ServiceKind::SharedWithMulti => [vec![Claim::Multi { opt: 0 }], shared(2)].concat(),
        ServiceKind::OneOfSeveralShared => [shared(2), vec![Claim::Another { opt: 0 }]].concat(),
        ServiceKind::OwnSake => vec![Claim::Current { opt: 0, of: 1 }],
        ServiceKind::FedByAMove => {
            vec![Claim::Another { opt: 0 }, Claim::Current { opt: 1, of: 0 }]
        }
        ServiceKind::ReferenceMeetsCurrentKey => {
            vec![Claim::Old { opt: 0 }, Claim::KeyBeside { opt: 1, of: 0 }]
        }
        ServiceKind::ReferenceByFormerName
        | ServiceKind::ReferenceThroughDefault
        | ServiceKind::ReferencePastAnError
        | ServiceKind::ReferenceToUnregistered
        | ServiceKind::Hyphens => vec![Claim::Another { opt: 0 }],
    }
}

/// Returns the entries that a configuration of a kind needs; `claimed` are the names of [`claims`].
fn forced(kind: ServiceKind, opts: &[Opt], claimed: &[OptName]) -> Vec<Forced> {
    let Some(former) = claimed.first() else {
        return Vec::new();
    };
    let plain = |name: &OptName| Forced::new(name.clone(), Text::Plain);
    let refers = |to: &OptName| Forced::new(OptName::new("d", "u"), Text::Refers(to.clone()));
    match kind {
        ServiceKind::SharedByTwo
        | ServiceKind::SharedByThree
        | ServiceKind::SharedWithMulti
        | ServiceKind::OwnSake
        | ServiceKind::FedByAMove => vec![plain(former)],
        ServiceKind::OneOfSeveralShared => opts[0].deprecated().iter().map(plain).collect(),
        ServiceKind::ReferenceByFormerName => vec![plain(former), refers(former)],
        // The value is set by another name, which only one of them has.
        ServiceKind::ReferenceBySharedName => {
            let others = opts
                .iter()
                .rev()
                .flat_map(|opt| opt.deprecated().iter().rev());
            vec![
                refers(former),
                plain(others.min_by_key(|name| *name == former).unwrap_or(former)),
            ]
        }
        ServiceKind::ReferenceMeetsCurrentKey => vec![
            plain(claimed.last().unwrap_or(former)),
            refers(former),
            // A group exists only if it has an option.
            plain(&OptName::new(former.group(), "other")),
        ],
        ServiceKind::ReferenceThroughDefault => through_default(former),
        ServiceKind::ReferencePastAnError => {
            let key = OptName::new(former.group(), opts[0].name().name());
            let error = Forced::new(key, Text::Bare("nowhere".into()));
            [through_default(former), vec![error]].concat()
        }
        ServiceKind::ReferenceToUnregistered => vec![Forced::new(
            OptName::new("d", "u"),
            Text::Unregistered(former.clone()),
        )],
        ServiceKind::ReferenceInSharedValue => {
            let group = opts[0].name().group();
            vec![
                Forced::new(former.clone(), Text::Bare("port".into())),
                Forced::new(OptName::new(former.group(), "port"), Text::Plain),
                Forced::new(OptName::new(group, "port"), Text::Plain),
            ]
        }
        ServiceKind::Hyphens => {
            let respelled = former.name().replace('-', "_");
            vec![
                plain(former),
                plain(&OptName::new(former.group(), respelled)),
            ]
        }
    }
}

/// Returns a reference in the group of a former name, and the entry of the default group it
/// resolves to.
fn through_default(former: &OptName) -> Vec<Forced> {
    let neighbour = OptName::new(former.group(), "u");
    vec![
        Forced::new(OptName::new("DEFAULT", former.name()), Text::Plain),
        Forced::new(neighbour, Text::Bare(former.name().to_owned())),
    ]
}

/// Returns the names for entries and references of a service.
fn names_in_files(opts: &[Opt]) -> Names {
    let mut names: Vec<OptName> = Vec::new();
    for opt in opts {
        names.push(OptName::new(opt.name().group(), opt.registered_name()));
        names.extend([opt.name()].into_iter().chain(opt.deprecated()).cloned());
    }
    // Names that the service does not know, some with a key that it knows in another group.
    let keys: BTreeSet<&str> = opts
        .iter()
        .flat_map(|opt| opt.deprecated().iter().chain([opt.name()]))
        .map(OptName::name)
        .collect();
    names.extend(keys.into_iter().map(|key| OptName::new("DEFAULT", key)));
    names.push(OptName::new("d", "u"));
    names.push(OptName::new("a", "u"));
    Names::new(names)
}
