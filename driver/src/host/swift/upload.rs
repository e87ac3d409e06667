//! Storing one image: as one object, or as a static large object of several segments.

use std::mem;

use md5::{Digest, Md5};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH};
use reqwest::{Body, Method};
use serde_json::json;

use super::super::object::{BoxError, Produce};
use super::client::{Answer, Ask, Client, Delay, Place, described, no_answer, read};
use super::error::SwiftError;
use super::info::Info;
use super::pieces::{Made, ObjectDigest, Pieces, channel};
use super::remove::remove_object;
use super::temp_url::hex;

/// What the names of all segments begin with. They are in the images' own container: whoever may
/// write there may write them, and they are found there again.
pub(super) const SEGMENTS: &str = "segments/";

/// The MD5 of an object, in hexadecimal digits.
const ETAG: &str = "etag";

/// Why an image was not stored.
#[derive(Debug)]
pub(super) enum Failure {
    /// Swift did not do its part.
    Swift(SwiftError),
    /// The code that makes the image failed.
    Content(BoxError),
    /// It made another number of bytes than was announced.
    Size { written: u64, more: bool },
    /// It panicked, or the runtime is shutting down.
    Interrupted(String),
    /// An object of this name is there already.
    Taken,
}

impl From<SwiftError> for Failure {
    fn from(error: SwiftError) -> Self {
        Self::Swift(error)
    }
}

/// An image on its way.
pub(super) struct Upload<'c> {
    client: &'c Client,
    name: String,
    size: u64,
    object_size: u64,
    /// Seconds after which Swift removes it.
    lifetime: Option<u64>,
    produce: Option<Produce>,
    /// The MD5s of the objects that are stored, in their order.
    stored: Vec<ObjectDigest>,
    /// The MD5 of the object after those, when it was sent whole and the answer did not come.
    maybe: Option<ObjectDigest>,
    /// Objects that may be there because of this upload.
    own: Vec<String>,
    /// The container was there a moment ago.
    container_is_there: bool,
}

impl<'c> Upload<'c> {
    /// An image that is to be stored now: the caller has just made sure that the container is there.
    pub(super) fn new(
        client: &'c Client,
        info: &Info,
        name: String,
        size: u64,
        lifetime: Option<u64>,
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
            lifetime,
            produce: Some(produce),
            stored: Vec::new(),
            maybe: None,
            own: Vec::new(),
            container_is_there: true,
        })
    }

    /// Stores the image. When it fails, or is given up halfway, [`Upload::undo`] removes what it left.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        let mut delay = Delay::new(&self.client.settings);
        let mut renewed = false;
        loop {
            let before = self.stored.len();
            let error = match self.attempt().await {
                Ok(()) => break,
                Err(Failure::Swift(error)) => error,
                Err(other) => return Err(other),
            };
            if self.stored.len() > before {
                delay.reset();
                renewed = false;
            }
            // The token was refused between its use a moment before and this.
            if matches!(&error, SwiftError::Status { status: 401, .. }) && !renewed {
                renewed = true;
                continue;
            }
            delay.after(error).await?;
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
        // As many as a manifest may have, a thousand or so.
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

    /// Makes the image once, and stores the objects that are not stored yet.
    async fn attempt(&mut self) -> Result<(), Failure> {
        self.settle().await?;
        if self.stored.len() == self.objects() {
            return Ok(());
        }
        let Some(mut produce) = self.produce.take() else {
            return Err(Failure::Interrupted("its code is gone".to_owned()));
        };
        let skip = self.stored.len() as u64 * self.object_size;
        let (mut sink, pieces) = channel(self.size, self.object_size, skip);
        let maker = tokio::task::spawn_blocking(move || {
            let done = produce(&mut sink);
            let made = sink.finish(done.is_ok());
            (produce, done, made)
        });
        let sent = self.send_objects(&pieces).await;
        drop(pieces);
        let made = maker.await;
        let (produce, done, made) = made.map_err(|e| Failure::Interrupted(e.to_string()))?;
        self.produce = Some(produce);
        self.judge(done, &made, sent)
    }

    /// Tells whose fault a failure was: the server only saw that the bytes ended.
    fn judge(
        &self,
        done: Result<(), BoxError>,
        made: &Made,
        sent: Result<(), SwiftError>,
    ) -> Result<(), Failure> {
        let (written, more) = (made.written, made.too_much);
        if more {
            return Err(Failure::Size { written, more });
        }
        if !made.closed {
            done.map_err(Failure::Content)?;
            if written != self.size {
                return Err(Failure::Size { written, more });
            }
        }
        let same = made.skipped.iter().zip(&self.stored).all(|(a, b)| a == b);
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

    /// Finds out what became of an object whose answer did not come.
    async fn settle(&mut self) -> Result<(), Failure> {
        let Some(digest) = self.maybe.take() else {
            return Ok(());
        };
        let name = self.object_name(self.stored.len());
        let ask = Ask::new(Method::HEAD, Place::Object(&name));
        let answer = self.client.send(&ask).await?;
        if answer.status == 200 && etag(&answer) == hex(&digest) {
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
        // With the first byte it is too late to learn that the token is no good, or the container gone.
        if !mem::take(&mut self.container_is_there) {
            ensure_container(self.client).await?;
        }
        let first = self.own.last().is_none_or(|own| own != name);
        if first {
            self.own.push(name.to_owned());
        }
        let answer = self.put(pieces, name, len).await;
        let sent = pieces_end(pieces, &answer).await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.maybe = sent;
                return Err(error);
            }
        };
        if answer.status != 201 {
            if answer.status >= 500 {
                self.maybe = sent;
            } else if first {
                // What is there, if anything, is not of this upload.
                self.own.pop();
            }
            return Err(answer.unexpected());
        }
        let got = etag(&answer);
        let expected = sent.map(|digest| hex(&digest)).unwrap_or_default();
        match sent {
            Some(digest) if got == expected => Ok(digest),
            _ => {
                remove_object(self.client, name).await?;
                let request = answer.request;
                Err(SwiftError::Checksum {
                    request,
                    expected,
                    got,
                })
            }
        }
    }

    async fn put(&mut self, pieces: &Pieces, name: &str, len: u64) -> Result<Answer, SwiftError> {
        let client = self.client;
        let session = client.session().await?;
        let url = client.url(&session, Place::Object(name));
        let request = described(&Method::PUT, &url);
        let mut builder = client.http.put(url).headers(self.headers());
        if let Some(token) = &session.token {
            builder = builder.header("x-auth-token", token);
        }
        let sending = builder.body(Body::wrap(pieces.body(len))).send();
        let timeout = client.settings.timeout;
        let answer = tokio::select! {
            answer = sending => answer.map_err(|e| no_answer(&request, &e, timeout))?,
            () = silence(pieces, timeout) => return Err(SwiftError::Silent { request, timeout }),
        };
        let answer = tokio::time::timeout(timeout, read(request.clone(), answer, timeout)).await;
        let answer = answer.map_err(|_| SwiftError::Silent { request, timeout })??;
        if answer.status == 401 {
            // The next attempt has another one.
            client.session_after(Some(&session)).await?;
        }
        Ok(answer)
    }

    /// What every object of the image is stored with.
    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let kind = HeaderValue::from_static("application/octet-stream");
        headers.insert(reqwest::header::CONTENT_TYPE, kind);
        // An image's bytes never change.
        headers.insert(IF_NONE_MATCH, HeaderValue::from_static("*"));
        if let Some(seconds) = self.lifetime {
            headers.insert(HeaderName::from_static("x-delete-after"), seconds.into());
        }
        headers
    }

    /// Joins the segments. Only with this there is an image of the name.
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
        // Swift's for a static large object: the MD5 of its segments' ones.
        let etags: String = self.stored.iter().map(|digest| hex(digest)).collect();
        let expected = hex(&Md5::digest(&etags));
        let mut ask =
            Ask::new(Method::PUT, Place::Object(&self.name)).query("multipart-manifest", "put");
        ask.headers = self.headers();
        ask.body = manifest.into();
        let answer = self.client.send(&ask).await;
        let ask = Ask::new(Method::HEAD, Place::Object(&self.name));
        match answer {
            Ok(answer) if answer.status == 201 => Ok(()),
            // Its own, when the answer to an earlier one was lost.
            Ok(answer) if answer.status == 412 => {
                let found = self.client.send(&ask).await?;
                if etag(&found) == expected {
                    return Ok(());
                }
                Err(Failure::Taken)
            }
            Ok(answer) => Err(answer.unexpected().into()),
            Err(error) => {
                let name = self.name.clone();
                self.own.push(name);
                Err(error.into())
            }
        }
    }

    /// Removes what a failed upload may have left. What cannot be removed is found by a later
    /// clean-up or sweep.
    pub(super) async fn undo(&mut self) {
        // The manifest first: without its segments it would be broken.
        for name in std::mem::take(&mut self.own).into_iter().rev() {
            if let Err(error) = remove_object(self.client, &name).await {
                log::warn!("{name} of a failed upload is left: {error}");
            }
        }
    }
}

/// The MD5 of the object that was just sent, if it was sent whole.
async fn pieces_end(pieces: &Pieces, answer: &Result<Answer, SwiftError>) -> Option<ObjectDigest> {
    match answer {
        Ok(answer) if answer.status < 500 && answer.status != 201 => None,
        _ => pieces.end().await,
    }
}

/// Ends when the server has been silent for too long, though there are bytes for it.
async fn silence(pieces: &Pieces, timeout: std::time::Duration) {
    loop {
        let silent = pieces.server_silent_for().unwrap_or_default();
        let Some(left) = timeout.checked_sub(silent).filter(|left| !left.is_zero()) else {
            return;
        };
        tokio::time::sleep(left).await;
    }
}

fn etag(answer: &Answer) -> String {
    answer
        .header(ETAG)
        .unwrap_or_default()
        .trim_matches('"')
        .to_ascii_lowercase()
}

/// Makes the container if it is not there.
pub(super) async fn ensure_container(client: &Client) -> Result<(), SwiftError> {
    let found = client
        .send(&Ask::new(Method::HEAD, Place::Container))
        .await?;
    if found.status != 404 {
        return found.success().map(drop);
    }
    let made = client
        .send(&Ask::new(Method::PUT, Place::Container))
        .await?;
    let made = made.success()?;
    log::info!("{}: the container was made", made.request);
    Ok(())
}
