//! A schema as a pack.

use std::collections::{BTreeMap, BTreeSet};

use oslo_config::{Config, Opt, OptName, ParsedFile};

use super::Schema;
use crate::pack::{Pack, Rule};
use crate::rule;

/// The options of a schema, and those of the sections that the files name, with a rule for each former
/// name: one that several options read is copied to each of them.
pub(super) fn pack(schema: &Schema, files: &[ParsedFile<'_>]) -> Pack {
    let mut all: BTreeMap<OptName, Opt> = schema
        .options()
        .map(|described| (described.opt.name().clone(), described.opt.clone()))
        .collect();
    for opt in named_sections(schema, files) {
        all.entry(opt.name().clone()).or_insert(opt);
    }
    let mut readers: BTreeMap<OptName, BTreeSet<OptName>> = BTreeMap::new();
    for opt in all.values() {
        for former in opt.deprecated() {
            // While a name is an option itself, it is set for its own sake.
            if !all.contains_key(former) {
                let of = readers.entry(former.clone()).or_default();
                of.insert(opt.name().clone());
            }
        }
    }
    let name = schema.name();
    let mut pack = Pack {
        name: name.to_owned(),
        summary: format!("the options of {}", schema.origin),
        readers: None,
        project: None,
        opts: Vec::new(),
        rules: Vec::new(),
        removed: Vec::new(),
        conversions: Vec::new(),
    };
    for opt in all.values() {
        pack.opts.push(with_own_names(opt, &readers));
    }
    for opt in &pack.opts {
        for former in opt.deprecated() {
            pack.rules.push(Rule {
                id: id(former),
                from: former.clone(),
                to: opt.name().clone(),
                why: format!("{name} reads it as a former name"),
                proof: Some(schema.origin.clone()),
            });
        }
    }
    let copies = readers.iter().filter(|(_, readers)| readers.len() > 1);
    pack.conversions = copies
        .filter_map(|(former, readers)| copy(former, readers, schema))
        .collect();
    pack
}

fn id(former: &OptName) -> String {
    format!("{}-{}", former.group(), former.name())
}

/// The option with those of its former names that no other option has.
fn with_own_names(opt: &Opt, readers: &BTreeMap<OptName, BTreeSet<OptName>>) -> Opt {
    let mut own = without_former_names(opt, opt.name().group());
    for former in opt.deprecated() {
        if readers
            .get(former)
            .is_some_and(|readers| readers.len() == 1)
        {
            own = own.with_deprecated(former.group(), former.name());
        }
    }
    own
}

/// A rule that gives the value of a former name to each option that reads it.
fn copy(former: &OptName, readers: &BTreeSet<OptName>, schema: &Schema) -> Option<rule::Rule> {
    Some(rule::Rule {
        proof: vec![schema.origin.clone()],
        ..rule::Rule::copying(former, readers, schema.name())?
    })
}

/// The options of the sections that an option names, such as those in `enabled_backends`.
fn named_sections(schema: &Schema, files: &[ParsedFile<'_>]) -> Vec<Opt> {
    let mut found = Vec::new();
    for (group, owner) in &schema.dynamic {
        let Some(described) = schema.option(owner) else {
            continue;
        };
        let opts = [described.opt.clone()];
        let config = Config::new(files, &opts);
        let Ok(setting) = config.get(owner.group(), owner.name()) else {
            continue;
        };
        let texts = setting.texts.iter().flat_map(|text| text.split(','));
        // A dictionary's names are the sections, as in glance's `enabled_backends = fast:file`.
        let sections: BTreeSet<String> = texts
            .map(|item| item.split(':').next().unwrap_or_default().trim())
            .filter(|section| !section.is_empty())
            .map(str::to_lowercase)
            .collect();
        let members: Vec<&Opt> = schema
            .options()
            .map(|described| &described.opt)
            .filter(|opt| opt.name().group() == group)
            .collect();
        for section in sections {
            found.extend(members.iter().map(|opt| in_section(opt, group, &section)));
        }
    }
    found
}

/// An option as it is in another section; its former names in its own group move with it.
fn in_section(opt: &Opt, group: &str, section: &str) -> Opt {
    opt.deprecated()
        .iter()
        .filter(|former| former.group() == group)
        .fold(without_former_names(opt, section), |moved, former| {
            moved.with_deprecated(section, former.name())
        })
}

fn without_former_names(opt: &Opt, group: &str) -> Opt {
    let mut bare = Opt::new(group, opt.name().name(), opt.kind().clone());
    if opt.is_multi() {
        bare = bare.multi();
    }
    if opt.is_secret() {
        bare = bare.secret();
    }
    let defaults = opt.default().iter();
    defaults.fold(bare, |bare, value| bare.with_default(value))
}
