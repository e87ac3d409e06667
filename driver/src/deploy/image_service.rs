//! Images that a node names by URL, by path, or by their ID in an image service.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;

use url::Url;

use super::error::DeployCause;
use crate::host::BoxError;
use crate::image::Checksum;
use crate::node::NodeUuid;

/// An image in an image service.
#[derive(Clone)]
pub struct ServiceImage {
    /// The URL from which this machine and BMCs can fetch the image. It may contain a signature.
    pub url: Url,
    /// The image's properties, of which `kernel_id`, `ramdisk_id` and `boot_iso` are used here, and
    /// the checksum: `os_hash_value`, or else `checksum`, as Glance has them. What many nodes share
    /// is downloaded once for each ID and checksum, and compared with it.
    pub properties: BTreeMap<String, String>,
}

impl ServiceImage {
    /// Returns the image's checksum, if it has one of a known kind.
    pub(super) fn checksum(&self) -> Option<Checksum> {
        let property = |key: &str| self.properties.get(key)?.parse().ok();
        property("os_hash_value").or_else(|| property("checksum"))
    }
}

/// Shows the URL without its secrets, and the names of the properties.
impl fmt::Debug for ServiceImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceImage")
            .field("url", &crate::http::url::redacted(&self.url))
            .field("properties", &self.properties.keys())
            .finish()
    }
}

/// The boxed future that [`ImageService::image`] returns.
pub type ImageFuture<'a> =
    Pin<Box<dyn Future<Output = Result<ServiceImage, BoxError>> + Send + 'a>>;

/// An image service, such as Glance. A standalone deployment does not need one, since its nodes
/// name URLs.
///
/// ```
/// use std::collections::{BTreeMap, HashMap};
///
/// use driver::deploy::{ImageFuture, ImageService, ServiceImage};
/// use driver::url::Url;
///
/// /// The images of a mirror, by ID.
/// #[derive(Debug)]
/// struct Mirror(HashMap<String, Url>);
///
/// impl ImageService for Mirror {
///     fn image<'a>(&'a self, id: &'a str) -> ImageFuture<'a> {
///         Box::pin(async move {
///             let url = self.0.get(id).cloned().ok_or("the mirror has no such image")?;
///             Ok(ServiceImage { url, properties: BTreeMap::new() })
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let url: Url = "http://images.example/vmlinuz".parse()?;
/// let mirror = Mirror([("4711".to_owned(), url.clone())].into());
/// assert_eq!(mirror.image("4711").await?.url, url);
/// assert!(mirror.image("4712").await.is_err());
/// # Ok(()) }
/// ```
pub trait ImageService: fmt::Debug + Send + Sync {
    /// Looks up an image by its ID: the value of a node's field without the prefix `glance://`.
    ///
    /// # Errors
    ///
    /// Any error that prevents the use of the image.
    fn image<'a>(&'a self, id: &'a str) -> ImageFuture<'a>;
}

/// The location of an image in a node's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageLocation<'r> {
    /// An `http://` or `https://` URL.
    Http(&'r str),
    /// A `file://` URL or an absolute path.
    File(&'r str),
    /// Anything else: an ID in the image service.
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

/// Looks up an image in the image service, if there is one.
pub(super) async fn look_up(
    service: Option<&dyn ImageService>,
    node: NodeUuid,
    what: &'static str,
    id: &str,
) -> Result<ServiceImage, DeployCause> {
    let failed = |cause| DeployCause::ImageService {
        node,
        image: id.chars().take(80).collect(),
        what,
        cause,
    };
    match service {
        Some(service) => service.image(id).await.map_err(failed),
        None => Err(failed(
            "no image service is configured: use an http:// or https:// URL, or configure an image \
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
