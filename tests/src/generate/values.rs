//! Names and values, put together from small alphabets: the plans, and what is made of them.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::sample::{Index, select};

use crate::pools::{COMMON, Class, GROUPS, OTHER_REFERENCES};

/// One of an alphabet, the first when shrunk.
pub(super) fn pick(
    alphabet: &'static [&'static str],
) -> impl Strategy<Value = &'static str> + Clone {
    select(alphabet)
}

/// A group of the theme; those of real life most of the time.
pub(super) fn group() -> impl Strategy<Value = usize> + Clone {
    select(&[0, 1, 2, 1, 2, 0, 3, 4][..])
}

/// An option of the theme: class and name, as places in the alphabets.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamePlan {
    pub(super) class: usize,
    pub(super) name: usize,
}

pub(super) fn name_plan() -> impl Strategy<Value = NamePlan> + Clone {
    (0..3_usize, 0..3_usize).prop_map(|(class, name)| NamePlan { class, name })
}

impl NamePlan {
    pub(super) fn make(self, theme: &[Class]) -> &'static str {
        let class = &theme[self.class % theme.len()];
        class.names[self.name]
    }
}

#[derive(Debug, Clone)]
pub(super) enum Fragment {
    /// A whole value of the option's class.
    Value(Index),
    /// A part of one.
    Piece(Index),
    /// What means something anywhere.
    Common(&'static str),
    /// A reference to an option of the theme.
    Reference {
        group: Option<usize>,
        name: NamePlan,
        braces: bool,
    },
    /// A reference to something else.
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
                    // `$DEFAULT.name` is an error and has its place among the other references.
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

/// The text of a value, without the quotes and the white space around it.
#[derive(Debug, Clone)]
pub(super) struct ValuePlan(pub(super) Vec<Fragment>);

pub(super) fn value_plan() -> impl Strategy<Value = ValuePlan> + Clone {
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
}

impl ValuePlan {
    pub(super) fn make(&self, class: &Class, theme: &[Class]) -> String {
        self.0
            .iter()
            .map(|fragment| fragment.make(class, theme))
            .collect()
    }
}
