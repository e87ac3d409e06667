//! The capabilities that a Swift reports.

use reqwest::Method;
use serde_json::Value;

use super::super::error::SwiftError;
use super::client::Client;
use super::digest::UrlDigest;
use super::request::{Request, Resource};

/// The size of the largest object if Swift does not report it: Swift's own default, 5 GiB.
const MAX_FILE_SIZE: u64 = 5 << 30;

/// The parts of the response to `GET /info` that are used here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Info {
    /// The digest that signs temporary URLs, or the reason why there is none.
    digest: Result<UrlDigest, String>,
    /// The size in bytes of the largest object.
    pub(super) max_file_size: u64,
    /// The largest number of segments of a static large object; `None` if Swift does not have them.
    pub(super) max_segments: Option<u64>,
}

impl Info {
    /// Fetches the capabilities. A Swift that does not report them is assumed to have the defaults.
    pub(super) async fn fetch(client: &Client) -> Result<Self, SwiftError> {
        let mut json = None;
        for resource in [Resource::Info, Resource::PrefixedInfo] {
            let response = client.send(&Request::new(Method::GET, resource)).await?;
            let found = serde_json::from_slice::<Value>(&response.body).ok();
            json = found.filter(|json| response.status == 200 && json.is_object());
            if json.is_some() {
                break;
            }
            log::debug!("{} does not report Swift's capabilities", response.request);
        }
        Ok(Self::read(json.as_ref()))
    }

    fn read(json: Option<&Value>) -> Self {
        let at = |path: &str| json.and_then(|json| json.pointer(path));
        let digest = match (json, at("/tempurl"), at("/tempurl/allowed_digests")) {
            (None, ..) => Ok(UrlDigest::Sha256),
            (Some(_), None, _) => Err("temporary URLs are disabled".to_owned()),
            // Swift has reported its digests since 2018; before, SHA-1 was the only one.
            (_, Some(_), None) => Ok(UrlDigest::Sha1),
            (_, _, Some(allowed)) => UrlDigest::choose(allowed),
        };
        let max_segments = match json {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn sha_256_unless_the_server_takes_only_others() {
        let digest = |json: Value| Info::read(Some(&json)).digest;
        let allowed = |names: &[&str]| digest(json!({"tempurl": {"allowed_digests": names}}));
        assert_eq!(
            allowed(&["sha1", "sha256", "sha512"]),
            Ok(UrlDigest::Sha256)
        );
        assert_eq!(allowed(&["sha1", "sha512"]), Ok(UrlDigest::Sha512));
        assert_eq!(allowed(&["md5"]), Err("it accepts md5".to_owned()));
        assert_eq!(digest(json!({"tempurl": {}})), Ok(UrlDigest::Sha1));
        assert!(digest(json!({"swift": {}})).is_err());
        assert_eq!(Info::read(None).digest, Ok(UrlDigest::Sha256));
    }

    #[test]
    fn sizes_default_to_those_of_swift() {
        let info = Info::read(Some(&json!({"swift": {"max_file_size": 1000},
            "slo": {"max_manifest_segments": 7}})));
        assert_eq!((info.max_file_size, info.max_segments), (1000, Some(7)));
        let info = Info::read(Some(&json!({"swift": {}})));
        assert_eq!((info.max_file_size, info.max_segments), (5 << 30, None));
    }
}
