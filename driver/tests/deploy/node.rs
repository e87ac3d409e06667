//! The node as Ironic's API gives it: read, validated and written back.

#[cfg(feature = "redfish")]
use driver::bmc::ILO_ACCESS;
#[cfg(feature = "redfish")]
use driver::node::HOSTING;
use driver::node::{Field, FieldKind, Node, NodeError, ProvisionState, Section};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::UUID;

/// A shortened answer of Ironic 21.4's API, with its order of keys.
const FROM_API: &str = concat!(
    r#"{"allocation_uuid":null,"boot_interface":"ilo-virtual-media","chassis_uuid":null,"#,
    r#""clean_step":{},"created_at":"2016-08-18T22:28:48.643434+11:11","driver":"ilo","#,
    r#""driver_info":{"ilo_username":"admin","ilo_address":"192.0.2.7","ilo_password":"******","#,
    r#""zz":1,"aa":2},"driver_internal_info":{},"extra":{"é":"\u0007","#,
    r#""big":18446744073709551615,"f":0.1},"inspection_finished_at":null,"#,
    r#""instance_info":{"image_source":"x"},"#,
    r#""links":[{"href":"http://127.0.0.1:6385/v1/nodes/1be26c0b","rel":"self"}],"#,
    r#""name":"test_node_classic","power_state":"power off","#,
    r#""properties":{"capabilities":"boot_mode:uefi"},"provision_state":"wait call-back","#,
    r#""traits":["CUSTOM_TRAIT1"],"uuid":"1be26c0b-03f2-4d2e-ae87-c02d7f33c123"}"#,
);

fn read(value: &Value) -> Result<Node, NodeError> {
    Node::from_json(value.to_string().as_bytes())
}

#[cfg(feature = "redfish")]
fn with_driver_info(info: &Value) -> Node {
    read(&json!({"uuid": UUID, "driver_info": info})).unwrap()
}

#[test]
fn an_unchanged_node_is_written_back_byte_for_byte() {
    let node = Node::from_json(FROM_API.as_bytes()).unwrap();
    assert_eq!(node.to_json(), FROM_API);
    assert_eq!(serde_json::to_string(&node).unwrap(), FROM_API);
    let again: Node = serde_json::from_str(FROM_API).unwrap();
    assert_eq!(again, node);
    assert_eq!(node.uuid().to_string(), UUID);
    assert_eq!(node.provision_state(), Some(&ProvisionState::WaitCallBack));
}

#[test]
fn a_change_leaves_all_other_fields_in_place() {
    let mut node = Node::from_json(FROM_API.as_bytes()).unwrap();
    assert_eq!(
        node.set(Section::DriverInfo, "ilo_address", "h"),
        Some(json!("192.0.2.7"))
    );
    assert_eq!(
        node.remove(Section::DriverInfo, "ilo_username"),
        Some(json!("admin"))
    );
    assert_eq!(node.remove(Section::DriverInfo, "ilo_username"), None);
    assert_eq!(
        node.set(Section::DriverInternalInfo, "root_uuid_or_disk_id", "r"),
        None
    );
    let expected = FROM_API
        .replace(
            r#""ilo_username":"admin","ilo_address":"192.0.2.7""#,
            r#""ilo_address":"h""#,
        )
        .replace(
            r#""driver_internal_info":{}"#,
            r#""driver_internal_info":{"root_uuid_or_disk_id":"r"}"#,
        );
    assert_eq!(node.to_json(), expected);
}

#[test]
fn a_missing_or_null_section_is_empty_and_can_be_filled() {
    for mut node in [
        read(&json!({"uuid": UUID})).unwrap(),
        read(&json!({"uuid": UUID, "instance_info": null})).unwrap(),
    ] {
        assert_eq!(node.get(Section::InstanceInfo, "ilo_boot_iso"), None);
        assert_eq!(node.remove(Section::InstanceInfo, "ilo_boot_iso"), None);
        node.set(Section::InstanceInfo, "ilo_boot_iso", "http://h/x.iso");
        assert_eq!(
            node.text(Section::InstanceInfo, "ilo_boot_iso"),
            Some("http://h/x.iso")
        );
        assert_eq!(node.provision_state(), None);
    }
}

#[test]
fn a_malformed_node_is_refused_with_all_its_faults() {
    let wrong = json!({
        "uuid": "../../etc/passwd", "provision_state": 7, "driver_info": [], "properties": "x",
        "instance_info": null,
    });
    let error = read(&wrong).unwrap_err();
    assert_eq!(
        error.to_string(),
        "node ../../etc/passwd cannot be used: uuid: expected a node UUID like \
         1be26c0b-03f2-4d2e-ae87-c02d7f33c123, got \"../../etc/passwd\": give the node's uuid, not \
         its name; provision_state: expected a string or null, got a number; driver_info: expected \
         an object or null, got a list; properties: expected an object or null, got a string"
    );
    let error = read(&json!({})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "node cannot be used: uuid: missing, expected the node's UUID"
    );
    for text in ["", "[]", "null", "{", r#""node""#, "{} {}"] {
        let error = Node::from_json(text.as_bytes()).unwrap_err();
        assert!(matches!(error, NodeError::Json(_)), "{text}: {error}");
    }
}

#[cfg(feature = "redfish")]
#[test]
fn validation_reports_all_faulty_fields() {
    let node = with_driver_info(&json!({
        "ilo_address": "", "ilo_password": "******", "client_port": "65536", "client_timeout": 0,
        "external_http_url": "ftp://h/",
    }));
    let faults = node.validate(ILO_ACCESS.iter().chain(HOSTING)).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "node 1be26c0b-03f2-4d2e-ae87-c02d7f33c123 cannot be used: \
         driver_info.ilo_address: empty, expected a string; \
         driver_info.ilo_username: missing, expected a string; \
         driver_info.ilo_password: masked by Ironic's API, expected the secret itself: read the \
         node with a role that the policy show_password allows; \
         driver_info.client_port: expected a port from 1 to 65535, got \"65536\"; \
         driver_info.client_timeout: expected a number of seconds, at least 1, got 0; \
         driver_info.external_http_url: expected a URL that begins with http:// or https:// and a \
         host"
    );
    assert_eq!(faults.faults.len(), 6);
}

#[cfg(feature = "redfish")]
#[test]
fn numbers_may_be_strings_as_ironics_command_line_sends_them() {
    let access = json!({
        "ilo_address": "192.0.2.7", "ilo_username": "admin", "ilo_password": "secret",
        "client_port": "443", "client_timeout": 60,
        "external_http_url": "http://[2001:db8::1]:80/x",
    });
    with_driver_info(&access)
        .validate(ILO_ACCESS.iter().chain(HOSTING))
        .unwrap();
}

#[cfg(feature = "redfish")]
#[test]
fn no_error_and_no_debug_output_contains_a_secret() {
    let node = with_driver_info(&json!({
        "ilo_password": {"hunter2": 1}, "external_http_url": "gopher://user:hunter2@h/",
    }));
    let faults = node.validate(ILO_ACCESS.iter().chain(HOSTING)).unwrap_err();
    assert!(!faults.to_string().contains("hunter2"), "{faults}");
    assert!(!format!("{node:?}").contains("hunter2"), "{node:?}");
}

#[test]
fn a_caller_may_validate_a_list_of_its_own() {
    const NEEDS: &[Field] = &[
        Field::required(Section::InstanceInfo, "root_gb", FieldKind::Seconds),
        Field::optional(Section::Properties, "capabilities", FieldKind::Text),
    ];
    let node = read(&json!({"uuid": UUID, "properties": {"capabilities": {}}})).unwrap();
    let faults = node.validate(NEEDS).unwrap_err().faults;
    let fields: Vec<&str> = faults.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["instance_info.root_gb", "properties.capabilities"]);
}

#[test]
fn unknown_provision_states_are_kept() {
    for state in [
        "active",
        "wait call-back",
        "deploying",
        "available",
        "deleting",
        "service hold",
    ] {
        let node = read(&json!({"uuid": UUID, "provision_state": state})).unwrap();
        assert_eq!(node.provision_state().unwrap().as_str(), state);
    }
}

/// Any JSON value, with 64-bit numbers.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("a JSON number is finite", |f| f.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn any_object() -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<String>(), any_json()), 0..6)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()))
}

proptest! {
    #[test]
    fn unknown_fields_and_their_order_survive(
        before in prop::collection::vec(("[a-z]{1,9}_x", any_json()), 0..5),
        info in any_object(),
        after in prop::collection::vec(("[A-Z]{1,9}", any_json()), 0..5),
    ) {
        let mut map: serde_json::Map<String, Value> = before.into_iter().collect();
        map.insert("driver_info".to_owned(), info);
        map.insert("uuid".to_owned(), json!(UUID));
        map.extend(after);
        let text = Value::Object(map).to_string();
        let node = Node::from_json(text.as_bytes()).unwrap();
        prop_assert_eq!(node.to_json(), text);
    }

    #[test]
    fn reading_any_json_never_panics(value in any_json()) {
        let _ = read(&value);
    }
}
