//! The key of temporary URLs: the account's or the container's, or a new one that all conductors agree on.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};

use super::client::{Answer, Ask, Client, Place};
use super::error::SwiftError;
use super::temp_url::{ServerClock, hex};
use crate::options::Secret;

/// Bytes of a key that is made here.
const KEY_BYTES: usize = 32;

/// The longest that another conductor, which found no key either, may take until its own is set.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// How often a key is looked for or set before that is given up.
const MOST_LOOKS: u32 = 5;

/// Where a key can stand, and the headers for it and for the time when it was made.
const PLACES: [(Place<'static>, &str, &str); 2] = [
    (
        Place::Account,
        "x-account-meta-temp-url-key",
        "x-account-meta-temp-url-key-set-at",
    ),
    (
        Place::Container,
        "x-container-meta-temp-url-key",
        "x-container-meta-temp-url-key-set-at",
    ),
];

/// A key that signs, and the time of the server that told it.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) secret: Secret,
    pub(super) clock: ServerClock,
}

/// The account's key, else the container's; with neither there, a new one that becomes the account's, or
/// the container's where the account is out of reach.
///
/// Swift keeps the key that was set last, and cannot be told to keep the first. So a key that is made here
/// has its time beside it, and while it is new everybody who finds it looks again: by then, whoever saw no
/// key has set its own.
pub(super) async fn settled(client: &Client) -> Result<Key, SwiftError> {
    let (mut before, mut status) = (None, 0);
    for _ in 0..MOST_LOOKS {
        let found = find(client).await?;
        let clock = ServerClock::of(&found.answer);
        let Some(secret) = found.secret else {
            status = make(client, &clock).await?;
            continue;
        };
        let stays = before.as_ref() == Some(&secret);
        if stays || !is_new(found.set_at, &clock) {
            return Ok(Key { secret, clock });
        }
        before = Some(secret);
        tokio::time::sleep(SETTLED_AFTER).await;
    }
    Err(SwiftError::NoKey { status })
}

/// Whether a key of that time, in seconds since 1970, may still be replaced. One that somebody else set
/// has no time.
fn is_new(set_at: Option<u64>, clock: &ServerClock) -> bool {
    set_at.is_some_and(|at| clock.now().abs_diff(at) <= SETTLED_AFTER.as_secs())
}

/// What a look for a key found.
#[derive(Debug)]
struct Found {
    secret: Option<Secret>,
    set_at: Option<u64>,
    answer: Answer,
}

impl Found {
    /// What `answer` tells of the key, by the headers that it and its time have there.
    fn of(answer: Answer, (_, key, set_at): (Place<'_>, &str, &str)) -> Self {
        let secret = ["", "-2"].iter().find_map(|number| {
            let key = answer.header(&format!("{key}{number}"))?;
            (!key.is_empty()).then(|| Secret::new(key))
        });
        Self {
            secret,
            set_at: answer.header(set_at).and_then(|at| at.parse().ok()),
            answer,
        }
    }
}

async fn find(client: &Client) -> Result<Found, SwiftError> {
    let [of_account, of_container] = PLACES;
    let account = client.send(&Ask::new(Method::HEAD, Place::Account)).await?;
    let found = Found::of(account, of_account);
    if found.secret.is_some() {
        return Ok(found);
    }
    let account = found.answer;
    let container = client
        .send(&Ask::new(Method::HEAD, Place::Container))
        .await?;
    match (account.status, container.status) {
        (200..300, 200..300 | 404) | (403 | 404, 200..300) | (404, 404) => {
            Ok(Found::of(container, of_container))
        }
        (200..300, _) => Err(container.unexpected()),
        _ => Err(account.unexpected()),
    }
}

/// Sets a new key; the status of the answer to that.
async fn make(client: &Client, clock: &ServerClock) -> Result<u16, SwiftError> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| SwiftError::Client {
        reason: format!("no random numbers for a key: {error}"),
    })?;
    let mut status = 0;
    for (place, key_header, time_header) in PLACES {
        // Hexadecimal digits can stand in any header.
        let Ok(mut key) = HeaderValue::from_str(&hex(&bytes)) else {
            continue;
        };
        key.set_sensitive(true);
        let ask = Ask::new(Method::POST, place)
            .header(HeaderName::from_static(key_header), key)
            .header(HeaderName::from_static(time_header), clock.now().into());
        let answer = client.send(&ask).await?;
        status = answer.status;
        match status {
            200..300 => {
                log::info!(
                    "{} had no key for temporary URLs, one was set",
                    answer.request
                );
                return Ok(status);
            }
            // An account that is not made yet, or that this user may not change.
            401 | 403 | 404 => {}
            _ => return Err(answer.unexpected()),
        }
    }
    Err(SwiftError::NoKey { status })
}
