//! The parameters of the deploy ramdisk.

use serde_json::Value;

use super::IloDeploy;
use super::error::DeployCause;
use super::flow::Flow;
use crate::node::{Node, NodeUuid, Section, boot_mode_of, instance_capability};

/// The field of `instance_info` with the key by which the ramdisk of `iscsi_ilo` authenticates
/// itself. It is generated once for a deployment and recorded, so that a conductor that takes over
/// creates the same floppy.
const DEPLOY_KEY: &str = "deploy_key";
/// The length of the key, as in Ironic.
const DEPLOY_KEY_LENGTH: usize = 32;
/// The 64 letters of keys: with this number, every letter is equally likely for a random byte.
const DEPLOY_KEY_LETTERS: &[u8; 64] =
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl IloDeploy {
    /// Returns all parameters of `node`'s deploy ramdisk: the caller's, and Ironic's own others.
    /// Records a new deploy key in the node.
    pub(super) fn parameters_of(
        &self,
        node: &mut Node,
    ) -> Result<Vec<(String, String)>, DeployCause> {
        let own = match &self.parameters {
            Some(parameters) => parameters(node),
            None => Vec::new(),
        };
        for (key, value) in &own {
            for text in [key, value] {
                check(node.uuid(), &format!("the parameter {key:?}"), text)?;
            }
        }
        let is_own = |key: &str| own.iter().any(|(own, _)| own == key);
        if self.ramdisks_api_url().is_none() && !is_own("ipa-api-url") {
            return Err(DeployCause::Parameters {
                node: node.uuid(),
                reason:
                    "the ramdisk would not know whom to call back: expected the URL of Ironic's \
                         API; set [conductor] api_url or [service_catalog] endpoint_override, \
                         or IloDeploy::api_url"
                        .into(),
            });
        }
        let flow = Flow::of(node)?;
        let ironics = of_node(node, flow, self.ramdisks_api_url())?;
        let mut all: Vec<(String, String)> = ironics
            .into_iter()
            .filter(|(key, _)| !is_own(key))
            .collect();
        all.extend(own);
        Ok(all)
    }
}

/// Returns the parameters of `node`'s deploy ramdisk, as in Ironic 4.2's `build_agent_options` and
/// `build_deploy_ramdisk_options`, and records a new deploy key in the node.
///
/// `api_url` is the URL of Ironic's API for the ramdisk.
pub(super) fn of_node(
    node: &mut Node,
    flow: Flow,
    api_url: Option<&str>,
) -> Result<Vec<(String, String)>, DeployCause> {
    let uuid = node.uuid();
    let mut parameters: Vec<(String, String)> = Vec::new();
    let mut add = |key: &str, value: String| parameters.push((key.into(), value));
    let api_url = api_url.map(|url| url.trim_end_matches('/').to_owned());
    if let Some(api_url) = &api_url {
        add("ipa-api-url", api_url.clone());
    }
    let driver = node.json().get("driver").and_then(Value::as_str);
    add("ipa-driver-name", driver.unwrap_or_default().into());
    add("coreos.configdrive", "0".into());
    if let Some(hints) = root_device(node) {
        check(uuid, "the names of root_device", &hints)?;
        add("root_device", hints);
    }
    if flow == Flow::IscsiIlo {
        add("deployment_id", uuid.to_string());
        add(
            "iscsi_target_iqn",
            format!("iqn.2008-10.org.openstack:{uuid}"),
        );
        if let Some(api_url) = api_url {
            add("ironic_api_url", api_url);
        }
        let option = instance_capability(node, "boot_option");
        let option = option.unwrap_or_else(|| "netboot".into());
        check(uuid, "instance_info.capabilities.boot_option", &option)?;
        add("boot_option", option);
        if let Some(mode) = boot_mode_of(node)? {
            add("boot_mode", mode.to_string());
        }
        let key = deploy_key(node)?;
        check(uuid, "instance_info.deploy_key", &key)?;
        add("deployment_key", key);
    }
    Ok(parameters)
}

/// Checks that `what` is a single word: the ramdisk splits its parameters at white space, so the
/// rest would be further parameters, of which the last one of each name holds.
pub(super) fn check(node: NodeUuid, what: &str, text: &str) -> Result<(), DeployCause> {
    if text.chars().all(|c| !c.is_whitespace() && !c.is_control()) {
        return Ok(());
    }
    Err(DeployCause::Parameters {
        node,
        reason: format!("{what}: expected text without white space and control characters"),
    })
}

/// Removes the deploy key that [`of_node`] recorded.
pub(super) fn forget(node: &mut Node) {
    node.remove(Section::InstanceInfo, DEPLOY_KEY);
}

/// Returns the deploy key of `node`, which is generated if it has none.
fn deploy_key(node: &mut Node) -> Result<String, DeployCause> {
    if let Some(key) = node.text(Section::InstanceInfo, DEPLOY_KEY) {
        return Ok(key.into());
    }
    let mut random = [0; DEPLOY_KEY_LENGTH];
    getrandom::fill(&mut random).map_err(|error| DeployCause::Parameters {
        node: node.uuid(),
        reason: format!("the system has no random numbers: {error}"),
    })?;
    let letter = |byte: u8| char::from(DEPLOY_KEY_LETTERS[usize::from(byte) % 64]);
    let key: String = random.into_iter().map(letter).collect();
    node.set(Section::InstanceInfo, DEPLOY_KEY, key.as_str());
    Ok(key)
}

/// Returns the root device hints, such as `size=40,wwn=0x1`: the instance's, or else the node's.
fn root_device(node: &Node) -> Option<String> {
    let of = |section| node.get(section, "root_device")?.as_object();
    let hints = of(Section::InstanceInfo).or_else(|| of(Section::Properties))?;
    let hint = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={}", escaped(text)),
        other => format!("{name}={}", escaped(&other.to_string())),
    };
    let hints: Vec<String> = hints.iter().map(hint).collect();
    (!hints.is_empty()).then(|| hints.join(","))
}

/// Percent-encodes characters that would end a hint or a line, as Ironic does.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.trim().chars() {
        let splits = character.is_whitespace() || character.is_control();
        if splits || matches!(character, ',' | '=' | '%') {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                escaped.push_str(&format!("%{byte:02X}"));
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::test_node as node;

    fn lines(node: &mut Node, flow: Flow) -> String {
        let parameters = of_node(node, flow, Some("http://192.0.2.1:6385/")).unwrap();
        let line = |(key, value)| format!("{key}={value}\n");
        parameters.into_iter().map(line).collect()
    }

    #[test]
    fn the_agent_learns_where_the_api_is_and_which_disk() {
        let mut node =
            node(r#""driver":"agent_ilo","properties":{"root_device":{"size":40,"model":"A, B"}}"#);
        let before = node.to_json();
        assert_eq!(
            lines(&mut node, Flow::AgentIlo),
            "ipa-api-url=http://192.0.2.1:6385\nipa-driver-name=agent_ilo\ncoreos.configdrive=0\n\
             root_device=size=40,model=A%2C%20B\n"
        );
        assert_eq!(node.to_json(), before);
    }

    #[test]
    fn no_field_of_a_node_becomes_a_further_parameter() {
        let url = "ipa-api-url=http://192.0.2.66";
        for (field, fields) in [
            (
                "instance_info.capabilities.boot_option",
                format!(r#""capabilities":{{"boot_option":"netboot {url}"}}"#),
            ),
            (
                "instance_info.capabilities.boot_option",
                format!(r#""capabilities":"{{\"boot_option\":\"netboot\u00a0{url}\"}}""#),
            ),
            (
                "root_device",
                format!(r#""root_device":{{"size {url} x":40}}"#),
            ),
            ("root_device", r#""root_device":{"size\u001fx":40}"#.into()),
            (
                "instance_info.deploy_key",
                format!(r#""deploy_key":"k\n{url}""#),
            ),
        ] {
            let json = format!(r#""driver":"iscsi_ilo","instance_info":{{{fields}}}"#);
            let error = of_node(&mut node(&json), Flow::IscsiIlo, None).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
            assert!(!error.to_string().contains(url), "{error}");
        }
        let json = r#""driver":"agent_ilo","instance_info":{"root_device":{"model":"A\u00a0B"}}"#;
        let text = lines(&mut node(json), Flow::AgentIlo);
        assert!(text.contains("root_device=model=A%C2%A0B\n"), "{text}");
    }

    #[test]
    fn the_key_of_an_iscsi_deployment_is_remembered() {
        let mut node = node(
            r#""driver":"iscsi_ilo","properties":{"capabilities":"boot_mode:uefi"},
               "instance_info":{}"#,
        );
        let first = lines(&mut node, Flow::IscsiIlo);
        let key = node.text(Section::InstanceInfo, "deploy_key").unwrap();
        assert_eq!(key.len(), 32);
        assert_eq!(
            first,
            format!(
                "ipa-api-url=http://192.0.2.1:6385\nipa-driver-name=iscsi_ilo\n\
                 coreos.configdrive=0\n\
                 deployment_id=1be26c0b-03f2-4d2e-ae87-c02d7f33c123\n\
                 iscsi_target_iqn=iqn.2008-10.org.openstack:1be26c0b-03f2-4d2e-ae87-c02d7f33c123\n\
                 ironic_api_url=http://192.0.2.1:6385\nboot_option=netboot\nboot_mode=uefi\n\
                 deployment_key={key}\n"
            )
        );
        assert_eq!(lines(&mut node, Flow::IscsiIlo), first);
    }
}
