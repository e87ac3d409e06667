//! Storing one image: as one object, or as a static large object of several segments.

use std::mem;

use md5::{Digest, Md5};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{Body, Method};
use serde_json::json;

use super::super::error::{BoxError, SwiftError};
use super::super::object::Produce;
use super::client::{Backoff, Client};
use super::digest::hex;
use super::info::Info;
use super::listing::SEGMENTS;
use super::pieces::{ObjectDigest, Pieces, ProducerReport, channel};
use super::remove::remove_object;
use super::request::{Request, Resource, Response, describe, no_response};
use crate::http::peer::one_line;
use crate::http::work::{self, Turn};

/// The header with the MD5 of an object, in hexadecimal digits.
const ETAG: &str = "etag";

/// Why an image was not stored.
#[derive(Debug)]
pub(super) enum Failure {
    /// Swift failed or refused.
    Swift(SwiftError),
    /// The producer failed.
    Content(BoxError),
    /// The producer wrote fewer or more bytes than announced.
    Size { written: u64, more: bool },
    /// The producer panicked, or the runtime is shutting down.
    Interrupted(String),
    /// An object of this name already exists.
    AlreadyExists,
}

impl From<SwiftError> for Failure {
    fn from(error: SwiftError) -> Self {
        Self::Swift(error)
    }
}

/// An upload in progress.
pub(super) struct Upload<'c> {
    client: &'c Client,
    name: String,
    size: u64,
    object_size: u64,
    /// The number of seconds after which Swift removes the image.
    lifetime: Option<u64>,
    produce: Option<Produce>,
    /// The MD5s of the stored objects, in order.
    stored: Vec<ObjectDigest>,
    /// The MD5 of the next object, if it was sent whole but its response was lost.
    unconfirmed: Option<ObjectDigest>,
    /// The objects that this upload may have created.
    created: Vec<String>,
    /// Whether the container was just seen to exist.
    container_exists: bool,
}

impl<'c> Upload<'c> {
    /// Prepares an upload. The caller has just ensured that the container exists.
    pub(super) fn new(
        client: &'c Client,
        info: &Info,
        name: String,
        size: u64,
        produce: Produce,
    ) -> Result<Self, SwiftError> {
        let object_size = client.settings.segment_size.unwrap_or(info.max_file_size);
        let object_size = object_size.clamp(1, info.max_file_size);
        if size > object_size {
            let segment = object_size;
            let most = info
                .max_segments
                .ok_or(SwiftError::NoLargeObjects { size, segment })?;
            if size.div_ceil(segment) > most {
                return Err(SwiftError::Segments {
                    size,
                    segment,
                    most,
                });
            }
        }
        Ok(Self {
            client,
            name,
            size,
            object_size,
            lifetime: None,
            produce: Some(produce),
            stored: Vec::new(),
            unconfirmed: None,
            created: Vec::new(),
            container_exists: true,
        })
    }

    /// Sets the number of seconds after which Swift removes the image.
    pub(super) fn with_lifetime(self, lifetime: Option<u64>) -> Self {
        Self { lifetime, ..self }
    }

    /// Stores the image, which is produced in `turn`. If it fails or is dropped halfway,
    /// [`Upload::undo`] removes the objects that it created.
    pub(super) async fn run(&mut self, turn: &Turn) -> Result<(), Failure> {
        let mut backoff = Backoff::new(&self.client.settings);
        let mut renewed = false;
        loop {
            let before = self.stored.len();
            let error = match self.attempt(turn).await {
                Ok(()) => break,
                Err(Failure::Swift(error)) => error,
                Err(other) => return Err(other),
            };
            if self.stored.len() > before {
                backoff.reset();
                renewed = false;
            }
            // The token expired since it was last used, a moment ago.
            if matches!(&error, SwiftError::Status { status: 401, .. }) && !renewed {
                renewed = true;
                continue;
            }
            backoff.wait_after(error).await?;
        }
        if self.is_large() {
            self.put_manifest().await?;
        }
        Ok(())
    }

    fn is_large(&self) -> bool {
        self.size > self.object_size
    }

    fn objects(&self) -> usize {
        // At most as many as a manifest may have, about a thousand.
        usize::try_from(self.size.div_ceil(self.object_size).max(1)).unwrap_or(usize::MAX)
    }

    fn object_name(&self, index: usize) -> String {
        if self.is_large() {
            format!("{SEGMENTS}{}/{index:08}", self.name)
        } else {
            self.name.clone()
        }
    }

    fn object_len(&self, index: usize) -> u64 {
        let start = index as u64 * self.object_size;
        self.object_size.min(self.size - start)
    }

    /// Runs the producer once, and stores the objects that are not stored yet.
    async fn attempt(&mut self, turn: &Turn) -> Result<(), Failure> {
        self.confirm().await?;
        if self.stored.len() == self.objects() {
            return Ok(());
        }
        let Some(mut produce) = self.produce.take() else {
            return Err(Failure::Interrupted("the producer is gone".to_owned()));
        };
        let skip = self.stored.len() as u64 * self.object_size;
        let (mut sink, pieces) = channel(self.size, self.object_size, skip);
        let producer = work::start(Some(turn), move |_| {
            let done = produce(&mut sink);
            let report = sink.finish(done.is_ok());
            (produce, done, report)
        });
        let sent = self.send_objects(&pieces).await;
        drop(pieces);
        let produced = producer.wait().await;
        let (produce, done, report) = produced.map_err(|e| Failure::Interrupted(e.to_string()))?;
        self.produce = Some(produce);
        self.outcome(done, &report, sent)
    }

    /// Decides which side failed: when the producer fails, the server only sees that the bytes end.
    fn outcome(
        &self,
        done: Result<(), BoxError>,
        report: &ProducerReport,
        sent: Result<(), SwiftError>,
    ) -> Result<(), Failure> {
        let (written, more) = (report.written, report.too_much);
        if more {
            return Err(Failure::Size { written, more });
        }
        if !report.closed {
            done.map_err(Failure::Content)?;
            if written != self.size {
                return Err(Failure::Size { written, more });
            }
        }
        let same = report.skipped.iter().zip(&self.stored).all(|(a, b)| a == b);
        if !same {
            let after = "some segments were stored".to_owned();
            return Err(SwiftError::Changed { after }.into());
        }
        Ok(sent?)
    }

    async fn send_objects(&mut self, pieces: &Pieces) -> Result<(), SwiftError> {
        for index in self.stored.len()..self.objects() {
            let name = self.object_name(index);
            let digest = self
                .send_object(pieces, &name, self.object_len(index))
                .await?;
            self.stored.push(digest);
        }
        Ok(())
    }

    /// Checks whether an object whose response was lost is stored.
    async fn confirm(&mut self) -> Result<(), Failure> {
        let Some(digest) = self.unconfirmed.take() else {
            return Ok(());
        };
        let name = self.object_name(self.stored.len());
        let request = Request::new(Method::HEAD, Resource::Object(&name));
        let response = self.client.send(&request).await?;
        if response.status == 200 && etag(&response) == hex(&digest) {
            self.stored.push(digest);
        }
        Ok(())
    }

    async fn send_object(
        &mut self,
        pieces: &Pieces,
        name: &str,
        len: u64,
    ) -> Result<ObjectDigest, SwiftError> {
        // Once the first byte is sent it is too late to learn that the token has expired or that
        // the container is gone.
        if !mem::take(&mut self.container_exists) {
            self.client.ensure_container().await?;
        }
        let first = self.created.last().is_none_or(|last| last != name);
        if first {
            self.created.push(name.to_owned());
        }
        let response = self.put(pieces, name, len).await;
        let sent = sent_digest(pieces, &response).await;
        let response = match response {
            Ok(response) => response,
            Err(error) => {
                self.unconfirmed = sent;
                return Err(error);
            }
        };
        if response.status != 201 {
            if response.status >= 500 {
                self.unconfirmed = sent;
            } else if first {
                // An existing object is not this upload's.
                self.created.pop();
            }
            return Err(response.unexpected());
        }
        let got = etag(&response);
        let expected = sent.map(|digest| hex(&digest)).unwrap_or_default();
        match sent {
            Some(digest) if got == expected => Ok(digest),
            _ => {
                remove_object(self.client, name).await?;
                let request = response.request;
                Err(SwiftError::Checksum {
                    request,
                    expected,
                    got: one_line(&got),
                })
            }
        }
    }

    async fn put(&mut self, pieces: &Pieces, name: &str, len: u64) -> Result<Response, SwiftError> {
        let client = self.client;
        let session = client.session().await?;
        let url = client.url(&session, Resource::Object(name));
        let request = describe(&Method::PUT, &url);
        let mut builder = client.http.put(url).headers(self.headers());
        if let Some(token) = &session.token {
            builder = builder.header("x-auth-token", token);
        }
        let sending = builder.body(Body::wrap(pieces.body(len))).send();
        let timeout = client.settings.timeout;
        let response = tokio::select! {
            response = sending => response.map_err(|e| no_response(&request, &e, timeout))?,
            () = silence(pieces, timeout) => return Err(SwiftError::Silent { request, timeout }),
        };
        let reading = client.reading(request.clone(), &session, &HeaderMap::new());
        let reading = Response::read(reading, response);
        let response = tokio::time::timeout(timeout, reading).await;
        let response = response.map_err(|_| SwiftError::Silent { request, timeout })??;
        if response.status == 401 {
            // The next attempt uses a new token.
            client.session_after(Some(&session)).await?;
        }
        Ok(response)
    }

    /// Returns the headers with which every object of the image is stored.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/octet-stream");
        headers.insert(reqwest::header::CONTENT_TYPE, kind);
        // Never overwrite an object: an image's bytes never change.
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        if let Some(seconds) = self.lifetime {
            headers.insert(HeaderName::from_static("x-delete-after"), seconds.into());
        }
        headers
    }

    /// Stores the manifest that joins the segments. The image exists only from then on.
    async fn put_manifest(&mut self) -> Result<(), Failure> {
        let container = &self.client.settings.container;
        let segments = self.stored.iter().enumerate().map(|(index, digest)| {
            json!({
                "path": format!("/{container}/{}", self.object_name(index)),
                "etag": hex(digest),
                "size_bytes": self.object_len(index),
            })
        });
        let manifest = serde_json::Value::from_iter(segments).to_string();
        // Swift's ETag of a static large object: the MD5 of its segments' ETags.
        let etags: String = self.stored.iter().map(|digest| hex(digest)).collect();
        let expected = hex(&Md5::digest(&etags));
        let mut request = Request::new(Method::PUT, Resource::Object(&self.name))
            .query("multipart-manifest", "put");
        request.headers = self.headers();
        request.body = manifest.into();
        let response = self.client.send(&request).await;
        let head = Request::new(Method::HEAD, Resource::Object(&self.name));
        match response {
            Ok(response) if response.status == 201 => Ok(()),
            // It may be this upload's own, if the response to an earlier attempt was lost.
            Ok(response) if response.status == 412 => {
                let found = self.client.send(&head).await?;
                if etag(&found) == expected {
                    return Ok(());
                }
                Err(Failure::AlreadyExists)
            }
            Ok(response) => Err(response.unexpected().into()),
            Err(error) => {
                let name = self.name.clone();
                self.created.push(name);
                Err(error.into())
            }
        }
    }

    /// Removes the objects of a failed upload. A later clean-up or sweep finds those that cannot be
    /// removed now.
    pub(super) async fn undo(&mut self) {
        // The manifest first: without its segments it would be broken.
        for name in std::mem::take(&mut self.created).into_iter().rev() {
            if let Err(error) = remove_object(self.client, &name).await {
                log::warn!("cannot remove {name} of a failed upload: {error}");
            }
        }
    }
}

/// Returns the MD5 of the object that was just sent, if it was sent whole.
async fn sent_digest(
    pieces: &Pieces,
    response: &Result<Response, SwiftError>,
) -> Option<ObjectDigest> {
    match response {
        Ok(response) if response.status < 500 && response.status != 201 => None,
        _ => pieces.end().await,
    }
}

/// Completes once the server has been silent for too long although there are bytes for it.
async fn silence(pieces: &Pieces, timeout: std::time::Duration) {
    loop {
        let silent = pieces.server_silent_for().unwrap_or_default();
        let Some(left) = timeout.checked_sub(silent).filter(|left| !left.is_zero()) else {
            return;
        };
        tokio::time::sleep(left).await;
    }
}

fn etag(response: &Response) -> String {
    response
        .header(ETAG)
        .unwrap_or_default()
        .trim_matches('"')
        .to_ascii_lowercase()
}
