//! Plans of options and environment variables, and what is made from them.

use std::collections::BTreeSet;

use oslo_config::{Opt, OptType};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::Index;

use super::values::{NamePlan, ValuePlan, group, name_plan, value_plan};
use crate::pools::{CLASSES, Class, GROUPS};

#[derive(Debug, Clone)]
pub(super) struct OptPlan {
    pub(super) group: usize,
    pub(super) name: NamePlan,
    pub(super) kind: Option<Index>,
    pub(super) multi: bool,
    pub(super) deprecated: Vec<(usize, NamePlan, bool)>,
    pub(super) default: Option<ValuePlan>,
}

pub(super) fn opt_plan() -> impl Strategy<Value = OptPlan> + Clone {
    let multi = prop_oneof![12 => Just(false), 1 => Just(true)];
    // Most former names belong to the option's own class.
    let other_class = prop_oneof![6 => Just(false), 1 => Just(true)];
    let deprecated = vec((group(), name_plan(), other_class), 0..4);
    let default = weighted(0.3, value_plan());
    (
        group(),
        name_plan(),
        weighted(0.5, any::<Index>()),
        multi,
        deprecated,
        default,
    )
        .prop_map(|(group, name, kind, multi, deprecated, default)| OptPlan {
            group,
            name,
            kind,
            multi,
            deprecated,
            default,
        })
}

impl OptPlan {
    pub(super) fn make(&self, theme: &[Class]) -> Opt {
        let class = theme[self.name.class % theme.len()];
        let types = (class.types)();
        let kind = self.kind.map_or(&types[0], |index| index.get(&types));
        let (group, name) = (GROUPS[self.group], self.name.make(theme));
        let mut opt = Opt::new(group, name, kind.clone());
        if class.multi || self.multi {
            opt = opt.multi();
        }
        if let Some(default) = &self.default {
            opt = opt.with_default(default.make(&class, theme));
        }
        for (former_group, former, other_class) in &self.deprecated {
            let former_name = if *other_class {
                former.make(theme)
            } else {
                class.names[former.name]
            };
            let former_group = GROUPS[*former_group];
            // An option is not its own former name.
            if (former_group, former_name) != (group, name) {
                opt = opt.with_deprecated(former_group, former_name);
            }
        }
        opt
    }
}

/// Makes the options of all plans, only the first of each name: oslo.config refuses a second one.
pub(super) fn make_opts(plans: &[OptPlan], theme: &[Class]) -> Vec<Opt> {
    let mut seen = BTreeSet::new();
    let opts = plans.iter().map(|plan| plan.make(theme));
    opts.filter(|opt| seen.insert(opt.name().clone())).collect()
}

#[derive(Debug, Clone)]
pub(super) struct VariablePlan {
    pub(super) opt: Index,
    /// The former name whose variable is set, which is not read.
    pub(super) former: Option<Index>,
    pub(super) value: ValuePlan,
}

pub(super) fn variable_plan() -> impl Strategy<Value = VariablePlan> + Clone {
    (any::<Index>(), weighted(0.3, any::<Index>()), value_plan())
        .prop_map(|(opt, former, value)| VariablePlan { opt, former, value })
}

impl VariablePlan {
    pub(super) fn make(&self, opts: &[Opt], theme: &[Class]) -> (String, String) {
        let opt = self.opt.get(opts);
        let former = self.former.filter(|_| !opt.deprecated().is_empty());
        let name = former.map_or(opt.name(), |index| index.get(opt.deprecated()));
        let class = theme
            .iter()
            .find(|class| class.names.contains(&name.name()));
        let text = self.value.make(class.unwrap_or(&theme[0]), theme);
        // A variable cannot hold NUL.
        (name.environment_variable(), text.replace('\0', "\u{1}"))
    }
}

/// Keeps the first variable of each name, since an environment has each only once.
pub(super) fn unique(variables: Vec<(String, String)>) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    variables
        .into_iter()
        .filter(|(name, _)| seen.insert(name.clone()))
        .collect()
}

/// Returns the plain types of options, one of each kind.
#[must_use]
pub fn plain_types() -> Vec<OptType> {
    let mut kinds: Vec<OptType> = Vec::new();
    for class in &CLASSES {
        let kind = (class.types)().remove(0);
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}
