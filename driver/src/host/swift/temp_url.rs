//! Temporary URLs: a signature that lets anybody fetch one object for a while.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::client::{Answer, Client};
use super::error::SwiftError;
use super::info::UrlDigest;
use super::key::{self, Key};

/// A difference between two clocks that is worth a warning.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// The time of a server, as of an answer of its.
#[derive(Debug, Clone, Copy)]
pub(super) struct ServerClock {
    /// Seconds since 1970 when it answered.
    then: u64,
    answered: Instant,
}

impl ServerClock {
    /// The clock of the server that gave `answer`; this machine's when it does not tell the time.
    pub(super) fn of(answer: &Answer) -> Self {
        let here = since_1970(SystemTime::now());
        let date = answer.header("date");
        let there = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let there = there.and_then(|time| u64::try_from(time.timestamp()).ok());
        if let Some(there) = there.filter(|there| there.abs_diff(here) > CLOCKS_APART.as_secs()) {
            let (apart, which) = (
                there.abs_diff(here),
                if there > here { "ahead" } else { "behind" },
            );
            log::warn!(
                "the clock of Swift is {apart} seconds {which} of this machine's; times are counted by \
                 Swift's"
            );
        }
        Self {
            then: there.unwrap_or(here),
            answered: Instant::now(),
        }
    }

    /// Seconds since 1970, now.
    pub(super) fn now(&self) -> u64 {
        self.then.saturating_add(self.answered.elapsed().as_secs())
    }

    /// What the server's clock showed when this machine's showed `time`.
    pub(super) fn at(&self, time: SystemTime) -> SystemTime {
        let (there, here) = (self.now(), since_1970(SystemTime::now()));
        let apart = Duration::from_secs(there.abs_diff(here));
        let moved = if there > here {
            time.checked_add(apart)
        } else {
            time.checked_sub(apart)
        };
        moved.unwrap_or(UNIX_EPOCH)
    }
}

fn since_1970(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

/// What temporary URLs are signed with.
#[derive(Debug)]
pub(super) struct Signer {
    key: Key,
    digest: UrlDigest,
}

impl Signer {
    /// Signs with the key that the account or the container has now, or gets.
    ///
    /// It is asked for each time: a key that is changed makes every URL signed with the old one useless.
    pub(super) async fn ask(client: &Client, digest: UrlDigest) -> Result<Self, SwiftError> {
        Ok(Self {
            key: key::settled(client).await?,
            digest,
        })
    }

    /// `url` with a signature that is good for `lifetime` from now on.
    pub(super) fn sign(&self, mut url: Url, lifetime: Duration) -> Url {
        let expires = self.key.clock.now().saturating_add(lifetime.as_secs());
        // Swift signs the path without its percent signs.
        let path = percent_decode_str(url.path()).collect::<Vec<u8>>();
        let message = [format!("GET\n{expires}\n").as_bytes(), &path].concat();
        let signature = signature(self.digest, self.key.secret.expose().as_bytes(), &message);
        url.query_pairs_mut()
            .append_pair("temp_url_sig", &signature)
            .append_pair("temp_url_expires", &expires.to_string());
        url
    }
}

fn signature(digest: UrlDigest, key: &[u8], message: &[u8]) -> String {
    fn of<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> String {
        // An HMAC takes a key of any length: there is no error to give.
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else {
            return String::new();
        };
        mac.update(message);
        hex(&mac.finalize().into_bytes())
    }
    match digest {
        UrlDigest::Sha256 => of::<Hmac<Sha256>>(key, message),
        UrlDigest::Sha512 => of::<Hmac<Sha512>>(key, message),
        UrlDigest::Sha1 => of::<Hmac<Sha1>>(key, message),
    }
}

/// `bytes` in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Secret;

    #[test]
    fn signatures_are_those_of_swifts_own_examples() {
        // printf 'GET\n1440619048\n/v1/AUTH_account/container/object' | openssl dgst -sha256 -hmac mykey
        let message = b"GET\n1440619048\n/v1/AUTH_account/container/object";
        assert_eq!(
            signature(UrlDigest::Sha256, b"mykey", message),
            "9ef8c448d4184fd16dd4013a1e3349149f895555655621dbf6d6a166f585af72"
        );
        assert_eq!(
            signature(UrlDigest::Sha1, b"mykey", message),
            "da720a7e11f9f2c7b0fe46039811229c1c7a9cb4"
        );
    }

    #[test]
    fn the_path_is_signed_without_percent_signs() {
        let signer = Signer {
            key: Key {
                secret: Secret::new("k"),
                clock: ServerClock {
                    then: 1000,
                    answered: Instant::now(),
                },
            },
            digest: UrlDigest::Sha256,
        };
        let url = Url::parse("http://h/v1/AUTH_a/two%20words/o").unwrap();
        let signed = signer.sign(url, Duration::from_secs(60));
        let expected = signature(
            UrlDigest::Sha256,
            b"k",
            b"GET\n1060\n/v1/AUTH_a/two words/o",
        );
        assert_eq!(
            signed.as_str(),
            format!(
                "http://h/v1/AUTH_a/two%20words/o?temp_url_sig={expected}&temp_url_expires=1060"
            )
        );
    }
}
