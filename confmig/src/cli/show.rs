//! `confmig show`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use bstr::ByteSlice;
use confmig::explain::Explained;
use confmig::known::KnownNames;
use confmig::pack::Pack;
use confmig::registered;
use confmig::report;
use confmig::secret::Secrets;
use oslo_config::{Config, DEFAULT_GROUP, Opt, OptName, OptType, Origin, ParsedFile};

use super::args::{Show, ShowFormat};
use super::output::Output;
use super::{Failure, Outcome, check, input};

pub(crate) fn run(command: &Show, output: &mut Output) -> Result<Outcome, Failure> {
    let schema = input::schema(command.choice.schema.as_deref())?;
    let asked = match &schema {
        Some(schema) => input::pack_of(schema, &[], &command.choice)?,
        None => input::pack(&command.choice)?,
    };
    let both = [None, schema.as_ref()];
    let first_secrets = input::secrets(&command.choice, &asked).with_schemas(both);
    let files = input::read(&command.sources, schema.as_ref())?;
    let parsed = input::parse(
        &files,
        command.format.into(),
        &asked,
        &first_secrets,
        output,
    )?;
    let pack = match &schema {
        Some(schema) => input::pack_of(schema, &parsed, &command.choice)?,
        None => asked.clone(),
    };
    let secrets = input::secrets(&command.choice, &pack).with_schemas(both);
    // What is shown is made from texts that have no secrets, so that none gets out by a reference.
    let files = secrets.files(&parsed);
    let parsed = input::parse(&files, command.format.into(), &pack, &secrets, output)?;
    // What is masked is of no type.
    let mut opts: Vec<Opt> = registered(&parsed, &pack)
        .into_iter()
        .map(
            |opt| match secrets.hides(opt.name().group(), opt.name().name()) {
                true => opt.with_type(OptType::string()),
                false => opt,
            },
        )
        .collect();
    let asked: Vec<OptName> = command
        .option
        .iter()
        .map(|name| in_its_group(name, &opts, &pack))
        .collect();
    for name in &asked {
        if !opts.iter().any(|opt| is_named(opt, name)) {
            opts.push(Opt::new(name.group(), name.name(), OptType::string()));
        }
    }
    let config =
        Config::new(&parsed, &opts).with_environment(secrets.environment(check::environment()));
    let explained: Vec<Explained<'_>> = asked
        .iter()
        .filter_map(|name| opts.iter().find(|opt| is_named(opt, name)))
        .map(|opt| Explained::new(&config, opt))
        .collect();
    let text = match command.format {
        ShowFormat::Json => report::show_json(&parsed, &explained, &secrets, &pack),
        ShowFormat::Text if explained.is_empty() => entries(&parsed, &secrets),
        ShowFormat::Text => explained
            .iter()
            .map(|option| {
                explanation(option, &secrets) + &report::names_text(option.opt.name(), &pack)
            })
            .collect(),
    };
    output.text(&text)?;
    Ok(Outcome::Done)
}

/// A name without a group is that of the only option so named, if not of one in `[DEFAULT]`.
fn in_its_group(name: &OptName, opts: &[Opt], pack: &Pack) -> OptName {
    let known = KnownNames::of(pack);
    let is_default =
        known.has(DEFAULT_GROUP, name.name()) || opts.iter().any(|opt| is_named(opt, name));
    if name.group() != DEFAULT_GROUP || is_default {
        return name.clone();
    }
    let of_opts = opts
        .iter()
        .map(Opt::name)
        .filter(|opt| opt.name() == name.name());
    let mut groups: BTreeSet<String> = of_opts.map(|opt| opt.group().to_owned()).collect();
    let of_known = known.groups().filter(|group| known.has(group, name.name()));
    groups.extend(of_known.map(str::to_owned));
    match groups.first() {
        Some(group) if groups.len() == 1 => OptName::new(group, name.name()),
        _ => name.clone(),
    }
}

fn is_named(opt: &Opt, name: &OptName) -> bool {
    opt.name() == name || opt.deprecated().contains(name)
}

/// All entries, as oslo.config sees them.
fn entries(files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> String {
    let mut text = String::new();
    for file in files {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", file.path.display());
        for section in file.document.sections() {
            let name = secrets.section(section.name());
            let _ = writeln!(text, "{:>6}  [{name}]", section.line());
            for entry in section.entries() {
                let (group, key) = (entry.group(), entry.key().to_str_lossy());
                let value = entry.value();
                let value = value.to_str_lossy();
                let value = secrets.value(&group.to_str_lossy(), &key, &value);
                let value = value.replace('\n', "\n            ");
                let _ = writeln!(text, "{:>6}    {key} = {value}", entry.line());
            }
        }
    }
    text
}

/// One option: its value, where it comes from, what it hides.
fn explanation(option: &Explained<'_>, secrets: &Secrets<'_>) -> String {
    let name = option.opt.name();
    let shown = |value: &str| secrets.value(name.group(), name.name(), value).into_owned();
    let mut text = match option.texts.as_deref() {
        Ok([]) => format!("{name} is not set\n"),
        Ok(texts) => texts
            .iter()
            .map(|value| format!("{name} = {}\n", shown(value)))
            .collect(),
        Err(_) if secrets.hides(name.group(), name.name()) => {
            format!(
                "{name} has no value: a reference in it leads nowhere, or it is not of its type\n"
            )
        }
        Err(error) => format!("{name} has no value: {error} (`confmig check` says more)\n"),
    };
    // Writing to a String cannot fail.
    let _ = match &option.origin {
        Origin::Unset | Origin::File { .. } => Ok(()),
        Origin::Default => writeln!(text, "    its default"),
        Origin::Environment { variable } => {
            writeln!(text, "    from the environment variable {variable}")
        }
    };
    let from_file = matches!(option.origin, Origin::File { .. });
    for set in option.occurrences.effective.iter().filter(|_| from_file) {
        let (path, entry) = (set.path.display(), set.entry);
        let former = if set.name_index > 0 {
            ", a former name"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "    from {path}:{}, as {}.{}{former}",
            entry.line(),
            entry.group(),
            entry.key()
        );
    }
    if let (Err(_), Some(set)) = (&option.texts, option.occurrences.effective.last()) {
        let _ = writeln!(
            text,
            "    written as {}",
            shown(&set.entry.value().to_str_lossy())
        );
    }
    for hidden in &option.occurrences.hidden {
        let (path, entry) = (hidden.path.display(), hidden.entry);
        let _ = writeln!(
            text,
            "    hides {path}:{}, {}.{}",
            entry.line(),
            entry.group(),
            entry.key()
        );
    }
    text
}
