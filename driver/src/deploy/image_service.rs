//! Images that a node names: by URL, by path, or by their id in an image service.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use url::Url;

use super::error::DeployError;
use crate::host::BoxError;
use crate::node::NodeUuid;

/// What an image service says of an image.
#[derive(Clone)]
pub struct ServiceImage {
    /// Where the image can be fetched, by this machine and by BMCs. It may hold a signature.
    pub url: Url,
    /// Its properties: `kernel_id`, `ramdisk_id` and `boot_iso` are used here.
    pub properties: BTreeMap<String, String>,
}

/// Without what may be secret in the URL.
impl fmt::Debug for ServiceImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceImage")
            .field("url", &crate::http::url::redacted(&self.url))
            .field("properties", &self.properties)
            .finish()
    }
}

/// What [`ImageService::image`] returns: a boxed future that can be sent between threads.
pub type ImageFuture<'a> =
    Pin<Box<dyn Future<Output = Result<ServiceImage, BoxError>> + Send + 'a>>;

/// An image service, such as Glance. A standalone deployment needs none: its nodes name URLs.
pub trait ImageService: fmt::Debug + Send + Sync {
    /// Looks up an image by its id: what a node's field holds, without `glance://` in front.
    ///
    /// # Errors
    ///
    /// Whatever keeps the image from being used.
    fn image<'a>(&'a self, id: &'a str) -> ImageFuture<'a>;
}

/// What a node's field refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageLocation<'r> {
    /// An `http://` or `https://` URL.
    Http(&'r str),
    /// A `file://` URL or an absolute path.
    File(&'r str),
    /// Anything else: an id in the image service.
    Service(&'r str),
}

impl<'r> ImageLocation<'r> {
    pub(super) fn read(text: &'r str) -> Self {
        let scheme = text
            .split_once("://")
            .map(|(scheme, _)| scheme.to_ascii_lowercase());
        match scheme.as_deref() {
            Some("http" | "https") => Self::Http(text),
            Some("file") => Self::File(text),
            Some("glance") => Self::Service(&text["glance://".len()..]),
            _ if text.starts_with('/') => Self::File(text),
            _ => Self::Service(text),
        }
    }
}

/// Asks the image service, if there is one.
pub(super) async fn look_up(
    service: Option<&dyn ImageService>,
    node: NodeUuid,
    what: &'static str,
    id: &str,
) -> Result<ServiceImage, DeployError> {
    let failed = |source| DeployError::ImageService {
        node,
        image: id.chars().take(80).collect(),
        what,
        source,
    };
    match service {
        Some(service) => service.image(id).await.map_err(failed),
        None => Err(failed(
            "none is set up: expected an http:// or https:// URL, or give the deployment an image \
             service"
                .into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (text, expected) in [
            ("http://h/x", ImageLocation::Http("http://h/x")),
            ("HTTPS://h/x", ImageLocation::Http("HTTPS://h/x")),
            ("file:///srv/x", ImageLocation::File("file:///srv/x")),
            ("/srv/x", ImageLocation::File("/srv/x")),
            ("glance://1be26c0b", ImageLocation::Service("1be26c0b")),
            ("Glance://1be26c0b", ImageLocation::Service("1be26c0b")),
            ("1be26c0b", ImageLocation::Service("1be26c0b")),
        ] {
            assert_eq!(ImageLocation::read(text), expected);
        }
    }
}
