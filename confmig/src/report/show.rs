//! The settings and values that `confmig show` lists, as text.

use std::fmt::Write as _;

use bstr::ByteSlice;
use oslo_config::{Occurrence, Origin, ParsedFile};

use crate::explain::Explanation;
use crate::history::ReleaseRange;
use crate::secret::Secrets;

/// Returns all entries, as oslo.config sees them.
#[must_use]
pub fn entries_text(files: &[ParsedFile<'_>], secrets: &Secrets<'_>) -> String {
    let mut text = String::new();
    for file in files {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", file.path.display());
        for section in file.document.sections() {
            let name = secrets.section(section.name());
            let _ = writeln!(text, "{:>6}  [{name}]", section.line());
            for entry in section.entries() {
                let key = secrets.key(entry);
                let value = secrets.in_entry(entry, &entry.value());
                let value = value.replace('\n', "\n            ");
                let _ = writeln!(text, "{:>6}    {key} = {value}", entry.line());
            }
        }
    }
    text
}

/// Returns an option's value, where it comes from and what it hides.
#[must_use]
pub fn explained_text(option: &Explanation<'_>, secrets: &Secrets<'_>) -> String {
    let name = option.opt.name();
    let shown = |value: &str| secrets.value(name.group(), name.name(), value).into_owned();
    let mut text = match option.texts.as_deref() {
        Ok([]) => format!("{name} is not set\n"),
        Ok(texts) => texts
            .iter()
            .map(|value| format!("{name} = {}\n", shown(value)))
            .collect(),
        Err(_) => {
            let why = option.error(secrets).unwrap_or_default();
            format!("{name} has no value: {why} (run `confmig check` for details)\n")
        }
    };
    // Writing to a String cannot fail.
    let _ = match &option.origin {
        Origin::Unset | Origin::File { .. } => Ok(()),
        Origin::Default => writeln!(text, "    the default"),
        Origin::Environment { variable } => {
            writeln!(text, "    from the environment variable {variable}")
        }
    };
    let from_file = matches!(option.origin, Origin::File { .. });
    for set in option.occurrences.effective.iter().filter(|_| from_file) {
        let former = match set.name_index {
            0 => "",
            _ => ", a former name",
        };
        let (place, name) = place_and_name(set);
        let _ = writeln!(text, "    from {place}, as {name}{former}");
    }
    if let (Err(_), Some(set)) = (&option.texts, option.occurrences.effective.last()) {
        let value = shown(&set.entry.value().to_str_lossy());
        let _ = writeln!(text, "    written as {value}");
    }
    for hidden in &option.occurrences.hidden {
        let (place, name) = place_and_name(hidden);
        let _ = writeln!(text, "    hides {place}, {name}");
    }
    for named in &option.names {
        let span = |ReleaseRange {
                        from: first,
                        to: last,
                    }: ReleaseRange| match first == last {
            true => first.to_string(),
            false => format!("{first} to {last}"),
        };
        let as_option = named.option.map(|it| format!("an option in {}", span(it)));
        let as_former = named
            .former
            .map(|it| format!("a former name in {}", span(it)));
        let said: Vec<String> = as_option.into_iter().chain(as_former).collect();
        let any = named.option.or(named.former);
        let service = any.map_or("", |range| range.from.service().title());
        let _ = writeln!(text, "    in {service} {}: {}", named.name, said.join(", "));
    }
    text
}

fn place_and_name(set: &Occurrence<'_>) -> (String, String) {
    let (path, entry) = (set.path.display(), set.entry);
    let name = format!("{}.{}", entry.group(), entry.key());
    (format!("{path}:{}", entry.line()), name)
}
