//! Inserting and ejecting virtual media.

use serde_json::json;
use url::Url;

use super::super::error::{Cause, shown};
use super::super::{Drive, Medium};
use super::Redfish;
use super::client::Failure;
use super::messages::Meaning;
use super::model::VirtualMediaResource;
use super::reach::{Goal, Missed, refused};
use super::request::Request;
use super::retry::Retry;
use crate::http::url::redacted;

impl Redfish {
    pub(super) async fn look(&self, drive: Drive) -> Result<Option<Medium>, Cause> {
        let found: VirtualMediaResource = self.client.get(self.drive_path(drive).await?).await?;
        let image = found.image().map(str::to_owned);
        Ok(found.is_inserted().then_some(Medium { image }))
    }

    pub(super) async fn insert_image(&self, drive: Drive, url: &Url) -> Result<(), Cause> {
        let path = self.drive_path(drive).await?;
        let mut retry = self.client.retry(self.timing.media);
        // An iLO does not replace an inserted image.
        self.empty(path).await?;
        loop {
            let missed = self
                .reach(Goal {
                    path,
                    limit: retry.left(),
                    interval: Some(Retry::FIRST),
                    is_reached: &|found: &VirtualMediaResource| found.holds(url),
                    requests: &|found, _| some(insertions(path, found, url)),
                })
                .await;
            match missed {
                Ok(_) => return Ok(()),
                Err(Missed::Failed(cause)) => return Err(cause),
                Err(Missed::Reported { state, .. }) => {
                    return Err(Cause::NotInserted {
                        expected: redacted(url),
                        reported: reported(&state),
                        seconds: retry.seconds(),
                    });
                }
                // The drive may be full although it was reported as empty.
                Err(Missed::Refused(all)) => {
                    let is_full = all.iter().any(|one| one.meaning == Meaning::Full);
                    if !is_full || !retry.wait(None).await {
                        return Err(refused(all));
                    }
                    self.eject_unseen(path).await?;
                }
            }
        }
    }

    pub(super) async fn eject_image(&self, drive: Drive) -> Result<(), Cause> {
        self.empty(self.drive_path(drive).await?).await
    }

    /// Ejects the medium of the drive at `path`, unless it is empty. One that stays although the
    /// BMC has accepted that is removed by changing the drive itself, as some iLO 5 and 6 need it.
    async fn empty(&self, path: &str) -> Result<(), Cause> {
        let (state, mut seconds) = match self.try_to_empty(path, &ejections).await {
            Ok(_) => return Ok(()),
            Err(Missed::Failed(cause)) => return Err(cause),
            Err(Missed::Refused(all)) => return Err(refused(all)),
            Err(Missed::Reported { state, seconds }) => (state, seconds),
        };
        log::warn!(
            node:% = self.node;
            "node {}: the medium stays although the BMC has ejected it; its URL is removed",
            self.node
        );
        let change =
            |path: &str, found: &VirtualMediaResource| vec![Request::patch(path, found.emptied())];
        match self.try_to_empty(path, &change).await {
            Ok(_) => return Ok(()),
            Err(Missed::Failed(cause)) => return Err(cause),
            Err(Missed::Reported { seconds: more, .. }) => seconds += more,
            Err(Missed::Refused(_)) => {}
        }
        Err(Cause::NotEjected {
            reported: reported(&state),
            seconds,
        })
    }

    async fn try_to_empty(
        &self,
        path: &str,
        requests: &(dyn Fn(&str, &VirtualMediaResource) -> Vec<Request> + Sync),
    ) -> Result<VirtualMediaResource, Missed<VirtualMediaResource>> {
        self.reach(Goal {
            path,
            limit: self.timing.media,
            interval: Some(Retry::FIRST),
            is_reached: &|found: &VirtualMediaResource| !found.is_inserted(),
            requests: &|found, _| some(requests(path, found)),
        })
        .await
    }

    /// Ejects a medium that the BMC may not report, and then what it reports.
    async fn eject_unseen(&self, path: &str) -> Result<(), Cause> {
        let found: VirtualMediaResource = self.client.get(path).await?;
        for request in ejections(path, &found) {
            match self.client.change(&request).await {
                Ok(()) => break,
                Err(Failure::Fatal(cause)) => return Err(cause),
                // The state tells.
                Err(_) => {}
            }
        }
        self.empty(path).await
    }
}

/// Returns the requests, of which there must be one.
fn some(requests: Vec<Request>) -> Result<Vec<Request>, Cause> {
    if requests.is_empty() {
        let missing = "its virtual media have no actions".to_owned();
        return Err(Cause::Unsupported { missing });
    }
    Ok(requests)
}

/// Returns the possible requests for inserting an image, the standard action first. `Image` is sent
/// alone, since an iLO 4 accepts nothing else, unless the BMC requires more.
fn insertions(path: &str, found: &VirtualMediaResource, url: &Url) -> Vec<Request> {
    let image = json!({"Image": url.as_str()});
    let mut requests = Vec::new();
    if let Some(target) = found.action("InsertMedia") {
        let protocol = url.scheme().to_ascii_uppercase();
        requests.push(Request::post(target, image.clone()).with_optional(vec![
            ("Inserted", true.into()),
            ("WriteProtected", true.into()),
            ("TransferProtocolType", protocol.into()),
            ("TransferMethod", "Stream".into()),
        ]));
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
