//! `confmig show`.

use std::collections::BTreeSet;

use confmig::explain::Explanation;
use confmig::registered;
use confmig::report;
use confmig::secret::Secrets;
use confmig::target::{Standing, Suggestions, Target};
use oslo_config::{Config, DEFAULT_GROUP, Opt, OptName, OptType, ParsedFile};

use super::args::{Format, Show};
use super::given::{Given, TargetNames};
use super::input::{Loaded, parse};
use super::output::{Output, unparsable};
use super::sources::{self, environment};
use super::{Failure, Status};

pub(crate) fn run(command: &Show, output: &mut Output) -> Result<Status, Failure> {
    let names = TargetNames::of_arguments(&command.common, &command.releases);
    let given = Given::load(names, command.common.show_secrets)?;
    let paths = match command.sources.ordered.is_empty() {
        true => sources::of_service(&given)?,
        false => sources::paths(&command.sources.ordered)?,
    };
    let loaded = Loaded::new(&given, sources::read(&paths)?)?;
    let inputs = match loaded.parse()? {
        Ok(inputs) => inputs,
        Err(found) => return unparsable(&found, &paths, &command.common, command.format, output),
    };
    let target = inputs.target()?;
    let pack = target.pack();
    let secrets = given.secrets(pack);
    // Evaluates masked texts, so that no reference can reveal a secret.
    let files = secrets.files(&inputs.parsed);
    let parsed = match parse(&files, &secrets) {
        Ok(parsed) => parsed,
        Err(found) => return unparsable(&found, &paths, &command.common, command.format, output),
    };
    // A masked value does not have its option's type.
    let hides = |opt: &Opt| secrets.hides(opt.name().group(), opt.name().name());
    // All settings are listed without looking one up.
    let opts = match command.option.is_empty() {
        true => Vec::new(),
        false => registered(&parsed, pack),
    };
    let opts = opts.into_iter().map(|opt| match hides(&opt) {
        true => opt.with_type(OptType::string()),
        false => opt,
    });
    let mut opts: Vec<Opt> = opts.collect();
    let names = command.option.iter();
    let names: Vec<OptName> = names
        .map(|name| in_its_group(name, &opts, &*target))
        .collect();
    let absent = names
        .iter()
        .filter_map(|name| absence(name, &parsed, &*target));
    let absent: Vec<String> = absent.collect();
    absent.iter().for_each(|note| output.note(note));
    let asked = places_of(&names, &mut opts, |name| option_of(name, &*target, &hides));
    let looked_up = if asked.is_empty() { &[] } else { &parsed[..] };
    let config = Config::new(looked_up, &opts).with_environment(secrets.environment(environment()));
    let explained: Vec<Explanation<'_>> = asked
        .into_iter()
        .map(|at| Explanation::new(&config, &opts[at], pack))
        .collect();
    let text = rendered(command.format, &parsed, &explained, &secrets);
    match command.format {
        Format::Json => output.bytes(text.as_bytes())?,
        // It is for people, and may go through a pager that passes controls on.
        _ => {
            output.bytes(&report::for_terminal(text.as_bytes()))?;
            let known = (!names.is_empty()).then(|| names.len() - absent.len());
            output.message(&summary(&parsed, known));
        }
    }
    Ok(Status::Success)
}

/// Renders the explained options; all settings if there are none.
fn rendered(
    format: Format,
    files: &[ParsedFile<'_>],
    explained: &[Explanation<'_>],
    secrets: &Secrets<'_>,
) -> String {
    match format {
        Format::Json => report::show_json(files, explained, secrets),
        _ if explained.is_empty() => report::entries_text(files, secrets),
        _ => explained
            .iter()
            .map(|option| report::explained_text(option, secrets))
            .collect(),
    }
}

/// Returns the indices of the options with these names, adding those that are not there.
fn places_of(
    names: &[OptName],
    opts: &mut Vec<Opt>,
    option_of: impl Fn(&OptName) -> Opt,
) -> Vec<usize> {
    let place = |name: &OptName| {
        let known = opts.iter().position(|opt| is_named(opt, name));
        known.unwrap_or_else(|| {
            opts.push(option_of(name));
            opts.len() - 1
        })
    };
    names.iter().map(place).collect()
}

/// Counts what is shown: the options that exist, or else all settings.
fn summary(files: &[ParsedFile<'_>], options: Option<usize>) -> String {
    let of_files = report::counted(files.len(), "file");
    if let Some(options) = options {
        return format!("{} in {of_files}", report::counted(options, "option"));
    }
    let documents = files.iter().map(|file| &file.document);
    let entries = documents.map(|document| document.entries().count()).sum();
    format!("{of_files}: {}", report::counted(entries, "setting"))
}

/// Returns the option that a target has under a name, current or former; a text if it has none.
fn option_of(name: &OptName, target: &dyn Target, hides: &dyn Fn(&Opt) -> bool) -> Opt {
    let reader = || target.readers(name).into_iter().next();
    let found = target.option(name).or_else(|| target.option(&reader()?));
    match found {
        Some(opt) if hides(&opt) => opt.into_owned().with_type(OptType::string()),
        Some(opt) => opt.into_owned(),
        None => Opt::new(name.group(), name.name(), OptType::string()),
    }
}

/// Describes a name that the target does not read: what became of it, or what was probably meant.
fn absence(name: &OptName, files: &[ParsedFile<'_>], target: &dyn Target) -> Option<String> {
    let standing = target.standing(name);
    let known = match standing {
        Standing::Removed => {
            let (group, key) = (name.group(), name.name());
            return Some(format!(
                "[{group}] {key} is not read: {}",
                target.absence(name)
            ));
        }
        Standing::Unknown => Suggestions::new(target).meant(name, |_| false),
        Standing::NotYet => None,
        _ => return None,
    };
    let is_set = files.iter().flat_map(|file| file.document.entries());
    let mut is_set =
        is_set.filter(|entry| *entry.group() == *name.group() && entry.key() == name.name());
    // Another program may read what is set.
    if known.is_none() && standing == Standing::Unknown && is_set.next().is_some() {
        return None;
    }
    let meant = known.iter().map(|meant| {
        let (group, key) = (meant.group(), meant.name());
        format!("; did you mean [{group}] {key}?")
    });
    Some(format!(
        "{}{}",
        target.denial(name),
        meant.collect::<String>()
    ))
}

/// Resolves a name without a group: to an option in `[DEFAULT]`, else to the only group that has
/// it.
fn in_its_group(name: &OptName, opts: &[Opt], target: &dyn Target) -> OptName {
    let has = |group: &str| target.names_in(group).contains(&name.name());
    let is_default = has(DEFAULT_GROUP) || opts.iter().any(|opt| is_named(opt, name));
    if name.group() != DEFAULT_GROUP || is_default {
        return name.clone();
    }
    let of_opts = opts.iter().map(Opt::name);
    let of_opts = of_opts.filter(|opt| opt.name() == name.name());
    let mut groups: BTreeSet<&str> = of_opts.map(OptName::group).collect();
    groups.extend(target.groups().into_iter().filter(|group| has(group)));
    match groups.first() {
        Some(group) if groups.len() == 1 => OptName::new(*group, name.name()),
        _ => name.clone(),
    }
}

fn is_named(opt: &Opt, name: &OptName) -> bool {
    opt.name() == name || opt.deprecated().contains(name)
}
