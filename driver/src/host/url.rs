//! Where images are fetched from.

use url::Url;

use super::name::ObjectName;
use crate::http::url::{BaseUrl, BaseUrlError};
use crate::node::{Node, Section};

impl BaseUrl {
    /// The URL of the image `name` in the directory that is served here.
    #[must_use]
    pub fn join(&self, name: &ObjectName) -> Url {
        let mut url = self.as_url().clone();
        // Not `Url::join`: that one drops the last segment of a path without a trailing slash.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(&name.to_string());
        }
        url
    }

    /// The URL of the file at `path`, names without slashes, in the directory that is served here.
    pub(crate) fn join_path(&self, path: &[&str]) -> Url {
        let mut url = self.as_url().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// The base URLs that the configuration gives, the same for every node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BaseUrls {
    /// `[deploy] external_http_url`: where BMCs reach the web server, when that is another address
    /// than the one that other nodes use.
    pub external: Option<BaseUrl>,
    /// `[deploy] http_server_url`.
    pub server: Option<BaseUrl>,
}

/// Why there is no URL for an image of a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoBaseUrl {
    /// No base URL is set anywhere.
    #[error(
        "expected the URL of the web server: set [deploy] http_server_url, or [deploy] \
         external_http_url, or the node's driver_info.external_http_url"
    )]
    NotSet,
    /// The node's own is not usable.
    #[error("driver_info.external_http_url: {0}")]
    Node(BaseUrlError),
    /// The node's own is not a text.
    #[error("driver_info.external_http_url: expected a text with an http:// or https:// URL")]
    NodeNotText,
}

impl BaseUrls {
    /// The base URL for the images of `node`: its own `driver_info.external_http_url`, else
    /// [`BaseUrls::external`], else [`BaseUrls::server`]. Ironic looks in the same order.
    ///
    /// # Errors
    ///
    /// [`NoBaseUrl`] when none is set, or when the node's own is wrong: falling back to another one
    /// would hand the BMC a URL that the operator did not mean.
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
