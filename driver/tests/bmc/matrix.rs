//! Every step with every refusal at every request of it, once and for ever, at every iLO.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use driver::bmc::{Bmc, BmcError, Drive, Power, Redfish};

use super::bmc;
use crate::support::UUID;
use crate::support::ilo::refusals::{End, MESSAGES, PASSING};
use crate::support::ilo::{Generation, Ilo, PASSWORD, Trouble};

type Work<'a> = Pin<Box<dyn Future<Output = Result<(), BmcError>> + 'a>>;

/// A step of a deployment.
struct Step {
    name: &'static str,
    /// The words of its errors.
    words: &'static str,
    prepare: fn(&Ilo),
    run: fn(&Redfish) -> Work<'_>,
    /// The requests at which trouble is made: a method and a part of the path.
    at: &'static [(&'static str, &'static str)],
}

fn put_medium(ilo: &Ilo) {
    let image = Some("http://192.0.2.1/old.iso".to_owned());
    ilo.state(|state| state.drives[1].image = image);
}

const GETS: [(&str, &str); 4] = [
    ("GET", "/redfish/v1"),
    ("GET", "Systems/1"),
    ("GET", "VirtualMedia"),
    ("GET", "VirtualMedia/2"),
];

const STEPS: [Step; 7] = [
    Step {
        name: "read a drive",
        words: "cannot read the state of the CD drive: ",
        prepare: |_| (),
        run: |bmc| Box::pin(async { bmc.medium(Drive::Cd).await.map(drop) }),
        at: &GETS,
    },
    Step {
        name: "insert",
        words: "cannot insert an image into the CD drive: ",
        prepare: put_medium,
        run: |bmc| {
            Box::pin(async {
                let url = "http://192.0.2.1/boot.iso?sig=5ec4e7".parse().unwrap();
                bmc.insert(Drive::Cd, &url).await
            })
        },
        at: &[("POST", "Insert"), ("POST", "Eject"), GETS[3]],
    },
    Step {
        name: "eject",
        words: "cannot eject the medium in the CD drive: ",
        prepare: put_medium,
        run: |bmc| bmc.eject(Drive::Cd),
        at: &[("POST", "Eject"), GETS[3]],
    },
    Step {
        name: "boot source",
        words: "cannot set the next boot to the CD drive: ",
        prepare: put_medium,
        run: |bmc| bmc.boot_once(Drive::Cd, None),
        at: &[("PATCH", "Systems/1"), GETS[1]],
    },
    Step {
        name: "secure boot",
        words: "cannot switch secure boot on: ",
        prepare: |ilo| {
            ilo.state(|state| {
                state.edit("/redfish/v1/Systems/1/SecureBoot", |content| {
                    content["SecureBootEnable"] = false.into();
                });
            });
        },
        run: |bmc| bmc.set_secure_boot(true),
        at: &[("PATCH", "SecureBoot"), ("GET", "SecureBoot"), GETS[1]],
    },
    Step {
        name: "power on",
        words: "cannot switch the server on: ",
        prepare: |_| (),
        run: |bmc| bmc.power(Power::On),
        at: &[("POST", "ComputerSystem.Reset"), GETS[1]],
    },
    Step {
        name: "power off",
        words: "cannot switch the server off: ",
        prepare: |ilo| ilo.state(|state| state.machine.run()),
        run: |bmc| bmc.power(Power::Off),
        at: &[("POST", "ComputerSystem.Reset"), GETS[1]],
    },
];

/// Runs a step with trouble at some of its requests, which must end well, or with an error that
/// names node, step and message; without the trouble it must then succeed.
async fn check(
    generation: Generation,
    step: &Step,
    (method, part): (&'static str, &str),
    trouble: &Trouble,
    times: usize,
) -> End {
    let place = format!(
        "{generation:?}, {}, {method} {part}, {trouble:?}, {times}",
        step.name
    );
    let ilo = Ilo::start(generation);
    (step.prepare)(&ilo);
    ilo.trouble(method, part, trouble.clone(), times);
    let redfish = bmc(&ilo.driver_info(), "");
    let start = ilo.seconds();
    let end = match (step.run)(&redfish).await {
        Ok(()) => End::Done,
        Err(error) => {
            let text = error.to_string();
            let words = format!("node {UUID}: {}", step.words);
            assert!(text.starts_with(&words), "{place}: {text}");
            for secret in [PASSWORD, "5ec4e7"] {
                assert!(!text.contains(secret), "{place}: {text}");
            }
            if let Trouble::Refused(message) = trouble {
                assert!(text.contains(message), "{place}: {text}");
            }
            End::Error
        }
    };
    // Three deadlines at most: emptying the drive, filling it, and one read.
    let took = ilo.seconds() - start;
    assert!(took < 300, "{place}: {took} s");
    ilo.repair();
    ilo.wait(300);
    if let Err(error) = (step.run)(&redfish).await {
        panic!("{place}: cannot be repeated: {error}");
    }
    end
}

fn messages(generation: Generation) -> impl Iterator<Item = &'static str> {
    let has = move |message: &&str| Ilo::has_message(generation, message);
    MESSAGES.iter().copied().filter(has)
}

#[tokio::test]
async fn every_step_survives_a_refusal_that_passes() {
    for generation in Generation::ALL {
        for step in &STEPS {
            for at in step.at {
                for message in messages(generation) {
                    let trouble = Trouble::Refused(message);
                    let end = check(generation, step, *at, &trouble, 1).await;
                    let passes = MESSAGES[..PASSING].contains(&message);
                    assert!(
                        end == End::Done || !passes,
                        "{generation:?}, {}, {at:?}, {message}",
                        step.name
                    );
                }
                for trouble in [
                    Trouble::Dropped,
                    Trouble::DroppedAfterwards,
                    Trouble::RetryAfter(20),
                    Trouble::Restarts(Duration::from_secs(30)),
                ] {
                    let end = check(generation, step, *at, &trouble, 1).await;
                    assert_eq!(end, End::Done, "{}, {at:?}, {trouble:?}", step.name);
                }
            }
        }
    }
}

/// What each refusal of the request that changes something leads to, as a table for the
/// documentation: if it comes once, and if it never passes.
#[tokio::test]
async fn the_documentation_shows_what_each_refusal_leads_to() {
    let mut table = String::from("| message |");
    for step in &STEPS[1..] {
        write!(table, " {} |", step.name).unwrap();
    }
    writeln!(table, "\n|---|{}", "---|".repeat(STEPS.len() - 1)).unwrap();
    for message in MESSAGES {
        write!(table, "| `{message}` |").unwrap();
        for step in &STEPS[1..] {
            let mut ends = BTreeMap::new();
            for generation in Generation::ALL {
                if Ilo::has_message(generation, message) {
                    ends.insert(generation, both(generation, step, message).await);
                }
            }
            let ilo4 = ends.remove(&Generation::Ilo4);
            let newer: BTreeSet<String> = ends.into_values().collect();
            assert_eq!(newer.len(), 1, "the iLOs differ: {}, {message}", step.name);
            let text = newer.first().unwrap();
            match ilo4 {
                Some(other) if other != *text => write!(table, " {text} (iLO 4: {other}) |"),
                _ => write!(table, " {text} |"),
            }
            .unwrap();
        }
        table.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/driver-bmc.md");
    let documented = fs::read_to_string(&path).unwrap();
    assert!(
        documented.contains(&table),
        "{} lacks this table:\n{table}",
        path.display()
    );
}

/// What a refusal leads to if it comes once, and if it never passes, where that differs.
async fn both(generation: Generation, step: &Step, message: &'static str) -> String {
    let trouble = Trouble::Refused(message);
    let once = check(generation, step, step.at[0], &trouble, 1).await;
    let always = check(generation, step, step.at[0], &trouble, usize::MAX).await;
    match once == always {
        true => once.text().to_owned(),
        false => format!("{}, {}", once.text(), always.text()),
    }
}
