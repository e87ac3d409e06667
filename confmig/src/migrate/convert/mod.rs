//! Rules that do more than rename: values made from other values, items of lists, removals.
//!
//! Each rule is followed as a whole or not at all. What it would do is worked out on the parsed files,
//! made in one edit together with the other rules, and proved; where anything is doubtful, the files
//! stay as they are and there is a [`Decision`].

mod apply;
mod effect;
mod evaluate;
mod follow;
mod prove;
mod text;
mod value;
mod world;

use std::rc::Rc;

use oslo_config::OptName;

use super::{Decision, FileMigration};
use crate::rule::{Rename, Rule};
use effect::Effect;
pub(crate) use follow::convert;

/// What is known of the options that rules are about.
pub(crate) trait Facts {
    /// The default of an option as it is written; `None` when it has none, or it is not known.
    fn default_of(&self, option: &OptName) -> Option<String>;
    /// Tells whether an option is a list; `None` when it is not known.
    fn is_list(&self, option: &OptName) -> Option<bool>;
    /// Tells whether an option is really not read any more.
    fn is_gone(&self, option: &OptName) -> bool;
}

/// A rule that is to be followed.
#[derive(Debug, Clone)]
pub(crate) struct Active {
    pub(crate) rule: Rc<Rule>,
    /// Why the operator has to decide in any case.
    pub(crate) doubt: Option<String>,
}

/// What following rules has made.
#[derive(Debug)]
pub(crate) struct Converted {
    /// The new texts; `None` when nothing changes.
    pub(crate) files: Option<Vec<FileMigration>>,
    pub(crate) decisions: Vec<Decision>,
    /// Renamings that are left to be made, each with the id of its rule.
    pub(crate) renames: Vec<(Rename, String)>,
    /// Rules that are to be followed on the new texts.
    pub(crate) postponed: Vec<Active>,
}

/// A rule and what it would do.
struct Planned<'d> {
    active: Active,
    effects: Vec<Effect<'d>>,
}
