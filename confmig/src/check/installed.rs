//! Values that only Ironic understands: what is installed, and parameters of a kernel.

use bstr::ByteSlice;
use oslo_config::Origin;

use super::{Checker, Named, said};
use crate::diagnostic::{Code, Diagnostic, bracketed};
use crate::history::{installed, is_installed, is_kernel_command_line, named_by};
use crate::target::{ReleaseTarget, Standing, Target};

impl Checker<'_> {
    /// Hardware types and interfaces that are not installed.
    pub(super) fn not_installed(
        &self,
        it: &Named<'_>,
        release: &ReleaseTarget<'_>,
        found: &mut Vec<Diagnostic>,
    ) {
        let (to, group, key) = (release.series(), it.name.group(), it.name.name());
        if release.standing(&it.name) != Standing::Option || !named_by(to.service(), group, key) {
            return;
        }
        let value = it.entry.value();
        let value = value.to_str_lossy();
        let items = value.split([',', '\n']).map(str::trim);
        for item in items.filter(|item| !item.is_empty() && !item.contains('$')) {
            if is_installed(group, key, item, to) == Some(false) {
                let names: Vec<&str> = installed(group, key, to).collect();
                let name = bracketed(&it.name);
                let message = format!(
                    "{to} has no {item} for {name}: a service that is given it does not start"
                );
                let help = format!("installed are {}", names.join(", "));
                let diagnostic = said(Code::NotInstalled, message, help);
                found.push(diagnostic.at(it.place(&self.places)).label("not installed"));
            }
        }
    }

    /// Parameters that Ironic would refuse to hand to a kernel.
    pub(super) fn kernel_parameters(
        &self,
        it: &Named<'_>,
        release: &ReleaseTarget<'_>,
    ) -> Option<Diagnostic> {
        let current = match release.standing(&it.name) {
            Standing::Former => release.readers(&it.name).into_iter().next(),
            _ => None,
        };
        let option = current.as_ref().unwrap_or(&it.name);
        let definition = release.definition(option)?;
        if definition.subtype.as_deref() != Some("kernel_parameter_string") {
            return None;
        }
        let switch = self.setting("conductor", &["disable_kernel_parameter_parsing"]);
        if switch.is_some_and(|switch| switch.value.as_bool() == Some(true)) {
            return None;
        }
        let value = it.entry.value();
        let text = value.to_str().ok()?;
        let text = if text.contains('$') {
            let mut setting = self.config.get(option.group(), option.name()).ok()?;
            let counts = matches!(&setting.origin, Origin::File { path, line, .. }
                if *path == it.file.path && *line == it.entry.line());
            setting.texts.pop().filter(|_| counts)?
        } else {
            text.to_owned()
        };
        if is_kernel_command_line(&text) {
            return None;
        }
        let message = format!(
            "the value of {} is not valid: expected key and key=value with blanks between them, values with \
             blanks in double quotes",
            bracketed(&it.name)
        );
        let help = "correct the value, or set [conductor] disable_kernel_parameter_parsing";
        Some(said(Code::IllTypedValue, message, help).at(it.place(&self.places)))
    }
}
