//! The pack of a schema for a set of files.

use std::collections::{BTreeMap, BTreeSet};

use oslo_config::{Config, Opt, OptName, ParsedFile};

use super::Schema;
use crate::pack::Pack;

/// Returns the options of a schema, those of the sections that the files name, and a renaming for
/// each former name.
pub(super) fn pack(schema: &Schema, files: &[ParsedFile<'_>]) -> Pack {
    let mut all: BTreeMap<OptName, Opt> = schema
        .options()
        .map(|option| (option.opt.name().clone(), option.opt.clone()))
        .collect();
    for opt in named_sections(schema, files) {
        all.entry(opt.name().clone()).or_insert(opt);
    }
    let mut pack = Pack::from_opts(schema.name(), all.into_values().collect());
    pack.summary = format!("the options of {}", schema.origin);
    for renaming in &mut pack.renamings {
        renaming.why = format!("{} reads it as a former name", schema.name());
        renaming.proof = Some(schema.origin.clone());
    }
    pack
}

/// Returns the options of the sections that an option such as `enabled_backends` names.
fn named_sections(schema: &Schema, files: &[ParsedFile<'_>]) -> Vec<Opt> {
    let mut found = Vec::new();
    for (group, owner) in &schema.dynamic {
        let Some(option) = schema.option(owner) else {
            continue;
        };
        let opts = [option.opt.clone()];
        let config = Config::new(files, &opts);
        let Ok(setting) = config.setting(owner.group(), owner.name()) else {
            continue;
        };
        let texts = setting.texts.iter().flat_map(|text| text.split(','));
        // In a dictionary, the keys are the sections: `enabled_backends = fast:file` of Glance.
        let sections: BTreeSet<String> = texts
            .map(|item| item.split(':').next().unwrap_or_default().trim())
            .filter(|section| !section.is_empty())
            .map(str::to_lowercase)
            .collect();
        let members: Vec<&Opt> = schema
            .options()
            .map(|option| &option.opt)
            .filter(|opt| opt.name().group() == group)
            .collect();
        for section in sections {
            found.extend(members.iter().map(|opt| in_section(opt, group, &section)));
        }
    }
    found
}

/// Returns an option in another section, with the former names of its own group.
fn in_section(opt: &Opt, group: &str, section: &str) -> Opt {
    opt.deprecated()
        .iter()
        .filter(|former| former.group() == group)
        .fold(moved_to(section, opt), |moved, former| {
            moved.with_deprecated(section, former.name())
        })
}

/// Returns an option in another group, without former names.
fn moved_to(group: &str, opt: &Opt) -> Opt {
    let mut moved = Opt::new(group, opt.name().name(), opt.kind().clone());
    if opt.is_multi() {
        moved = moved.multi();
    }
    if opt.is_secret() {
        moved = moved.secret();
    }
    let defaults = opt.default().iter();
    defaults.fold(moved, |moved, value| moved.with_default(value))
}
