//! What a service would not understand, by what `oslo-config-generator` tells of it.

use std::collections::{BTreeMap, BTreeSet};

use bstr::ByteSlice;
use oslo_config::{DEFAULT_GROUP, Opt, OptName, ParsedFile, Section};

use super::named::Named;
use super::names::similar;
use super::plugins::{Plugins, Service};
use super::references::{self, references_of};
use crate::diagnostic::{Code, Diagnostic, Places};
use crate::known::KnownNames;
use crate::pack::Pack;
use crate::release::Series;
use crate::schema::{Changed, Going, Schema, compare, successors};
use crate::secret::Secrets;

/// What oslo.config reads for itself, which is in no schema.
const OWN: [&str; 3] = ["config_file", "config_dir", "config_source"];

/// The schemas that files are checked with.
#[derive(Debug, Clone, Copy)]
pub struct Schemas<'s> {
    /// That of the release that the files were written for.
    pub from: Option<&'s Schema>,
    /// That of the release that reads them.
    pub to: &'s Schema,
    /// Tell of options that are not set and have another default.
    pub defaults: bool,
}

/// What a service would not understand of files, besides what [`super::check`] finds with `pack`, which
/// is that of the schema for these files ([`Schema::pack`]).
#[must_use]
pub fn check_schema(
    files: &[ParsedFile<'_>],
    pack: &Pack,
    schemas: Schemas<'_>,
    secrets: &Secrets<'_>,
) -> Vec<Diagnostic> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    groups.entry(DEFAULT_GROUP).or_default().extend(OWN);
    let described = schemas.to.options().map(|described| &described.opt);
    for opt in pack.opts.iter().chain(described) {
        for name in std::iter::once(opt.name()).chain(opt.deprecated()) {
            groups.entry(name.group()).or_default().insert(name.name());
        }
    }
    let entries = files.iter().flat_map(|file| file.document.entries());
    let checker = SchemaChecker {
        pack,
        schemas,
        groups,
        set: entries
            .map(|entry| OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy()))
            .collect(),
        // A schema does not tell which keystoneauth comes with the service.
        plugins: Plugins::new(
            files,
            schemas.to,
            (Series::newest(), false),
            Places { secrets },
        ),
        places: Places { secrets },
    };
    let mut found = Vec::new();
    for file in files {
        for section in file.document.sections() {
            checker.section(file, section, &mut found);
        }
    }
    if let (true, Some(from)) = (schemas.defaults, schemas.from) {
        checker.defaults(files, from, &mut found);
    }
    found
}

struct SchemaChecker<'c> {
    pack: &'c Pack,
    schemas: Schemas<'c>,
    /// All names that are read, by group.
    groups: BTreeMap<&'c str, BTreeSet<&'c str>>,
    /// All names that are set.
    set: BTreeSet<OptName>,
    plugins: Plugins<'c>,
    places: Places<'c, 'c>,
}

impl Service for Schema {
    fn authenticates(&self, group: &str) -> bool {
        self.option(&OptName::new(group, "auth_section")).is_some()
    }

    fn default_plugin(&self, group: &str) -> Option<String> {
        let described = self.option(&OptName::new(group, "auth_type"))?;
        described.opt.default().first().cloned()
    }

    fn reads(&self, group: &str, name: &str) -> bool {
        Schema::reads(self, &OptName::new(group, name))
    }

    fn is_former(&self, group: &str, name: &str) -> bool {
        let name = OptName::new(group, name);
        self.option(&name).is_none() && self.readers(&name).next().is_some()
    }
}

impl SchemaChecker<'_> {
    fn section(
        &self,
        file: &ParsedFile<'_>,
        section: Section<'_, '_>,
        found: &mut Vec<Diagnostic>,
    ) {
        let group = section.group();
        let group = group.to_str_lossy();
        let known = self.groups.contains_key(&*group);
        let meant = similar(&group, self.groups.keys().copied()).filter(|_| !known);
        if let Some(meant) = meant {
            let name = self.places.secrets.section(section.name());
            let message = format!("nothing reads the section [{name}]");
            let place = self.places.header(file, section);
            found.push(
                Diagnostic::new(Code::UnknownSection, message)
                    .at(place.label(format!("did you mean [{meant}]?")))
                    .help("section names are read without regard to case, but with all their spaces; only DEFAULT must be in capitals"),
            );
        }
        let choice = self.plugins.choice(&group);
        let plugin = section.entries().any(|entry| entry.key() == "auth_type");
        for entry in section.entries() {
            let it = Named::new(file, entry);
            let name = &it.name;
            let of_plugin = self.plugins.check(&it, &choice);
            let is_read = self
                .groups
                .get(&*group)
                .is_some_and(|names| names.contains(name.name()));
            if is_read {
                found.extend(self.going(&it));
                found.extend(of_plugin);
                self.references(&it, found);
            } else if self.schemas.from.is_some_and(|from| from.reads(name)) {
                found.push(self.removed(&it));
            } else if of_plugin.is_some() {
                found.extend(of_plugin);
            } else if known && !(plugin && KnownNames::ironic().has_anywhere(name.name())) {
                found.push(self.unknown(&it));
            }
        }
    }

    /// References to options that the service does not have.
    fn references(&self, it: &Named<'_>, found: &mut Vec<Diagnostic>) {
        for (range, reference) in references_of(it) {
            let leads = |option: &OptName| {
                let names = self.groups.get(option.group());
                names.is_some_and(|names| names.contains(option.name()))
                    || self.set.contains(option)
                    || KnownNames::ironic().has_anywhere(option.name())
            };
            // By a former name, a value is read in the group of the current one.
            let readers = self.schemas.to.readers(&it.name).map(OptName::group);
            let mut groups = std::iter::once(it.name.group()).chain(readers);
            if groups.any(|group| reference.options(group).any(|option| leads(&option))) {
                continue;
            }
            let name = reference.name();
            let message = format!(
                "the reference ${name} leads to no option of {}",
                self.pack.name
            );
            let help = "correct the name, or write $$ for a dollar sign".to_owned();
            let at = (&range, &reference);
            let said = (message, help);
            found.push(references::dangling(&self.places, it, at, said));
        }
    }

    fn going(&self, it: &Named<'_>) -> Option<Diagnostic> {
        let Going { reason, since } = self.schemas.to.option(&it.name)?.going.as_ref()?;
        let since = since
            .as_ref()
            .map_or_else(String::new, |since| format!(" since {since}"));
        let message = format!(
            "[{}] {} is deprecated{since}: it will be gone in a later release",
            it.name.group(),
            it.name.name()
        );
        let help = reason
            .clone()
            .unwrap_or_else(|| "see the release notes for what takes its place".into());
        Some(
            Diagnostic::new(Code::DeprecatedOption, message)
                .at(it.place(&self.places))
                .help(help),
        )
    }

    fn removed(&self, it: &Named<'_>) -> Diagnostic {
        let message = format!("[{}] {} is gone", it.name.group(), it.name.name());
        let help = gone(&it.name, self.schemas.from, self.schemas.to);
        Diagnostic::new(Code::RemovedOption, message)
            .at(it.place(&self.places))
            .help(help)
    }

    fn unknown(&self, it: &Named<'_>) -> Diagnostic {
        let (group, key) = (it.name.group(), it.name.name());
        let message = format!("{} has no option {key} in [{group}]", self.pack.name);
        let others = self.groups.iter().filter(|(_, names)| names.contains(key));
        let mut others = others.map(|(other, _)| *other);
        let belongs = others.next().filter(|_| others.next().is_none());
        let of_group = self.groups.get(group).into_iter().flatten().copied();
        let (label, help) = if let Some(other) = belongs {
            (
                Some(format!("did you mean [{other}]?")),
                "move it to the section it belongs to",
            )
        } else if let Some(meant) = similar(key, of_group) {
            (
                Some(format!("did you mean {meant}?")),
                "correct the name; keys are case-sensitive",
            )
        } else {
            (None, "take it out, unless a program of your own reads it")
        };
        let place = it.place(&self.places);
        let place = match label {
            Some(label) => place.label(label),
            None => place,
        };
        Diagnostic::new(Code::UnknownOption, message)
            .at(place)
            .help(format!("an option that is not known is not read: {help}"))
    }

    /// Options that are not set and have another default.
    fn defaults(&self, files: &[ParsedFile<'_>], from: &Schema, found: &mut Vec<Diagnostic>) {
        let entries = files.iter().flat_map(|file| file.document.entries());
        let set: BTreeSet<OptName> = entries
            .map(|entry| OptName::new(entry.group().to_str_lossy(), entry.key().to_str_lossy()))
            .collect();
        let sections = files.iter().flat_map(|file| file.document.sections());
        let sections: BTreeSet<String> = sections
            .map(|section| section.group().to_str_lossy().into_owned())
            .collect();
        for (name, changed) in compare(from, self.schemas.to).changed {
            let Changed::Default(before, after) = changed else {
                continue;
            };
            let opt = self
                .schemas
                .to
                .option(&name)
                .map(|described| &described.opt);
            let former = opt.map_or(&[][..], Opt::deprecated);
            let is_set = set.contains(&name) || former.iter().any(|former| set.contains(former));
            let about = name.group() == DEFAULT_GROUP || sections.contains(name.group());
            if is_set || !about {
                continue;
            }
            let shown = |default: &[String]| match default {
                [] => "none".to_owned(),
                values => format!("{:?}", values.join(", ")),
            };
            let message = format!(
                "[{}] {} is not set, and its default is {} now, where it was {}",
                name.group(),
                name.name(),
                shown(&after),
                shown(&before)
            );
            found.push(
                Diagnostic::new(Code::DefaultChanged, message).help("set it to keep the old value"),
            );
        }
    }
}

/// What there is to say of a name that only the older release reads.
pub(crate) fn gone(name: &OptName, from: Option<&Schema>, to: &Schema) -> String {
    let successors: Vec<String> = successors(name, from, to)
        .iter()
        .map(|now| format!("[{}] {}", now.group(), now.name()))
        .collect();
    let was = from.and_then(|from| from.option(name));
    let reason = was.and_then(|was| was.going.as_ref()?.reason.as_deref());
    let said = format!("{} does not read it any more", to.origin);
    match reason {
        _ if !successors.is_empty() => {
            format!(
                "{said}: `confmig migrate` with both schemas moves it to {}",
                successors.join(", ")
            )
        }
        Some(reason) => format!("{said}; it was deprecated: {reason}"),
        None => format!("{said}, and names no successor: see the release notes"),
    }
}
