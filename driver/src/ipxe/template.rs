//! The templates of the scripts that iPXE runs, in the style of Ironic's.

use std::path::PathBuf;

use minijinja::Value;

use super::error::IpxeError;
use crate::operator_files::{self, Renderer};

/// The script that every node's iPXE runs first: it runs the configuration of the first network
/// card that has one.
pub(super) const BOOT_SCRIPT: &str = "\
#!ipxe

# The card that the firmware booted from is not known for certain, so each one is tried.
set card:int32 0

:card
isset ${net${card}/mac} || goto none
echo Looking for the configuration of ${net${card}/mac:hexhyp}
chain --autofree {{ ipxe_for_mac_uri }}${net${card}/mac:hexhyp} && goto booted ||
inc card
goto card

:booted
# The configuration has returned: the firmware boots from the disk.
exit

:none
{%- if ipxe_fallback_script %}
chain {{ ipxe_fallback_script }} ||
{%- endif %}
echo No network card of this machine has a configuration.
echo Restarting in 180 seconds or on a key press.
prompt --timeout 180000 ||
reboot
";

/// The configuration of a node. The labels are those of Ironic's configurations.
pub(super) const CONFIG: &str = "\
#!ipxe
{%- set limit = pxe_options.ipxe_timeout %}
{%- set timeout = '--timeout ' ~ limit ~ ' ' if limit > 0 else '' %}

set tries:int32 0
goto {{ boot_target }}
{%- if pxe_options.deployment_aki_path %}

:deploy
imgfree
kernel {{ timeout }}{{ pxe_options.deployment_aki_path }} initrd={{ pxe_options.initrd_filename }} \
BOOTIF=01-${mac:hexhyp} {{ pxe_options.pxe_append_params }} || goto again
initrd --name {{ pxe_options.initrd_filename }} \
{{ timeout }}{{ pxe_options.deployment_ari_path }} || goto again
boot || goto again
{%- endif %}
{%- if pxe_options.aki_path %}

:boot_partition
imgfree
kernel {{ timeout }}{{ pxe_options.aki_path }} initrd=ramdisk root={{ ROOT }} ro \
{{ pxe_options.pxe_append_params }} || goto again
initrd --name ramdisk {{ timeout }}{{ pxe_options.ari_path }} || goto again
boot || goto again

:boot_ramdisk
imgfree
kernel {{ timeout }}{{ pxe_options.aki_path }} initrd=ramdisk root=/dev/ram0 \
{{ pxe_options.pxe_append_params }} || goto again
initrd --name ramdisk {{ timeout }}{{ pxe_options.ari_path }} || goto again
boot || goto again
{%- endif %}

:boot_whole_disk
sanboot --no-describe || exit 0

:again
inc tries
iseq ${tries} 10 && goto failed ||
echo Boot failed, retrying in ${tries} seconds.
sleep ${tries}
goto {{ boot_target }}

:failed
echo Boot failed after ${tries} tries. Switching off in 30 seconds.
sleep 30
poweroff
";

/// A built-in template or an operator's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Template {
    BuiltIn(&'static str),
    File(PathBuf),
}

impl Template {
    pub(super) fn new(file: Option<&PathBuf>, built_in: &'static str) -> Self {
        match file {
            Some(path) => Self::File(path.clone()),
            None => Self::BuiltIn(built_in),
        }
    }

    /// Renders the template with these variables.
    pub(super) fn render(&self, variables: Value) -> Result<String, IpxeError> {
        let failed = |reason: String| IpxeError::Template {
            name: self.name(),
            reason,
        };
        let (text, directory) = match self {
            Self::BuiltIn(text) => ((*text).to_owned(), None),
            Self::File(path) => {
                let text = operator_files::read_template(path).map_err(failed)?;
                (text, Some(path.with_file_name("")))
            }
        };
        let renderer = Renderer::new(directory);
        let rendered = renderer.render(&self.name(), &text, variables);
        let rendered = rendered.map_err(failed)?;
        if !rendered.starts_with("#!ipxe") {
            return Err(failed("expected it to begin with #!ipxe".into()));
        }
        Ok(rendered)
    }

    pub(super) fn name(&self) -> String {
        match self {
            Self::BuiltIn(_) => "the built-in template".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

/// Returns `config` with every line that begins with `goto ` changed to jump to `label`, as Ironic
/// changes a configuration after the deployment; `None` if there is no such label.
pub(super) fn redirected(config: &str, label: &str) -> Option<String> {
    if !config
        .lines()
        .any(|line| line.trim() == format!(":{label}"))
    {
        return None;
    }
    let mut lines = String::new();
    for line in config.split_inclusive('\n') {
        if line.starts_with("goto ") {
            lines.push_str(&format!("goto {label}\n"));
        } else {
            lines.push_str(line);
        }
    }
    Some(lines)
}
