//! A rule pack: the options of a target, their former names, and why each was renamed.

mod error;
mod form;

use std::collections::HashMap;
use std::path::Path;

use oslo_config::{Opt, OptName};

use crate::rule;
pub use error::PackError;
use form::{PackForm, in_order};

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
#[derive(Debug, Clone)]
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

    /// A pack of option definitions alone: one rule for each former name.
    ///
    /// # Errors
    ///
    /// When two options claim the same name.
    pub fn from_opts(name: &str, opts: Vec<Opt>) -> Result<Self, PackError> {
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
        let pack = Pack {
            name: name.into(),
            summary: String::new(),
            readers: None,
            project: None,
            rules: rules.collect(),
            removed: Vec::new(),
            conversions: Vec::new(),
            opts,
        };
        Pack::join(vec![pack])
    }

    /// Joins packs into one, in the order given; also one alone, to follow its rules. They come in an order
    /// in which each is after those that give it something to do, and a renaming leads to where those after
    /// it lead: a rule may be there more than once then, with different conditions.
    ///
    /// # Errors
    ///
    /// When two of them claim the same former name for different options, define an option twice, or lead in
    /// a circle.
    pub fn join(packs: Vec<Pack>) -> Result<Self, PackError> {
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
        if let Some(reason) = contradiction(&joined.opts) {
            return Err(joined.refused(reason));
        }
        match in_order(std::mem::take(&mut joined.conversions), &joined.rules) {
            Ok(rules) => {
                let formers: Vec<_> = joined
                    .rules
                    .iter()
                    .map(|rule| (&rule.from, &rule.to))
                    .collect();
                joined.conversions = rule::joined(&rules, &formers);
                Ok(joined)
            }
            Err(reason) => Err(joined.refused(reason)),
        }
    }

    fn refused(self, reason: String) -> PackError {
        PackError::Meaning {
            origin: self.name,
            reason,
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

/// What two definitions claim for themselves, in words; `None` when all is well.
fn contradiction(opts: &[Opt]) -> Option<String> {
    let mut owners: HashMap<&OptName, &OptName> = HashMap::new();
    for opt in opts {
        let names = std::iter::once(opt.name()).chain(opt.deprecated());
        for name in names {
            if name.group().is_empty() || name.name().is_empty() {
                return Some(format!("{name}: group and name must not be empty"));
            }
            if let Some(other) = owners.insert(name, opt.name()) {
                return Some(if other == opt.name() {
                    format!(
                        "{name} stands twice among the names of one option, or is defined twice: keep one"
                    )
                } else {
                    format!(
                        "{name} is claimed by both {other} and {}: keep one",
                        opt.name()
                    )
                });
            }
        }
    }
    None
}
