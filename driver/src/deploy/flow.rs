//! The deployment flows of Ironic's two iLO drivers.

use std::fmt;

use crate::node::{Fault, InvalidNode, Node, Section, instance_capability};

/// A deployment flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flow {
    /// `agent_ilo`: the agent on the deploy ISO writes the instance's image to the disk, from which
    /// the instance boots.
    AgentIlo,
    /// `iscsi_ilo`: the conductor writes the image to a disk that the deploy ISO exports, and the
    /// instance boots from a boot ISO, unless it can boot from its disk.
    IscsiIlo,
}

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AgentIlo => "agent_ilo",
            Self::IscsiIlo => "iscsi_ilo",
        })
    }
}

impl Flow {
    /// Returns the flow of `node`: that of its `driver`, `agent_ilo` or `iscsi_ilo`. For the newer
    /// hardware types it depends on `deploy_interface`: `iscsi`, or any other, which uses the
    /// agent. So it does for a hardware type of deploy code's own, which has to name one.
    ///
    /// # Errors
    ///
    /// [`InvalidNode`] if the node has no `driver`, or another one and no `deploy_interface`.
    pub fn of(node: &Node) -> Result<Self, InvalidNode> {
        let text = |key| node.json().get(key).and_then(|value| value.as_str());
        match (text("driver"), text("deploy_interface")) {
            (Some("agent_ilo"), _) => Ok(Self::AgentIlo),
            (Some("iscsi_ilo"), _) => Ok(Self::IscsiIlo),
            (Some(_), Some("iscsi")) => Ok(Self::IscsiIlo),
            (Some(_), Some(_)) | (Some("ilo" | "ilo5" | "redfish"), None) => Ok(Self::AgentIlo),
            (other, _) => Err(InvalidNode {
                node: Some(node.uuid().to_string()),
                faults: vec![Fault {
                    field: "driver".into(),
                    what: format!(
                        "expected agent_ilo, iscsi_ilo, a hardware type (ilo, ilo5, redfish), or \
                         another one with a deploy_interface, got {}",
                        other.map_or("none".into(), |text| format!("{text:?}"))
                    ),
                }],
            }),
        }
    }

    /// Whether the instance on `node` boots from a boot ISO.
    ///
    /// It boots from its disk if the agent installed it, if its image is a whole-disk image, or if
    /// the instance's capability `boot_option` is `local`.
    #[must_use]
    pub fn boots_from_iso(self, node: &Node) -> bool {
        let whole_disk = node.get(Section::DriverInternalInfo, "is_whole_disk_image");
        self == Self::IscsiIlo
            && whole_disk.and_then(|value| value.as_bool()) != Some(true)
            && instance_capability(node, "boot_option").as_deref() != Some("local")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::test_node as node;

    #[test]
    fn a_nodes_driver_says_how_it_is_deployed() {
        for (json, expected) in [
            (r#""driver":"agent_ilo""#, Some(Flow::AgentIlo)),
            (r#""driver":"iscsi_ilo""#, Some(Flow::IscsiIlo)),
            (
                r#""driver":"ilo","deploy_interface":"iscsi""#,
                Some(Flow::IscsiIlo),
            ),
            (
                r#""driver":"ilo","deploy_interface":"direct""#,
                Some(Flow::AgentIlo),
            ),
            (
                r#""driver":"redfish","deploy_interface":null"#,
                Some(Flow::AgentIlo),
            ),
            (
                r#""driver":"own","deploy_interface":"iscsi""#,
                Some(Flow::IscsiIlo),
            ),
            (
                r#""driver":"own","deploy_interface":"direct""#,
                Some(Flow::AgentIlo),
            ),
            (r#""driver":"pxe_ilo""#, None),
            (r#""driver":"pxe_ilo","deploy_interface":null"#, None),
            (r#""deploy_interface":"direct""#, None),
            (r#""name":"no driver""#, None),
        ] {
            assert_eq!(Flow::of(&node(json)).ok(), expected, "{json}");
        }
    }

    #[test]
    fn an_instance_boots_from_an_iso_unless_its_disk_does_it_alone() {
        for (info, expected) in [
            (r#""instance_info":{}"#, true),
            (
                r#""driver_internal_info":{"is_whole_disk_image":true}"#,
                false,
            ),
            (
                r#""driver_internal_info":{"is_whole_disk_image":false}"#,
                true,
            ),
            (
                r#""instance_info":{"capabilities":{"boot_option":"local"}}"#,
                false,
            ),
            (
                r#""instance_info":{"capabilities":"{\"boot_option\": \"local\"}"}"#,
                false,
            ),
            (
                r#""instance_info":{"capabilities":"{\"boot_option\": \"netboot\"}"}"#,
                true,
            ),
        ] {
            let node = node(info);
            assert_eq!(Flow::IscsiIlo.boots_from_iso(&node), expected, "{info}");
            assert!(!Flow::AgentIlo.boots_from_iso(&node), "{info}");
        }
    }
}
