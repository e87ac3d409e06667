//! Rule packs: the options of a target, their former names, and the rules for everything else.

mod form;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use oslo_config::{Opt, OptName};

use crate::rule::{self, Endless, Rule};
use form::PackForm;

/// The pack that is used when no other is named.
pub const DEFAULT_PACK: &str = "standalone-ilo";

/// The built-in packs: name and text.
const BUILT_IN: [(&str, &str); 2] = [
    (
        DEFAULT_PACK,
        include_str!("../../packs/standalone-ilo.toml"),
    ),
    (
        "ironic-liberty",
        include_str!("../../packs/ironic-liberty.toml"),
    ),
];

/// The options of a target, with the renamings and rules that lead to them.
#[derive(Debug, Clone, Default)]
pub struct Pack {
    /// The name of the pack.
    pub name: String,
    /// The purpose, in one line.
    pub summary: String,
    /// The programs that read the new names, in one line.
    pub readers: Option<String>,
    /// The service that the options belong to, if its history is known.
    pub project: Option<String>,
    /// The options.
    pub opts: Vec<Opt>,
    /// One renaming for each former name of each option.
    pub renamings: Vec<Renaming>,
    /// The options that were removed.
    pub removed: Vec<Removed>,
    /// The changes that do more than rename.
    pub rules: Vec<Rule>,
}

/// A former name that became a current name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renaming {
    /// The id, unique in its pack.
    pub id: String,
    /// The former name.
    pub from: OptName,
    /// The current name.
    pub to: OptName,
    /// The reason.
    pub why: String,
    /// The evidence: a commit, a release note, a specification.
    pub proof: Option<String>,
}

/// An option that was removed without a successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The name.
    pub name: OptName,
    /// What to do instead.
    pub advice: String,
}

/// The error for a pack that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages show what the fields are")]
pub enum PackError {
    /// There is neither a built-in pack nor a file of this name.
    #[error("no rule pack is named {name:?}: expected one of {known}, or the path of a .toml file")]
    Unknown { name: String, known: String },
    /// The file cannot be read.
    #[error("cannot read the rules in {}: {cause}: expected a readable TOML file", path.display())]
    Read {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// The text does not have the form of a pack.
    #[error("the rules in {origin} are not well-formed: {cause}")]
    Form {
        origin: String,
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// The rules contradict each other, or name an unknown type.
    #[error("the rules in {origin} cannot be used: {reason}")]
    Meaning { origin: String, reason: String },
}

impl Pack {
    /// Returns the names of the built-in packs.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// Loads a built-in pack by its name, or a pack from a TOML file by its path.
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

    /// Reads a pack from TOML. Errors call it `origin`.
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

    /// Creates a pack from option definitions, with one renaming for each former name of each
    /// option. Several options may share a former name.
    #[must_use]
    pub fn from_opts(name: &str, opts: Vec<Opt>) -> Self {
        let renaming = |opt: &Opt, from: &OptName| Renaming {
            id: format!("{}-{}", from.group(), from.name()),
            from: from.clone(),
            to: opt.name().clone(),
            why: "renamed".into(),
            proof: None,
        };
        let renamings = opts
            .iter()
            .flat_map(|opt| opt.deprecated().iter().map(move |from| renaming(opt, from)));
        Pack {
            name: name.into(),
            renamings: renamings.collect(),
            opts,
            ..Pack::default()
        }
    }

    /// Joins packs into one, in the order given.
    ///
    /// # Errors
    ///
    /// When two of them claim the same name, or their rules would never come to an end.
    pub fn join(packs: Vec<Pack>) -> Result<Self, PackError> {
        let lists: Vec<&[Opt]> = packs.iter().map(|pack| pack.opts.as_slice()).collect();
        let claimed_by_two = claimed_by_two(&lists);
        let mut packs = packs.into_iter();
        let Some(mut joined) = packs.next() else {
            return Pack::load(DEFAULT_PACK);
        };
        for pack in packs {
            joined.name = format!("{}, {}", joined.name, pack.name);
            joined.opts.extend(pack.opts);
            joined.renamings.extend(pack.renamings);
            joined.removed.extend(pack.removed);
            joined.rules.extend(pack.rules);
            joined.readers = match (joined.readers, pack.readers) {
                (Some(one), Some(other)) if one != other => Some(format!("{one}; {other}")),
                (one, other) => one.or(other),
            };
            joined.project = joined.project.or(pack.project);
        }
        let claimed = claimed_by_two.map(|(_, reason)| reason);
        let endless = || endless(&joined.rules, &joined.renamings).map(|it| it.to_string());
        match claimed.or_else(endless) {
            Some(reason) => Err(PackError::Meaning {
                origin: joined.name,
                reason,
            }),
            None => Ok(joined),
        }
    }

    /// Returns the renaming from a former name to an option.
    #[must_use]
    pub fn renaming(&self, from: &OptName, to: &OptName) -> Option<&Renaming> {
        // A name with a hyphen is also read with an underscore.
        let same = |one: &OptName, other: &OptName| {
            one.group() == other.group()
                && one.name().replace('-', "_") == other.name().replace('-', "_")
        };
        self.renamings
            .iter()
            .find(|known| same(&known.from, from) && same(&known.to, to))
    }
}

/// Describes what two options of a pack both claim, with the index of the second one; `None` when
/// there is nothing.
fn contradiction(opts: &[Opt]) -> Option<(usize, String)> {
    let named = |opt: &Opt| !opt.name().group().is_empty() && !opt.name().name().is_empty();
    let mut all = opts.iter().enumerate();
    if let Some((at, opt)) = all.find(|(_, opt)| !named(opt)) {
        let name = opt.name();
        return Some((at, format!("{name}: group and name must not be empty")));
    }
    let each: Vec<&[Opt]> = opts.iter().map(std::slice::from_ref).collect();
    let mut all = opts.iter().enumerate();
    all.find_map(|(at, opt)| Some((at, repeated(opt)?)))
        .or_else(|| claimed_by_two(&each))
}

/// Describes a name that one option has twice.
fn repeated(opt: &Opt) -> Option<String> {
    let mut seen = HashSet::new();
    let mut names = names_of(opt);
    names
        .find(|name| !seen.insert(*name))
        .map(|name| claimed(name, opt.name(), opt.name()))
}

/// Returns every name of an option, the current one first.
pub(crate) fn names_of(opt: &Opt) -> impl Iterator<Item = &OptName> {
    std::iter::once(opt.name()).chain(opt.deprecated())
}

/// Describes a name that options of two lists have, with the index of the second list. Options of
/// one list may share a former name.
fn claimed_by_two(lists: &[&[Opt]]) -> Option<(usize, String)> {
    let mut owners: HashMap<&OptName, (usize, &OptName)> = HashMap::new();
    for (at, opts) in lists.iter().enumerate() {
        for opt in *opts {
            for name in names_of(opt) {
                match owners.insert(name, (at, opt.name())) {
                    Some((owner, other)) if owner != at => {
                        return Some((at, claimed(name, other, opt.name())));
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
        format!("{name} is listed twice among the names of one option, or defined twice: keep one")
    } else {
        format!("{name} is claimed by both {one} and {other}: keep one")
    }
}

/// Returns why rules and renamings would never come to an end; `None` when they do.
fn endless(rules: &[Rule], renamings: &[Renaming]) -> Option<Endless> {
    let formers = renamings
        .iter()
        .map(|renaming| (&renaming.from, &renaming.to, &*renaming.id));
    rule::endless(rules, formers)
}
