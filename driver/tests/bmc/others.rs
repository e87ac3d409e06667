//! BMCs of other makers, which want more than an iLO.

use std::sync::Mutex;

use driver::bmc::{Bmc, BootMode, Cause, Drive, Redfish};
use serde_json::{Value, json};
use url::Url;

use super::bmc;
use crate::support::answers::{Answers, Asked, answer, json as json_answer};
use crate::support::log;

const SYSTEM: &str = "/redfish/v1/Systems/1";
const BOOT_OPTIONS: &str = "/redfish/v1/Systems/1/BootOptions";
const DRIVE: &str = "/redfish/v1/Managers/1/VirtualMedia/1";
const INSERT: &str = "/redfish/v1/Managers/1/VirtualMedia/1/Actions/VirtualMedia.InsertMedia";

/// What a BMC is in.
#[derive(Default)]
struct State {
    image: Option<String>,
    boot: Value,
    /// The version of the system's resource.
    version: usize,
    /// The number of insertions that were tried.
    insertions: usize,
}

/// A BMC with one CD drive that judges changes by `judge`: its answer is a refusal.
fn server(judge: impl Fn(&Asked, &State) -> Option<String> + Send + Sync + 'static) -> Answers {
    let state = Mutex::new(State {
        boot: json!({
            "BootSourceOverrideEnabled": "Disabled", "BootSourceOverrideMode": "Legacy",
            "BootOrder": ["Boot0003", "Boot0001", "Boot0004", "Boot0002"],
            "BootOptions": {"@odata.id": BOOT_OPTIONS},
        }),
        ..State::default()
    });
    Answers::start(move |asked| {
        let mut state = state.lock().unwrap();
        let path = asked.path.trim_end_matches('/');
        if asked.method == "GET" {
            return match resource(path, &state) {
                Some(resource) => {
                    let version = format!("ETag: \"{}\"\r\n", state.version);
                    answer(200, &version, &resource.to_string())
                }
                None => json_answer(404, &json!({})),
            };
        }
        state.insertions += usize::from(path == INSERT);
        if let Some(refusal) = judge(asked, &state) {
            return refusal;
        }
        let body: Value = serde_json::from_str(&asked.body).unwrap();
        match path {
            INSERT => state.image = body["Image"].as_str().map(str::to_owned),
            SYSTEM => {
                for (key, value) in body["Boot"].as_object().unwrap() {
                    state.boot[key] = value.clone();
                }
                state.version += 1;
            }
            _ => return json_answer(404, &json!({})),
        }
        json_answer(200, &json!({}))
    })
}

fn resource(path: &str, state: &State) -> Option<Value> {
    let link = |path: &str| json!({"@odata.id": path});
    let members = |path: &str| json!({"Members": [link(path)], "Members@odata.count": 1});
    Some(match path {
        "/redfish/v1" => json!({"Systems": link("/redfish/v1/Systems")}),
        "/redfish/v1/Systems" => members(SYSTEM),
        SYSTEM => json!({
            "Boot": state.boot, "Links": {"ManagedBy": [link("/redfish/v1/Managers/1")]}}),
        BOOT_OPTIONS => {
            let members = (1..5).map(|n| link(&format!("{BOOT_OPTIONS}/{n}")));
            json!({"Members": members.collect::<Vec<_>>(), "Members@odata.count": 4})
        }
        _ if path.starts_with(BOOT_OPTIONS) => boot_option(path.rsplit('/').next()?),
        "/redfish/v1/Managers/1" => {
            json!({"VirtualMedia": link("/redfish/v1/Managers/1/VirtualMedia")})
        }
        "/redfish/v1/Managers/1/VirtualMedia" => members(DRIVE),
        DRIVE => json!({
            "MediaTypes": ["CD"], "Image": state.image, "Inserted": state.image.is_some(),
            "Actions": {"#VirtualMedia.InsertMedia": {"target": INSERT}}}),
        _ => return None,
    })
}

/// A disk, a CD, and the network, twice: known by its alias, and by its device.
fn boot_option(number: &str) -> Value {
    let (alias, device) = match number {
        "1" => (
            None,
            "PciRoot(0x0)/Pci(0x1,0x0)/Sata(0x0,0xFFFF,0x0)/HD(1,GPT)",
        ),
        "2" => (Some("Cd"), "PciRoot(0x0)/Pci(0x1,0x0)/USB(0x3,0x1)"),
        "3" => (Some("Pxe"), ""),
        _ => (
            None,
            "PciRoot(0x0)/Pci(0x3,0x0)/MAC(525400123456,0x1)/IPv4(0.0.0.0)",
        ),
    };
    json!({"BootOptionReference": format!("Boot000{number}"), "Alias": alias,
           "UefiDevicePath": device})
}

fn redfish(server: &Answers) -> Redfish {
    bmc(&json!({"redfish_address": server.url("")}), "")
}

fn iso() -> Url {
    "https://192.0.2.1/boot.iso".parse().unwrap()
}

fn refusal(status: u16, message: &str, arguments: &[&str]) -> String {
    let message = json!({"MessageId": message, "MessageArgs": arguments});
    json_answer(
        status,
        &json!({"error": {"@Message.ExtendedInfo": [message]}}),
    )
}

#[tokio::test]
async fn a_bmc_that_wants_to_know_the_version_is_told_it() {
    for status in [412, 428] {
        let bmc = server(move |asked, state| {
            let version = format!("if-match: \"{}\"\r\n", state.version);
            let known = asked.head.to_ascii_lowercase().contains(&version);
            (!known).then(|| refusal(status, "Base.1.8.PreconditionRequired", &[]))
        });
        let redfish = redfish(&bmc);
        let mode = Some(BootMode::Uefi);
        redfish.boot_once(Drive::Cd, mode).await.unwrap();
        // Others are told no version.
        let bmc = server(|asked, _| {
            assert!(!asked.head.to_ascii_lowercase().contains("if-match"));
            None
        });
        self::redfish(&bmc)
            .boot_once(Drive::Cd, mode)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn only_the_parameters_that_a_bmc_requires_are_added() {
    for (required, named) in [
        (vec!["TransferProtocolType"], true),
        (vec!["Inserted", "WriteProtected"], true),
        (vec!["Inserted", "WriteProtected"], false),
        (vec!["TransferProtocolType", "TransferMethod"], true),
    ] {
        let wanted = required.clone();
        let bmc = server(move |asked, _| {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            let known = |key: &String| key == "Image" || wanted.contains(&key.as_str());
            if let Some(other) = body.as_object().unwrap().keys().find(|key| !known(key)) {
                return Some(refusal(400, "Base.1.12.ActionParameterUnknown", &[other]));
            }
            let missing = wanted.iter().find(|name| body.get(**name).is_none())?;
            let arguments = ["InsertMedia", *missing];
            let shown = if named { &arguments[..] } else { &[] };
            Some(refusal(400, "Base.1.12.ActionParameterMissing", shown))
        });
        redfish(&bmc).insert(Drive::Cd, &iso()).await.unwrap();
        let last = bmc
            .asked()
            .into_iter()
            .rfind(|asked| asked.method == "POST")
            .unwrap();
        let body: Value = serde_json::from_str(&last.body).unwrap();
        assert_eq!(
            body.as_object().unwrap().len(),
            required.len() + 1,
            "{body}"
        );
        if required.contains(&"TransferProtocolType") {
            assert_eq!(body["TransferProtocolType"], "HTTPS");
        }
    }
}

#[tokio::test]
async fn an_insertion_at_which_the_bmc_failed_is_tried_again() {
    let bmc = server(|asked, state| {
        let fails = asked.path == INSERT && state.insertions == 1;
        fails.then(|| json_answer(500, &json!({})))
    });
    redfish(&bmc).insert(Drive::Cd, &iso()).await.unwrap();
}

/// A BMC may refuse the boot mode as a whole, if it does not report it.
#[tokio::test]
async fn a_boot_mode_that_is_not_reported_may_be_refused() {
    let bmc = server(|asked, _| {
        let has_mode = asked.body.contains("BootSourceOverrideMode");
        has_mode.then(|| refusal(400, "Base.1.0.PropertyUnknown", &["BootSourceOverrideMode"]))
    });
    let error = redfish(&bmc)
        .boot_once(Drive::Cd, Some(BootMode::Uefi))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("BootSourceOverrideMode"),
        "{error}"
    );
    redfish(&bmc)
        .boot_once(Drive::Cd, Some(BootMode::Bios))
        .await
        .unwrap();
}

#[tokio::test]
async fn the_network_is_put_last_in_the_standard_boot_order() {
    let bmc = server(|_, _| None);
    let redfish = redfish(&bmc);
    assert!(redfish.boot_from_disk().await.unwrap());
    assert!(!redfish.boot_from_disk().await.unwrap(), "it is so already");
    let asked = bmc.asked();
    let changes: Vec<_> = asked.iter().filter(|asked| asked.method != "GET").collect();
    assert_eq!(changes.len(), 1, "{changes:?}");
    // All entries are sent: some BMCs refuse a shorter list.
    let expected = json!({"Boot": {"BootOrder": ["Boot0001", "Boot0002", "Boot0003", "Boot0004"]}});
    assert_eq!(changes[0].path.trim_end_matches('/'), SYSTEM);
    assert_eq!(changes[0].body, expected.to_string());
    // Once the server has started, nothing is waited for.
    assert!(redfish.await_settings().await.unwrap());
}

#[tokio::test]
async fn a_boot_order_that_cannot_be_written_is_left_as_it_is() {
    log::record();
    let bmc = server(|asked, _| {
        let is_order = asked.body.contains("BootOrder");
        is_order.then(|| refusal(400, "Base.1.8.PropertyNotWritable", &["BootOrder"]))
    });
    assert!(!redfish(&bmc).boot_from_disk().await.unwrap());
    log::assert_logged("the boot order is left as it is: PATCH /redfish/v1/Systems/1 returned 400");
    // A reason that passes by itself, or that concerns the user, is an error.
    let bmc = server(|asked, _| {
        let is_order = asked.body.contains("BootOrder");
        is_order.then(|| refusal(403, "Base.1.8.InsufficientPrivilege", &[]))
    });
    let error = redfish(&bmc).boot_from_disk().await.unwrap_err();
    assert!(matches!(error.cause, Cause::Privilege { .. }), "{error:?}");
}
