//! Checks that rules do what their examples say.

use oslo_config::{Document, ParsedFile};

use super::{Route, Settings, migrate};
use crate::pack::Pack;
use crate::rule::{Example, Rule};

/// The error for a rule that does not do what its example says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{}an example of the rule {rule} is wrong: correct the example or the rule: {}",
    line.map_or_else(String::new, |line| format!("line {line}: ")),
    reason.trim_end()
)]
pub struct WrongExample {
    /// The line of the rule, if it is in a file.
    pub line: Option<usize>,
    /// The id of the rule.
    pub rule: String,
    /// The expected text, and the one that the rule makes instead.
    pub reason: String,
}

/// Follows each rule of a pack on its examples, as if the operator had accepted it.
///
/// # Errors
///
/// When a rule makes another text of an example than it says.
pub fn check_examples(pack: &Pack) -> Result<(), WrongExample> {
    for rule in pack.rules.iter().filter(|rule| !rule.example.is_empty()) {
        let alone = Pack {
            rules: vec![rule.clone()],
            ..pack.clone()
        };
        for example in &rule.example {
            check(example, rule, &alone).map_err(|reason| WrongExample {
                line: rule.line,
                rule: rule.id.clone(),
                reason,
            })?;
        }
    }
    Ok(())
}

fn check(example: &Example, rule: &Rule, pack: &Pack) -> Result<(), String> {
    let (made, said) = follow(&example.before, rule, pack)?;
    // A text in a rule file need not end with a newline.
    if made.trim_end() != example.after.trim_end() {
        return Err(format!(
            "expected\n{}\nbut the rule makes\n{}\n{said}",
            example.after.trim_end(),
            made.trim_end()
        ));
    }
    let (again, _) = follow(&made, rule, pack)?;
    if again != made {
        return Err(format!("a second run makes\n{}\n", again.trim_end()));
    }
    Ok(())
}

/// Returns the text that a rule makes, and what it leaves to decide.
fn follow(text: &str, rule: &Rule, pack: &Pack) -> Result<(String, String), String> {
    let document = Document::parse(text.as_bytes())
        .map_err(|errors| format!("the text cannot be parsed: {errors}"))?;
    let file = ParsedFile::new("example", document);
    let settings = Settings {
        accept_rules: [rule.id.clone()].into(),
        ..Settings::default()
    };
    let migration =
        migrate(&[file], &Route::pack(pack), &settings).map_err(|error| error.to_string())?;
    let made = migration.files.iter().map(|file| file.after.to_string());
    let said = migration.decisions.iter().map(|decision| &*decision.reason);
    let said: Vec<&str> = said.collect();
    Ok((made.collect(), said.join("; ")))
}
