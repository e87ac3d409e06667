//! What is shown to people and programs. Everything here makes text; nothing prints.

mod diff;
mod html;
mod json;
mod migration;
mod reason;
mod rules;
mod sarif;
mod schema;
mod show;
mod text;

pub use diff::{Paint, unified_diff};
pub use html::{CheckReport, HtmlError, check_html, migrate_html};
pub use json::{check_json, migrate_json, show_json};
pub use migration::{MigrationReport, Releases};
pub use rules::{built_in_text, pack_text, renaming_text, rule_text};
pub use sarif::{check_sarif, migrate_sarif};
pub use schema::comparison_text;
pub use show::{entries_text, explained_text};
pub use text::render;

/// Returns how many there are of something.
#[must_use]
pub fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
