//! The releases of services, and what each did to the options.
//!
//! The facts are in the program as text, that of `history/`; what is looked up is parsed, the rest is not
//! touched.

mod any;
mod auth;
mod facts;
mod guess;
mod history;
mod kernel;
mod pack;
mod rules;
mod series;
mod service;
mod types;
mod values;

pub(crate) use any::NameInAnyRelease;
pub use auth::{AuthOptions, auth_options};
pub use guess::{Confidence, Guess, guess, guess_service};
pub use history::{Definition, Life, Lives, all as all_names, life};
pub(crate) use kernel::is_kernel_command_line;
pub use pack::{declared, empty, option, pack, renaming};
pub(crate) use pack::{declared_rule, leads_on, whereabouts};
pub(crate) use rules::triggered_by;
pub use rules::{BuiltIn, built_in_rules, find_rule};
pub use series::{Series, UnknownSeries};
pub use service::Service;
pub use values::{installed, is_installed, named_by};
