//! The options of a small service.

use std::collections::BTreeSet;

use oslo_config::{Opt, OptName, OptType};
use proptest::collection::vec;
use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::Index;

use super::GROUPS;

/// A former name that a kind of service needs.
#[derive(Debug, Clone, Copy)]
pub(in crate::generate) enum Claim {
    /// The option has a former name that it shares with all others of this variant.
    Same { opt: usize },
    /// The option is multi-valued.
    Multi { opt: usize },
    /// The option has one more former name.
    Another { opt: usize },
    /// The option has the current name of another option as a former name.
    Current { opt: usize, of: usize },
    /// The option has one more former name, in a group without options.
    Old { opt: usize },
    /// The option has the current key of another option, in the group of [`Claim::Old`], as a
    /// former name.
    KeyBeside { opt: usize, of: usize },
}

/// The plan of a service's options.
#[derive(Debug, Clone)]
pub(in crate::generate) struct OptsPlan {
    opts: Vec<OptPlan>,
    shared: (usize, usize),
    /// The position of a claimed name among the former names of its option.
    positions: Vec<Index>,
}

#[derive(Debug, Clone)]
struct OptPlan {
    name: (usize, usize),
    multi: bool,
    list: bool,
    default: bool,
    former: Vec<(usize, usize)>,
}

/// The options, and the names of the claims.
pub(in crate::generate) struct Made {
    pub(in crate::generate) opts: Vec<Opt>,
    pub(super) claimed: Vec<OptName>,
}

fn place() -> impl Strategy<Value = (usize, usize)> + Clone {
    (0..GROUPS.len(), 0..3_usize)
}

pub(in crate::generate) fn opts_plan() -> BoxedStrategy<OptsPlan> {
    let rarely = || prop_oneof![7 => Just(false), 1 => Just(true)];
    let opt = (place(), rarely(), rarely(), rarely(), vec(place(), 0..3)).prop_map(
        |(name, multi, list, default, former)| OptPlan {
            name,
            multi,
            list,
            default,
            former,
        },
    );
    let positions = vec(any::<Index>(), 4);
    (vec(opt, 3..5), place(), positions)
        .prop_map(|(opts, shared, positions)| OptsPlan {
            opts,
            shared,
            positions,
        })
        .boxed()
}

/// An option that is being made.
struct Draft<'p> {
    name: OptName,
    plan: &'p OptPlan,
    multi: bool,
    former: Vec<OptName>,
}

impl OptsPlan {
    /// Makes the options, with the claims among their former names. With `once`, no other name has
    /// two options.
    pub(in crate::generate) fn make(
        &self,
        names: &[&'static str; 3],
        once: bool,
        claims: &[Claim],
    ) -> Made {
        let name = |(group, name): (usize, usize)| OptName::new(GROUPS[group], names[name]);
        let mut drafts: Vec<Draft<'_>> = Vec::new();
        for plan in &self.opts {
            // If the name is taken, the option gets a free one.
            let (group, key) = plan.name;
            let free = (0..GROUPS.len())
                .map(|next| name(((group + next) % GROUPS.len(), key)))
                .find(|name| drafts.iter().all(|draft| draft.name != *name));
            let Some(free) = free else { continue };
            drafts.push(Draft {
                name: free,
                plan,
                multi: plan.multi,
                former: plan.former.iter().copied().map(name).collect(),
            });
        }
        if once {
            keep_names_of_one_option(&mut drafts);
        }
        let mut claimed = Vec::new();
        for (claim, position) in claims.iter().zip(self.positions.iter().cycle()) {
            let other = if names[0].contains('-') { "w-w" } else { "w" };
            let shared = name(self.shared);
            claimed.extend(make_claim(*claim, position, (shared, other), &mut drafts));
        }
        Made {
            opts: drafts.into_iter().map(Draft::into_opt).collect(),
            claimed,
        }
    }
}

/// Gives a name to an option, and returns it.
fn make_claim(
    claim: Claim,
    position: &Index,
    (shared, other): (OptName, &str),
    drafts: &mut [Draft<'_>],
) -> Option<OptName> {
    let (opt, name) = match claim {
        Claim::Multi { opt } => {
            drafts[opt].multi = true;
            return None;
        }
        // Keys that no other option has, so that only claims make options share names.
        Claim::Same { opt } => (opt, OptName::new(shared.group(), "v")),
        Claim::Another { opt } => (opt, OptName::new(shared.group(), other)),
        Claim::Old { opt } => (opt, OptName::new("old", other)),
        Claim::Current { opt, of } => (opt, drafts[of].name.clone()),
        Claim::KeyBeside { opt, of } => (opt, OptName::new("old", drafts[of].name.name())),
    };
    let draft = &mut drafts[opt];
    if draft.name == name || draft.former.contains(&name) {
        return draft.former.contains(&name).then_some(name);
    }
    let at = position.index(draft.former.len() + 1);
    draft.former.insert(at, name.clone());
    Some(name)
}

fn keep_names_of_one_option(drafts: &mut [Draft<'_>]) {
    let mut taken: BTreeSet<OptName> = drafts.iter().map(|draft| spelled(&draft.name)).collect();
    for draft in drafts {
        draft.former.retain(|name| taken.insert(spelled(name)));
    }
}

/// Names with hyphens and with underscores are equal.
fn spelled(name: &OptName) -> OptName {
    OptName::new(name.group(), name.name().replace('-', "_"))
}

impl Draft<'_> {
    fn into_opt(self) -> Opt {
        let kind = match self.plan.list && !self.multi {
            true => OptType::list(),
            false => OptType::string(),
        };
        let mut opt = Opt::new(self.name.group(), self.name.name(), kind);
        if self.multi {
            opt = opt.multi();
        }
        if self.plan.default {
            opt = opt.with_default("standard");
        }
        let mut seen = BTreeSet::from([spelled(&self.name)]);
        for former in self.former {
            if seen.insert(spelled(&former)) {
                opt = opt.with_deprecated(former.group(), former.name());
            }
        }
        opt
    }
}
