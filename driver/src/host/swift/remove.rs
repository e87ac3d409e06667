//! Removing images, and what dead uploads left.

use std::collections::HashSet;
use std::time::SystemTime;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderValue};
use serde::Deserialize;

use super::client::{Ask, Client, Place};
use super::error::SwiftError;
use super::listing::{Entry, Listing};
use super::temp_url::ServerClock;
use super::upload::SEGMENTS;
use crate::host::name::{Kind, ObjectName};

/// What Swift says of a static large object that it removed.
#[derive(Deserialize)]
struct Bulk {
    #[serde(rename = "Errors", default)]
    errors: Vec<(String, String)>,
    #[serde(rename = "Response Status", default)]
    status: String,
}

/// Removes an image with its segments; `false` when it was gone already.
pub(super) async fn remove_image(client: &Client, name: &ObjectName) -> Result<bool, SwiftError> {
    let text = name.to_string();
    let place = Place::Object(&text);
    let head = client.send(&Ask::new(Method::HEAD, place)).await?;
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
    let ask = Ask::new(Method::DELETE, place)
        .query("multipart-manifest", "delete")
        .header(ACCEPT, HeaderValue::from_static("application/json"));
    let answer = client.send(&ask).await?;
    if answer.status == 404 {
        return Ok(false);
    }
    let answer = answer.success()?;
    let told: Bulk = serde_json::from_slice(&answer.body).map_err(|error| SwiftError::Answer {
        what: "the outcome in JSON",
        url: answer.request.clone(),
        reason: error.to_string(),
    })?;
    if told.errors.is_empty() && told.status.starts_with('2') {
        return Ok(true);
    }
    let errors = told
        .errors
        .iter()
        .map(|(object, why)| format!("{object}: {why}"));
    let reason = errors.collect::<Vec<_>>().join(", ");
    Err(SwiftError::Left {
        request: answer.request,
        reason: if reason.is_empty() {
            told.status
        } else {
            reason
        },
    })
}

/// Removes one object; `false` when it was gone already.
pub(super) async fn remove_object(client: &Client, name: &str) -> Result<bool, SwiftError> {
    let answer = client
        .send(&Ask::new(Method::DELETE, Place::Object(name)))
        .await?;
    if answer.status == 404 {
        return Ok(false);
    }
    answer.success().map(|_| true)
}

/// Removes the segments under `prefix` of uploads that died, and says how many uploads those were.
///
/// An upload that is under way has segments and no image yet; so has one that died. They are told
/// apart by their age.
pub(super) async fn remove_abandoned(client: &Client, prefix: &str) -> Result<usize, SwiftError> {
    let mut listing = Listing::new(client, format!("{SEGMENTS}{prefix}"));
    let mut group = Group::default();
    let mut removed = 0;
    while let Some((entries, clock)) = listing.next().await? {
        for entry in entries {
            let Some(image) = image_of(&entry.name) else {
                continue;
            };
            if group.image.as_ref() != Some(&image) {
                removed += group.remove(client).await?;
                group = Group {
                    image: Some(image),
                    ..Group::default()
                };
            }
            group.add(client, &entry, clock);
        }
    }
    removed += group.remove(client).await?;
    Ok(removed)
}

/// The image that a segment is of.
fn image_of(segment: &str) -> Option<ObjectName> {
    let (image, _) = segment.strip_prefix(SEGMENTS)?.split_once('/')?;
    image.parse().ok()
}

/// The segments of one image.
#[derive(Default)]
struct Group {
    image: Option<ObjectName>,
    segments: Vec<String>,
    alive: bool,
}

impl Group {
    fn add(&mut self, client: &Client, entry: &Entry, clock: ServerClock) {
        let now = clock.at(SystemTime::now());
        let age = entry
            .modified()
            .and_then(|then| now.duration_since(then).ok());
        self.alive |= age.is_none_or(|age| age < client.settings.abandoned_after);
        self.segments.push(entry.name.clone());
    }

    /// Removes them if they are old and there is no image of them; 1 then, else 0.
    async fn remove(&mut self, client: &Client) -> Result<usize, SwiftError> {
        let Some(image) = self.image.as_ref().filter(|_| !self.alive) else {
            return Ok(0);
        };
        let name = image.to_string();
        let found = client
            .send(&Ask::new(Method::HEAD, Place::Object(&name)))
            .await?;
        if found.status != 404 {
            found.success()?;
            return Ok(0);
        }
        for segment in self.segments.drain(..) {
            remove_object(client, &segment).await?;
        }
        Ok(1)
    }
}

/// The prefixes of the names of a node's images.
pub(super) fn prefixes(node: crate::node::NodeUuid) -> [String; 2] {
    Kind::ALL.map(|kind| format!("{}{node}", kind.prefix()))
}

/// The images that are older than `as_of`, by this machine's clock, and of no node in `living`.
pub(super) async fn strays(
    client: &Client,
    living: &HashSet<crate::node::NodeUuid>,
    as_of: SystemTime,
) -> Result<Vec<ObjectName>, SwiftError> {
    let mut strays = Vec::new();
    for kind in Kind::ALL {
        let mut listing = Listing::new(client, kind.prefix());
        while let Some((entries, clock)) = listing.next().await? {
            let before = clock.at(as_of);
            let images = entries.iter().filter_map(Entry::image);
            let gone = images
                .filter(|image| !living.contains(&image.name.node()) && image.modified < before);
            strays.extend(gone.map(|image| image.name));
        }
    }
    Ok(strays)
}
