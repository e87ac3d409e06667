//! What a Swift tells about itself.

use reqwest::Method;
use serde_json::Value;

use super::client::{Ask, Client, Place};
use super::error::SwiftError;

/// The largest object where Swift does not tell: its own default, 5 GiB.
const MAX_FILE_SIZE: u64 = 5 << 30;

/// The digest that temporary URLs are signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UrlDigest {
    Sha256,
    Sha512,
    Sha1,
}

/// The better ones first.
const DIGESTS: [(&str, UrlDigest); 3] = [
    ("sha256", UrlDigest::Sha256),
    ("sha512", UrlDigest::Sha512),
    ("sha1", UrlDigest::Sha1),
];

/// What matters here of the answer to `GET /info`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    /// The digest to sign temporary URLs with, or why there is none.
    digest: Result<UrlDigest, String>,
    /// Bytes of the largest object.
    pub(super) max_file_size: u64,
    /// How many segments a static large object may have; `None` when there are no such objects.
    pub(super) max_segments: Option<u64>,
}

impl Info {
    /// Asks. A Swift that does not tell is taken for one with the defaults.
    pub(super) async fn ask(client: &Client) -> Result<Self, SwiftError> {
        let answer = client.send(&Ask::new(Method::GET, Place::Info)).await?;
        let told = (answer.status == 200)
            .then(|| serde_json::from_slice::<Value>(&answer.body).ok())
            .flatten();
        if told.is_none() {
            log::debug!("{} does not tell what Swift can do", answer.request);
        }
        Ok(Self::read(told.as_ref()))
    }

    fn read(told: Option<&Value>) -> Self {
        let at = |path: &str| told.and_then(|told| told.pointer(path));
        let digest = match (told, at("/tempurl"), at("/tempurl/allowed_digests")) {
            (None, ..) => Ok(UrlDigest::Sha256),
            (Some(_), None, _) => Err("it has temporary URLs switched off".to_owned()),
            // A Swift that does not tell is from before 2018, and knows SHA-1 only.
            (_, Some(_), None) => Ok(UrlDigest::Sha1),
            (_, _, Some(allowed)) => chosen(allowed),
        };
        let max_segments = match told {
            None => Some(1000),
            Some(_) => at("/slo").map(|slo| {
                let most = slo.get("max_manifest_segments").and_then(Value::as_u64);
                most.unwrap_or(1000)
            }),
        };
        Self {
            digest,
            max_file_size: at("/swift/max_file_size")
                .and_then(Value::as_u64)
                .unwrap_or(MAX_FILE_SIZE)
                .clamp(1, MAX_FILE_SIZE),
            max_segments,
        }
    }

    pub(super) fn digest(&self) -> Result<UrlDigest, SwiftError> {
        self.digest
            .clone()
            .map_err(|reason| SwiftError::Digests { reason })
    }
}

fn chosen(allowed: &Value) -> Result<UrlDigest, String> {
    let names: Vec<&str> = allowed
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let known = DIGESTS.iter().find(|(name, _)| names.contains(name));
    known
        .map(|(_, digest)| *digest)
        .ok_or_else(|| format!("it takes {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sha_256_unless_the_server_takes_only_others() {
        let digest = |told: Value| Info::read(Some(&told)).digest;
        let allowed = |names: &[&str]| digest(json!({"tempurl": {"allowed_digests": names}}));
        assert_eq!(
            allowed(&["sha1", "sha256", "sha512"]),
            Ok(UrlDigest::Sha256)
        );
        assert_eq!(allowed(&["sha1", "sha512"]), Ok(UrlDigest::Sha512));
        assert_eq!(allowed(&["md5"]), Err("it takes md5".to_owned()));
        assert_eq!(digest(json!({"tempurl": {}})), Ok(UrlDigest::Sha1));
        assert!(digest(json!({"swift": {}})).is_err());
        assert_eq!(Info::read(None).digest, Ok(UrlDigest::Sha256));
    }

    #[test]
    fn sizes_are_taken_from_it_or_are_swifts_defaults() {
        let info = Info::read(Some(&json!({"swift": {"max_file_size": 1000},
            "slo": {"max_manifest_segments": 7}})));
        assert_eq!((info.max_file_size, info.max_segments), (1000, Some(7)));
        let info = Info::read(Some(&json!({"swift": {}})));
        assert_eq!((info.max_file_size, info.max_segments), (5 << 30, None));
    }
}
