//! A rule pack: the options of a target, their former names, and why each was renamed.

mod form;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use oslo_config::{Opt, OptName};

use crate::rule;
use form::PackForm;

/// The pack that is used when none is asked for.
pub const DEFAULT_PACK: &str = "standalone-ilo";

/// The packs inside the program: name and text.
const BUILT_IN: [(&str, &str); 2] = [
    (DEFAULT_PACK, include_str!("../packs/standalone-ilo.toml")),
    (
        "ironic-liberty",
        include_str!("../packs/ironic-liberty.toml"),
    ),
];

/// Options as a target knows them, and the rules that lead to their names.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    /// Its name.
    pub name: String,
    /// What it is for, in one line.
    pub summary: String,
    /// Which programs read the new names, in one line.
    pub readers: Option<String>,
    /// The service that the options belong to, when it is one whose names are known here.
    pub project: Option<String>,
    /// The options.
    pub opts: Vec<Opt>,
    /// One rule for each former name of each option.
    pub rules: Vec<Rule>,
    /// Options that are gone, with what to do instead.
    pub removed: Vec<Removed>,
    /// What else becomes of options: of their values, of several together.
    pub conversions: Vec<rule::Rule>,
}

/// An option was renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Names the rule: unique in its pack.
    pub id: String,
    /// The former name.
    pub from: OptName,
    /// The current name.
    pub to: OptName,
    /// Why it was renamed.
    pub why: String,
    /// Where that can be looked up: a commit, a release note, a specification.
    pub proof: Option<String>,
}

/// An option is gone without a successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Its name.
    pub name: OptName,
    /// What to do instead.
    pub advice: String,
}

/// Why a pack cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages tell what the fields are")]
pub enum PackError {
    /// There is no built-in pack of this name, and no file either.
    #[error("no rule pack is named {name:?}: expected one of {known}, or the path of a .toml file")]
    Unknown { name: String, known: String },
    /// The file cannot be read.
    #[error("cannot read the rules in {}: {cause}: give a readable TOML file", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// The text is not of the form that rules have.
    #[error("the rules in {origin} are not well-formed: {cause}")]
    Form {
        origin: String,
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// The rules contradict themselves, or name a type that there is not.
    #[error("the rules in {origin} cannot be used: {reason}")]
    Meaning { origin: String, reason: String },
}

impl Pack {
    /// The names of the built-in packs.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// Loads a built-in pack by its name, or any pack from the path of a TOML file.
    ///
    /// # Errors
    ///
    /// When there is no such pack, or its file cannot be read or used.
    pub fn load(name_or_path: &str) -> Result<Self, PackError> {
        if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
            return Pack::parse(text, name);
        }
        let path = Path::new(name_or_path);
        if path.extension().is_none_or(|extension| extension != "toml") && !path.exists() {
            let known = Pack::built_in().collect::<Vec<_>>().join(", ");
            return Err(PackError::Unknown {
                name: name_or_path.into(),
                known,
            });
        }
        let text = std::fs::read_to_string(path).map_err(|cause| PackError::Read {
            path: path.into(),
            cause,
        })?;
        Pack::parse(&text, name_or_path)
    }

    /// Reads a pack from TOML. `origin` names it in errors.
    ///
    /// # Errors
    ///
    /// When the text is not well-formed, or contradicts itself.
    pub fn parse(text: &str, origin: &str) -> Result<Self, PackError> {
        let form: PackForm = toml::from_str(text).map_err(|cause| PackError::Form {
            origin: origin.into(),
            cause: Box::new(cause),
        })?;
        form.into_pack(text).map_err(|reason| PackError::Meaning {
            origin: origin.into(),
            reason,
        })
    }

    /// A pack of option definitions alone: one rule for each former name of each option. Several options
    /// may have the same former name.
    #[must_use]
    pub fn from_opts(name: &str, opts: Vec<Opt>) -> Self {
        let rule = |opt: &Opt, from: &OptName| Rule {
            id: format!("{}-{}", from.group(), from.name()),
            from: from.clone(),
            to: opt.name().clone(),
            why: "renamed".into(),
            proof: None,
        };
        let rules = opts
            .iter()
            .flat_map(|opt| opt.deprecated().iter().map(move |from| rule(opt, from)));
        Pack {
            name: name.into(),
            rules: rules.collect(),
            opts,
            ..Pack::default()
        }
    }

    /// Joins packs into one, in the order given.
    ///
    /// # Errors
    ///
    /// When two of them claim the same name, or their rules lead in a circle.
    pub fn join(packs: Vec<Pack>) -> Result<Self, PackError> {
        let groups: Vec<&[Opt]> = packs.iter().map(|pack| pack.opts.as_slice()).collect();
        let claimed_by_two = claimed_by_two(&groups);
        let mut packs = packs.into_iter();
        let Some(mut joined) = packs.next() else {
            return Pack::load(DEFAULT_PACK);
        };
        for pack in packs {
            joined.name = format!("{}, {}", joined.name, pack.name);
            joined.opts.extend(pack.opts);
            joined.rules.extend(pack.rules);
            joined.removed.extend(pack.removed);
            joined.conversions.extend(pack.conversions);
            joined.readers = match (joined.readers, pack.readers) {
                (Some(one), Some(other)) if one != other => Some(format!("{one}; {other}")),
                (one, other) => one.or(other),
            };
            joined.project = joined.project.or(pack.project);
        }
        match claimed_by_two.or_else(|| endless(&joined.conversions, &joined.rules)) {
            Some(reason) => Err(PackError::Meaning {
                origin: joined.name,
                reason,
            }),
            None => Ok(joined),
        }
    }

    /// The rule for a former name of an option.
    #[must_use]
    pub fn rule(&self, from: &OptName, to: &OptName) -> Option<&Rule> {
        // A name with a hyphen is also read with an underscore.
        let same = |one: &OptName, other: &OptName| {
            one.group() == other.group()
                && one.name().replace('-', "_") == other.name().replace('-', "_")
        };
        self.rules
            .iter()
            .find(|rule| same(&rule.from, from) && same(&rule.to, to))
    }
}

/// What two options of a pack claim for themselves, in words; `None` when all is well.
fn contradiction(opts: &[Opt]) -> Option<String> {
    let named = |opt: &Opt| !opt.name().group().is_empty() && !opt.name().name().is_empty();
    if let Some(opt) = opts.iter().find(|opt| !named(opt)) {
        let name = opt.name();
        return Some(format!("{name}: group and name must not be empty"));
    }
    let each: Vec<&[Opt]> = opts.iter().map(std::slice::from_ref).collect();
    opts.iter()
        .find_map(repeated)
        .or_else(|| claimed_by_two(&each))
}

/// A name that one option has twice.
fn repeated(opt: &Opt) -> Option<String> {
    let mut seen = HashSet::new();
    let mut names = names_of(opt);
    names
        .find(|name| !seen.insert(*name))
        .map(|name| claimed(name, opt.name(), opt.name()))
}

/// Every name of an option, the current one first.
pub(crate) fn names_of(opt: &Opt) -> impl Iterator<Item = &OptName> {
    std::iter::once(opt.name()).chain(opt.deprecated())
}

/// Tells whether a name is one of an option.
pub(crate) fn is_named(opt: &Opt, group: &str, name: &str) -> bool {
    names_of(opt).any(|known| known.group() == group && known.name() == name)
}

/// A name that options of two groups of options have. Within a group, several may share a former name.
fn claimed_by_two(groups: &[&[Opt]]) -> Option<String> {
    let mut owners: HashMap<&OptName, (usize, &OptName)> = HashMap::new();
    for (at, opts) in groups.iter().enumerate() {
        for opt in *opts {
            for name in names_of(opt) {
                match owners.insert(name, (at, opt.name())) {
                    Some((owner, other)) if owner != at => {
                        return Some(claimed(name, other, opt.name()));
                    }
                    _ => {}
                }
            }
        }
    }
    None
}

fn claimed(name: &OptName, one: &OptName, other: &OptName) -> String {
    if one == other {
        format!("{name} stands twice among the names of one option, or is defined twice: keep one")
    } else {
        format!("{name} is claimed by both {one} and {other}: keep one")
    }
}

/// Why rules, together with these renamings, would never come to an end; `None` when they do.
fn endless(rules: &[rule::Rule], renamings: &[Rule]) -> Option<String> {
    let formers = renamings
        .iter()
        .map(|renaming| (&renaming.from, &renaming.to, &*renaming.id));
    rule::endless(rules, formers).map(|endless| endless.to_string())
}
