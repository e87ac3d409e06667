//! Hosts from the options of ironic.conf.

use std::sync::Arc;

use super::Host;
#[cfg(feature = "swift")]
use super::swift::{SwiftHost, SwiftHostError, SwiftSettings};
use super::url::BaseUrls;
use super::web::{InvalidRoot, WebHost, WebSettings};
use crate::http::url::{BaseUrl, BaseUrlError};
use crate::options::Options;

/// An error in the options of a host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostSettingsError {
    /// A URL is invalid.
    #[error("{option}: {cause}")]
    Url {
        /// The option.
        option: &'static str,
        /// The cause.
        cause: BaseUrlError,
    },
    /// Images are to be hosted on a web server, which has no URL.
    #[error(
        "expected the URL of the web server that hosts images: set [deploy] http_server_url, or \
         [deploy] external_http_url"
    )]
    NoUrl,
    /// The directory is invalid.
    #[error("[deploy] http_server_root: {0}")]
    Root(InvalidRoot),
    /// The options of Swift are missing or invalid.
    #[cfg(feature = "swift")]
    #[error(transparent)]
    Swift(#[from] super::swift::SwiftHostError),
    /// Images are to be hosted in Swift, which this build does not support.
    #[cfg(not(feature = "swift"))]
    #[error(
        "expected [ilo] use_http_web_server_for_images = True: without it images are hosted in \
         Swift, and this program was built without the cargo feature `swift`"
    )]
    Swift,
}

impl BaseUrls {
    /// Reads the base URLs from `options`.
    ///
    /// # Errors
    ///
    /// [`HostSettingsError::Url`] if one of them is invalid.
    pub fn from_options(options: &Options) -> Result<Self, HostSettingsError> {
        let parse = |option, text: &Option<String>| {
            let url = text.as_deref().map(BaseUrl::parse).transpose();
            url.map_err(|cause| HostSettingsError::Url { option, cause })
        };
        Ok(Self {
            external: parse("[deploy] external_http_url", &options.external_http_url)?,
            server: parse("[deploy] http_server_url", &options.http_server_url)?,
        })
    }
}

impl WebSettings {
    /// Reads the settings from `options`: the directory, and the URLs under which it is served.
    ///
    /// # Errors
    ///
    /// The same as [`BaseUrls::from_options`].
    pub fn from_options(options: &Options) -> Result<Self, HostSettingsError> {
        let mut settings = Self::new(&options.http_server_root);
        settings.urls = BaseUrls::from_options(options)?;
        Ok(settings)
    }
}

/// Creates the host that `options` describe.
///
/// # Errors
///
/// [`HostSettingsError`].
pub fn from_options(options: &Options) -> Result<Arc<dyn Host>, HostSettingsError> {
    if options.use_http_web_server_for_images {
        let settings = WebSettings::from_options(options)?;
        if settings.urls == BaseUrls::default() {
            return Err(HostSettingsError::NoUrl);
        }
        let host = WebHost::new(settings).map_err(HostSettingsError::Root)?;
        return Ok(Arc::new(host));
    }
    swift(options)
}

#[cfg(feature = "swift")]
fn swift(options: &Options) -> Result<Arc<dyn Host>, HostSettingsError> {
    let settings = SwiftSettings::from_options(options).map_err(SwiftHostError::from)?;
    Ok(Arc::new(SwiftHost::new(settings)?))
}

#[cfg(not(feature = "swift"))]
fn swift(_: &Options) -> Result<Arc<dyn Host>, HostSettingsError> {
    Err(HostSettingsError::Swift)
}
