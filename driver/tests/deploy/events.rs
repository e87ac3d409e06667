//! What is reported about a step in progress, and about one that failed.
//!
//! Debian package: nginx-light.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use driver::bmc::{Drive, Step};
use driver::deploy::{Action, DeployStep, Event, EventKind, IloDeploy, Outcome};
use driver::host::Kind;
use driver::node::ProvisionState;
use serde_json::json;

use crate::support::conductor::Conductor;
use crate::support::ilo::{Fault, Generation, Ilo};
use crate::support::web::names;

type Events = Arc<Mutex<Vec<Event>>>;

fn observed(deploy: IloDeploy) -> (IloDeploy, Events) {
    let events = Events::default();
    let seen = Arc::clone(&events);
    let observe = move |event: &Event| seen.lock().unwrap().push(event.clone());
    (deploy.on_event(observe), events)
}

fn take(events: &Events) -> Vec<Event> {
    std::mem::take(&mut events.lock().unwrap())
}

fn actions(events: &[Event]) -> Vec<Action> {
    let actions = events.iter().filter_map(|event| match &event.kind {
        EventKind::Done(action) => Some(action.clone()),
        _ => None,
    });
    actions.collect()
}

/// Checks that images of this kind were written from the first byte to the last, and nothing else.
fn assert_written(events: &[Event], expected: Kind) {
    let written: Vec<(u64, u64)> = events
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::Image { kind, done, total } => {
                assert_eq!(kind, expected);
                Some((done, total))
            }
            _ => None,
        })
        .collect();
    let total = written[0].1;
    assert!(written.iter().all(|(_, of)| *of == total), "{written:?}");
    assert!(written.is_sorted(), "{written:?}");
    assert_eq!((written[0].0, written.last().unwrap().0), (0, total));
}

#[tokio::test]
async fn a_step_tells_what_it_does() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let (deploy, events) = observed(conductor.deploy());
    let node = conductor.node(&ilo, &json!({}));
    let deployed = deploy.deploy(&node).await.unwrap();
    let seen = take(&events);
    assert!(
        seen.iter()
            .all(|event| event.node == node.uuid() && event.step == DeployStep::Deploy)
    );
    assert_eq!(seen.first().unwrap().kind, EventKind::Started);
    assert_eq!(seen.last().unwrap().kind, EventKind::Finished);
    assert_eq!(actions(&seen), deployed.done);
    assert_written(&seen, Kind::Floppy);
    let at = |kind: &EventKind| seen.iter().position(|event| event.kind == *kind);
    let begun = at(&EventKind::Operation(Step::Insert(Drive::Cd))).unwrap();
    let done = seen
        .iter()
        .position(|event| matches!(event.kind, EventKind::Done(Action::Inserted(Drive::Cd, _))));
    assert!(begun < done.unwrap());

    ilo.boots();
    let booted = deploy.continue_deploy(&deployed.node, None).await.unwrap();
    let seen = take(&events);
    assert_eq!(actions(&seen), booted.done);
    assert_written(&seen, Kind::BootIso);

    deploy.validate(&node).await.unwrap();
    let kinds: Vec<_> = take(&events).into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Started, EventKind::Finished]);
}

#[tokio::test]
async fn an_error_tells_what_was_done_before_it_and_what_was_undone() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let (deploy, events) = observed(conductor.deploy());
    let node = conductor.node(&ilo, &json!({}));
    ilo.state(|state| state.fault = Some(Fault::OverrideStays));
    let error = deploy.deploy(&node).await.unwrap_err();
    assert_eq!((error.node, error.step), (node.uuid(), DeployStep::Deploy));
    let Some(Action::Published(floppy)) = error.done.first() else {
        panic!("{:?}", error.done);
    };
    assert!(matches!(
        error.done[1..6],
        [
            Action::Power(_),
            Action::Ejected(Drive::Floppy),
            Action::Ejected(Drive::Cd),
            Action::Inserted(Drive::Floppy, _),
            Action::Inserted(Drive::Cd, _),
        ]
    ));
    assert_eq!(
        error.done[6..],
        [
            Action::Ejected(Drive::Floppy),
            Action::Removed(floppy.clone())
        ]
    );
    assert_eq!(names(conductor.www.path()), [""; 0]);
    let seen = take(&events);
    assert_eq!(actions(&seen), error.done);
    let reason = error.to_string();
    assert_eq!(seen.last().unwrap().kind, EventKind::Failed { reason });

    // One that is refused before it begins did nothing.
    let mut unusable = node.clone();
    unusable.set_field("driver", "pxe_ilo").unwrap();
    let error = deploy.deploy(&unusable).await.unwrap_err();
    assert!(error.done.is_empty(), "{:?}", error.done);
    let seen = take(&events);
    assert!(matches!(
        seen.last().unwrap().kind,
        EventKind::Failed { .. }
    ));
}

#[tokio::test]
async fn a_mass_take_over_tells_of_its_downloads() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let (deploy, events) = observed(conductor.deploy());
    let deploy = deploy.download_directory(conductor.images.path());
    let node = conductor.node(&ilo, &json!({}));
    let mut active = deploy.continue_deploy(&node, None).await.unwrap().node;
    active.set_provision_state(ProvisionState::Active);
    take(&events);
    let taken = deploy.take_over_all([active], NonZeroUsize::MIN, |one| {
        assert!(one.warning.is_none(), "{:?}", one.warning);
    });
    assert_eq!(taken.await.changed, 1);
    let downloads: Vec<_> = take(&events)
        .into_iter()
        .filter_map(|event| match event.kind {
            EventKind::Download { name, done, total } => Some((name, done, total)),
            _ => None,
        })
        .collect();
    for name in ["vmlinuz", "initrd", "deploy.iso"] {
        let mut of_image = downloads.iter().filter(|(url, ..)| url.ends_with(name));
        let last = of_image
            .next_back()
            .unwrap_or_else(|| panic!("{downloads:?}"));
        assert_eq!(last.1, last.2, "{downloads:?}");
    }
}

#[tokio::test]
async fn outcomes_and_events_can_be_stored() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let (deploy, events) = observed(conductor.deploy());
    let node = conductor.node(&ilo, &json!({}));
    let outcome = deploy.deploy(&node).await.unwrap();
    let stored = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<Outcome>(&stored).unwrap(), outcome);
    let seen = take(&events);
    let stored = serde_json::to_string(&seen).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Event>>(&stored).unwrap(), seen);
    let first = json!({"node": node.uuid(), "step": "deploy", "kind": "started"});
    assert_eq!(json!(seen[0]), first);
    let inserts = json!({"node": node.uuid(), "step": "deploy",
        "kind": {"operation": {"insert": "floppy"}}});
    assert!(seen.iter().any(|event| json!(event) == inserts));
    let mut waiting = node.clone();
    waiting.set_field("driver", "pxe_ilo").unwrap();
    waiting.set_provision_state(ProvisionState::Active);
    let taken = json!(deploy.take_over(&waiting).await);
    let warning = taken["warning"].as_str().unwrap();
    assert!(warning.contains("expected agent_ilo"), "{warning}");
}
