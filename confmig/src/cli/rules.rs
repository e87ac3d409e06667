//! `confmig rules`.

use confmig::pack::{Pack, PackError};
use confmig::release::{self, Lives, built_in_rules, find_rule};
use confmig::report;
use confmig::schema::compare;

use super::args::Rules;
use super::input;
use super::output::Output;
use super::{Failure, Outcome};

/// The name under which the rules of Ironic's history are asked for.
const HISTORY: &str = "ironic";

pub(crate) fn run(command: &Rules, output: &mut Output) -> Result<Outcome, Failure> {
    let mut text = String::new();
    if let Some(schema) = input::schema(command.schema.as_deref())? {
        let text = match input::schema(command.from_schema.as_deref())? {
            Some(from) => report::comparison_text(&from, &schema, &compare(&from, &schema)),
            None => report::pack_text(&schema.pack(&[])),
        };
        output.text(&text)?;
        return Ok(Outcome::Done);
    }
    match command.pack.as_deref() {
        Some(HISTORY) => history(&mut text),
        Some(name) => match (Pack::load(name), find_rule(name)) {
            (Ok(pack), _) => text.push_str(&report::pack_text(&pack)),
            (Err(PackError::Unknown { .. }), Some(rule)) => {
                text.push_str(&report::built_in_text(&rule));
            }
            (Err(error), _) => return Err(error.into()),
        },
        None => {
            for name in Pack::built_in() {
                text.push_str(&report::pack_text(&Pack::load(name)?));
            }
            let count = built_in_rules().count();
            text.push_str(&format!(
                "{HISTORY}: what each release of Ironic changed, for --from and --to: {count} rules, and every former \
                 name that a release declares\n  `confmig rules {HISTORY}` lists them, `confmig rules ID` shows one\n"
            ));
        }
    }
    output.text(&text)?;
    Ok(Outcome::Done)
}

/// Every rule of Ironic's history, and every renaming that the releases declare.
fn history(text: &mut String) {
    for rule in built_in_rules() {
        text.push_str(&report::built_in_text(&rule));
        text.push('\n');
    }
    for rule in release::declared(&Lives::default()) {
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
