//! Removing images, and the segments that dead uploads left.

use std::collections::HashSet;
use std::time::SystemTime;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use serde::Deserialize;

use super::super::error::SwiftError;
use super::client::Client;
use super::clock::ServerClock;
use super::listing::{ListedObject, Listing, SEGMENTS};
use super::request::{Request, Resource};
use crate::host::name::{Kind, ObjectName};
use crate::http::peer::json_fault;
use crate::node::NodeUuid;

/// The outcome of removing a static large object.
#[derive(Deserialize)]
struct BulkDelete {
    #[serde(rename = "Errors", default)]
    errors: Vec<(String, String)>,
    #[serde(rename = "Response Status", default)]
    status: String,
}

/// Removes an image with its segments; returns `false` if it did not exist.
pub(super) async fn remove_image(client: &Client, name: &ObjectName) -> Result<bool, SwiftError> {
    let text = name.to_string();
    let object = Resource::Object(&text);
    let head = client.send(&Request::new(Method::HEAD, object)).await?;
    if head.status == 404 {
        return Ok(false);
    }
    let large = head
        .header("x-static-large-object")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    head.success()?;
    if !large {
        return remove_object(client, &text).await;
    }
    let request = Request::new(Method::DELETE, object)
        .query("multipart-manifest", "delete")
        .header(ACCEPT, HeaderValue::from_static("application/json"));
    let response = client.send(&request).await?;
    if response.status == 404 {
        return Ok(false);
    }
    let response = response.success()?;
    let outcome: BulkDelete =
        serde_json::from_slice(&response.body).map_err(|error| SwiftError::Answer {
            what: "the outcome in JSON",
            url: response.request.clone(),
            reason: json_fault(&error),
        })?;
    if outcome.errors.is_empty() && outcome.status.starts_with('2') {
        return Ok(true);
    }
    let errors = outcome
        .errors
        .iter()
        .map(|(object, why)| format!("{object}: {why}"));
    let reason = errors.collect::<Vec<_>>().join(", ");
    let reason = if reason.is_empty() {
        outcome.status
    } else {
        reason
    };
    Err(SwiftError::Left {
        request: response.request,
        reason: client.settings.secrets().show(&reason),
    })
}

/// Removes one object; returns `false` if it did not exist.
pub(super) async fn remove_object(client: &Client, name: &str) -> Result<bool, SwiftError> {
    let response = client
        .send(&Request::new(Method::DELETE, Resource::Object(name)))
        .await?;
    if response.status == 404 {
        return Ok(false);
    }
    response.success().map(|_| true)
}

/// Removes the segments of dead uploads under `prefix`, and returns how many uploads those were.
///
/// A running upload has segments but no image yet, and so has a dead one. Only their age tells them
/// apart.
pub(super) async fn remove_abandoned(client: &Client, prefix: &str) -> Result<usize, SwiftError> {
    let mut listing = Listing::new(client, format!("{SEGMENTS}{prefix}"));
    let mut segments = Segments::default();
    let mut removed = 0;
    while let Some((entries, clock)) = listing.next().await? {
        for entry in entries {
            let Some(image) = image_of(&entry.name) else {
                continue;
            };
            if segments.image.as_ref() != Some(&image) {
                removed += segments.remove(client).await?;
                segments = Segments {
                    image: Some(image),
                    ..Segments::default()
                };
            }
            segments.add(client, &entry, clock);
        }
    }
    removed += segments.remove(client).await?;
    Ok(removed)
}

/// Returns the image that a segment belongs to.
fn image_of(segment: &str) -> Option<ObjectName> {
    let (image, _) = segment.strip_prefix(SEGMENTS)?.split_once('/')?;
    image.parse().ok()
}

/// The segments of one image.
#[derive(Default)]
struct Segments {
    image: Option<ObjectName>,
    names: Vec<String>,
    alive: bool,
}

impl Segments {
    fn add(&mut self, client: &Client, entry: &ListedObject, clock: ServerClock) {
        let now = clock.at(SystemTime::now());
        let age = entry
            .modified()
            .and_then(|then| now.duration_since(then).ok());
        self.alive |= age.is_none_or(|age| age < client.settings.abandoned_after);
        self.names.push(entry.name.clone());
    }

    /// Removes the segments if they are old and their image does not exist; returns the number of
    /// removed uploads, 0 or 1.
    async fn remove(&mut self, client: &Client) -> Result<usize, SwiftError> {
        let Some(image) = self.image.as_ref().filter(|_| !self.alive) else {
            return Ok(0);
        };
        let name = image.to_string();
        let found = client
            .send(&Request::new(Method::HEAD, Resource::Object(&name)))
            .await?;
        if found.status != 404 {
            found.success()?;
            return Ok(0);
        }
        // One that cannot be removed must not keep the others, which the next sweep would meet
        // after it again.
        for segment in self.names.drain(..) {
            if let Err(error) = remove_object(client, &segment).await {
                log::warn!("cannot remove {segment} of a dead upload: {error}");
            }
        }
        Ok(1)
    }
}

/// Returns the prefixes of the names of a node's images.
pub(super) fn prefixes(node: NodeUuid) -> [String; 2] {
    Kind::ALL.map(|kind| format!("{}{node}", kind.prefix()))
}

/// Returns the images of nodes that are not in `living`, if they are older than `as_of` by this
/// machine's clock.
pub(super) async fn orphans(
    client: &Client,
    living: &HashSet<NodeUuid>,
    as_of: SystemTime,
) -> Result<Vec<ObjectName>, SwiftError> {
    let mut orphans = Vec::new();
    for kind in Kind::ALL {
        let mut listing = Listing::new(client, kind.prefix());
        while let Some((entries, clock)) = listing.next().await? {
            let before = clock.at(as_of);
            let images = entries.iter().filter_map(ListedObject::image);
            let gone = images
                .filter(|image| !living.contains(&image.name.node()) && image.modified < before);
            orphans.extend(gone.map(|image| image.name));
        }
    }
    Ok(orphans)
}
