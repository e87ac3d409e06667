//! The TOML form of a pack.

use oslo_config::{Opt, OptName, OptType};
use serde::Deserialize;
use toml::Spanned;

use super::{Pack, Removed, Renaming, contradiction, endless};
use crate::rule::{self, Name, Rule};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "the tables of a pack")]
pub(super) struct PackForm {
    name: String,
    summary: String,
    readers: Option<String>,
    project: Option<String>,
    #[serde(default, rename = "option")]
    options: Vec<Spanned<OptForm>>,
    #[serde(default)]
    removed: Vec<RemovedForm>,
    #[serde(default, rename = "rule")]
    rules: Vec<Spanned<Rule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with group, name and type")]
struct OptForm {
    #[serde(deserialize_with = "rule::group")]
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
    formers: Vec<Spanned<FormerForm>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum DefaultForm {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with group, name and why")]
struct FormerForm {
    id: Option<String>,
    #[serde(deserialize_with = "rule::group")]
    group: String,
    name: String,
    why: String,
    proof: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table with group, name and advice")]
struct RemovedForm {
    #[serde(deserialize_with = "rule::group")]
    group: String,
    name: String,
    advice: String,
}

impl PackForm {
    pub(super) fn into_pack(self, text: &str) -> Result<Pack, String> {
        let line = |form: &Spanned<OptForm>| line_at(text, form.span().start);
        let lines: Vec<usize> = self.options.iter().map(line).collect();
        let forms = self.options.iter().zip(&lines);
        let opts = forms.map(|(form, line)| {
            let opt = form.as_ref().to_opt();
            opt.map_err(|reason| format!("line {line}: {reason}"))
        });
        let opts = opts.collect::<Result<Vec<_>, _>>()?;
        if let Some((at, reason)) = contradiction(&opts) {
            return Err(format!("line {}: {reason}", lines[at]));
        }
        let formers = self.options.iter().flat_map(|form| &form.as_ref().formers);
        let formers: Vec<usize> = formers
            .map(|form| line_at(text, form.span().start))
            .collect();
        let forms = self.options.into_iter().zip(&opts);
        let renamings: Vec<Renaming> = forms
            .flat_map(|(form, opt)| form.into_inner().into_renamings(opt.name()))
            .collect();
        if let Some((at, reason)) = repeated_id(&renamings) {
            return Err(format!("line {}: {reason}", formers[at]));
        }
        let rules = valid_rules(self.rules, &opts, &renamings, text)?;
        if let Some(endless) = endless(&rules, &renamings) {
            let id = endless.first_rule();
            let mut known = rules.iter();
            let line = known.find(|rule| rule.id == id).and_then(|rule| rule.line);
            // Renamings alone have no circle: none is both a current and a former name.
            let line = line.map_or_else(String::new, |line| format!("line {line}: "));
            return Err(format!("{line}{endless}"));
        }
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
            renamings,
            removed,
            rules,
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
            // The value of a default with references is not known.
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
        let formers = self.formers.iter().map(Spanned::as_ref);
        Ok(formers.fold(opt, |opt, former| {
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
            "int" => Ok(OptType::Int {
                min: bounds.0,
                max: bounds.1,
                choices: Vec::new(),
            }),
            "float" => Ok(OptType::Float {
                min: None,
                max: None,
            }),
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
                "type {other:?} is none of str, bool, int, float, list, dict, port, uri, \
                 hostaddress, ip (for a multi-valued option add `multi = true`)"
            ))),
        }
    }

    fn refuse(&self, reason: &str) -> String {
        format!("option {}.{}: {reason}", self.group, self.name)
    }

    /// Returns the renamings of the former names to `to`.
    fn into_renamings(self, to: &OptName) -> impl Iterator<Item = Renaming> {
        self.formers
            .into_iter()
            .map(Spanned::into_inner)
            .map(|former| Renaming {
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

/// Returns the rules of a file, or the line and the problem of the first one that is not valid.
fn valid_rules(
    forms: Vec<Spanned<Rule>>,
    opts: &[Opt],
    renamings: &[Renaming],
    text: &str,
) -> Result<Vec<Rule>, String> {
    let mut rules: Vec<Rule> = Vec::new();
    for form in forms {
        let line = line_at(text, form.span().start);
        let mut rule = Rule {
            line: Some(line),
            ..form.into_inner()
        };
        for set in &mut rule.set {
            // A rule that sets a former name sets the option that reads it.
            let is_option = opts.iter().any(|opt| *opt.name() == *set.option);
            let mut readers = renamings.iter().filter(|it| it.from == *set.option);
            if let (false, Some(reader)) = (is_option, readers.next()) {
                set.option = Name(reader.to.clone());
            }
        }
        let ids = renamings.iter().map(|renaming| &renaming.id);
        let mut ids = ids.chain(rules.iter().map(|known| &known.id));
        let problem = if ids.any(|id| *id == rule.id) {
            Some("its id is used twice: give each rule its own".to_owned())
        } else {
            rule::problem(&rule)
        };
        if let Some(problem) = problem {
            return Err(format!("line {line}: the rule {}: {problem}", rule.id));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// Returns the number of the line that has a byte.
fn line_at(text: &str, offset: usize) -> usize {
    let before = &text.as_bytes()[..offset.min(text.len())];
    1 + memchr::memchr_iter(b'\n', before).count()
}

/// Returns the index of the first renaming whose id another one has, and the problem.
fn repeated_id(renamings: &[Renaming]) -> Option<(usize, String)> {
    let mut ids = std::collections::HashSet::new();
    let mut renamings = renamings.iter().enumerate();
    let (at, repeated) = renamings.find(|(_, renaming)| !ids.insert(&renaming.id))?;
    let id = &repeated.id;
    let reason = format!("the id {id} is used twice: give each former name its own");
    Some((at, reason))
}
