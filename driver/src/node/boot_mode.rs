//! Boot modes: BIOS and UEFI.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Fault, InvalidNode, Node, Section};

/// The firmware interface with which a server boots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

    /// Reads `bios` or `uefi`, the values of Ironic's capability `boot_mode`, in upper or lower
    /// case.
    ///
    /// # Errors
    ///
    /// [`NotABootMode`] for anything else.
    fn from_str(text: &str) -> Result<Self, NotABootMode> {
        match text.to_ascii_lowercase().as_str() {
            "bios" => Ok(Self::Bios),
            "uefi" => Ok(Self::Uefi),
            _ => Err(NotABootMode(text.chars().take(80).collect())),
        }
    }
}

/// How a node's server is to boot, as far as the node says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct BootWish {
    pub(crate) mode: Option<BootMode>,
    pub(crate) secure_boot: Option<bool>,
}

impl BootWish {
    /// Reads the capabilities `boot_mode` and `secure_boot` of `node` and of its instance, and then
    /// `instance_info.deploy_boot_mode`. Secure boot implies UEFI, as in Ironic.
    ///
    /// # Errors
    ///
    /// [`InvalidNode`] with every value that is not a boot mode or a truth value, and those that
    /// contradict each other.
    pub(crate) fn of(node: &Node) -> Result<Self, InvalidNode> {
        let mut faults = Vec::new();
        let mut mode = Found::default();
        let mut secure_boot = Found::default();
        for (field, value) in capability(node, "boot_mode").chain(deploy_boot_mode(node)) {
            let parsed = value.trim().parse();
            mode.add(
                field,
                parsed.map_err(|error: NotABootMode| error.to_string()),
            );
        }
        for (field, value) in capability(node, "secure_boot") {
            let parsed = truth_value(&value).ok_or_else(|| {
                let got: String = value.chars().take(80).collect();
                format!("expected true or false for secure_boot, got {got:?}")
            });
            secure_boot.add(field, parsed);
        }
        let (mode, secure_boot) = (mode.one(&mut faults), secure_boot.one(&mut faults));
        if secure_boot == Some(true) && mode == Some(BootMode::Bios) {
            faults.push(Fault {
                field: "capabilities".into(),
                what: "secure_boot:true needs UEFI, got boot_mode:bios".into(),
            });
        }
        if !faults.is_empty() {
            return Err(InvalidNode {
                node: Some(node.uuid().to_string()),
                faults,
            });
        }
        let implied = (secure_boot == Some(true)).then_some(BootMode::Uefi);
        Ok(Self {
            mode: mode.or(implied),
            secure_boot,
        })
    }
}

/// Returns the boot mode that `node` is to have; see [`BootWish::of`].
pub(crate) fn boot_mode_of(node: &Node) -> Result<Option<BootMode>, InvalidNode> {
    Ok(BootWish::of(node)?.mode)
}

/// The values of one wish, with the fields that contain them.
struct Found<T>(Vec<(&'static str, Result<T, String>)>);

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + PartialEq> Found<T> {
    fn add(&mut self, field: &'static str, value: Result<T, String>) {
        self.0.push((field, value));
    }

    /// Returns the value that all fields have.
    fn one(self, faults: &mut Vec<Fault>) -> Option<T> {
        let mut first: Option<(&str, T)> = None;
        for (field, value) in self.0 {
            let what = match (value, first) {
                (Err(what), _) => what,
                (Ok(value), None) => {
                    first = Some((field, value));
                    continue;
                }
                (Ok(value), Some((_, other))) if value == other => continue,
                (Ok(_), Some((other, _))) => format!("it contradicts {other}"),
            };
            let field = field.to_owned();
            faults.push(Fault { field, what });
        }
        first.map(|(_, value)| value)
    }
}

fn deploy_boot_mode(node: &Node) -> Option<(&'static str, String)> {
    let mode = node.text(Section::InstanceInfo, "deploy_boot_mode")?;
    Some(("instance_info.deploy_boot_mode", mode.to_owned()))
}

/// Reads a truth value with the words of oslo.utils' `bool_from_string`.
pub(crate) fn truth_value(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// Returns the values of a capability, of the node and then of its instance.
fn capability(
    node: &Node,
    name: &'static str,
) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let own = node.text(Section::Properties, "capabilities");
    let own = own.and_then(|list| listed(list, name));
    let own = own.map(|value| ("properties.capabilities", value));
    let instance = instance_capability(node, name);
    let instance = instance.map(|value| ("instance_info.capabilities", value));
    own.into_iter().chain(instance)
}

/// Returns a capability in a list such as `boot_mode:uefi,cpu_vt:true`.
fn listed(list: &str, name: &str) -> Option<String> {
    let mut pairs = list.split(',').filter_map(|pair| pair.split_once(':'));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}

/// Returns a capability of the instance, from an object, from its JSON text or from a list, as in
/// Ironic.
pub(crate) fn instance_capability(node: &Node, name: &str) -> Option<String> {
    let of = |object: &Value| {
        object.get(name).map(|value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    };
    match node.get(Section::InstanceInfo, "capabilities")? {
        Value::String(text) => match serde_json::from_str::<Value>(text) {
            Ok(object) => of(&object),
            Err(_) => listed(text, name),
        },
        object => of(object),
    }
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

    fn wish(mode: impl Into<Option<BootMode>>, secure_boot: impl Into<Option<bool>>) -> BootWish {
        BootWish {
            mode: mode.into(),
            secure_boot: secure_boot.into(),
        }
    }

    #[test]
    fn a_nodes_boot_mode_is_its_capability_else_what_the_deploy_found() {
        use BootMode::{Bios, Uefi};
        for (json, expected) in [
            (r#""properties":{}"#, wish(None, None)),
            (
                r#""properties":{"capabilities":"a:b, boot_mode:uefi"}"#,
                wish(Uefi, None),
            ),
            (
                r#""properties":{"capabilities":"boot_mode:UEFI"}"#,
                wish(Uefi, None),
            ),
            (
                r#""instance_info":{"deploy_boot_mode":"bios"}"#,
                wish(Bios, None),
            ),
            (
                r#""instance_info":{"capabilities":{"boot_mode":"bios"}}"#,
                wish(Bios, None),
            ),
            (
                r#""instance_info":{"capabilities":"{\"secure_boot\": \"true\"}"}"#,
                wish(Uefi, true),
            ),
            (
                r#""instance_info":{"capabilities":"secure_boot:False"}"#,
                wish(None, false),
            ),
            (
                r#""properties":{"capabilities":"boot_mode:uefi,secure_boot:true"},
                   "instance_info":{"deploy_boot_mode":"uefi"}"#,
                wish(Uefi, true),
            ),
        ] {
            assert_eq!(BootWish::of(&node(json)), Ok(expected), "{json}");
        }
    }

    #[test]
    fn a_wish_that_cannot_be_met_is_a_fault() {
        for (json, expected) in [
            (
                r#""properties":{"capabilities":"boot_mode:efi"}"#,
                "properties.capabilities: expected the boot mode bios or uefi, got \"efi\"",
            ),
            (
                r#""properties":{"capabilities":"boot_mode:bios"},
                   "instance_info":{"deploy_boot_mode":"uefi"}"#,
                "instance_info.deploy_boot_mode: it contradicts properties.capabilities",
            ),
            (
                r#""properties":{"capabilities":"boot_mode:bios,secure_boot:true"}"#,
                "capabilities: secure_boot:true needs UEFI, got boot_mode:bios",
            ),
            (
                r#""instance_info":{"capabilities":{"secure_boot":"maybe"}}"#,
                "instance_info.capabilities: expected true or false for secure_boot, got \"maybe\"",
            ),
        ] {
            let error = BootWish::of(&node(json)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
