//! What HPE has and an emulator has not, and a BMC that misbehaves: against a stand-in that is strict.

#![cfg(feature = "redfish")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by it")]

mod bmc_support;

use std::time::{Duration, Instant};

use bmc_support::ilo::{Fault, Generation, Ilo, PASSWORD};
use bmc_support::{UUID, bmc, log, node, options};
use driver::bmc::{Bmc, BmcError, BootMode, Cause, Drive, Power, PowerState, Redfish};
use serde_json::json;
use url::Url;

const ALL: [Generation; 3] = [Generation::Ilo4, Generation::Ilo5, Generation::Ilo6];

/// Waiting is cut short.
const CONF: &str =
    "[ilo]\nclient_timeout = 3\npower_wait = 0\n[conductor]\npower_state_change_timeout = 2\n";

const ISO: &str = "http://192.0.2.1/boot.iso?temp_url_sig=0a8b6c4d2e&temp_url_expires=1";

fn iso() -> Url {
    ISO.parse().unwrap()
}

fn floppy() -> Url {
    "http://192.0.2.1/image.img".parse().unwrap()
}

fn redfish(ilo: &Ilo) -> Redfish {
    bmc(ilo.driver_info(), CONF)
}

/// Inserting into the CD drive of an iLO 5 with this fault, and how long it took.
async fn insertion(fault: Fault) -> (Ilo, Result<(), BmcError>, Duration) {
    let ilo = Ilo::with(Generation::Ilo5, fault);
    let start = Instant::now();
    let done = redfish(&ilo).insert(Drive::Cd, &iso()).await;
    let took = start.elapsed();
    (ilo, done, took)
}

/// What is said when inserting fails: node, step and cause; and after the fault is mended it works.
async fn failure(fault: Fault) -> String {
    let (ilo, done, _) = insertion(fault).await;
    let text = done.unwrap_err().to_string();
    for secret in [PASSWORD, "0a8b6c4d2e", "of-the-other"] {
        assert!(!text.contains(secret), "{text}");
    }
    ilo.mend();
    let redfish = redfish(&ilo);
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    let step = format!("node {UUID}: cannot insert an image into the CD drive: ");
    text.strip_prefix(&step)
        .unwrap_or_else(|| panic!("{text}"))
        .to_owned()
}

#[tokio::test]
async fn a_whole_boot_on_each_generation() {
    for generation in ALL {
        let ilo = Ilo::start(generation);
        ilo.state(|state| state.power = "On");
        let redfish = redfish(&ilo);
        redfish.insert(Drive::Floppy, &floppy()).await.unwrap();
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        redfish
            .boot_once(Drive::Cd, Some(BootMode::Uefi))
            .await
            .unwrap();
        redfish.power(Power::Cycle).await.unwrap();
        assert_eq!(
            ilo.state(|state| state.starts.clone()),
            [ISO],
            "{generation:?}"
        );
        // Only once.
        redfish.power(Power::Cycle).await.unwrap();
        assert_eq!(ilo.state(|state| state.starts.clone()), [ISO, "disk"]);
        let medium = redfish.medium(Drive::Cd).await.unwrap().unwrap();
        assert_eq!(medium.image.as_deref(), Some(ISO));
        redfish.eject(Drive::Floppy).await.unwrap();
        redfish.eject(Drive::Cd).await.unwrap();
        redfish.eject(Drive::Cd).await.unwrap();
        redfish.power(Power::Off).await.unwrap();
        redfish.power(Power::Off).await.unwrap();
        assert_eq!(redfish.power_state().await.unwrap(), PowerState::Off);
        assert_eq!(ilo.state(|state| state.drives[1].image.clone()), None);
    }
}

#[tokio::test]
async fn what_is_sent_for_an_insertion() {
    let media = "/redfish/v1/Managers/1/VirtualMedia/2/";
    let image = format!("{{\"Image\":\"{ISO}\"}}");
    for (generation, expected) in [
        (
            Generation::Ilo4,
            [
                format!("POST {media}Actions/Oem/Hp/HpiLOVirtualMedia.EjectVirtualMedia/ {{}}"),
                format!("POST {media}Actions/Oem/Hp/HpiLOVirtualMedia.InsertVirtualMedia/ {image}"),
            ],
        ),
        (
            Generation::Ilo6,
            [
                format!("POST {media}Actions/VirtualMedia.EjectMedia/ {{}}"),
                format!("POST {media}Actions/VirtualMedia.InsertMedia/ {image}"),
            ],
        ),
    ] {
        let ilo = Ilo::start(generation);
        // Somebody left a medium, which an iLO does not put another one over.
        ilo.state(|state| state.drives[1].image = Some("http://192.0.2.1/old.iso".into()));
        redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap();
        assert_eq!(ilo.changes(), expected, "{generation:?}");
    }
}

#[tokio::test]
async fn hpes_own_actions_are_used_where_the_standard_ones_fail() {
    let ilo = Ilo::with(Generation::Ilo5, Fault::StandardActionsFail);
    let redfish = redfish(&ilo);
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    redfish.insert(Drive::Cd, &floppy()).await.unwrap();
    redfish.eject(Drive::Cd).await.unwrap();
    let insert = ["InsertMedia", "InsertVirtualMedia"];
    let eject = ["EjectMedia", "EjectVirtualMedia"];
    assert_eq!(actions(&ilo), [insert, eject, insert, eject].concat());
    assert_eq!(ilo.state(|state| state.drives[1].image.clone()), None);
}

#[tokio::test]
async fn an_ilo_4_is_changed_where_its_actions_fail() {
    let ilo = Ilo::with(Generation::Ilo4, Fault::ActionsFail);
    let redfish = redfish(&ilo);
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    assert_eq!(
        ilo.state(|state| state.drives[1].image.clone()).as_deref(),
        Some(ISO)
    );
    redfish.eject(Drive::Cd).await.unwrap();
    let media = "/redfish/v1/Managers/1/VirtualMedia/2/";
    let changes = ilo.changes();
    assert_eq!(changes[1], format!("PATCH {media} {{\"Image\":\"{ISO}\"}}"));
    assert_eq!(changes[3], format!("PATCH {media} {{\"Image\":null}}"));
}

#[tokio::test]
async fn parameters_are_added_for_a_bmc_that_asks_for_them() {
    let (ilo, done, _) = insertion(Fault::AsksForParameters).await;
    done.unwrap();
    assert_eq!(actions(&ilo), ["InsertMedia", "InsertMedia"]);
}

/// The last parts of the names of the actions that were sent.
fn actions(ilo: &Ilo) -> Vec<String> {
    let name = |change: &String| {
        let path = change.split(' ').nth(1).unwrap().trim_end_matches('/');
        path.rsplit('.').next().unwrap().to_owned()
    };
    ilo.changes().iter().map(name).collect()
}

#[tokio::test]
async fn a_medium_that_the_ilo_ejected_by_itself_is_no_harm() {
    for generation in ALL {
        let ilo = Ilo::start(generation);
        let redfish = redfish(&ilo);
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        // As an operator's tool does.
        ilo.state(|state| state.drives[1].boot_on_next_reset = true);
        redfish.power(Power::Cycle).await.unwrap();
        redfish.power(Power::Cycle).await.unwrap();
        assert_eq!(redfish.medium(Drive::Cd).await.unwrap(), None);
        redfish.eject(Drive::Cd).await.unwrap();
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
    }
}

#[tokio::test]
async fn paths_without_their_trailing_slash_are_followed() {
    let ilo = Ilo::start(Generation::Ilo5);
    let mut info = ilo.driver_info();
    info["redfish_system_id"] = json!("/redfish/v1/Systems/1");
    let redfish = bmc(info, CONF);
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    redfish.boot_once(Drive::Cd, None).await.unwrap();
}

#[tokio::test]
async fn a_floppy_is_no_boot_device_of_an_ilo() {
    let ilo = Ilo::start(Generation::Ilo5);
    let error = redfish(&ilo)
        .boot_once(Drive::Floppy, None)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it can boot from None, Cd, Hdd, Usb"),
        "{error}"
    );
    assert_eq!(ilo.changes(), [""; 0]);
}

#[tokio::test]
async fn refusals_tell_every_way_that_was_tried() {
    let text = failure(Fault::RefusesToInsert).await;
    assert_eq!(
        text,
        "the BMC refused: POST /redfish/v1/Managers/1/VirtualMedia/2/Actions/VirtualMedia.InsertMedia/ returned \
         400, iLO.2.14.InvalidVirtualMediaURL (http://192.0.2.1/boot.iso?...; then POST \
         /redfish/v1/Managers/1/VirtualMedia/2/Actions/Oem/Hpe/HpeiLOVirtualMedia.InsertVirtualMedia/ returned \
         400, iLO.2.14.InvalidVirtualMediaURL (http://192.0.2.1/boot.iso?..."
    );
}

#[tokio::test]
async fn a_bmc_that_says_inserted_but_is_not() {
    let text = failure(Fault::SaysInsertedButIsNot).await;
    assert!(text.starts_with("the BMC accepted the request, but after "));
    assert!(
        text.contains("it reports an empty drive instead of http://192.0.2.1/boot.iso?"),
        "{text}"
    );
    let text = failure(Fault::ShowsAnotherImage).await;
    assert!(
        text.contains("it reports http://192.0.2.1/other.iso?..."),
        "{text}"
    );
    let (_, done, _) = insertion(Fault::ShowsLate).await;
    done.unwrap();
}

#[tokio::test]
async fn a_bmc_that_restarts_is_waited_for() {
    let away = Duration::from_millis(1500);
    for fault in [
        Fault::RestartsAfterInserting(away),
        Fault::RestartsBeforeInserting(away),
    ] {
        let (ilo, done, took) = insertion(fault).await;
        done.unwrap();
        assert!(took >= away, "{fault:?}");
        assert_eq!(
            ilo.state(|state| state.drives[1].image.clone()).as_deref(),
            Some(ISO)
        );
    }
    let (_, done, _) = insertion(Fault::NotReady(2)).await;
    done.unwrap();
    let long = Duration::from_secs(6);
    let (_, done, _) = insertion(Fault::RestartsBeforeInserting(long)).await;
    let error = done.unwrap_err();
    assert!(matches!(error.cause, Cause::NoAnswer { .. }), "{error:?}");
    assert!(error.to_string().contains("onnection refused"), "{error}");
}

#[tokio::test]
async fn a_bmc_that_never_answers_is_given_up() {
    let (_, done, took) = insertion(Fault::Hangs).await;
    let error = done.unwrap_err();
    assert!(matches!(error.cause, Cause::NoAnswer { .. }), "{error:?}");
    assert!(error.to_string().contains("it took too long"), "{error}");
    assert!(took < Duration::from_secs(6), "{took:?}");
}

#[tokio::test]
async fn licence_privilege_password_and_drive_are_told() {
    let text = failure(Fault::NoLicence).await;
    assert!(
        text.starts_with("the BMC's licence does not cover this (POST "),
        "{text}"
    );
    assert!(text.contains("iLO.2.14.LicenseKeyRequired"), "{text}");
    let text = failure(Fault::NoPrivilege).await;
    assert!(
        text.starts_with("the BMC requires a privilege that the user lacks (POST "),
        "{text}"
    );
    let text = failure(Fault::NoCdDrive).await;
    assert_eq!(
        text,
        "the BMC has no CD drive, only Floppy/USBStick: expected one whose MediaTypes contain CD or DVD"
    );
    let ilo = Ilo::start(Generation::Ilo4);
    let mut info = ilo.driver_info();
    info["redfish_password"] = json!("another");
    let error = bmc(info, CONF).eject(Drive::Cd).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Credentials), "{error:?}");
    assert_eq!(ilo.changes(), [""; 0]);
}

#[tokio::test]
async fn the_next_boot_is_read_back() {
    let ilo = Ilo::with(Generation::Ilo5, Fault::OverrideStays);
    let error = redfish(&ilo)
        .boot_once(Drive::Cd, None)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!(
            "node {UUID}: cannot set the next boot to the CD drive: the BMC accepted the request but reports \
             Disabled for the override, None for its target, UEFI for the mode: expected a one-time boot \
             from Cd"
        )
    );
}

#[tokio::test]
async fn the_power_state_is_waited_for() {
    let ilo = Ilo::with(Generation::Ilo5, Fault::PowerStays);
    let error = redfish(&ilo)
        .power(Power::On)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!(
            "node {UUID}: cannot switch the server on: the server is off after 2 s: expected it to be on"
        )
    );
    let ilo = Ilo::with(Generation::Ilo5, Fault::BusyAfterOff(2));
    redfish(&ilo).power(Power::On).await.unwrap();
    let ilo = Ilo::with(Generation::Ilo5, Fault::BusyAfterOff(9));
    let error = redfish(&ilo).power(Power::On).await.unwrap_err();
    assert!(matches!(error.cause, Cause::Refused(_)), "{error:?}");
}

#[tokio::test]
async fn a_bmc_cannot_send_the_password_elsewhere_nor_break_anything() {
    for fault in [Fault::LeadsElsewhere, Fault::Garbage] {
        let ilo = Ilo::with(Generation::Ilo5, fault);
        let error = redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Answer { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn no_secret_is_logged() {
    log::record();
    let ilo = Ilo::with(Generation::Ilo5, Fault::RefusesToInsert);
    let refused = redfish(&ilo);
    refused.insert(Drive::Cd, &iso()).await.unwrap_err();
    ilo.mend();
    refused.insert(Drive::Cd, &iso()).await.unwrap();
    let authorization = "QWRtaW5pc3RyYXRvcjpwYXNzLXcwcmQtb2YtdGhlLWlsbw==";
    log::assert_without(&[PASSWORD, authorization, "temp_url_sig=0a8b6c4d2e"]);
}

#[test]
fn what_a_node_lacks_is_told_before_anything_is_sent() {
    let error = |info| {
        Redfish::from_node(&node(info), &options(CONF))
            .unwrap_err()
            .to_string()
    };
    let text =
        error(json!({"ilo_address": "192.0.2.7", "ilo_username": "u", "ilo_password": "******"}));
    assert!(
        text.contains("driver_info.ilo_password: masked by Ironic's API"),
        "{text}"
    );
    let text =
        error(json!({"ilo_address": "https://h", "ilo_username": "u", "ilo_password": "secret"}));
    assert!(
        text.contains("driver_info.ilo_address: expected a host name") && !text.contains("secret")
    );
    let text = error(json!({"redfish_address": "http://h", "redfish_verify_ca": 7}));
    assert!(
        text.contains("driver_info.redfish_verify_ca: expected True, False, or a path"),
        "{text}"
    );
    assert!(error(json!({})).contains("driver_info.ilo_address: missing"));
}
