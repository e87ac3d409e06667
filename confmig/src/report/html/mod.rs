//! One HTML page that is all there is: for people who approve of a change and do not run it.
//!
//! The page needs no script, no network and no other file. Whatever comes from a file or a rule goes
//! through the templates' escaping; a policy in the page forbids scripts besides.

mod page;
mod rows;

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::MigrationReport;
use crate::diagnostic::Diagnostic;
use crate::pack::Pack;
use crate::release::Series;

/// Each by its name; those that end in `.html` escape what is put in.
const TEMPLATES: [(&str, &str); 6] = [
    ("base.html", include_str!("base.html")),
    ("check.html", include_str!("check.html")),
    ("diagnostic.html", include_str!("diagnostic.html")),
    ("migrate.html", include_str!("migrate.html")),
    ("side.html", include_str!("side.html")),
    ("style.css", include_str!("style.css")),
];

/// The page could not be made: a fault of its template.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the page: {0}: please report this")]
pub struct HtmlError(#[source] minijinja::Error);

/// What `confmig check` found, and in what.
#[derive(Debug, Clone, Copy)]
pub struct CheckReport<'r> {
    /// The files, in the order in which they are read.
    pub files: &'r [&'r Path],
    /// What was found.
    pub diagnostics: &'r [Diagnostic],
    /// The rules that were followed.
    pub pack: &'r Pack,
    /// The release of Ironic that the files were checked for, if for one.
    pub release: Option<Series>,
}

/// The page of `confmig check`.
///
/// # Errors
///
/// When the template is at fault.
pub fn check_html(report: &CheckReport<'_>) -> Result<String, HtmlError> {
    render("check.html", &page::Check::new(report)).map_err(HtmlError)
}

/// The page of `confmig migrate`: what changes, side by side, each change with its reason, what is left
/// to decide, and what was proved.
///
/// # Errors
///
/// When the template is at fault.
pub fn migrate_html(report: &MigrationReport<'_>) -> Result<String, HtmlError> {
    render("migrate.html", &page::Migration::new(report)).map_err(HtmlError)
}

fn render(template: &'static str, page: &impl Serialize) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    let page = context! {
        page => Value::from(Serde(page)),
        version => env!("CARGO_PKG_VERSION"),
    };
    let mut html = environment.get_template(template)?.render(page)?;
    html.push('\n');
    Ok(html)
}

/// A text without characters that are obeyed rather than seen: controls, and what changes the direction of
/// writing, with which a line can be made to look like another. Each stands as its number.
fn shown(text: &str) -> String {
    let is_obeyed = |c: char| {
        let direction = matches!(
            c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        );
        direction || c.is_control() && c != '\t'
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_obeyed(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}
