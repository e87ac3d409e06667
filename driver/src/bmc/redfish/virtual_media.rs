//! Inserting and ejecting virtual media.

use serde_json::{Value, json};
use url::Url;

use super::super::error::{Cause, Refusal, shown};
use super::super::{Drive, Medium};
use super::client::{Failure, Request};
use super::model::VirtualMediaResource;
use super::{Poll, Redfish};
use crate::http::url::redacted;

impl Redfish {
    pub(super) async fn look(&self, drive: Drive) -> Result<Option<Medium>, Cause> {
        let found: VirtualMediaResource = self.client.get(self.drive_path(drive).await?).await?;
        let image = found.image().map(str::to_owned);
        Ok(found.is_inserted().then_some(Medium { image }))
    }

    pub(super) async fn insert_image(&self, drive: Drive, url: &Url) -> Result<(), Cause> {
        let path = self.drive_path(drive).await?;
        let mut found: VirtualMediaResource = self.client.get(path).await?;
        // An iLO does not replace an inserted image.
        if found.is_inserted() {
            found = self.empty(path, &found).await?;
        }
        let refusals = self.try_each(insertions(path, &found, url)).await?;
        let mut poll = Poll::new(self.timing.media);
        loop {
            let found: VirtualMediaResource = self.client.get(path).await?;
            if found.holds(url) {
                return Ok(());
            }
            // Checked after the state: the BMC may have accepted the first of two requests, and
            // restarted before it responded.
            if let Some(refusals) = refusals {
                return Err(Cause::Refused(refusals));
            }
            if !poll.wait().await {
                return Err(Cause::NotInserted {
                    expected: redacted(url),
                    reported: reported(&found),
                    seconds: poll.seconds(),
                });
            }
        }
    }

    pub(super) async fn eject_image(&self, drive: Drive) -> Result<(), Cause> {
        let path = self.drive_path(drive).await?;
        let found: VirtualMediaResource = self.client.get(path).await?;
        if found.is_inserted() {
            self.empty(path, &found).await?;
        }
        Ok(())
    }

    /// Ejects the medium of the drive at `path`, and returns the drive's new state.
    async fn empty(
        &self,
        path: &str,
        found: &VirtualMediaResource,
    ) -> Result<VirtualMediaResource, Cause> {
        let refusals = self.try_each(ejections(path, found)).await?;
        let mut poll = Poll::new(self.timing.media);
        loop {
            let found: VirtualMediaResource = self.client.get(path).await?;
            if !found.is_inserted() {
                return Ok(found);
            }
            if let Some(refusals) = refusals {
                return Err(Cause::Refused(refusals));
            }
            if !poll.wait().await {
                return Err(Cause::NotEjected {
                    reported: reported(&found),
                    seconds: poll.seconds(),
                });
            }
        }
    }

    /// Sends one request after the other until one is accepted; returns the refusals if none is.
    async fn try_each(&self, requests: Vec<Request>) -> Result<Option<Vec<Refusal>>, Cause> {
        let mut refusals: Vec<Refusal> = Vec::new();
        for request in requests {
            // Further parameters are only sent to a BMC that requires them.
            let is_longer = request.body.as_ref().is_some_and(has_more_than_image);
            if is_longer && !refusals.last().is_some_and(|last| last.misses_parameters) {
                continue;
            }
            match self.client.send(&request).await {
                Ok(_) => return Ok(None),
                Err(Failure::Refused(refusal)) => {
                    log::info!("node {}: {refusal}", self.node);
                    refusals.push(refusal);
                }
                Err(Failure::Fatal(cause)) => return Err(cause),
            }
        }
        if refusals.is_empty() {
            let missing = "its virtual media have no actions".to_owned();
            return Err(Cause::Unsupported { missing });
        }
        Ok(Some(refusals))
    }
}

fn has_more_than_image(body: &Value) -> bool {
    body.get("Inserted").is_some()
}

/// Returns the possible requests for inserting an image, the standard action first. `Image` is sent
/// alone, since an iLO 4 accepts nothing else.
fn insertions(path: &str, found: &VirtualMediaResource, url: &Url) -> Vec<Request> {
    let image = json!({"Image": url.as_str()});
    let mut requests = Vec::new();
    if let Some(target) = found.action("InsertMedia") {
        requests.push(Request::post(target, image.clone()));
        let more = json!({"Image": url.as_str(), "Inserted": true, "WriteProtected": true});
        requests.push(Request::post(target, more));
    }
    if let Some(target) = found.oem_action("InsertVirtualMedia") {
        requests.push(Request::post(target, image.clone()));
    }
    if found.image_is_writable() {
        requests.push(Request::patch(path, image));
    }
    requests
}

/// Returns the possible requests for ejecting a medium, the standard action first.
fn ejections(path: &str, found: &VirtualMediaResource) -> Vec<Request> {
    let mut requests = Vec::new();
    if let Some(target) = found.action("EjectMedia") {
        requests.push(Request::post(target, json!({})));
    }
    if let Some(target) = found.oem_action("EjectVirtualMedia") {
        requests.push(Request::post(target, json!({})));
    }
    if found.image_is_writable() {
        requests.push(Request::patch(path, json!({"Image": null})));
    }
    requests
}

/// Describes the content of a drive.
fn reported(found: &VirtualMediaResource) -> String {
    match (found.is_inserted(), found.image()) {
        (true, Some(image)) => shown(image),
        (true, None) => "an image without a URL".to_owned(),
        (false, _) => "an empty drive".to_owned(),
    }
}
