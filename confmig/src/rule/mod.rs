//! Rules as data: what becomes of options when a release changes more than their names.
//!
//! A rule has one of five forms: options are renamed; values are made from other values; items of
//! lists are replaced or dropped; options are removed, since nothing reads them any more; or there
//! is only something to say. The same forms serve operators, in TOML, and the history of Ironic that
//! the program has inside, in JSON.

mod decimal;
mod endless;
mod name;
mod options;
mod parts;
mod sections;
mod validate;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use decimal::Decimal;
pub(crate) use endless::endless;
pub use name::Name;
pub(crate) use name::{group, group_of};
pub(crate) use sections::concrete;
pub(crate) use validate::problem;

/// A rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Names the rule.
    pub id: String,
    /// Why it is so, in one line.
    pub why: String,
    /// How certain the change is.
    #[serde(default)]
    pub automatic: Automatic,
    /// The release that it is about.
    pub release: Option<String>,
    /// What an operator has to know or do.
    pub advice: Option<String>,
    /// Where it can be looked up: commits, release notes, sources.
    #[serde(default)]
    pub proof: Vec<String>,
    /// The sections that `{section}` in the names of options stands for.
    #[serde(rename = "in")]
    pub sections: Option<Sections>,
    /// What must hold for the rule to be about a configuration at all.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// What makes it a matter for the operator.
    #[serde(default)]
    pub decide: Vec<Doubt>,
    /// Options that have another name.
    #[serde(default)]
    pub rename: Vec<Rename>,
    /// What counts when the target of a renaming or an assignment is set already.
    #[serde(default)]
    pub if_target_set: IfSet,
    /// The values that assignments are made from.
    #[serde(default)]
    pub part: BTreeMap<String, Part>,
    /// What is set.
    #[serde(default)]
    pub set: Vec<Assignment>,
    /// The options that go when the assignments are made; if absent, those of all parts that are
    /// not set again.
    pub take: Option<Vec<Name>>,
    /// Items of lists that are replaced or dropped.
    pub items: Option<Items>,
    /// Options that nothing reads any more.
    pub remove: Option<Removal>,
    /// Options of which there is only something to say.
    pub report: Option<Report>,
    /// What the rule does to a text.
    #[serde(default)]
    pub example: Vec<Example>,
}

/// How certain a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Automatic {
    /// It is made.
    #[default]
    Yes,
    /// It is made when the operator says so.
    Partial,
    /// It is never made; there is only advice.
    Advice,
}

/// Which sections a rule is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    deny_unknown_fields,
    expecting = "expected a list of sections, { named_by = \"GROUP.OPTION\" } or { having = \"OPTION\", equals = \"VALUE\" }"
)]
pub enum Sections {
    /// These.
    These(Vec<String>),
    /// Those that the value of an option names, such as `DEFAULT.enabled_backends`.
    NamedBy {
        /// The option.
        named_by: Name,
    },
    /// Those that have an option, such as `auth_type`.
    Having {
        /// The name of the option in its section.
        having: String,
        /// The value that it must have, or one of several; any if absent.
        equals: Option<OneOf>,
    },
}

/// A value, or several of which any will do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a value, or a list of values")]
pub enum OneOf {
    /// This one.
    This(String),
    /// Any of these.
    These(Vec<String>),
}

impl OneOf {
    /// Each of them.
    #[must_use]
    pub fn each(&self) -> &[String] {
        match self {
            OneOf::This(value) => std::slice::from_ref(value),
            OneOf::These(values) => values,
        }
    }
}

/// Something that must hold of an option.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The option.
    pub option: Name,
    /// It must be set, or must not be.
    pub set: Option<bool>,
    /// It must have this value. Booleans are compared as such.
    pub equals: Option<String>,
    /// The opposite must hold.
    #[serde(default)]
    pub not: bool,
}

/// Something that makes a change a matter for the operator.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doubt {
    /// The option.
    pub option: Name,
    /// It is set, or is not.
    pub set: Option<bool>,
    /// It has this value.
    pub equals: Option<String>,
    /// What there is to decide.
    pub why: String,
}

impl Doubt {
    pub(crate) fn condition(&self) -> Condition {
        Condition {
            option: self.option.clone(),
            set: self.set,
            equals: self.equals.clone(),
            not: false,
        }
    }
}

/// An option has another name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    /// The old name.
    pub from: Name,
    /// The new name.
    #[serde(deserialize_with = "name::current")]
    pub to: Name,
}

/// What counts when a target is set already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IfSet {
    /// The target keeps its value.
    #[default]
    Target,
    /// The target gets the new value.
    Source,
    /// Two switches: on when either is.
    Either,
    /// As oslo.config reads a deprecated name: the last file that has either counts, and there the target.
    Last,
    /// The operator decides, unless both are the same.
    Decide,
}

/// A value that assignments are made from: that of an option, and what is done to it, in the order of
/// the fields.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The option.
    pub option: Name,
    /// The value when the option is not set; may have other parts in braces.
    pub default: Option<String>,
    /// The value is a list: what follows is done to each item.
    #[serde(default)]
    pub list: bool,
    /// What separates the items: a text, or one blank for any white space. A comma if absent.
    pub split: Option<String>,
    /// The list must have one item.
    #[serde(default)]
    pub single: bool,
    /// The value is a switch: it becomes `true` or `false` however it is written.
    #[serde(default)]
    pub bool: bool,
    /// The value is a switch that is turned round: it becomes `True` or `False`.
    #[serde(default)]
    pub invert: bool,
    /// The value is a URL, of which this is wanted.
    pub url: Option<UrlPart>,
    /// For these values nothing is set; such items are dropped.
    #[serde(default)]
    pub without: Vec<String>,
    /// What each value becomes.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// What becomes of a value that `values` does not have.
    #[serde(default)]
    pub otherwise: Otherwise,
    /// The value's end that is replaced; nothing is done when it ends otherwise.
    pub suffix: Option<Suffix>,
    /// The value is a number, multiplied by this.
    pub factor: Option<Decimal>,
    /// The scheme that a URL gets that has none; may have other parts in braces.
    pub scheme: Option<String>,
    /// The value is a host, or host and port: an IPv6 address is put into brackets, and this port is
    /// added when there is none; may have other parts in braces.
    pub host_port: Option<String>,
    /// The value is percent-encoded, as user, password and path of a URL are.
    #[serde(default)]
    pub encode: bool,
    /// What the value is put into, as `{item}`; may have other parts in braces.
    pub each: Option<String>,
    /// What joins the items again; a comma if absent.
    pub join: Option<String>,
}

/// A part of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UrlPart {
    /// `https` of `https://…`.
    Scheme,
    /// The user.
    User,
    /// The password.
    Password,
    /// The host, without brackets.
    Host,
    /// The port.
    Port,
    /// The path, with its first slash.
    Path,
}

/// What becomes of a value that a table does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// The operator decides.
    #[default]
    Decide,
    /// It stays as it is.
    Keep,
}

/// How a value's end is replaced.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suffix {
    /// The end.
    pub from: String,
    /// What stands in its place.
    pub to: String,
}

/// An option is set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The option.
    #[serde(deserialize_with = "name::current")]
    pub option: Name,
    /// The value, as it is written in a file; parts stand in braces.
    pub value: String,
    /// The value is added to the list that the option has.
    #[serde(default)]
    pub append: bool,
    /// What counts when the option is set already; that of the rule if absent.
    pub if_set: Option<IfSet>,
    /// What must hold for it to be set.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// Options that must be set, too, for the value to be of use.
    #[serde(default)]
    pub need: Vec<Name>,
}

/// Items of lists, or values, that are replaced or dropped.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Items {
    /// The options.
    pub options: Vec<Name>,
    /// What stands in place of which.
    #[serde(default)]
    pub replace: BTreeMap<String, String>,
    /// What is dropped.
    #[serde(default)]
    pub drop: Vec<String>,
}

/// Options that nothing reads any more.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// The options.
    pub options: Vec<Name>,
    /// The service now behaves as with this value; another is a matter for the operator.
    pub kept: Option<String>,
}

/// Options of which there is only something to say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// The options.
    pub options: Vec<Name>,
}

/// What a rule does to a text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// The text before.
    pub before: String,
    /// The text after, once the operator has decided for the change.
    pub after: String,
}
