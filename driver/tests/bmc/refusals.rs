//! Refusals that pass by themselves, lost responses, and restarts of the BMC.

use driver::bmc::{Bmc, BmcError, BootMode, Cause, Drive, Power, PowerState, Redfish};
use std::time::{Duration, Instant};
use url::Url;

use super::bmc;
use crate::support::ilo::{Fault, Generation, Ilo, Trouble};
use crate::support::log;

const ISO: &str = "http://192.0.2.1/boot.iso";

/// More often than anything is tried.
const ALWAYS: usize = usize::MAX;

fn iso() -> Url {
    ISO.parse().unwrap()
}

fn redfish(ilo: &Ilo) -> Redfish {
    bmc(&ilo.driver_info(), "")
}

/// The number of requests other than GET to a path with this part.
fn sent(ilo: &Ilo, part: &str) -> usize {
    let changes = ilo.changes();
    changes.iter().filter(|line| line.contains(part)).count()
}

#[tokio::test]
async fn the_boot_source_is_set_once_post_is_over() {
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        ilo.state(|state| state.machine.post = Duration::from_secs(60));
        let redfish = redfish(&ilo);
        redfish.power(Power::On).await.unwrap();
        ilo.wait(10);
        let start = ilo.seconds();
        redfish.boot_once(Drive::Cd, None).await.unwrap();
        let took = ilo.seconds() - start;
        assert!((40..80).contains(&took), "{generation:?}: {took} s");
        assert!(sent(&ilo, "PATCH") <= 7, "{:?}", ilo.changes());
    }
}

#[tokio::test]
async fn a_server_that_stays_in_post_is_named_in_the_error() {
    let ilo = Ilo::start(Generation::Ilo5);
    ilo.state(|state| state.machine.post = Duration::from_secs(1000));
    let redfish = redfish(&ilo);
    redfish.power(Power::On).await.unwrap();
    ilo.wait(10);
    let error = redfish.boot_once(Drive::Cd, None).await.unwrap_err();
    assert!(
        matches!(error.cause, Cause::StillRefused { .. }),
        "{error:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains("cannot set the next boot to the CD drive: after 95 s the BMC still refuses")
            && text.contains("iLO.2.15.UnableToModifyDuringSystemPOST (BootSourceOverrideTarget)"),
        "{text}"
    );
    // Once POST is over, the same call succeeds.
    ilo.wait(1000);
    redfish.boot_once(Drive::Cd, None).await.unwrap();
}

#[tokio::test]
async fn a_server_is_not_left_off_by_a_refusal_that_passes() {
    let ilo = Ilo::start(Generation::Ilo5);
    ilo.state(|state| state.machine.run());
    let busy = Trouble::Refused("InvalidOperationForSystemState");
    let redfish = redfish(&ilo);
    redfish.power(Power::Off).await.unwrap();
    ilo.trouble("POST", "ComputerSystem.Reset", busy.clone(), 4);
    redfish.power(Power::On).await.unwrap();
    assert_eq!(redfish.power_state().await.unwrap(), PowerState::On);
    // Each iLO refuses a change right after another.
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        ilo.state(|state| state.machine.run());
        let redfish = self::redfish(&ilo);
        redfish.power(Power::Cycle).await.unwrap();
        assert!(
            sent(&ilo, "ComputerSystem.Reset") > 2,
            "{:?}",
            ilo.changes()
        );
    }
    // It ends at the deadline, which `power_retry` changes.
    ilo.wait(60);
    ilo.trouble("POST", "ComputerSystem.Reset", busy, ALWAYS);
    let short = bmc(
        &ilo.driver_info(),
        "[ilo]\npower_retry = 10\npower_wait = 1\n",
    );
    let start = ilo.seconds();
    let error = short.power(Power::Off).await.unwrap_err();
    assert!((10..12).contains(&(ilo.seconds() - start)));
    assert!(
        error
            .to_string()
            .contains("after 10 s the BMC still refuses"),
        "{error}"
    );
}

#[tokio::test]
async fn the_seconds_that_a_bmc_names_are_waited() {
    for trouble in [
        Trouble::Refused("ResourceNotReadyRetry"),
        Trouble::Refused("ServiceTemporarilyUnavailable"),
        Trouble::RetryAfter(60),
    ] {
        for (method, part) in [("PATCH", "Systems/1"), ("GET", "Systems/1")] {
            let ilo = Ilo::start(Generation::Ilo6);
            ilo.trouble(method, part, trouble.clone(), 1);
            redfish(&ilo).boot_once(Drive::Cd, None).await.unwrap();
            let seconds = ilo.seconds();
            assert!((60..62).contains(&seconds), "{trouble:?}: {seconds} s");
        }
    }
}

#[tokio::test]
async fn after_a_lost_response_the_state_is_read_before_anything_is_repeated() {
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        let redfish = redfish(&ilo);
        for part in ["Insert", "Eject", "ComputerSystem.Reset"] {
            ilo.trouble("POST", part, Trouble::DroppedAfterwards, 1);
        }
        ilo.trouble("PATCH", "Systems/1", Trouble::DroppedAfterwards, 1);
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        assert_eq!(sent(&ilo, "Insert"), 1, "{:?}", ilo.changes());
        redfish.boot_once(Drive::Cd, None).await.unwrap();
        redfish.power(Power::On).await.unwrap();
        redfish.eject(Drive::Cd).await.unwrap();
        assert_eq!(ilo.changes().len(), 4, "{:?}", ilo.changes());
    }
}

#[tokio::test]
async fn a_bmc_that_restarts_is_awaited() {
    let away = Duration::from_secs(40);
    for trouble in [Trouble::Restarts(away), Trouble::RestartsAfterwards(away)] {
        let ilo = Ilo::start(Generation::Ilo5);
        ilo.trouble("POST", "Insert", trouble.clone(), 1);
        redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap();
        assert!(ilo.seconds() >= 40, "{trouble:?}");
        let image = ilo.state(|state| state.drives[1].image.clone());
        assert_eq!(image.as_deref(), Some(ISO));
    }
    for message in ["ServiceTemporarilyUnavailable", "InternalError"] {
        let ilo = Ilo::start(Generation::Ilo5);
        ilo.trouble("GET", "", Trouble::Refused(message), 1);
        redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap();
        let ilo = Ilo::start(Generation::Ilo5);
        ilo.trouble("GET", "", Trouble::Refused(message), ALWAYS);
        let error = redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap_err();
        assert!(
            matches!(error.cause, Cause::StillRefused { .. }),
            "{error:?}"
        );
        assert!(error.to_string().contains(message), "{error}");
    }
    let ilo = Ilo::start(Generation::Ilo5);
    let long = Trouble::Restarts(Duration::from_secs(600));
    ilo.trouble("POST", "Insert", long, 1);
    let error = redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NoAnswer { .. }), "{error:?}");
}

#[tokio::test]
async fn waiting_for_a_bmc_that_never_answers_ends() {
    let ilo = Ilo::with(Generation::Ilo5, Fault::Hangs);
    let start = Instant::now();
    let redfish = bmc(&ilo.driver_info(), "[ilo]\nclient_timeout = 1\n");
    let error = redfish.insert(Drive::Cd, &iso()).await.unwrap_err();
    assert!(matches!(error.cause, Cause::NoAnswer { .. }), "{error:?}");
    assert!(error.to_string().contains("it took too long"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// An iLO reports a medium that its console inserted as none, and has room for no other.
#[tokio::test]
async fn a_drive_that_is_full_without_saying_so_is_emptied() {
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        let full = Trouble::Refused("MaxVirtualMediaConnectionEstablished");
        ilo.trouble("POST", "Insert", full, 1);
        redfish(&ilo).insert(Drive::Cd, &iso()).await.unwrap();
        assert!(sent(&ilo, "Eject") > 0, "{:?}", ilo.changes());
    }
}

/// Some iLO 5 and 6 eject nothing until the drive's URL is removed.
#[tokio::test]
async fn a_medium_that_stays_is_removed_by_its_url() {
    for generation in Generation::ALL {
        let ilo = Ilo::with(generation, Fault::EjectStays);
        ilo.state(|state| state.drives[1].image = Some(ISO.into()));
        redfish(&ilo).eject(Drive::Cd).await.unwrap();
        assert_eq!(ilo.state(|state| state.drives[1].image.clone()), None);
        let expected = match generation {
            Generation::Ilo4 => r#"{"Image":null}"#,
            _ => r#"{"Image":null,"Inserted":false}"#,
        };
        let changes = ilo.changes();
        assert!(
            changes.len() == 2 && changes[1].ends_with(expected),
            "{generation:?}: {changes:?}"
        );
        // Where that is refused, too, the error says that it stays.
        let ilo = Ilo::with(generation, Fault::EjectStays);
        ilo.state(|state| state.drives[1].image = Some(ISO.into()));
        let refused = Trouble::Refused("PropertyUnknown");
        ilo.trouble("PATCH", "VirtualMedia", refused, ALWAYS);
        let error = redfish(&ilo).eject(Drive::Cd).await.unwrap_err();
        assert!(matches!(error.cause, Cause::NotEjected { .. }), "{error:?}");
        assert!(error.to_string().contains(ISO), "{error}");
    }
}

#[tokio::test]
async fn the_boot_mode_is_never_sent_to_an_ilo() {
    log::record();
    for generation in Generation::ALL {
        let ilo = Ilo::start(generation);
        for mode in [BootMode::Bios, BootMode::Uefi] {
            redfish(&ilo)
                .boot_once(Drive::Cd, Some(mode))
                .await
                .unwrap();
        }
        assert_eq!(sent(&ilo, "BootSourceOverrideMode"), 0);
        let patch = "PATCH /redfish/v1/Systems/1";
        assert!(ilo.changes()[0].starts_with(patch), "{:?}", ilo.changes());
        assert!(ilo.changes()[0].contains(
            r#"{"Boot":{"BootSourceOverrideEnabled":"Once","BootSourceOverrideTarget":"Cd"}}"#
        ));
    }
    log::assert_logged("the boot mode stays UEFI, although Legacy is requested");
}

#[tokio::test]
async fn an_ilo_without_the_override_boots_by_its_cd_drive() {
    for generation in [Generation::Ilo5Late, Generation::Ilo6, Generation::Ilo7] {
        let ilo = Ilo::start(generation);
        ilo.state(|state| state.lacks_override = true);
        let redfish = redfish(&ilo);
        redfish.insert(Drive::Cd, &iso()).await.unwrap();
        redfish.boot_once(Drive::Cd, None).await.unwrap();
        redfish.power(Power::On).await.unwrap();
        assert_eq!(ilo.boots(), [ISO]);
        redfish.power(Power::Cycle).await.unwrap();
        ilo.boots();
        assert_eq!(redfish.medium(Drive::Cd).await.unwrap(), None);
    }
}

/// Another client may have ejected the medium in the meantime.
#[tokio::test]
async fn what_already_is_so_is_a_success_if_the_bmc_reports_it() -> Result<(), BmcError> {
    let ilo = Ilo::start(Generation::Ilo6);
    let redfish = redfish(&ilo);
    redfish.insert(Drive::Cd, &iso()).await?;
    let gone = Trouble::Refused("NoVirtualMediaConnectionAvailable");
    ilo.trouble("POST", "Eject", gone, 1);
    let error = redfish.eject(Drive::Cd).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("NoVirtualMediaConnectionAvailable"), "{text}");
    redfish.eject(Drive::Cd).await
}
