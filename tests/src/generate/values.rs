//! Plans of names and values, and the texts made from them out of small pools.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{BoxedStrategy, Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use crate::pools::{COMMON, Class, GROUPS, OTHER_REFERENCES};

/// Chooses one of a pool; shrinks to the first.
pub(super) fn pick(
    alphabet: &'static [&'static str],
) -> impl Strategy<Value = &'static str> + Clone {
    select(alphabet)
}

/// Chooses a group, most often a real one.
pub(super) fn group() -> impl Strategy<Value = usize> + Clone {
    select(&[0, 1, 2, 1, 2, 0, 3, 4][..])
}

/// The name of an option: the indices of its class and of its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamePlan {
    pub(super) class: usize,
    pub(super) name: usize,
}

pub(super) fn name_plan() -> BoxedStrategy<NamePlan> {
    (0..3_usize, 0..3_usize)
        .prop_map(|(class, name)| NamePlan { class, name })
        .boxed()
}

impl NamePlan {
    pub(super) fn make(self, theme: &[Class]) -> &'static str {
        let class = &theme[self.class % theme.len()];
        class.names[self.name]
    }
}

#[derive(Debug, Clone)]
pub(super) enum Fragment {
    /// A value of the option's class.
    Value(Index),
    /// A part of such a value.
    Piece(Index),
    /// Text that is special in any value.
    Common(&'static str),
    /// A reference to an option of the theme.
    Reference {
        group: Option<usize>,
        name: NamePlan,
        braces: bool,
    },
    /// A reference to another name.
    OtherReference { name: &'static str, braces: bool },
}

pub(super) fn fragment() -> impl Strategy<Value = Fragment> + Clone {
    let reference =
        (weighted(0.5, group()), name_plan(), any::<bool>()).prop_map(|(group, name, braces)| {
            Fragment::Reference {
                group,
                name,
                braces,
            }
        });
    let other = (pick(&OTHER_REFERENCES), any::<bool>())
        .prop_map(|(name, braces)| Fragment::OtherReference { name, braces });
    prop_oneof![
        6 => any::<Index>().prop_map(Fragment::Value),
        6 => any::<Index>().prop_map(Fragment::Piece),
        4 => pick(&COMMON).prop_map(Fragment::Common),
        4 => reference,
        1 => other,
    ]
}

impl Fragment {
    pub(super) fn make(&self, class: &Class, theme: &[Class]) -> String {
        let braced = |name: &str, braces: bool| {
            if braces {
                format!("${{{name}}}")
            } else {
                format!("${name}")
            }
        };
        match self {
            Fragment::Value(index) => (*index.get(class.values)).into(),
            Fragment::Piece(index) => (*index.get(class.pieces)).into(),
            Fragment::Common(text) => (*text).into(),
            Fragment::Reference {
                group,
                name,
                braces,
            } => {
                // A name in a reference ends at a hyphen.
                let name = name.make(theme).replace('-', "_");
                match group {
                    // `$DEFAULT.name` is an error, which `OTHER_REFERENCES` covers.
                    Some(group) if GROUPS[*group].is_ascii() && *group != 0 => {
                        braced(&format!("{}.{name}", GROUPS[*group]), *braces)
                    }
                    _ => braced(&name, *braces),
                }
            }
            Fragment::OtherReference { name, braces } => braced(name, *braces),
        }
    }
}

/// The plan of a value, without surrounding quotes and white space.
#[derive(Debug, Clone)]
pub(super) struct ValuePlan(pub(super) Vec<Fragment>);

pub(super) fn value_plan() -> BoxedStrategy<ValuePlan> {
    let reference =
        (name_plan(), weighted(0.5, group()), any::<bool>()).prop_map(|(name, group, braces)| {
            vec![Fragment::Reference {
                group,
                name,
                braces,
            }]
        });
    prop_oneof![
        8 => any::<Index>().prop_map(|index| vec![Fragment::Value(index)]),
        3 => reference,
        3 => vec(any::<Index>().prop_map(Fragment::Piece), 1..6),
        3 => vec(fragment(), 0..5),
    ]
    .prop_map(ValuePlan)
    .boxed()
}

impl ValuePlan {
    pub(super) fn make(&self, class: &Class, theme: &[Class]) -> String {
        self.0
            .iter()
            .map(|fragment| fragment.make(class, theme))
            .collect()
    }
}
