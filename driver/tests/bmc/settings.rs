//! What takes effect at a server's next start: boot mode, secure boot and the boot order; and a
//! shutdown.

use std::time::Duration;

use driver::bmc::{Bmc, BootMode, Cause, Power, PowerState, Redfish};

use super::bmc;
use crate::support::ilo::{Generation, Ilo};
use crate::support::{UUID, log};

const CONF: &str = "[ilo]\nclient_timeout = 3\n";

fn start(generation: Generation) -> (Ilo, Redfish) {
    let ilo = Ilo::start(generation);
    let bmc = bmc(&ilo.driver_info(), CONF);
    (ilo, bmc)
}

/// Whether its servers have a BIOS that can be without UEFI.
fn has_legacy(generation: Generation) -> bool {
    generation < Generation::Ilo6
}

#[tokio::test]
async fn the_boot_mode_is_a_setting_of_the_bios_that_the_next_start_applies() {
    for generation in Generation::ALL {
        let (ilo, bmc) = start(generation);
        assert_eq!(bmc.boot_mode().await.unwrap(), Some(BootMode::Uefi));
        bmc.set_boot_mode(BootMode::Uefi).await.unwrap();
        assert_eq!(ilo.changes(), [""; 0], "{generation:?}");
        let changed = bmc.set_boot_mode(BootMode::Bios).await;
        if !has_legacy(generation) {
            let error = changed.unwrap_err();
            assert!(matches!(error.cause, Cause::Unsupported { .. }), "{error}");
            assert!(error.to_string().contains("UEFI only"), "{error}");
            assert_eq!(ilo.changes(), [""; 0], "{generation:?}");
            continue;
        }
        changed.unwrap();
        assert_eq!(bmc.boot_mode().await.unwrap(), Some(BootMode::Bios));
        assert!(
            ilo.state(|state| state.is_uefi()),
            "not before the next start"
        );
        bmc.power(Power::On).await.unwrap();
        ilo.boots();
        assert!(!ilo.state(|state| state.is_uefi()), "{generation:?}");
        assert_eq!(bmc.boot_mode().await.unwrap(), Some(BootMode::Bios));
        bmc.set_boot_mode(BootMode::Uefi).await.unwrap();
        let last = ilo.changes().pop().unwrap();
        assert!(last.contains("UefiOptimizedBoot"), "{last}");
    }
}

/// Generations with both boot modes.
fn with_modes() -> impl Iterator<Item = Generation> {
    Generation::ALL.into_iter().filter(|one| has_legacy(*one))
}

#[tokio::test]
async fn what_became_of_settings_is_read_after_the_start() {
    for generation in with_modes() {
        let (ilo, bmc) = start(generation);
        assert!(bmc.await_settings().await.unwrap(), "nothing was changed");
        bmc.set_boot_mode(BootMode::Bios).await.unwrap();
        bmc.boot_from_disk().await.unwrap();
        bmc.power(Power::On).await.unwrap();
        assert!(ilo.state(|state| state.is_uefi()), "not before the start");
        assert!(bmc.await_settings().await.unwrap(), "{generation:?}");
        assert!(!ilo.state(|state| state.is_uefi()));
        // Each result is waited for once.
        let before = ilo.state(|state| state.requests.len());
        assert!(bmc.await_settings().await.unwrap());
        assert_eq!(ilo.state(|state| state.requests.len()), before);
    }
}

#[tokio::test]
async fn a_setting_that_the_bios_does_not_take_is_an_error() {
    for generation in with_modes() {
        let (ilo, bmc) = start(generation);
        ilo.state(|state| state.settings_refused = Some("PropertyValueNotInList"));
        bmc.set_boot_mode(BootMode::Bios).await.unwrap();
        bmc.power(Power::On).await.unwrap();
        let error = bmc.await_settings().await.unwrap_err();
        let mark = if generation == Generation::Ilo4 {
            ':'
        } else {
            '.'
        };
        assert_eq!(
            error.to_string(),
            format!(
                "node {UUID}: cannot set the boot mode to bios: the server has started, but its \
                 BIOS has not taken BootMode: Base.1.0{mark}PropertyValueNotInList (BootMode); \
                 change it in the server's setup, or see there what it depends on"
            )
        );
        // Repeated, it succeeds.
        ilo.state(|state| state.settings_refused = None);
        bmc.set_boot_mode(BootMode::Bios).await.unwrap();
        bmc.power(Power::Cycle).await.unwrap();
        assert!(bmc.await_settings().await.unwrap(), "{generation:?}");
    }
    let (ilo, bmc) = start(Generation::Ilo5);
    ilo.state(|state| state.settings_refused = Some("ServerConfigurationLockEnabled"));
    bmc.boot_from_disk().await.unwrap();
    bmc.power(Power::On).await.unwrap();
    let text = bmc.await_settings().await.unwrap_err().to_string();
    assert!(
        text.contains("cannot put the disks before the network in the boot order: ")
            && text.contains("ServerConfigurationLockEnabled (PersistentBootConfigOrder)"),
        "{text}"
    );
}

#[tokio::test]
async fn a_start_that_does_not_end_is_not_waited_for_forever() {
    log::record();
    for (conf, limit) in [("", 900), ("[redfish]\nboot_mode_config_timeout = 0\n", 0)] {
        let ilo = Ilo::start(Generation::Ilo5);
        let bmc = bmc(&ilo.driver_info(), conf);
        ilo.state(|state| state.machine.post = Duration::from_secs(10_000));
        bmc.set_boot_mode(BootMode::Bios).await.unwrap();
        bmc.power(Power::On).await.unwrap();
        let start = ilo.seconds();
        assert!(!bmc.await_settings().await.unwrap());
        let took = ilo.seconds() - start;
        assert!((limit..limit + 5).contains(&took), "{took} s");
        let words = "the BMC does not report that the BIOS has taken BootMode";
        log::assert_logged(&format!("{limit} s after the start, {words}"));
    }
}

#[tokio::test]
async fn secure_boot_is_switched_on_and_off() {
    for generation in Generation::ALL {
        let (ilo, bmc) = start(generation);
        let before = bmc.secure_boot().await.unwrap().unwrap();
        bmc.set_secure_boot(before).await.unwrap();
        assert_eq!(ilo.changes(), [""; 0], "{generation:?}");
        bmc.set_secure_boot(!before).await.unwrap();
        assert_eq!(bmc.secure_boot().await.unwrap(), Some(!before));
        assert_eq!(ilo.changes().len(), 1, "{generation:?}");
    }
}

#[tokio::test]
async fn secure_boot_without_uefi_is_refused() {
    let (ilo, bmc) = start(Generation::Ilo5);
    bmc.set_boot_mode(BootMode::Bios).await.unwrap();
    bmc.power(Power::On).await.unwrap();
    ilo.boots();
    let error = bmc.set_secure_boot(true).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("cannot switch secure boot on: "), "{text}");
    assert!(
        text.contains("UnsupportedOperationInLegacyBootMode"),
        "{text}"
    );
}

#[tokio::test]
async fn the_network_is_put_behind_the_disks() {
    for (generation, first, then) in [
        (Generation::Ilo4, "disk", "disk"),
        (Generation::Ilo5, "network", "disk"),
        (Generation::Ilo5Late, "disk", "disk"),
    ] {
        let (ilo, bmc) = start(generation);
        bmc.power(Power::On).await.unwrap();
        assert_eq!(ilo.boots(), [first], "{generation:?}");
        bmc.boot_from_disk().await.unwrap();
        assert!(!bmc.boot_from_disk().await.unwrap(), "it is so already");
        bmc.power(Power::Cycle).await.unwrap();
        assert_eq!(ilo.boots().last().unwrap(), then, "{generation:?}");
        let changes = ilo.changes();
        let orders = changes
            .iter()
            .filter(|one| one.contains("PersistentBootConfigOrder"));
        assert!(orders.count() <= 1, "{changes:?}");
    }
}

#[tokio::test]
async fn a_server_is_shut_down_and_switched_off_by_force_if_it_does_not_obey() {
    for generation in Generation::ALL {
        for obeys in [true, false] {
            let (ilo, bmc) = start(generation);
            ilo.state(|state| {
                state.machine.run();
                state.machine.obeys = obeys;
            });
            let before = ilo.seconds();
            bmc.power(Power::SoftOff).await.unwrap();
            let took = ilo.seconds() - before;
            assert_eq!(bmc.power_state().await.unwrap(), PowerState::Off);
            let changes = ilo.changes();
            assert_eq!(
                changes[0].contains("PushPowerButton"),
                generation == Generation::Ilo4
            );
            let forced = changes.iter().any(|one| one.contains("ForceOff"));
            assert_eq!(forced, !obeys, "{generation:?}: {changes:?}");
            // An operating system takes half a minute; ten minutes are the default limit.
            let expected = if obeys { 20..60 } else { 595..640 };
            assert!(expected.contains(&took), "{generation:?}: {took} s");
            bmc.power(Power::SoftOff).await.unwrap();
            assert_eq!(ilo.changes().len(), changes.len(), "it is off already");
        }
    }
}
