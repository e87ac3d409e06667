//! What is in the container.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::NaiveDateTime;
use reqwest::Method;
use serde::Deserialize;

use super::client::{Ask, Client, Place};
use super::error::SwiftError;
use super::temp_url::ServerClock;
use crate::host::name::ObjectName;
use crate::host::object::Stored;

/// An object as a listing shows it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) name: String,
    bytes: u64,
    last_modified: String,
}

impl Entry {
    /// When its bytes were written, by the server's clock; `None` for a text that is no time.
    pub(super) fn modified(&self) -> Option<SystemTime> {
        let time = self.last_modified.trim_end_matches('Z');
        let time = NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        let since_1970 = u64::try_from(time.and_utc().timestamp_micros()).ok()?;
        UNIX_EPOCH.checked_add(Duration::from_micros(since_1970))
    }

    /// The image that it is, if it is one.
    pub(super) fn image(&self) -> Option<Stored> {
        let name: ObjectName = self.name.parse().ok()?;
        Some(Stored {
            name,
            size: self.bytes,
            modified: self.modified()?,
        })
    }
}

/// A part of a listing, and the server's time.
pub(super) type Page = (Vec<Entry>, ServerClock);

/// Reads a listing page by page: however many objects there are, one page is in memory.
#[derive(Debug)]
pub(super) struct Listing<'c> {
    client: &'c Client,
    prefix: String,
    marker: Option<String>,
}

impl<'c> Listing<'c> {
    /// The objects whose names begin with `prefix`.
    pub(super) fn new(client: &'c Client, prefix: impl Into<String>) -> Self {
        Self {
            client,
            prefix: prefix.into(),
            marker: Some(String::new()),
        }
    }

    /// The next page; `None` after the last. A container that is not there holds nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Page>, SwiftError> {
        let Some(marker) = self.marker.take() else {
            return Ok(None);
        };
        let mut ask = Ask::new(Method::GET, Place::Container)
            .query("format", "json")
            .query("prefix", &self.prefix);
        if !marker.is_empty() {
            ask = ask.query("marker", &marker);
        }
        let answer = self.client.send(&ask).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        let answer = answer.success()?;
        let clock = ServerClock::of(&answer);
        if answer.status == 204 || answer.body.is_empty() {
            return Ok(None);
        }
        let entries: Vec<Entry> =
            serde_json::from_slice(&answer.body).map_err(|error| SwiftError::Answer {
                what: "a listing in JSON",
                url: answer.request,
                reason: error.to_string(),
            })?;
        // The order is the server's: only a name after the marker goes on.
        let last = entries.last().map(|entry| entry.name.clone());
        self.marker = last.filter(|last| *last > marker);
        Ok((!entries.is_empty()).then_some((entries, clock)))
    }

    /// All of it. For prefixes that few names have.
    pub(super) async fn all(mut self) -> Result<Vec<Entry>, SwiftError> {
        let mut all = Vec::new();
        while let Some((entries, _)) = self.next().await? {
            all.extend(entries);
        }
        Ok(all)
    }
}
