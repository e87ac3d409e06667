//! `confmig rules`.

use confmig::history::{
    self, BuiltIn, History, ReleaseRange, Series, Service, built_in_rules, compare_releases,
    find_rule,
};
use confmig::pack::{Pack, PackError};
use confmig::report;
use confmig::schema::{compare, doubt};

use super::args::Rules;
use super::given;
use super::output::Output;
use super::{Failure, Status};

pub(crate) fn run(command: &Rules, output: &mut Output) -> Result<Status, Failure> {
    if command.from.is_some() || command.to.is_some() {
        return between_releases(command, output);
    }
    let mut text = String::new();
    if let Some(schema) = given::schema(command.schema.as_deref())? {
        let text = match given::schema(command.from_schema.as_deref())? {
            Some(from) => {
                if let Some(doubt) = doubt(&from, &schema) {
                    output.note(&doubt);
                }
                report::comparison_text(&from, &schema, &compare(&from, &schema))
            }
            None => report::pack_text(&schema.pack(&[])),
        };
        output.prose(&text)?;
        return Ok(Status::Success);
    }
    match command.pack.as_deref() {
        Some(name) if let Some(service) = Service::find(name) => history(service, &mut text),
        Some(name) => match (given::load(name), find_rule(name)) {
            (Ok(pack), _) => text.push_str(&report::pack_text(&pack)),
            (Err(Failure::Pack(PackError::Unknown { .. })), Some(rule)) => {
                text.push_str(&report::built_in_text(&rule));
            }
            (Err(Failure::Pack(PackError::Unknown { .. })), None) => {
                return Err(Failure::Message(unknown(name)));
            }
            (Err(failure), _) => return Err(failure),
        },
        None => {
            for name in Pack::built_in() {
                text.push_str(&report::pack_text(&Pack::load(name)?));
            }
            for service in Service::all() {
                let (id, title) = (service.id(), service.title());
                let count = built_in_rules(service).count();
                text.push_str(&format!(
                    "{id}: the changes of each {title} release, for --from and --to: \
                     {count} rules, and every former name that a release declares\n  \
                     `confmig rules {id}` lists them, `confmig rules ID` shows one\n"
                ));
            }
        }
    }
    output.prose(&text)?;
    Ok(Status::Success)
}

/// Lists what changed in a service between two releases: its options, and the rules for what its
/// definitions do not tell.
fn between_releases(command: &Rules, output: &mut Output) -> Result<Status, Failure> {
    let name = command.pack.as_deref().unwrap_or_default();
    let service = Service::find(name).ok_or_else(|| {
        let services = Service::all().map(Service::id).collect::<Vec<_>>();
        Failure::Message(format!(
            "--from and --to are about the releases of a service: expected one of {}",
            services.join(", ")
        ))
    })?;
    let series = |text: &Option<String>| {
        let parsed = text.as_deref().map(|text| Series::parse(service, text));
        parsed
            .transpose()
            .map_err(|error| Failure::Message(error.to_string()))
    };
    let to = series(&command.to)?.unwrap_or_else(|| service.newest());
    let from = series(&command.from)?.or_else(|| to.before()).unwrap_or(to);
    if from > to {
        return Err(Failure::Message(format!(
            "--from {from} is newer than --to {to}: give the older release first"
        )));
    }
    let compared = compare_releases(ReleaseRange { from, to });
    let mut text = report::comparison_text(&compared.from, &compared.to, &compared.found);
    let is_between = |rule: &BuiltIn| rule.first > from && rule.first <= to;
    let rules: Vec<BuiltIn> = built_in_rules(service).filter(is_between).collect();
    text.push_str(&format!("\nrules: {}\n", rules.len()));
    for rule in rules {
        text.push('\n');
        text.push_str(&report::built_in_text(&rule));
    }
    output.prose(&text)?;
    Ok(Status::Success)
}

/// Says which names `confmig rules` takes.
fn unknown(name: &str) -> String {
    let packs = Pack::built_in().collect::<Vec<_>>().join(", ");
    let services = Service::all().map(Service::id).collect::<Vec<_>>();
    format!(
        "no rules are named {name:?}: expected a pack ({packs}), a service ({}), the id of a rule \
         that `confmig rules SERVICE` lists, or the path of a .toml file",
        services.join(", ")
    )
}

/// Writes every rule of a service's history, and every renaming that its releases declare.
fn history(service: Service, text: &mut String) {
    for rule in built_in_rules(service) {
        text.push_str(&report::built_in_text(&rule));
        text.push('\n');
    }
    for rule in history::declared(&History::new(service)) {
        text.push_str(&report::renaming_text(&rule));
        for (head, name) in [("before", &rule.from), ("after", &rule.to)] {
            let (group, name) = (name.group(), name.name());
            text.push_str(&format!(
                "    {head}:\n        [{group}]\n        {name} = VALUE\n"
            ));
        }
        text.push('\n');
    }
}
