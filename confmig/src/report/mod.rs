//! What is shown to people and programs. Everything here makes text; nothing prints.

mod diff;
mod json;
mod names;
mod rules;
mod schema;
mod text;

pub use diff::{Paint, unified_diff};
pub use json::{Releases, check_json, migrate_json, show_json};
pub use names::names_text;
pub use rules::{built_in_text, pack_text, rule_text};
pub use schema::comparison_text;
pub use text::render;
