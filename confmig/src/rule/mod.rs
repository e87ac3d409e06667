//! Rules as data: changes of options that do more than rename.
//!
//! A rule has one of five forms: it renames options, makes values from other values, replaces or
//! drops items of lists, removes options that are no longer read, or reports options without
//! changing them. The forms are the same for the rules of packs, in TOML, and for the built-in
//! rules, in JSON.

mod decimal;
mod endless;
mod names;
mod parts;
mod sections;
mod validate;
mod values;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use decimal::Decimal;
pub(crate) use endless::{Endless, endless};
pub use names::Name;
pub(crate) use names::{group, group_of};
pub(crate) use sections::{concrete, in_known_sections};
pub(crate) use validate::problem;

/// A rule: a change that does more than rename one option.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with id and why")]
pub struct Rule {
    /// The id.
    pub id: String,
    /// The reason, in one line.
    pub why: String,
    /// Whether the change is made without a decision.
    #[serde(default)]
    pub automatic: Automatic,
    /// The release that made the change.
    pub release: Option<String>,
    /// What the operator has to know or do.
    pub advice: Option<String>,
    /// The evidence: commits, release notes, sources.
    #[serde(default)]
    pub proof: Vec<String>,
    /// The sections that `{section}` in the names of options stands for.
    #[serde(rename = "in")]
    pub sections: Option<Sections>,
    /// The conditions under which the rule applies.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// The doubts that leave the change to the operator.
    #[serde(default)]
    pub decide: Vec<Doubt>,
    /// The options that are renamed.
    #[serde(default)]
    pub rename: Vec<Rename>,
    /// Which value counts when the target of a renaming or an assignment is already set.
    #[serde(default)]
    pub if_target_set: IfSet,
    /// The values that assignments are made from.
    #[serde(default)]
    pub part: BTreeMap<String, Part>,
    /// The options that are set.
    #[serde(default)]
    pub set: Vec<Assignment>,
    /// The options that are removed when the assignments are made. Without it: those of all parts,
    /// except options that are set.
    pub take: Option<Vec<Name>>,
    /// The items of lists that are replaced or dropped.
    pub items: Option<Items>,
    /// The options that are no longer read.
    pub remove: Option<Removal>,
    /// The options that are only reported.
    pub report: Option<Report>,
    /// Examples of what the rule does.
    #[serde(default)]
    pub example: Vec<Example>,
    /// The line of the rule in its file.
    #[serde(skip)]
    pub line: Option<usize>,
}

/// Whether a change is made without a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Automatic {
    /// The change is always made.
    #[default]
    Yes,
    /// The change is made once the operator accepts it.
    Partial,
    /// The change is never made, only advised.
    Advice,
}

/// The sections that a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a list of sections, { named_by = \"GROUP.OPTION\" } or \
                 { having = \"OPTION\", equals = \"VALUE\" }"
)]
pub enum Sections {
    /// These sections.
    These(Vec<String>),
    /// Those that the value of an option names, such as `DEFAULT.enabled_backends`.
    NamedBy {
        /// The option.
        named_by: Name,
    },
    /// Those that set an option, such as `auth_type`.
    Having {
        /// The name of the option, without a group.
        having: String,
        /// The value that the option must have. Without it: any.
        equals: Option<OneOf>,
    },
}

/// One value, or any of several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a value, or a list of values")]
pub enum OneOf {
    /// This value.
    This(String),
    /// Any of these values.
    These(Vec<String>),
}

impl OneOf {
    /// Returns all of the values.
    #[must_use]
    pub fn each(&self) -> &[String] {
        match self {
            OneOf::This(value) => std::slice::from_ref(value),
            OneOf::These(values) => values,
        }
    }
}

/// A condition on an option.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with option")]
pub struct Condition {
    /// The option.
    pub option: Name,
    /// The option must be set, or must not be.
    pub set: Option<bool>,
    /// The option must have this value. Booleans are compared as booleans.
    pub equals: Option<String>,
    /// The option, a list, must have this item; if it is not set, its default.
    pub contains: Option<String>,
    /// The condition is negated.
    #[serde(default)]
    pub not: bool,
}

/// A condition that leaves a change to the operator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with option")]
pub struct Doubt {
    /// The option.
    pub option: Name,
    /// The option is set, or is not.
    pub set: Option<bool>,
    /// The option has this value.
    pub equals: Option<String>,
    /// What is to be decided, and why.
    pub why: String,
}

impl Doubt {
    /// Returns the condition without the reason.
    pub(crate) fn condition(&self) -> Condition {
        Condition {
            option: self.option.clone(),
            set: self.set,
            equals: self.equals.clone(),
            contains: None,
            not: false,
        }
    }
}

/// An option that is renamed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with from and to")]
pub struct Rename {
    /// The old name.
    pub from: Name,
    /// The new name.
    #[serde(deserialize_with = "names::current")]
    pub to: Name,
}

/// Which value counts when the target is already set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IfSet {
    /// The target keeps its value.
    #[default]
    Target,
    /// The target gets the new value.
    Source,
    /// For two booleans: true when either is.
    Either,
    /// As oslo.config reads a deprecated name: the last file that has either counts, and within it
    /// the target.
    Last,
    /// The operator decides, unless both values are the same.
    Decide,
}

/// A value that assignments are made from: that of an option, transformed in the order of the
/// fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with option")]
pub struct Part {
    /// The option.
    pub option: Name,
    /// The value when the option is not set. May name other parts in braces.
    pub default: Option<String>,
    /// The value is a list, whose items are transformed one by one.
    #[serde(default)]
    pub list: bool,
    /// The separator of the items, or one blank for any white space. Without it: a comma.
    pub split: Option<String>,
    /// The list must have a single item.
    #[serde(default)]
    pub single: bool,
    /// The value is a boolean, which is normalized to `true` or `false`.
    #[serde(default)]
    pub bool: bool,
    /// The value is a boolean, which is inverted to `True` or `False`.
    #[serde(default)]
    pub invert: bool,
    /// The value is a URL, of which this part is used.
    pub url: Option<UrlPart>,
    /// Values for which nothing is set; items that are dropped.
    #[serde(default)]
    pub without: Vec<String>,
    /// A table of replacements for values.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// What happens to a value that `values` does not list.
    #[serde(default)]
    pub otherwise: Otherwise,
    /// An ending of the value that is replaced, if it is there.
    pub suffix: Option<Suffix>,
    /// The value is a number, which is multiplied by this factor.
    pub factor: Option<Decimal>,
    /// The scheme that is added to a URL without one. May name other parts in braces.
    pub scheme: Option<String>,
    /// The value is a host, with or without a port: an IPv6 address is put into brackets, and this
    /// port is added if there is none. May name other parts in braces.
    pub host_port: Option<String>,
    /// The value is percent-encoded for use in a URL.
    #[serde(default)]
    pub encode: bool,
    /// A template for each value, with `{item}` in its place. May name other parts in braces.
    pub each: Option<String>,
    /// The text that joins the items. Without it: a comma.
    pub join: Option<String>,
}

/// A part of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UrlPart {
    /// The scheme, such as `https`.
    Scheme,
    /// The user.
    User,
    /// The password.
    Password,
    /// The host, without brackets.
    Host,
    /// The port.
    Port,
    /// The path, with the leading slash.
    Path,
}

/// What happens to a value that a table does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// The operator decides.
    #[default]
    Decide,
    /// The value stays as it is.
    Keep,
}

/// An ending of a value, and its replacement.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with from and to")]
pub struct Suffix {
    /// The ending.
    pub from: String,
    /// The replacement.
    pub to: String,
}

/// An option that is set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with option and value")]
pub struct Assignment {
    /// The option.
    #[serde(deserialize_with = "names::current")]
    pub option: Name,
    /// The value, as it is written in a file. Names parts in braces.
    pub value: String,
    /// The value is appended to the option's list.
    #[serde(default)]
    pub append: bool,
    /// Which value counts when the option is already set. Without it: `if_target_set`.
    pub if_set: Option<IfSet>,
    /// The conditions under which the option is set.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Other options that must be set for the value to have an effect.
    #[serde(default)]
    pub need: Vec<Name>,
}

/// Items of lists, or values, that are replaced or dropped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with options")]
pub struct Items {
    /// The options.
    pub options: Vec<Name>,
    /// The replacement of each item.
    #[serde(default)]
    pub replace: BTreeMap<String, String>,
    /// The items that are dropped.
    #[serde(default)]
    pub drop: Vec<String>,
}

/// Options that are no longer read.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with options")]
pub struct Removal {
    /// The options.
    pub options: Vec<Name>,
    /// The value whose behaviour the service still has. Any other is left to the operator.
    pub kept: Option<String>,
}

/// Options that are only reported.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with options")]
pub struct Report {
    /// The options.
    pub options: Vec<Name>,
}

/// An example of what a rule does.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with before and after")]
pub struct Example {
    /// The text before.
    pub before: String,
    /// The text after, once the operator has accepted the change.
    pub after: String,
}
