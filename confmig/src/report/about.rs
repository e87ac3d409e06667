//! What is known about a code, a rule or an option, as text.

use std::fmt::Write as _;

use oslo_config::{Opt, OptName};

use crate::diagnostic::{Code, bracketed};
use crate::history::{Definition, History, ReleaseRange, Service, built_in_rules};

/// Returns the text of a code: its severity, meaning, and what to do.
#[must_use]
pub fn code_text(code: Code) -> String {
    format!(
        "{}: {} ({} by default)\n  {}\n  {}\n",
        code.as_str(),
        code.title(),
        code.severity().as_str(),
        code.explanation(),
        code.help()
    )
}

/// Returns what the releases of a service know about an option, under any of its names; `None` if
/// none ever had the name.
#[must_use]
pub fn option_text(service: Service, name: &OptName) -> Option<String> {
    let history = History::new(service);
    let of_name = history.of_option(name)?;
    let mut text = format!("{} of {}\n", bracketed(name), service.title());
    // Writing to a String cannot fail.
    let mut line = |words: String| {
        let _ = writeln!(text, "  {words}");
    };
    if let Some(range) = of_name.as_option() {
        line(format!("an option {}", in_words(range)));
        if let Some(definition) = of_name.definition(range.to) {
            line(defined(&definition, range));
        }
    }
    for (former, range) in of_name.all_former() {
        let former = bracketed(&former);
        line(format!(
            "also read by its former name {former} {}",
            in_words(range)
        ));
    }
    for (reader, range) in of_name.all_former_of() {
        line(format!(
            "a former name of {} {}",
            bracketed(&reader),
            in_words(range)
        ));
    }
    let dotted = name.to_string();
    for rule in built_in_rules(service) {
        if rule.triggers().any(|trigger| trigger == dotted) {
            line(format!(
                "rule {} ({}): `confmig explain {0}`",
                rule.id(),
                rule.last
            ));
        }
    }
    Some(text)
}

/// Returns the text of an option of a pack or a schema.
#[must_use]
pub fn opt_text(opt: &Opt, pack: &str) -> String {
    let mut text = format!("{} of {pack}\n", bracketed(opt.name()));
    let default = match (opt.is_secret(), opt.default()) {
        (true, _) => "secret".to_owned(),
        (_, []) => "without a default".to_owned(),
        (_, default) => format!("default {}", default.join(", ")),
    };
    text += &format!("  an option, {default}\n");
    for former in opt.deprecated() {
        text += &format!("  also read by its former name {}\n", bracketed(former));
    }
    text
}

fn in_words(ReleaseRange { from, to }: ReleaseRange) -> String {
    let newest = from.service().newest();
    match (from, to) {
        (from, to) if from == to => format!("in {from}"),
        (from, to) if to == newest => format!("since {from}"),
        (from, to) => format!("from {from} to {to}"),
    }
}

/// Describes a definition.
fn defined(definition: &Definition<'_>, range: ReleaseRange) -> String {
    let mut text = format!("in {}: type {}", range.to, definition.kind);
    let choices = definition.choices();
    if !choices.is_empty() {
        text += &format!(", one of {}", choices.join(", "));
    }
    text += &match (
        definition.secret,
        definition.runtime_default,
        &definition.default()[..],
    ) {
        (true, ..) => ", secret".to_owned(),
        (_, true, _) => ", with a default that is found on the host".to_owned(),
        (.., []) => ", without a default".to_owned(),
        (.., default) => format!(", default {}", default.join(", ")),
    };
    if definition.to_be_removed {
        text += ", deprecated for removal";
    }
    text
}
