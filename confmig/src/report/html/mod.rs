//! A self-contained HTML page, for people who approve a change but do not run it.
//!
//! The page needs no script, no network and no other file. All texts from files and rules are
//! escaped by the templates, and the page's content security policy forbids scripts as well.

mod affected_lines;
mod page;
mod rows;

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::visible::visible;
use super::{CheckReport, MigrationReport};
use crate::diagnostic::Diagnostic;

/// The templates by name; those ending in `.html` escape what is inserted.
const TEMPLATES: [(&str, &str); 5] = [
    ("base.html", include_str!("base.html")),
    ("check.html", include_str!("check.html")),
    ("macros.html", include_str!("macros.html")),
    ("migrate.html", include_str!("migrate.html")),
    ("style.css", include_str!("style.css")),
];

/// The page could not be rendered because of an error in a template.
#[derive(Debug, thiserror::Error)]
#[error("cannot render the page: {0}; this is a bug, please report it")]
pub struct HtmlError(#[source] pub(super) minijinja::Error);

/// Returns the page of `confmig check`.
///
/// # Errors
///
/// An error in the template.
pub fn check_html(report: &CheckReport<'_>) -> Result<String, HtmlError> {
    render("check.html", page::of_check(report)).map_err(HtmlError)
}

/// Returns the page of `confmig migrate`: the changes side by side, each with its reason, the open
/// decisions, and what was proved.
///
/// # Errors
///
/// An error in the template.
pub fn migrate_html(
    report: &MigrationReport<'_>,
    diagnostics: &[Diagnostic],
) -> Result<String, HtmlError> {
    render("migrate.html", page::of_migration(report, diagnostics)).map_err(HtmlError)
}

fn render(template: &str, page: Value) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let mut syntax = SyntaxConfig::builder();
    environment.set_syntax(syntax.trim_blocks(true).lstrip_blocks(true).build()?);
    for (name, text) in TEMPLATES {
        environment.add_template(name, text)?;
    }
    let page = context! { page, version => env!("CARGO_PKG_VERSION") };
    let mut html = environment.get_template(template)?.render(page)?;
    html.push('\n');
    Ok(html)
}

/// Returns a text with invisible characters escaped.
fn shown(text: &str) -> String {
    visible(text).into_owned()
}

/// Does the same as [`shown`] for a path.
fn shown_path(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

/// Does the same as [`shown`] for bytes, escaping those that are not UTF-8.
fn shown_bytes(text: &[u8]) -> String {
    let mut visible = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        visible += &shown(chunk.valid());
        for byte in chunk.invalid() {
            visible += &format!("\\x{byte:02x}");
        }
    }
    visible
}
