//! The key of temporary URLs: the account's or the container's, or a new one on which all
//! conductors agree.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

use super::super::error::SwiftError;
use super::client::Client;
use super::clock::ServerClock;
use super::digest::hex;
use super::request::{Request, Resource, Response};
use crate::options::Secret;

/// The length in bytes of a generated key.
const KEY_BYTES: usize = 32;

/// The longest time in which another conductor that found no key either has set its own.
const AGREED_AFTER: Duration = Duration::from_secs(5);

/// How many times a key is looked up or set before giving up.
const MAX_LOOKUPS: u32 = 5;

/// The resources that can have a key, with the headers of the key and of the time at which it was
/// set.
const KEY_HEADERS: [(Resource<'static>, &str, &str); 2] = [
    (
        Resource::Account,
        "x-account-meta-temp-url-key",
        "x-account-meta-temp-url-key-set-at",
    ),
    (
        Resource::Container,
        "x-container-meta-temp-url-key",
        "x-container-meta-temp-url-key-set-at",
    ),
];

/// A signing key, and the clock of the server that has it.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) secret: Secret,
    pub(super) clock: ServerClock,
}

/// Returns the account's key, or else the container's. If neither has one, sets a new key on the
/// account, or on the container if the account is out of reach.
///
/// Swift keeps the key that was set last, and cannot be told to keep the first. A generated key is
/// therefore stored with its time, and everybody who finds a new one looks it up again: by then,
/// every conductor that saw no key has set its own.
pub(super) async fn agreed_key(client: &Client) -> Result<Key, SwiftError> {
    let (mut before, mut status) = (None, 0);
    for _ in 0..MAX_LOOKUPS {
        let found = look_up(client).await?;
        let clock = ServerClock::of(&found.response);
        let Some(secret) = found.secret else {
            status = set_new_key(client, &clock).await?;
            continue;
        };
        let unchanged = before.as_ref() == Some(&secret);
        if unchanged || !is_new(found.set_at, &clock) {
            return Ok(Key { secret, clock });
        }
        before = Some(secret);
        tokio::time::sleep(AGREED_AFTER).await;
    }
    Err(SwiftError::NoKey { status })
}

/// Whether a key set at that time, in seconds since 1970, may still be replaced. A key that others
/// set has no time.
fn is_new(set_at: Option<u64>, clock: &ServerClock) -> bool {
    set_at.is_some_and(|at| clock.now().abs_diff(at) <= AGREED_AFTER.as_secs())
}

/// The result of looking up a key.
#[derive(Debug)]
struct KeyLookup {
    secret: Option<Secret>,
    set_at: Option<u64>,
    response: Response,
}

impl KeyLookup {
    /// Reads the key and its time from the headers of `response`.
    ///
    /// # Errors
    ///
    /// [`SwiftError::Key`] if there are keys but none that can be used: a new one would void every
    /// URL that others signed.
    fn of(
        response: Response,
        (_, key, set_at): (Resource<'_>, &str, &str),
    ) -> Result<Self, SwiftError> {
        let found = ["", "-2"].map(|number| response.headers.get(format!("{key}{number}")));
        let keys = found.into_iter().flatten().map(HeaderValue::as_bytes);
        let keys: Vec<&[u8]> = keys.filter(|key| !key.is_empty()).collect();
        let mut texts = keys.iter().filter_map(|key| str::from_utf8(key).ok());
        let secret = texts.next().map(Secret::new);
        if !keys.is_empty() && secret.is_none() {
            return Err(SwiftError::Key {
                request: response.request,
            });
        }
        Ok(Self {
            secret,
            set_at: response.header(set_at).and_then(|at| at.parse().ok()),
            response,
        })
    }
}

async fn look_up(client: &Client) -> Result<KeyLookup, SwiftError> {
    let [of_account, of_container] = KEY_HEADERS;
    let head = |resource| Request::new(Method::HEAD, resource);
    let account = client.send(&head(Resource::Account)).await?;
    let found = KeyLookup::of(account, of_account)?;
    if found.secret.is_some() {
        return Ok(found);
    }
    let account = found.response;
    let container = client.send(&head(Resource::Container)).await?;
    match (account.status, container.status) {
        (200..300, 200..300 | 404) | (403 | 404, 200..300) | (404, 404) => {
            KeyLookup::of(container, of_container)
        }
        (200..300, _) => Err(container.unexpected()),
        _ => Err(account.unexpected()),
    }
}

/// Sets a new key, and returns the status of the response.
async fn set_new_key(client: &Client, clock: &ServerClock) -> Result<u16, SwiftError> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| SwiftError::Client {
        reason: format!("no random numbers for a key: {error}"),
    })?;
    let mut status = 0;
    for (resource, key_header, time_header) in KEY_HEADERS {
        // Cannot fail: hexadecimal digits are valid in any header.
        let Ok(mut key) = HeaderValue::from_str(&hex(&bytes)) else {
            continue;
        };
        key.set_sensitive(true);
        let request = Request::new(Method::POST, resource)
            .header(HeaderName::from_static(key_header), key)
            .header(HeaderName::from_static(time_header), clock.now().into());
        let response = client.send(&request).await?;
        status = response.status;
        match status {
            200..300 => {
                log::info!(
                    "{} had no key for temporary URLs, set a new one",
                    response.request
                );
                return Ok(status);
            }
            // The account does not exist yet, or this user may not change it.
            401 | 403 | 404 => {}
            _ => return Err(response.unexpected()),
        }
    }
    Err(SwiftError::NoKey { status })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn found(keys: &[(&'static str, &[u8])]) -> Result<Option<Secret>, SwiftError> {
        let headers = keys.iter().map(|(name, key)| {
            let value = HeaderValue::from_bytes(key).unwrap();
            (HeaderName::from_static(name), value)
        });
        let response = Response {
            request: "HEAD http://h/v1/AUTH_a".into(),
            status: 204,
            headers: HeaderMap::from_iter(headers),
            body: bytes::Bytes::new(),
            said: String::new(),
        };
        let [of_account, _] = KEY_HEADERS;
        KeyLookup::of(response, of_account).map(|found| found.secret)
    }

    #[test]
    fn a_key_that_cannot_be_used_is_an_error_and_not_absent() {
        let [first, second] = [
            "x-account-meta-temp-url-key",
            "x-account-meta-temp-url-key-2",
        ];
        assert_eq!(found(&[]).unwrap(), None);
        assert_eq!(found(&[(first, b"")]).unwrap(), None);
        let utf8 = "schl\u{fc}ssel";
        let key = found(&[(first, utf8.as_bytes())]).unwrap();
        assert_eq!(key, Some(Secret::new(utf8)));
        let key = found(&[(first, b"schl\xfcssel"), (second, b"k")]).unwrap();
        assert_eq!(key, Some(Secret::new("k")));
        let error = found(&[(first, b"schl\xfcssel")]).unwrap_err().to_string();
        assert!(
            error.contains("not UTF-8 text") && !error.contains("ssel"),
            "{error}"
        );
    }
}
