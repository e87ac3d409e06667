//! Events of steps in progress.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::Action;
use super::error::{DeployCause, DeployError};
use super::lock::NodeGuard;
use super::step::DeployStep;
use crate::bmc::Step;
use crate::host::Kind;
use crate::node::NodeUuid;

/// Something that happens in a step of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The node.
    pub node: NodeUuid,
    /// The step.
    pub step: DeployStep,
    /// What happens.
    pub kind: EventKind,
}

/// The kind of an [`Event`].
///
/// The last one of a step is [`Finished`](Self::Finished) or [`Failed`](Self::Failed). A step whose
/// future is dropped has none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// The step begins: it has the node's lock.
    Started,
    /// An operation of the BMC begins, which may take minutes.
    Operation(Step),
    /// Part of an image is written to its host.
    Image {
        /// The kind of image.
        kind: Kind,
        /// The number of bytes that are written. It begins again at 0 if a host has to have the
        /// image produced again.
        done: u64,
        /// The size of the image in bytes.
        total: u64,
    },
    /// Part of an image that several nodes share is downloaded.
    Download {
        /// The image's path, or its URL without its secrets.
        name: String,
        /// The number of bytes that are downloaded.
        done: u64,
        /// The size of the image in bytes.
        total: u64,
    },
    /// An action was performed.
    Done(Action),
    /// The step has succeeded.
    Finished,
    /// The step has failed.
    Failed {
        /// The message of the error that it returns.
        reason: String,
    },
}

pub(super) type Observer = dyn Fn(&Event) + Send + Sync;

/// A step in progress on a node: who hears of it.
#[derive(Clone)]
pub(super) struct Reporter {
    pub(super) node: NodeUuid,
    pub(super) step: DeployStep,
    pub(super) observer: Option<Arc<Observer>>,
}

impl Reporter {
    pub(super) fn report(&self, kind: EventKind) {
        if let Some(observer) = &self.observer {
            observer(&Event {
                node: self.node,
                step: self.step,
                kind,
            });
        }
    }
}

/// A step that has begun, with the lock of its node.
pub(super) struct Begun {
    pub(super) reporter: Reporter,
    /// `None` for a step that changes nothing.
    pub(super) guard: Option<NodeGuard>,
}

impl Begun {
    /// Ends the step, which performed the actions `done` before it failed with `cause`.
    pub(super) fn fail(self, done: Vec<Action>, cause: DeployCause) -> DeployError {
        let Reporter { node, step, .. } = self.reporter;
        self.reporter.report(EventKind::Failed {
            reason: cause.to_string(),
        });
        DeployError {
            node,
            step,
            done,
            cause: Box::new(cause),
        }
    }
}
