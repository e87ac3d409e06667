//! One HTML page that is all there is: for people who approve of a change and do not run it.
//!
//! The page needs no script, no network and no other file. Whatever comes from a file or a rule goes
//! through the templates' escaping; a policy in the page forbids scripts besides.

mod affected_lines;
mod page;
mod rows;

use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::{CheckReport, MigrationReport};

/// Each by its name; those that end in `.html` escape what is put in.
const TEMPLATES: [(&str, &str); 5] = [
    ("base.html", include_str!("base.html")),
    ("check.html", include_str!("check.html")),
    ("macros.html", include_str!("macros.html")),
    ("migrate.html", include_str!("migrate.html")),
    ("style.css", include_str!("style.css")),
];

/// The page could not be made: a fault of its template.
#[derive(Debug, thiserror::Error)]
#[error("cannot make the page: {0}: please report this")]
pub struct HtmlError(#[source] minijinja::Error);

/// The page of `confmig check`.
///
/// # Errors
///
/// When the template is at fault.
pub fn check_html(report: &CheckReport<'_>) -> Result<String, HtmlError> {
    render("check.html", page::of_check(report)).map_err(HtmlError)
}

/// The page of `confmig migrate`: what changes, side by side, each change with its reason, what is left
/// to decide, and what was proved.
///
/// # Errors
///
/// When the template is at fault.
pub fn migrate_html(report: &MigrationReport<'_>) -> Result<String, HtmlError> {
    render("migrate.html", page::of_migration(report)).map_err(HtmlError)
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

/// A text without characters that are obeyed rather than seen: controls, what changes the direction of
/// writing, with which a line can be made to look like another, and what takes no room at all. Each
/// stands as its number.
fn shown(text: &str) -> String {
    let is_obeyed = |c: char| {
        let unseen = matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        );
        unseen || c.is_control() && c != '\t'
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

/// As [`shown`], of a path.
fn shown_path(path: &Path) -> String {
    shown(&path.to_string_lossy())
}

/// As [`shown`], of bytes that need not be UTF-8: those that are not stand as their numbers.
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
