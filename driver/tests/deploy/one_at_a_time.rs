//! One step at a time works on a node.
//!
//! Debian package: nginx-light.

use std::fs::File;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use driver::bmc::{Bmc, Drive, Power};
use driver::deploy::{
    Action, DeployCause, DeployError, DeployStep, LockFuture, LockGuard, NodeLock, TakeOver,
};
use driver::node::{Node, NodeUuid, ProvisionState};
use serde_json::json;

use crate::support::conductor::Conductor;
use crate::support::ilo::{Generation, Ilo};
use crate::support::web::names;

/// The step that was under way, for which another one was refused.
fn running(error: &DeployError) -> Option<DeployStep> {
    match *error.cause {
        DeployCause::Busy { running, .. } => Some(running),
        _ => None,
    }
}

/// Asserts that one image is published, and that it is the one in the floppy drive.
async fn the_only_image_is_in_the_drive(conductor: &Conductor, node: &Node) {
    let images = names(conductor.www.path());
    let medium = conductor.bmc(node).medium(Drive::Floppy).await.unwrap();
    let inserted = medium.unwrap().image.unwrap();
    assert!(
        images.len() == 1 && inserted.ends_with(&images[0]),
        "{images:?} {inserted}"
    );
}

#[tokio::test]
async fn a_second_step_on_a_node_is_refused_and_changes_nothing() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let deploy = conductor.deploy();
    let node = conductor.node(&ilo, &json!({}));
    let mut waiting = node.clone();
    waiting.set_provision_state(ProvisionState::WaitCallBack);
    let other = deploy.clone();
    let (first, second, taken, ended, valid) = tokio::join!(
        deploy.deploy(&node),
        deploy.deploy(&node),
        other.take_over(&waiting),
        other.tear_down(&node),
        other.validate(&node),
    );
    let deployed = first.unwrap().node;
    valid.unwrap();
    for error in [
        second.unwrap_err(),
        taken.warning.unwrap(),
        ended.unwrap_err(),
    ] {
        assert_eq!(running(&error), Some(DeployStep::Deploy), "{error}");
        let text = error.to_string();
        assert!(text.contains("deploy is under way"), "{text}");
    }
    the_only_image_is_in_the_drive(&conductor, &node).await;
    // Another one begins once the first has ended.
    let ended = deploy.tear_down(&deployed).await.unwrap();
    assert_eq!(ended.node, node);
}

#[tokio::test]
async fn a_second_step_waits_if_it_is_to() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let deploy = conductor.deploy().wait_if_busy();
    let node = conductor.node(&ilo, &json!({}));
    let (one, two, three) = tokio::join!(
        deploy.deploy(&node),
        deploy.deploy(&node),
        deploy.deploy(&node)
    );
    for done in [one, two, three] {
        let done = done.unwrap().done;
        assert!(done.contains(&Action::Power(Power::On)), "{done:?}");
    }
    the_only_image_is_in_the_drive(&conductor, &node).await;
}

#[tokio::test]
async fn different_nodes_do_not_wait_for_each_other() {
    let (conductor, ilos) = (
        Conductor::start(),
        [1, 2].map(|_| Ilo::start(Generation::Ilo5)),
    );
    let deploy = conductor.deploy();
    let node = |n: usize| {
        let uuid = crate::support::uuid(n as u32).to_string();
        conductor.node(&ilos[n], &json!({"uuid": uuid}))
    };
    let (first, second) = (node(0), node(1));
    let (one, two) = tokio::join!(deploy.deploy(&first), deploy.deploy(&second));
    assert_eq!((one.unwrap().done.len(), two.unwrap().done.len()), (8, 8));
}

#[tokio::test]
async fn a_step_whose_future_is_dropped_does_not_keep_the_lock() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let deploy = conductor.deploy();
    let node = conductor.node(&ilo, &json!({}));
    let mut dropped = Box::pin(deploy.deploy(&node));
    let begun = std::future::poll_fn(|context| {
        assert!(dropped.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    });
    begun.await;
    assert_eq!(
        running(&deploy.clean_up(&node).await.unwrap_err()),
        Some(DeployStep::Deploy)
    );
    let waits = deploy.clone().wait_if_busy();
    let same = node.clone();
    let cleaned_up = tokio::spawn(async move { waits.clean_up(&same).await });
    tokio::task::yield_now().await;
    drop(dropped);
    let _ = cleaned_up.await.unwrap().unwrap();
}

/// Locks of nodes as files, which other processes lock too.
#[derive(Debug)]
struct LockFiles(PathBuf);

impl LockFiles {
    fn try_lock(&self, node: NodeUuid) -> std::io::Result<File> {
        let file = File::create(self.0.join(format!("{node}.lock")))?;
        file.try_lock()?;
        Ok(file)
    }
}

impl NodeLock for LockFiles {
    fn lock(&self, node: NodeUuid, _: DeployStep) -> LockFuture<'_> {
        Box::pin(async move { Ok(Box::new(self.try_lock(node)?) as LockGuard) })
    }
}

#[tokio::test]
async fn a_lock_of_the_caller_holds_across_processes() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let locks = Arc::new(LockFiles(conductor.images.path().to_owned()));
    let deploy = conductor.deploy().node_lock(locks.clone());
    let node = conductor.node(&ilo, &json!({}));
    let held_elsewhere = locks.try_lock(node.uuid()).unwrap();
    let error = deploy.deploy(&node).await.unwrap_err();
    assert!(
        matches!(*error.cause, DeployCause::Lock { .. }) && error.done.is_empty(),
        "{error:?}"
    );
    assert!(error.to_string().contains("cannot lock it"), "{error}");
    assert_eq!(ilo.changes(), [""; 0]);
    drop(held_elsewhere);
    let deployed = deploy.deploy(&node).await.unwrap().node;
    // It was released with the step, and is held by each.
    let held = locks.try_lock(node.uuid()).unwrap();
    assert!(deploy.clean_up(&deployed).await.is_err());
    drop(held);
    let cleaned_up = deploy.clean_up(&deployed).await.unwrap();
    assert_eq!(names(conductor.www.path()), [""; 0]);
    assert_eq!(cleaned_up.node, node);
}

#[tokio::test]
async fn a_held_node_is_locked_between_its_steps() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let locks = Arc::new(LockFiles(conductor.images.path().to_owned()));
    let deploy = conductor.deploy().node_lock(locks.clone());
    let node = conductor.node(&ilo, &json!({}));
    let uuid = node.uuid();
    let held = deploy.hold(uuid, DeployStep::Deploy).await.unwrap();
    let refused = |error: DeployError| assert_eq!(running(&error), Some(DeployStep::Deploy));
    refused(deploy.deploy(&node).await.unwrap_err());
    refused(deploy.hold(uuid, DeployStep::TearDown).await.unwrap_err());
    assert_eq!(ilo.changes(), [""; 0]);

    // Of its own steps, one at a time works on the node, too.
    let (first, second) = tokio::join!(held.deploy(&node), held.deploy(&node));
    refused(second.unwrap_err());
    let deployed = first.unwrap().node;
    the_only_image_is_in_the_drive(&conductor, &node).await;
    assert!(locks.try_lock(uuid).is_err());
    refused(deploy.clean_up(&deployed).await.unwrap_err());
    let _ = held.clean_up(&deployed).await.unwrap();

    // Another node is not held, and locked as by anybody else.
    let other = crate::support::uuid(2);
    let other_held = held.hold(other, DeployStep::CleanUp).await.unwrap();
    assert!(locks.try_lock(other).is_err() && locks.try_lock(uuid).is_err());
    drop(held);
    assert!(locks.try_lock(uuid).is_err(), "a clone holds both");
    drop(other_held);
    assert!(locks.try_lock(other).is_ok() && locks.try_lock(uuid).is_ok());
    let _ = deploy.clean_up(&deployed).await.unwrap();
}

#[tokio::test]
async fn a_node_that_was_taken_over_stays_locked_until_it_is_stored() {
    let (conductor, ilo) = (Conductor::start(), Ilo::start(Generation::Ilo5));
    let locks = LockFiles(conductor.images.path().to_owned());
    let deploy = conductor.deploy();
    let deploy = deploy.node_lock(Arc::new(LockFiles(locks.0.clone())));
    let mut node = conductor.node(&ilo, &json!({}));
    node.set_provision_state(ProvisionState::WaitCallBack);
    let mut stored = None;
    let store = |taken: TakeOver| {
        assert!(locks.try_lock(taken.node.uuid()).is_err());
        stored = Some(taken);
    };
    let summary = deploy.take_over_all([node.clone()], NonZeroUsize::MIN, store);
    assert_eq!(summary.await.changed, 1);
    assert!(stored.unwrap().warning.is_none());
    assert!(locks.try_lock(node.uuid()).is_ok());
}
