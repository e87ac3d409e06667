//! The URLs of images.

use url::Url;

use super::name::ObjectName;
use crate::http::url::{BaseUrl, BaseUrlError};
use crate::node::{Node, Section};

impl BaseUrl {
    /// Returns the URL of the image `name` in the directory that is served here.
    #[must_use]
    pub fn join(&self, name: &ObjectName) -> Url {
        let mut url = self.as_url().clone();
        // Not `Url::join`, which drops the last segment of a path without a trailing slash.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(&name.to_string());
        }
        url
    }

    /// Returns the URL of the file at `path`, whose parts contain no slashes, in the directory that
    /// is served here.
    pub(crate) fn join_path(&self, path: &[&str]) -> Url {
        let mut url = self.as_url().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// The configured base URLs, which are the same for every node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseUrls {
    /// `[deploy] external_http_url`: the URL for BMCs, if it differs from the one for nodes.
    pub external: Option<BaseUrl>,
    /// `[deploy] http_server_url`.
    pub server: Option<BaseUrl>,
}

/// The reason why a node's images have no URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBaseUrl {
    /// No base URL is set.
    #[error(
        "expected the URL of the web server: set [deploy] http_server_url, or [deploy] \
         external_http_url, or the node's driver_info.external_http_url"
    )]
    NotSet,
    /// The node's own is invalid.
    #[error("driver_info.external_http_url: {0}")]
    Node(BaseUrlError),
    /// The node's own is not a string.
    #[error("driver_info.external_http_url: expected a string with an http:// or https:// URL")]
    NodeNotText,
}

impl BaseUrls {
    /// Returns the base URL of `node`'s images: its own `driver_info.external_http_url`, or else
    /// [`BaseUrls::external`], or else [`BaseUrls::server`], as in Ironic.
    ///
    /// # Errors
    ///
    /// [`NoBaseUrl`] if none is set, or if the node's own is invalid: a fallback would give the BMC
    /// a URL that the operator did not intend.
    pub fn of(&self, node: &Node) -> Result<BaseUrl, NoBaseUrl> {
        use serde_json::Value;
        match node.get(Section::DriverInfo, "external_http_url") {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(Value::String(text)) => return BaseUrl::parse(text).map_err(NoBaseUrl::Node),
            Some(_) => return Err(NoBaseUrl::NodeNotText),
        }
        self.external
            .as_ref()
            .or(self.server.as_ref())
            .cloned()
            .ok_or(NoBaseUrl::NotSet)
    }
}
