//! HPE's extensions of Redfish, and BMCs that misbehave, against the stand-in of `support::ilo`.

use driver::bmc::{Bmc, BmcError, BootMode, Cause, Drive, Power, PowerState, Redfish};
use serde_json::json;
use url::Url;

use super::{bmc, node};
use crate::support::ilo::{Fault, Generation, Ilo, PASSWORD, Trouble};
use crate::support::{UUID, log, options};

const ISO: &str = "http://192.0.2.1/boot.iso?temp_url_sig=0a8b6c4d2e&temp_url_expires=1";

/// More often than anything is tried.
const ALWAYS: usize = usize::MAX;

fn iso() -> Url {
    ISO.parse().unwrap()
}

fn floppy() -> Url {
    "http://192.0.2.1/image.img".parse().unwrap()
}

fn redfish(ilo: &Ilo) -> Redfish {
    bmc(&ilo.driver_info(), "")
}

/// Inserts an ISO into an iLO 5 with this fault. Returns the iLO and the result.
async fn insertion(fault: Fault) -> (Ilo, Result<(), BmcError>) {
    let ilo = Ilo::with(Generation::Ilo5, fault);
    let done = redfish(&ilo).insert(Drive::Cd, &iso()).await;
    (ilo, done)
}

/// Inserts an ISO, which must fail. Returns the cause in the error, after checking that the error
/// also names the node and the step, and that inserting works after `repair`.
async fn failure(ilo: Ilo, repair: impl FnOnce(&Ilo)) -> String {
    let done = redfish(&ilo).insert(Drive::Cd, &iso()).await;
    let text = done.unwrap_err().to_string();
    for secret in [PASSWORD, "0a8b6c4d2e", "of-the-other"] {
        assert!(!text.contains(secret), "{text}");
    }
    repair(&ilo);
    let redfish = redfish(&ilo);
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    let step = format!("node {UUID}: cannot insert an image into the CD drive: ");
    text.strip_prefix(&step)
        .unwrap_or_else(|| panic!("{text}"))
        .to_owned()
}

fn image_in_cd(ilo: &Ilo) -> Option<String> {
    ilo.state(|state| state.drives[1].image.clone())
}

#[tokio::test]
async fn each_generation_boots_once_from_what_was_inserted() {
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        ilo.state(|state| state.machine.run());
        let redfish = redfish(&ilo);
        redfish.insert(Drive::Floppy, &floppy()).await.unwrap();
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        redfish
            .boot_once(Drive::Cd, Some(BootMode::Uefi))
            .await
            .unwrap();
        redfish.power(Power::Cycle).await.unwrap();
        assert_eq!(ilo.boots(), [ISO], "{generation:?}");
        // The override holds once.
        redfish.power(Power::Cycle).await.unwrap();
        let boots = ilo.boots();
        assert!(boots.len() == 2 && boots[1] != ISO, "{boots:?}");
        let medium = redfish.medium(Drive::Cd).await.unwrap().unwrap();
        assert_eq!(medium.image.as_deref(), Some(ISO));
        redfish.eject(Drive::Floppy).await.unwrap();
        redfish.eject(Drive::Cd).await.unwrap();
        redfish.eject(Drive::Cd).await.unwrap();
        redfish.power(Power::Off).await.unwrap();
        redfish.power(Power::Off).await.unwrap();
        assert_eq!(redfish.power_state().await.unwrap(), PowerState::Off);
        assert_eq!(image_in_cd(&ilo), None);
    }
}

#[tokio::test]
async fn a_left_over_medium_is_ejected_before_an_insertion() {
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
                format!("POST {media}Actions/VirtualMedia.EjectMedia {{}}"),
                format!("POST {media}Actions/VirtualMedia.InsertMedia {image}"),
            ],
        ),
    ] {
        let ilo = Ilo::start(generation);
        ilo.state(|state| state.drives[1].image = Some("http://192.0.2.1/old.iso".into()));
        redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap();
        assert_eq!(ilo.changes(), expected, "{generation:?}");
    }
}

#[tokio::test]
async fn hpes_own_actions_are_used_where_the_standard_ones_fail() {
    let ilo = Ilo::start(Generation::Ilo5);
    let failed = Trouble::Refused("InternalError");
    ilo.trouble("POST", "Actions/VirtualMedia.", failed, ALWAYS);
    let redfish = redfish(&ilo);
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    redfish.insert(Drive::Cd, &floppy()).await.unwrap();
    redfish.eject(Drive::Cd).await.unwrap();
    let insert = ["InsertMedia", "InsertVirtualMedia"];
    let eject = ["EjectMedia", "EjectVirtualMedia"];
    assert_eq!(actions(&ilo), [insert, eject, insert, eject].concat());
    assert_eq!(image_in_cd(&ilo), None);
}

#[tokio::test]
async fn the_image_of_an_ilo_4_is_patched_where_its_actions_fail() {
    let ilo = Ilo::start(Generation::Ilo4);
    ilo.trouble(
        "POST",
        "Actions/",
        Trouble::Refused("InternalError"),
        ALWAYS,
    );
    let redfish = redfish(&ilo);
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    assert_eq!(image_in_cd(&ilo).as_deref(), Some(ISO));
    redfish.eject(Drive::Cd).await.unwrap();
    let media = "/redfish/v1/Managers/1/VirtualMedia/2/";
    let changes = ilo.changes();
    assert_eq!(changes[1], format!("PATCH {media} {{\"Image\":\"{ISO}\"}}"));
    assert_eq!(changes[3], format!("PATCH {media} {{\"Image\":null}}"));
}

/// The names of the actions that were sent, without their prefixes.
fn actions(ilo: &Ilo) -> Vec<String> {
    let name = |change: &String| {
        let path = change.split(' ').nth(1).unwrap().trim_end_matches('/');
        path.rsplit('.').next().unwrap().to_owned()
    };
    ilo.changes().iter().map(name).collect()
}

#[tokio::test]
async fn a_medium_that_the_ilo_ejected_by_itself_causes_no_error() {
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        let redfish = redfish(&ilo);
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        // As operators' tools do.
        ilo.state(|state| {
            state.drives[1].boot_on_next_reset = true;
            state.drives[1].starts = Some(0);
        });
        redfish.power(Power::Cycle).await.unwrap();
        assert_eq!(ilo.boots(), [ISO]);
        redfish.power(Power::Cycle).await.unwrap();
        ilo.boots();
        assert_eq!(redfish.medium(Drive::Cd).await.unwrap(), None);
        redfish.eject(Drive::Cd).await.unwrap();
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
    }
}

#[tokio::test]
async fn paths_without_their_trailing_slash_are_followed() {
    let ilo = Ilo::start(Generation::Ilo4);
    let mut info = ilo.driver_info();
    info["redfish_system_id"] = json!("/redfish/v1/Systems/1");
    let redfish = bmc(&info, "");
    redfish.insert(Drive::Cd, &iso()).await.unwrap();
    redfish.boot_once(Drive::Cd, None).await.unwrap();
}

#[tokio::test]
async fn an_ilo_cannot_boot_from_its_floppy_drive() {
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

/// An iLO 5 that cannot fetch any image.
fn that_cannot_fetch() -> Ilo {
    let ilo = Ilo::start(Generation::Ilo5);
    let unreachable = Trouble::Refused("CouldNotEstablishConnection");
    ilo.trouble("POST", "Insert", unreachable, ALWAYS);
    ilo
}

#[tokio::test]
async fn a_refusal_lists_every_request_that_was_tried() {
    let text = failure(that_cannot_fetch(), Ilo::repair).await;
    let actions = "/redfish/v1/Managers/1/VirtualMedia/2/Actions";
    let refusal = "returned 400, Base.1.4.CouldNotEstablishConnection \
                   (http://192.0.2.1/boot.iso?...";
    assert_eq!(
        text,
        format!(
            "the BMC refused: POST {actions}/VirtualMedia.InsertMedia {refusal}; then POST \
             {actions}/Oem/Hpe/HpeiLOVirtualMedia.InsertVirtualMedia {refusal}"
        )
    );
}

#[tokio::test]
async fn an_insertion_that_the_bmc_does_not_report_is_an_error() {
    let with = |fault| Ilo::with(Generation::Ilo5, fault);
    let text = failure(with(Fault::ReportsEmptyDrive), Ilo::repair).await;
    assert!(text.starts_with("the BMC accepted the request, but after 6"));
    assert!(
        text.contains("it reports an empty drive instead of http://192.0.2.1/boot.iso?"),
        "{text}"
    );
    let text = failure(with(Fault::ReportsAnotherImage), Ilo::repair).await;
    assert!(
        text.contains("it reports http://192.0.2.1/other.iso?..."),
        "{text}"
    );
    let (_, done) = insertion(Fault::ReportsLate).await;
    done.unwrap();
}

#[tokio::test]
async fn a_missing_licence_privilege_password_or_drive_is_named() {
    let ilo = Ilo::start(Generation::Ilo5);
    ilo.state(|state| state.licensed = false);
    let text = failure(ilo, Ilo::repair).await;
    assert!(
        text.starts_with("the BMC's licence does not cover this (POST "),
        "{text}"
    );
    assert!(text.contains("iLO.2.15.LicenseKeyRequired"), "{text}");
    let ilo = Ilo::start(Generation::Ilo5);
    ilo.state(|state| state.privileged = false);
    let text = failure(ilo, Ilo::repair).await;
    assert!(
        text.starts_with("the BMC requires a privilege that the user lacks (POST "),
        "{text}"
    );
    let ilo = Ilo::with(Generation::Ilo5, Fault::NoCdDrive);
    let text = failure(ilo, Ilo::repair).await;
    assert_eq!(
        text,
        "the BMC has no CD drive, only Floppy/USBStick: expected one whose MediaTypes contain CD \
         or DVD"
    );
}

#[tokio::test]
async fn what_does_not_change_is_read_once() {
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        let redfish = redfish(&ilo);
        redfish.check().await.unwrap();
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        for path in [
            "/redfish/v1/",
            "/redfish/v1/Managers/1",
            "/redfish/v1/Systems/1",
        ] {
            let times = reads(&ilo, path);
            // The root is also read before a password is sent by http://.
            let expected = if path == "/redfish/v1/" { 2 } else { 1 };
            assert_eq!(times, expected, "{generation:?}: {path}");
        }
    }
}

/// The number of GETs of this path.
fn reads(ilo: &Ilo, path: &str) -> usize {
    let line = format!("GET {}", path.trim_end_matches('/'));
    let requests = ilo.state(|state| state.requests.clone());
    let is_it = |request: &&String| request.trim_end_matches('/') == line;
    requests.iter().filter(is_it).count()
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
            "node {UUID}: cannot set the next boot to the CD drive: the BMC accepted the request, \
             but after 95 s it reports Disabled for the override, None for its target, UEFI for \
             the mode: expected a one-time boot from Cd"
        )
    );
}

#[tokio::test]
async fn the_power_state_is_awaited() {
    let ilo = Ilo::with(Generation::Ilo5, Fault::PowerStays);
    let error = redfish(&ilo)
        .power(Power::On)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!(
            "node {UUID}: cannot switch the server on: the server is off after 60 s: expected it \
             to be on"
        )
    );
}

#[tokio::test]
async fn links_to_another_host_and_answers_without_json_are_refused() {
    for fault in [Fault::LinksToAnotherHost, Fault::Garbage] {
        let ilo = Ilo::with(Generation::Ilo5, fault);
        let error = redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap_err();
        assert!(matches!(error.cause, Cause::Answer { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn no_secret_is_logged() {
    log::record();
    let ilo = that_cannot_fetch();
    let refused = redfish(&ilo);
    refused.insert(Drive::Cd, &iso()).await.unwrap_err();
    ilo.repair();
    refused.insert(Drive::Cd, &iso()).await.unwrap();
    let authorization = "QWRtaW5pc3RyYXRvcjpwYXNzLXcwcmQtb2YtdGhlLWlsbw==";
    log::assert_without(&[PASSWORD, authorization, "temp_url_sig=0a8b6c4d2e"]);
}

#[test]
fn missing_fields_of_a_node_are_named_before_anything_is_sent() {
    let error = |info| {
        Redfish::from_node(&node(&info), &options(""))
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
    // An empty address counts as not set, in either place.
    for empty in [json!(null), json!("")] {
        let info = json!({"ilo_address": empty, "redfish_address": "http://192.0.2.7"});
        Redfish::from_node(&node(&info), &options("")).unwrap();
        let info = json!({"redfish_address": empty});
        assert!(error(info).contains("driver_info.ilo_address: missing"));
    }
}
