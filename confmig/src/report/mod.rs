//! What is shown to people and programs. Everything here makes text; nothing prints.

mod diff;
mod json;
mod text;

pub use diff::{Paint, unified_diff};
pub use json::{check_json, migrate_json, show_json};
pub use text::render;
