//! `confmig show`.

use std::fmt::Write as _;

use bstr::ByteSlice;
use confmig::registered;
use confmig::report;
use confmig::secret::Secrets;
use oslo_config::{Config, Opt, OptName, OptType, Origin, ParsedFile, Setting};

use super::args::{Format, Show};
use super::output::Output;
use super::{Failure, Outcome, check, input};

pub(crate) fn run(command: &Show, output: &mut Output) -> Result<Outcome, Failure> {
    let pack = input::pack(&command.choice)?;
    let secrets = input::secrets(&command.choice, &pack);
    let files = input::read(&command.sources)?;
    let parsed = input::parse(&files, &command.choice, &secrets, output)?;
    let mut opts = registered(&parsed, &pack);
    for name in &command.option {
        if !opts.iter().any(|opt| is_named(opt, name)) {
            opts.push(Opt::new(name.group(), name.name(), OptType::string()));
        }
    }
    let config = Config::new(&parsed, &opts).with_environment(check::environment());
    let mut settings = Vec::new();
    let mut failed = None;
    for name in &command.option {
        let name = opts
            .iter()
            .find(|opt| is_named(opt, name))
            .map_or(name, Opt::name);
        match config.get(name.group(), name.name()) {
            Ok(setting) => settings.push((name.clone(), setting)),
            Err(error) => failed = Some(format!("cannot show {name}: {error}")),
        }
    }
    let text = match command.choice.format {
        Format::Json => report::show_json(&parsed, &settings, &secrets),
        Format::Text if command.option.is_empty() => entries(&parsed, &secrets),
        Format::Text => settings
            .iter()
            .map(|(name, setting)| explained(name, setting, &secrets))
            .collect(),
    };
    output.bytes(text.as_bytes())?;
    failed.map_or(Ok(Outcome::Done), |reason| Err(Failure::Said(reason)))
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
            let _ = writeln!(text, "{:>6}  [{}]", section.line(), section.name());
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
fn explained(name: &OptName, setting: &Setting<'_>, secrets: &Secrets<'_>) -> String {
    let shown = |value: &String| secrets.value(name.group(), name.name(), value).into_owned();
    let mut text = match setting.texts.as_slice() {
        [] => format!("{name} is not set\n"),
        texts => texts
            .iter()
            .map(|value| format!("{name} = {}\n", shown(value)))
            .collect(),
    };
    // Writing to a String cannot fail.
    let _ = match &setting.origin {
        Origin::Unset => Ok(()),
        Origin::Default => writeln!(text, "    its default"),
        Origin::Environment { variable } => {
            writeln!(text, "    from the environment variable {variable}")
        }
        Origin::File {
            path,
            line,
            name,
            deprecated,
        } => {
            let former = if *deprecated { ", a former name" } else { "" };
            writeln!(
                text,
                "    from {}:{line}, as {name}{former}",
                path.display()
            )
        }
    };
    for hidden in &setting.occurrences.hidden {
        let entry = hidden.entry;
        let _ = writeln!(
            text,
            "    hides {}:{}, {}.{}",
            hidden.path.display(),
            entry.line(),
            entry.group(),
            entry.key()
        );
    }
    text
}
