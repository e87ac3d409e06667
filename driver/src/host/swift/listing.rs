//! Listings of the container.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::NaiveDateTime;
use reqwest::Method;
use serde::Deserialize;

use super::super::error::SwiftError;
use super::client::Client;
use super::clock::ServerClock;
use super::request::{Request, Resource};
use crate::host::name::ObjectName;
use crate::host::object::Stored;
use crate::http::peer::json_fault;

/// The maximum number of pages of a listing: far more than a container of images has, of 10,000
/// names each.
const PAGES_MAX: usize = 1000;

/// The prefix of the names of all segments. They are in the container of the images, so that
/// whoever may write images may write segments, and listings find both.
pub(super) const SEGMENTS: &str = "segments/";

/// An object in a listing.
#[derive(Debug, Deserialize)]
pub(super) struct ListedObject {
    pub(super) name: String,
    bytes: u64,
    last_modified: String,
}

impl ListedObject {
    /// Returns when its bytes were written, by the server's clock; `None` if the text is not a
    /// time.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        let time = self.last_modified.trim_end_matches('Z');
        let time = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        let since_1970 = u64::try_from(time.and_utc().timestamp_micros()).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_micros(since_1970))
    }

    /// Returns the image that the object is, if it is one.
    pub(super) fn image(&self) -> Option<Stored> {
        let name: ObjectName = self.name.parse().ok()?;
        Some(Stored {
            name,
            size: self.bytes,
            modified: self.modified()?,
        })
    }
}

/// A page of a listing, and the server's clock.
pub(super) type Page = (Vec<ListedObject>, ServerClock);

/// Reads a listing page by page, with one page in memory however many objects there are.
#[derive(Debug)]
pub(super) struct Listing<'c> {
    client: &'c Client,
    prefix: String,
    marker: Option<String>,
    pages_left: usize,
}

impl<'c> Listing<'c> {
    /// Lists the objects whose names begin with `prefix`.
    pub(super) fn new(client: &'c Client, prefix: impl Into<String>) -> Self {
        Self {
            client,
            prefix: prefix.into(),
            marker: Some(String::new()),
            pages_left: PAGES_MAX,
        }
    }

    /// Returns the next page; `None` after the last. A missing container is empty.
    pub(super) async fn next(&mut self) -> Result<Option<Page>, SwiftError> {
        let Some(marker) = self.marker.take() else {
            return Ok(None);
        };
        self.pages_left = self
            .pages_left
            .checked_sub(1)
            .ok_or_else(|| SwiftError::Answer {
                what: "a listing that ends",
                url: self.client.settings.container.clone(),
                reason: format!("it has more than {PAGES_MAX} pages"),
            })?;
        let mut request = Request::new(Method::GET, Resource::Container)
            .query("format", "json")
            .query("prefix", &self.prefix);
        if !marker.is_empty() {
            request = request.query("marker", &marker);
        }
        let response = self.client.send(&request).await?;
        if response.status == 404 {
            return Ok(None);
        }
        let response = response.success()?;
        let clock = ServerClock::of(&response);
        if response.status == 204 || response.body.is_empty() {
            return Ok(None);
        }
        let mut entries: Vec<ListedObject> =
            serde_json::from_slice(&response.body).map_err(|error| SwiftError::Answer {
                what: "a listing in JSON",
                url: response.request,
                reason: json_fault(&error),
            })?;
        // The server's order decides: without a name after the marker, the listing ends here.
        let last = entries.last().map(|entry| entry.name.clone());
        self.marker = last.filter(|last| *last > marker);
        if entries.is_empty() {
            return Ok(None);
        }
        // A server that ignores the prefix must not have the images of other nodes removed.
        entries.retain(|entry| entry.name.starts_with(&self.prefix));
        Ok(Some((entries, clock)))
    }

    /// Returns the whole listing, for prefixes that few names have.
    pub(super) async fn all(mut self) -> Result<Vec<ListedObject>, SwiftError> {
        let mut all = Vec::new();
        while let Some((entries, _)) = self.next().await? {
            all.extend(entries);
        }
        Ok(all)
    }
}
