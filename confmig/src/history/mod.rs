//! The releases of each service, and what each of them did to its options.
//!
//! The facts are compiled in as the text of `history/`. Only what is looked up is parsed.

mod definition;
mod facts;
mod guess;
mod installed;
mod kernel;
mod known;
mod names;
mod pack;
mod rules;
mod schema;
mod series;
mod service;
mod succession;
mod types;

pub use definition::Definition;
pub use guess::{Confidence, Guess, guess, guess_service, in_runs};
pub use installed::{AuthOptions, auth_options, installed, is_installed, named_by};
pub(crate) use installed::{newest_plugins, supported_interfaces};
pub(crate) use kernel::is_kernel_command_line;
pub use known::KnownNames;
pub(crate) use known::is_plugin_option;
pub use names::{History, NameHistory, all_names};
pub(crate) use pack::full_option;
pub use pack::{empty, option, pack, renaming};
pub(crate) use rules::triggered_by;
pub use rules::{BuiltIn, built_in_rules, find_rule};
pub use schema::{ReleaseComparison, compare_releases};
pub use series::{ReleaseRange, Series, UnknownSeries};
pub use service::{Service, UnknownService};
pub use succession::{Absence, declared, declared_with_id};
pub(crate) use succession::{
    absence, advice_about, declared_renaming, deprecation, leads_on, took_over,
};
