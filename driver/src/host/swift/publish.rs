//! Publishing one image.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use url::Url;

use super::super::error::{CANCELLED, HostError, SwiftError};
use super::super::name::{Generation, Kind, ObjectName};
use super::super::object::{NewObject, Published, Verify};
use super::super::served::{NotServed, announces};
use super::range::RangeReader;
use super::remove::remove_image;
use super::upload::{Failure, Upload};
use super::{SwiftHost, failed};
use crate::http::reason;
use crate::http::url::redacted;
use crate::http::work::{self, Turn};
use crate::node::NodeUuid;

/// A publish of one image of a node.
pub(super) struct Publish<'h> {
    host: &'h SwiftHost,
    node: NodeUuid,
    turn: Turn,
}

impl<'h> Publish<'h> {
    pub(super) fn new(host: &'h SwiftHost, node: NodeUuid, turn: Turn) -> Self {
        Self { host, node, turn }
    }

    /// Produces the image, stores it and reads it back. If `cancelled` is closed, it stops and
    /// removes what it has stored.
    pub(super) async fn run(
        &self,
        object: NewObject,
        cancelled: &mut oneshot::Receiver<()>,
    ) -> Result<Published, HostError> {
        let NewObject {
            kind,
            size,
            produce,
            verify,
            generation,
            check_served,
            turn: _,
        } = object;
        let swift = |step| failed(step, move || format!("a {kind} for node {}", self.node));
        let client = &self.host.0.client;
        // First, whatever could make the work futile.
        let ready = async {
            client.ensure_container().await?;
            let info = self.host.info().await?;
            Ok((info, self.host.signer().await?))
        };
        let (info, signer) = ready.await.map_err(swift("prepare to publish"))?;
        let name = self.name(kind, generation).await?;
        let lifetime = (kind == Kind::Floppy).then(|| client.settings.floppy_lifetime.as_secs());
        let upload = Upload::new(client, info, name.to_string(), size, produce);
        let mut upload = upload.map_err(swift("publish"))?.with_lifetime(lifetime);
        let stored = tokio::select! {
            stored = upload.run(&self.turn) => stored,
            _ = &mut *cancelled => Err(Failure::Interrupted(CANCELLED.to_owned())),
        };
        if let Err(failure) = stored {
            upload.undo().await;
            return Err(self.to_host_error(failure, &name, kind, size));
        }
        let url = self.host.signed(&signer, &name).await;
        let checked = async {
            let url = url.map_err(swift("create a temporary URL for"))?;
            if let Some(verify) = verify {
                self.read_back(verify, &name, kind, size).await?;
            }
            if check_served {
                let served = self.check_served(&url, size).await;
                served.map_err(|cause| HostError::NotServed {
                    name: name.clone(),
                    cause,
                })?;
            }
            Ok(url)
        };
        let url = tokio::select! {
            url = checked => url,
            _ = &mut *cancelled => Err(self.interrupted(&CANCELLED)),
        };
        match url {
            Ok(url) => Ok(Published::new(name, url, size)),
            Err(error) => {
                self.withdraw(&name).await;
                Err(error)
            }
        }
    }

    /// Returns the name of the image: with the requested generation, if that is free, or a new one.
    async fn name(
        &self,
        kind: Kind,
        requested: Option<Generation>,
    ) -> Result<ObjectName, HostError> {
        let node = self.node;
        let Some(generation) = requested else {
            let generation =
                Generation::new().map_err(|cause| HostError::Random { node, cause })?;
            return Ok(ObjectName::new(kind, node, generation));
        };
        let name = ObjectName::new(kind, node, generation);
        let there = self.host.is_there(&name).await;
        let there = there.map_err(failed("look for", || format!("{name} of node {node}")))?;
        if there {
            return Err(HostError::AlreadyPublished { name });
        }
        Ok(name)
    }

    async fn read_back(
        &self,
        verify: Verify,
        name: &ObjectName,
        kind: Kind,
        size: u64,
    ) -> Result<(), HostError> {
        let client = Arc::clone(&self.host.0.client);
        let mut image = RangeReader::new(client, Handle::current(), name.to_string(), size);
        let verified = work::run(move || verify(&mut image)).await;
        verified
            .map_err(|error| self.interrupted(&error))?
            .map_err(|cause| HostError::ReadBack {
                node: self.node,
                kind,
                cause,
            })
    }

    /// Requests the image by its temporary URL, as a BMC would.
    async fn check_served(&self, url: &Url, size: u64) -> Result<(), NotServed> {
        let client = &self.host.0.client;
        let shown = redacted(url);
        let head = client
            .http
            .head(url.clone())
            .timeout(client.settings.timeout);
        let response = head.send().await.map_err(|error| NotServed::NoAnswer {
            url: shown.clone(),
            reason: reason(&error),
        })?;
        announces(shown, size, &response)
    }

    /// Removes an image whose name will not be returned.
    async fn withdraw(&self, name: &ObjectName) {
        if let Err(error) = remove_image(&self.host.0.client, name).await {
            log::warn!("{name} remains in Swift although publishing it failed: {error}");
        }
    }

    fn to_host_error(
        &self,
        failure: Failure,
        name: &ObjectName,
        kind: Kind,
        size: u64,
    ) -> HostError {
        let node = self.node;
        match failure {
            Failure::Swift(SwiftError::Status { status: 412, .. }) | Failure::AlreadyExists => {
                HostError::AlreadyPublished { name: name.clone() }
            }
            Failure::Swift(cause) => {
                failed("publish", || format!("a {kind} for node {node}"))(cause)
            }
            Failure::Content(cause) => HostError::Content { node, kind, cause },
            Failure::Size { written, more } => HostError::Size {
                node,
                kind,
                announced: size,
                written,
                more,
            },
            Failure::Interrupted(reason) => self.interrupted(&reason),
        }
    }

    fn interrupted(&self, reason: &dyn std::fmt::Display) -> HostError {
        HostError::interrupted(format!("node {}", self.node), reason)
    }
}
