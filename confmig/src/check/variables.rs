//! Environment variables that have the name of an option that oslo.config does not read.

use std::collections::BTreeMap;

use oslo_config::{Opt, OptName};

use super::{Checker, finding};
use crate::diagnostic::{Code, Diagnostic, Severity, bracketed};
use crate::target::{Standing, option_of_variable};

impl Checker<'_> {
    /// Reports environment variables with a former name of an option, or with the name of an option
    /// that is gone.
    pub(super) fn variables(&self, found: &mut Vec<Diagnostic>) {
        let of_opt = |opt: &Opt| {
            let former = opt.deprecated().iter();
            former
                .map(|name| (name.environment_variable(), name.clone()))
                .collect::<Vec<_>>()
        };
        // Names may have capitals, which a variable does not show.
        let mut names: BTreeMap<String, OptName> = self.pack.opts.iter().flat_map(of_opt).collect();
        for variable in self.environment.variables.keys() {
            if let Some(name) = option_of_variable(variable) {
                names.entry(variable.clone()).or_insert(name);
            }
        }
        names.retain(|variable, _| self.environment.variables.contains_key(variable));
        let unread = names.iter();
        found.extend(unread.filter_map(|(variable, name)| self.unread(variable, name)));
    }

    /// Reports a variable with this name of an option, unless oslo.config reads it.
    fn unread(&self, variable: &str, name: &OptName) -> Option<Diagnostic> {
        let standing = self.target.standing(name);
        let options = match standing {
            Standing::Former => self.target.readers(name),
            Standing::Removed => self.target.successors(name),
            _ => return None,
        };
        let why = match standing {
            Standing::Former => {
                let readers: Vec<String> = options.iter().map(bracketed).collect();
                format!("its name is a former name of {}", readers.join(" and "))
            }
            _ => format!("{} is no longer read", bracketed(name)),
        };
        let message = format!("the environment variable {variable} is never read: {why}");
        let current = options.iter().map(OptName::environment_variable);
        let current: Vec<String> = current.collect();
        let (severity, help) = match current.as_slice() {
            [] => (Severity::Warning, self.target.absence(name).to_string()),
            current => {
                let advice = format!("set {} instead", current.join(" and "));
                (Severity::Error, advice)
            }
        };
        let diagnostic = finding(Code::UnreadVariable, message, help);
        Some(diagnostic.severity(severity).about(name))
    }
}
