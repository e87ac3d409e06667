//! Temporary URLs: a signature that lets anybody fetch one object for a while.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use reqwest::Url;

use super::super::error::SwiftError;
use super::client::Client;
use super::digest::{UrlDigest, signature};
use super::key::{Key, agreed_key};

/// Signs temporary URLs.
#[derive(Debug)]
pub(super) struct Signer {
    key: Key,
    digest: UrlDigest,
}

impl Signer {
    /// Fetches the current key of the account or the container, or sets a new one.
    ///
    /// The key is never cached: once it changes, every URL signed with the old one is void.
    pub(super) async fn fetch(client: &Client, digest: UrlDigest) -> Result<Self, SwiftError> {
        Ok(Self {
            key: agreed_key(client).await?,
            digest,
        })
    }

    /// Adds to `url` a signature that is valid for `lifetime` from now on.
    pub(super) fn sign(&self, mut url: Url, lifetime: Duration) -> Url {
        let expires = self.key.clock.now().saturating_add(lifetime.as_secs());
        // Swift signs the percent-decoded path.
        let path = percent_decode_str(url.path()).collect::<Vec<u8>>();
        let message = [format!("GET\n{expires}\n").as_bytes(), &path].concat();
        let signature = signature(self.digest, self.key.secret.expose().as_bytes(), &message);
        url.query_pairs_mut()
            .append_pair("temp_url_sig", &signature)
            .append_pair("temp_url_expires", &expires.to_string());
        url
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::host::swift::clock::ServerClock;
    use crate::options::Secret;

    #[test]
    fn the_percent_decoded_path_is_signed() {
        let signer = Signer {
            key: Key {
                secret: Secret::new("k"),
                clock: ServerClock {
                    then: 1000,
                    received: Instant::now(),
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
