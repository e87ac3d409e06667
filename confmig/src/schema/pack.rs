//! A schema as a pack.

use std::collections::{BTreeMap, BTreeSet};

use oslo_config::{Config, Opt, OptName, ParsedFile};

use super::Schema;
use crate::pack::Pack;

/// The options of a schema, and those of the sections that the files name, with a rule for each former
/// name of each.
pub(super) fn pack(schema: &Schema, files: &[ParsedFile<'_>]) -> Pack {
    let mut all: BTreeMap<OptName, Opt> = schema
        .options()
        .map(|described| (described.opt.name().clone(), described.opt.clone()))
        .collect();
    for opt in named_sections(schema, files) {
        all.entry(opt.name().clone()).or_insert(opt);
    }
    let mut pack = Pack::from_opts(schema.name(), all.into_values().collect());
    pack.summary = format!("the options of {}", schema.origin);
    for rule in &mut pack.rules {
        rule.why = format!("{} reads it as a former name", schema.name());
        rule.proof = Some(schema.origin.clone());
    }
    pack
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
