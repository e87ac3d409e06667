//! The stand-in itself: that it answers as what is known about iLOs says.

use driver::bmc::Clock as _;
use serde_json::{Value, json};

use crate::support::ilo::{Generation, Ilo};

const BASIC: &str = "Basic QWRtaW5pc3RyYXRvcjpwYXNzLXcwcmQtb2YtdGhlLWlsbw==";
const SYSTEM: &str = "/redfish/v1/Systems/1/";
const CD: &str = "/redfish/v1/Managers/1/VirtualMedia/2/";

/// Sends a request. Returns the status, and the resource, or the name of the message.
fn send(ilo: &Ilo, method: &str, path: &str, body: &Value) -> (u16, Value) {
    try_send(ilo, method, path, body).unwrap()
}

/// Does the same as [`send`]; `None` if there is no answer.
fn try_send(ilo: &Ilo, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = ureq::Agent::new_with_config(config.build());
    let address = format!("http://127.0.0.1:{}{path}", ilo.port());
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(address)
        .header("Authorization", BASIC)
        .header("OData-Version", "4.0");
    let answer = if body.is_null() {
        agent.run(request.body(()).unwrap())
    } else {
        let request = request.header("Content-Type", "application/json");
        agent.run(request.body(body.to_string()).unwrap())
    };
    let mut answer = answer.ok()?;
    let status = answer.status().as_u16();
    let text = answer.body_mut().read_to_string().unwrap();
    let content: Value = serde_json::from_str(&text).unwrap();
    let id = content.pointer("/error/@Message.ExtendedInfo/0/MessageId");
    let name = id.map(|id| id.as_str().unwrap().rsplit('.').next().unwrap().into());
    Some((status, name.unwrap_or(content)))
}

fn get(ilo: &Ilo, path: &str) -> Value {
    let (status, resource) = send(ilo, "GET", path, &Value::Null);
    assert_eq!(status, 200, "{path}: {resource}");
    resource
}

fn set(ilo: &Ilo, path: &str, change: &Value) -> (u16, Value) {
    send(ilo, "PATCH", path, change)
}

fn reset(ilo: &Ilo, kind: &str) -> (u16, Value) {
    let path = format!("{SYSTEM}Actions/ComputerSystem.Reset/");
    send(ilo, "POST", &path, &json!({"ResetType": kind}))
}

fn done() -> (u16, Value) {
    (200, "Success".into())
}

fn pending() -> (u16, Value) {
    (200, "SystemResetRequired".into())
}

/// What the server says about itself.
fn states(ilo: &Ilo, oem: &str) -> [String; 2] {
    let system = get(ilo, SYSTEM);
    let [power, post] = [&system["PowerState"], &system["Oem"][oem]["PostState"]];
    [power, post].map(|state| state.as_str().unwrap().to_owned())
}

#[test]
fn a_server_starts_over_minutes() {
    for generation in Generation::ALL {
        let oem = if generation == Generation::Ilo4 {
            "Hp"
        } else {
            "Hpe"
        };
        let ilo = Ilo::start(generation);
        assert_eq!(states(&ilo, oem), ["Off", "PowerOff"]);
        assert_eq!(reset(&ilo, "On"), done());
        let busy = (400, "InvalidOperationForSystemState".into());
        assert_eq!(reset(&ilo, "ForceOff"), busy);
        let mut seen = Vec::new();
        for _ in 0..140 {
            seen.push(states(&ilo, oem).join(" "));
            seen.dedup();
            ilo.wait(1);
        }
        let newer = [
            "PoweringOn PowerOff",
            "On PowerOff",
            "On InPost",
            "On InPostDiscoveryStart",
            "On InPostDiscoveryComplete",
            "On FinishedPost",
        ];
        let older = [
            "Off PowerOff",
            "On PowerOff",
            "On InPost",
            "On FinishedPost",
        ];
        match generation {
            Generation::Ilo4 => assert_eq!(seen, older),
            _ => assert_eq!(seen, newer, "{generation:?}"),
        }
        assert_eq!(reset(&ilo, "On"), busy);
        // The operating system takes its time.
        assert_eq!(reset(&ilo, "PushPowerButton"), done());
        ilo.wait(10);
        assert_eq!(states(&ilo, oem)[0], "On");
        ilo.wait(30);
        assert_eq!(states(&ilo, oem), ["Off", "PowerOff"]);
    }
}

#[test]
fn the_boot_source_cannot_be_set_during_post_nor_with_a_mode() {
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        let once = json!({"Boot": {
            "BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Cd"}});
        let mut with_mode = once.clone();
        with_mode["Boot"]["BootSourceOverrideMode"] = "UEFI".into();
        let (status, message) = set(&ilo, SYSTEM, &with_mode);
        let expected = match generation {
            Generation::Ilo4 => "PropertyUnknown",
            _ => "PropertyNotWritableOrUnknown",
        };
        assert_eq!((status, message), (400, expected.into()));
        let alone = json!({"Boot": {"BootSourceOverrideEnabled": "Once"}});
        assert_eq!(set(&ilo, SYSTEM, &alone).0, 400);
        reset(&ilo, "On");
        ilo.wait(30);
        let refused = (400, "UnableToModifyDuringSystemPOST".into());
        assert_eq!(set(&ilo, SYSTEM, &once), refused);
        ilo.boots();
        assert_eq!(set(&ilo, SYSTEM, &once), done());
        assert_eq!(get(&ilo, SYSTEM)["Boot"]["BootSourceOverrideTarget"], "Cd");
    }
}

#[test]
fn bios_settings_are_pending_until_the_server_has_started() {
    for (generation, path, settings) in [
        (
            Generation::Ilo4,
            "/redfish/v1/systems/1/bios/",
            "/redfish/v1/systems/1/bios/Settings/",
        ),
        (
            Generation::Ilo5,
            "/redfish/v1/Systems/1/Bios",
            "/redfish/v1/systems/1/bios/settings/",
        ),
        (
            Generation::Ilo5Late,
            "/redfish/v1/systems/1/bios/",
            "/redfish/v1/systems/1/bios/settings/",
        ),
    ] {
        let ilo = Ilo::start(generation);
        let is_ilo4 = generation == Generation::Ilo4;
        let mode = |path: &str| match get(&ilo, path) {
            bios if is_ilo4 => bios["BootMode"].clone(),
            bios => bios["Attributes"]["BootMode"].clone(),
        };
        let before = mode(path);
        let change = json!({"BootMode": "LegacyBios", "NoSuchThing": 1});
        let change = if is_ilo4 {
            change
        } else {
            json!({"Attributes": change})
        };
        assert_eq!(set(&ilo, settings, &change), pending());
        assert_eq!((mode(path), mode(settings)), (before, "LegacyBios".into()));
        reset(&ilo, "On");
        ilo.boots();
        assert_eq!(mode(path), "LegacyBios");
        let bios = get(&ilo, path);
        let messages = match is_ilo4 {
            true => &bios["SettingsResult"]["Messages"],
            false => &bios["@Redfish.Settings"]["Messages"],
        };
        let text = messages.to_string();
        assert!(
            text.contains("PropertyUnknown") && text.contains("NoSuchThing"),
            "{text}"
        );
        if !is_ilo4 {
            assert_eq!(
                get(&ilo, SYSTEM)["Boot"]["BootSourceOverrideMode"],
                "Legacy"
            );
            // In this mode there is no secure boot.
            let refused = (400, "UnsupportedOperationInLegacyBootMode".into());
            let secure = json!({"SecureBootEnable": true});
            assert_eq!(set(&ilo, &format!("{SYSTEM}SecureBoot/"), &secure), refused);
        }
    }
    // These are UEFI only.
    for generation in [Generation::Ilo6, Generation::Ilo7] {
        let ilo = Ilo::start(generation);
        let bios = get(&ilo, "/redfish/v1/systems/1/bios");
        assert_eq!(bios["Attributes"].get("BootMode"), None);
    }
}

#[test]
fn secure_boot_and_the_boot_order_change_at_the_next_start() {
    for generation in [Generation::Ilo5, Generation::Ilo6, Generation::Ilo7] {
        let ilo = Ilo::start(generation);
        let (secure, order) = (
            format!("{SYSTEM}SecureBoot"),
            "/redfish/v1/systems/1/bios/oem/hpe/boot/",
        );
        assert_eq!(
            set(&ilo, &secure, &json!({"SecureBootEnable": true})),
            pending()
        );
        assert_eq!(get(&ilo, &secure)["SecureBootCurrentBoot"], "Disabled");
        let mut names = get(&ilo, order)["PersistentBootConfigOrder"].clone();
        names.as_array_mut().unwrap().reverse();
        let change = json!({"PersistentBootConfigOrder": names});
        assert_eq!(set(&ilo, &format!("{order}settings/"), &change), pending());
        assert_ne!(get(&ilo, order)["PersistentBootConfigOrder"], names);
        reset(&ilo, "On");
        let boots = ilo.boots();
        assert_eq!(get(&ilo, &secure)["SecureBootCurrentBoot"], "Enabled");
        assert_eq!(get(&ilo, order)["PersistentBootConfigOrder"], names);
        // Only the iLO 7 has no disk.
        let last = if generation == Generation::Ilo7 {
            "network"
        } else {
            "disk"
        };
        assert_eq!(boots, [last], "{generation:?}");
    }
}

#[test]
fn an_ilo_that_restarts_is_away_and_forgets_its_media() {
    let ilo = Ilo::start(Generation::Ilo6);
    let image = json!({"Image": "http://user:secret@192.0.2.1/boot.iso"});
    let insert = format!("{CD}Actions/VirtualMedia.InsertMedia/");
    assert_eq!(send(&ilo, "POST", &insert, &image), done());
    let full = (400, "MaxVirtualMediaConnectionEstablished".into());
    assert_eq!(send(&ilo, "POST", &insert, &image), full);
    let shown = get(&ilo, CD);
    assert_eq!(shown["Image"], "http://192.0.2.1/boot.iso");
    assert_eq!(shown["ImageName"], "boot.iso");
    assert_eq!(shown["ConnectedVia"], "URI");
    let path = "/redfish/v1/Managers/1/Actions/Manager.Reset/";
    let restarts = send(&ilo, "POST", path, &json!({"ResetType": "ForceRestart"}));
    assert_eq!(restarts, (200, "ResetInProgress".into()));
    assert_eq!(try_send(&ilo, "GET", CD, &Value::Null), None);
    ilo.wait(60);
    assert_eq!(get(&ilo, CD)["Inserted"], false);
    let eject = format!("{CD}Actions/VirtualMedia.EjectMedia/");
    let empty = (400, "NoVirtualMediaConnectionAvailable".into());
    assert_eq!(send(&ilo, "POST", &eject, &json!({})), empty);
}

#[test]
fn links_follow_the_spelling_of_the_request_except_in_the_bios() {
    let ilo = Ilo::start(Generation::Ilo5);
    let id = |path| get(&ilo, path)["@odata.id"].clone();
    assert_eq!(id("/redfish/v1/Systems/1"), "/redfish/v1/Systems/1");
    assert_eq!(id(SYSTEM), SYSTEM);
    for path in ["/redfish/v1/Systems/1/Bios", "/redfish/v1/systems/1/bios/"] {
        assert_eq!(id(path), "/redfish/v1/systems/1/bios/");
    }
    // What is not known about iLOs is refused.
    for path in ["/redfish/v1/Chassis", "/redfish/v1/SYSTEMS/1"] {
        assert_eq!(send(&ilo, "GET", path, &Value::Null).0, 501, "{path}");
    }
}

#[test]
fn time_passes_at_once_for_those_who_wait() {
    let clock = crate::support::ilo::SimulatedTime::start();
    let start = std::time::Instant::now();
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(clock.sleep(std::time::Duration::from_secs(3600)));
    assert_eq!(clock.now().as_secs() / 60, 60);
    assert!(start.elapsed().as_secs() < 60);
}
