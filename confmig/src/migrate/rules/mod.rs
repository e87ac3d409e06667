//! Rules that do more than rename: values made from other values, items of lists, removals.
//!
//! Each rule is followed as a whole or not at all. What it would do is worked out on the parsed files,
//! made in one edit together with the other rules, and proved; where anything is doubtful, the files
//! stay as they are and there is a [`Decision`].

mod evaluate;
mod follow;
mod text;
mod value;
mod world;

use std::rc::Rc;

use oslo_config::{Opt, OptName};

use super::Decision;
use super::pass::Applied;
use crate::rule::{Rename, Rule};
pub(crate) use follow::follow;
pub(crate) use text::Text;

/// What is known of the options that rules are about.
pub(crate) trait Facts {
    /// The default of an option as it is written; `None` when it has none, or it is not known.
    fn default_of(&self, option: &OptName) -> Option<String>;
    /// Tells whether an option is a list; `None` when it is not known.
    fn is_list(&self, option: &OptName) -> Option<bool>;
    /// Tells whether an option is really no longer read.
    fn is_gone(&self, option: &OptName) -> bool;
    /// Tells whether an option that a rule adds is read in the end, or becomes part of one that is.
    fn is_of_use(&self, option: &OptName) -> bool;
    /// The former names of an option.
    fn former(&self, option: &OptName) -> Vec<OptName>;
    /// The option that a reference by a former name leads to; `None` when it is no such name.
    fn by_former(&self, name: &OptName) -> Option<OptName>;
    /// The option of this name, without former names.
    fn define(&self, option: &OptName) -> Opt;
}

/// A rule that is to be followed.
#[derive(Debug, Clone)]
pub(crate) struct Active {
    pub(crate) rule: Rc<Rule>,
    /// Why the operator has to decide in any case.
    pub(crate) doubt: Option<String>,
}

/// What following rules has made.
#[derive(Debug, Default)]
pub(crate) struct Followed<'m> {
    /// What became of the files; nothing when no rule changes them.
    pub(crate) files: Vec<Applied<'m>>,
    /// What is left to decide, each with its file.
    pub(crate) decisions: Vec<(usize, Decision)>,
    /// Renamings that are left to be made, each with the id of its rule.
    pub(crate) renames: Vec<(Rename, String)>,
    /// Rules that are to be followed on the new texts.
    pub(crate) postponed: Vec<Active>,
}
