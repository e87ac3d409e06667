//! Values with rules of Ironic's own: hardware types, interfaces, and kernel parameters.

use bstr::ByteSlice;
use oslo_config::Origin;

use super::{Checker, NamedEntry, finding, is_template};
use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::history::{installed, is_installed, is_kernel_command_line, named_by};
use crate::target::{ReleaseTarget, Standing, Target};

impl Checker<'_> {
    /// Reports hardware types and interfaces that the release does not have.
    pub(super) fn not_installed(
        &self,
        named: &NamedEntry<'_>,
        release: &ReleaseTarget<'_>,
        found: &mut Vec<Diagnostic>,
    ) {
        let (to, group, key) = (release.series(), named.name.group(), named.name.name());
        if release.standing(&named.name) != Standing::Option || !named_by(to.service(), group, key)
        {
            return;
        }
        let value = named.entry.value();
        let value = value.to_str_lossy();
        let items = value.split([',', '\n']).map(str::trim);
        let missing = items.filter(|item| is_installed(group, key, item, to) == Some(false));
        let missing: Vec<&str> = missing.collect();
        if missing.is_empty() {
            return;
        }
        let names: Vec<&str> = installed(group, key, to).collect();
        let (missing, name) = (missing.join(", "), bracketed(&named.name));
        let message = format!(
            "{to} has no {missing} for {name}: a service configured with it does not start"
        );
        let help = format!("available: {}", names.join(", "));
        let diagnostic = finding(Code::NotInstalled, message, help);
        let diagnostic = diagnostic.at(named.place(&self.places));
        found.push(diagnostic.label("not installed"));
    }

    /// Reports kernel parameters that Ironic refuses.
    pub(super) fn kernel_parameters(
        &self,
        named: &NamedEntry<'_>,
        release: &ReleaseTarget<'_>,
    ) -> Option<Diagnostic> {
        let current = match release.standing(&named.name) {
            Standing::Former => release.readers(&named.name).into_iter().next(),
            _ => None,
        };
        let option = current.as_ref().unwrap_or(&named.name);
        let definition = release.definition(option)?;
        if definition.subtype.as_deref() != Some("kernel_parameter_string") {
            return None;
        }
        let switch = self.setting("conductor", &["disable_kernel_parameter_parsing"]);
        if switch.is_some_and(|switch| switch.value.as_bool() == Some(true)) {
            return None;
        }
        let value = named.entry.value();
        let text = value.to_str().ok()?;
        let text = if text.contains('$') {
            let mut setting = self.config.setting(option.group(), option.name()).ok()?;
            let counts = matches!(&setting.origin, Origin::File { path, line, .. }
                if *path == named.file.path && *line == named.entry.line());
            setting.texts.pop().filter(|_| counts)?
        } else {
            text.to_owned()
        };
        if is_kernel_command_line(&text) {
            return None;
        }
        if is_template(text.as_bytes()) {
            return Some(self.of_template(&named.name).at(named.place(&self.places)));
        }
        let message = format!(
            "the value of {} is not valid: expected space-separated `key` and `key=value` \
             parameters; values with spaces need double quotes",
            bracketed(&named.name)
        );
        let help = "correct the value, or set [conductor] disable_kernel_parameter_parsing";
        Some(finding(Code::IllTypedValue, message, help).at(named.place(&self.places)))
    }
}
