//! A rule pack: the options of a target, their former names, and why each was renamed.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use oslo_config::{Opt, OptName, OptType};
use serde::Deserialize;
use toml::Spanned;

use crate::rule;

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

/// Why a pack cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// There is no built-in pack of this name, and no file either.
    #[error("no rule pack is named {name:?}: expected one of {known}, or the path of a .toml file")]
    Unknown {
        /// The name that was given.
        name: String,
        /// The built-in packs.
        known: String,
    },
    /// The file cannot be read.
    #[error("cannot read the rules in {}: {cause}: give a readable TOML file", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The text is not of the form that rules have.
    #[error("the rules in {origin} are not well-formed: {cause}")]
    Form {
        /// The file or pack.
        origin: String,
        /// What is wrong, with line and column.
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// The rules contradict themselves, or name a type that there is not.
    #[error("the rules in {origin} cannot be used: {reason}")]
    Meaning {
        /// The file or pack.
        origin: String,
        /// What is wrong and what was expected.
        reason: String,
    },
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

    /// Joins packs into one, in the order given.
    ///
    /// # Errors
    ///
    /// When two of them claim the same former name for different options, or define an option twice.
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
        match contradiction(&joined.opts) {
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
            .find(|rule| same(&rule.from, from) && rule.to == *to)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackForm {
    name: String,
    summary: String,
    readers: Option<String>,
    project: Option<String>,
    #[serde(default, rename = "option")]
    options: Vec<OptForm>,
    #[serde(default)]
    removed: Vec<RemovedForm>,
    #[serde(default, rename = "rule")]
    conversions: Vec<Spanned<rule::Rule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptForm {
    group: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    multi: bool,
    #[serde(default)]
    secret: bool,
    default: Option<DefaultForm>,
    #[serde(default)]
    choices: Vec<String>,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(default, rename = "former")]
    formers: Vec<FormerForm>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum DefaultForm {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FormerForm {
    id: Option<String>,
    group: String,
    name: String,
    why: String,
    proof: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RemovedForm {
    group: String,
    name: String,
    advice: String,
}

impl PackForm {
    fn into_pack(self, text: &str) -> Result<Pack, String> {
        let opts = self
            .options
            .iter()
            .map(OptForm::to_opt)
            .collect::<Result<Vec<_>, _>>()?;
        let rules: Vec<Rule> = self
            .options
            .into_iter()
            .flat_map(OptForm::into_rules)
            .collect();
        if let Some(reason) = contradiction(&opts).or_else(|| repeated_id(&rules)) {
            return Err(reason);
        }
        let conversions = conversions(self.conversions, &rules, text)?;
        let removed = self
            .removed
            .into_iter()
            .map(|form| Removed {
                name: OptName::new(form.group, form.name),
                advice: form.advice,
            })
            .collect();
        Ok(Pack {
            name: self.name,
            summary: self.summary,
            readers: self.readers,
            project: self.project,
            opts,
            rules,
            removed,
            conversions,
        })
    }
}

impl OptForm {
    fn to_opt(&self) -> Result<Opt, String> {
        let mut opt = Opt::new(&self.group, &self.name, self.kind()?);
        if self.multi {
            opt = opt.multi();
        }
        if self.secret {
            opt = opt.secret();
        }
        let defaults = match &self.default {
            None => Vec::new(),
            Some(DefaultForm::One(value)) => vec![value],
            Some(DefaultForm::Many(values)) => values.iter().collect(),
        };
        if defaults.len() > 1 && !self.multi {
            return Err(
                self.refuse("has several defaults: it needs `multi = true`, or one default")
            );
        }
        for default in &defaults {
            // A default may refer to other options; what it becomes is not known here.
            let plain = oslo_config::references(default.as_bytes()).is_empty();
            if let Err(error) = opt.kind().convert(default)
                && plain
            {
                return Err(self.refuse(&format!("its default is not valid: {error}")));
            }
        }
        opt = defaults
            .into_iter()
            .fold(opt, |opt, value| opt.with_default(value));
        Ok(self.formers.iter().fold(opt, |opt, former| {
            opt.with_deprecated(&former.group, &former.name)
        }))
    }

    fn kind(&self) -> Result<OptType, String> {
        if !self.choices.is_empty() && self.kind != "str" {
            return Err(self.refuse("only an option of type str can have choices"));
        }
        if (self.min.is_some() || self.max.is_some()) && !["int", "port"].contains(&&*self.kind) {
            return Err(self.refuse("only an option of type int or port can have min and max"));
        }
        let bounds = (self.min.map(i128::from), self.max.map(i128::from));
        let port = |bound: Option<i64>| {
            bound.map(|bound| {
                u16::try_from(bound).map_err(|_| self.refuse("a port's bounds are 0 to 65535"))
            })
        };
        match self.kind.as_str() {
            "str" => Ok(OptType::Str {
                choices: self.choices.clone(),
                ignore_case: false,
                max_length: None,
            }),
            "bool" => Ok(OptType::Bool),
            "int" => Ok(OptType::Int { min: bounds.0, max: bounds.1, choices: Vec::new() }),
            "float" => Ok(OptType::Float { min: None, max: None }),
            "list" => Ok(OptType::list()),
            "dict" => Ok(OptType::dict()),
            "port" => Ok(OptType::Port {
                min: port(self.min).transpose()?,
                max: port(self.max).transpose()?,
                choices: Vec::new(),
            }),
            "uri" => Ok(OptType::Uri),
            "hostaddress" => Ok(OptType::HostAddress { version: None }),
            "ip" => Ok(OptType::Ip { version: None }),
            other => Err(self.refuse(&format!(
                "type {other:?} is none of str, bool, int, float, list, dict, port, uri, hostaddress, \
                 ip (for a multi-valued option add `multi = true`)"
            ))),
        }
    }

    fn refuse(&self, reason: &str) -> String {
        format!("option {}.{}: {reason}", self.group, self.name)
    }

    fn into_rules(self) -> impl Iterator<Item = Rule> {
        let to = OptName::new(self.group, self.name);
        self.formers.into_iter().map(move |former| Rule {
            id: former
                .id
                .unwrap_or_else(|| format!("{}-{}", former.group, former.name)),
            from: OptName::new(former.group, former.name),
            to: to.clone(),
            why: former.why,
            proof: former.proof,
        })
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

/// The rules of a file, once they make sense; else the line of the one that does not, and why.
fn conversions(
    forms: Vec<Spanned<rule::Rule>>,
    renames: &[Rule],
    text: &str,
) -> Result<Vec<rule::Rule>, String> {
    let mut conversions: Vec<rule::Rule> = Vec::new();
    for form in forms {
        let start = form.span().start.min(text.len());
        let line = 1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..start]).count();
        let rule = form.into_inner();
        let ids = renames.iter().map(|rename| &rename.id);
        let mut ids = ids.chain(conversions.iter().map(|known| &known.id));
        let problem = if ids.any(|id| *id == rule.id) {
            Some("its id stands twice: give each rule its own".to_owned())
        } else {
            rule::problem(&rule)
        };
        if let Some(problem) = problem {
            return Err(format!("line {line}: the rule {}: {problem}", rule.id));
        }
        conversions.push(rule);
    }
    Ok(conversions)
}

fn repeated_id(rules: &[Rule]) -> Option<String> {
    let mut ids = std::collections::HashSet::new();
    let repeated = rules.iter().find(|rule| !ids.insert(&rule.id))?;
    Some(format!(
        "the id {} stands twice: give each former name its own",
        repeated.id
    ))
}
