//! Boot modes: BIOS and UEFI.

use std::fmt;
use std::str::FromStr;

use super::{Node, Section};

/// The firmware interface with which a server boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BootMode {
    /// BIOS, also called legacy.
    Bios,
    /// UEFI.
    Uefi,
}

impl fmt::Display for BootMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bios => "bios",
            Self::Uefi => "uefi",
        })
    }
}

impl FromStr for BootMode {
    type Err = NotABootMode;

    /// Reads `bios` or `uefi`, the values of Ironic's capability `boot_mode`.
    ///
    /// # Errors
    ///
    /// [`NotABootMode`] for anything else.
    fn from_str(text: &str) -> Result<Self, NotABootMode> {
        match text {
            "bios" => Ok(Self::Bios),
            "uefi" => Ok(Self::Uefi),
            _ => Err(NotABootMode(text.chars().take(80).collect())),
        }
    }
}

/// Returns the boot mode of the node: the capability `boot_mode` in its properties, or else
/// `instance_info.deploy_boot_mode`, as in Ironic.
pub(crate) fn boot_mode_of(node: &Node) -> Option<BootMode> {
    let capabilities = node.text(Section::Properties, "capabilities");
    let capability = capabilities.into_iter().flat_map(|list| list.split(','));
    let capability = capability.filter_map(|one| one.trim().strip_prefix("boot_mode:"));
    let deploy_boot_mode = node.text(Section::InstanceInfo, "deploy_boot_mode");
    capability
        .chain(deploy_boot_mode)
        .find_map(|mode| mode.trim().parse().ok())
}

/// A text that is not a boot mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected the boot mode bios or uefi, got {0:?}")]
pub struct NotABootMode(
    /// The first 80 characters of the text.
    pub String,
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::test_node as node;

    #[test]
    fn a_nodes_boot_mode_is_its_capability_else_what_the_deploy_found() {
        for (json, expected) in [
            (r#""properties":{}"#, None),
            (
                r#""properties":{"capabilities":"a:b, boot_mode:uefi"}"#,
                Some(BootMode::Uefi),
            ),
            (
                r#""instance_info":{"deploy_boot_mode":"bios"}"#,
                Some(BootMode::Bios),
            ),
            (
                r#""properties":{"capabilities":"boot_mode:bios"},
                   "instance_info":{"deploy_boot_mode":"uefi"}"#,
                Some(BootMode::Bios),
            ),
            (r#""properties":{"capabilities":"boot_mode:other"}"#, None),
        ] {
            assert_eq!(boot_mode_of(&node(json)), expected, "{json}");
        }
    }
}
