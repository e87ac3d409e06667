//! The URLs that this library is given, and how they are shown.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// The URL under which a web server serves the directory of images.
///
/// It is an absolute `http` or `https` URL with a host. A path and a query are kept and go into the
/// URL of every image; whether the path ends in a slash makes no difference.
///
/// ```
/// use driver::host::{BaseUrl, ObjectName};
///
/// let name: ObjectName = "image-1be26c0b-03f2-4d2e-ae87-c02d7f33c123-7.img".parse()?;
/// for base in ["http://192.0.2.1:8080/httpboot", "http://192.0.2.1:8080/httpboot/"] {
///     assert_eq!(
///         BaseUrl::parse(base)?.join(&name).as_str(),
///         "http://192.0.2.1:8080/httpboot/image-1be26c0b-03f2-4d2e-ae87-c02d7f33c123-7.img"
///     );
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl(Url);

/// A text is not a URL that images could be served under.
///
/// The messages do not repeat the text: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is not an absolute URL at all.
    #[error("expected a URL like http://192.0.2.1:8080/httpboot, got a text that is none: {0}")]
    Syntax(url::ParseError),
    /// It does not begin with `http://` or `https://` and a host.
    #[error("expected a URL that begins with http:// or https:// and a host")]
    Scheme,
    /// It has a fragment, the part after `#`, which never reaches a web server.
    #[error("expected a URL without a fragment: remove the part that begins with #")]
    Fragment,
    /// It holds white space or a control character, which a URL parser would drop in silence.
    #[error("expected a URL without white space or control characters: remove them or write %20")]
    Blank,
}

impl BaseUrl {
    /// Checks a URL.
    ///
    /// # Errors
    ///
    /// [`BaseUrlError`]: not a URL, not `http://` or `https://` and a host, a fragment, or white
    /// space in it.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(BaseUrlError::Blank);
        }
        let url = Url::parse(text).map_err(BaseUrlError::Syntax)?;
        // Browsers, and so the parser, take `http:host` and `http:///host` too: here they are
        // slips.
        let after_scheme = text
            .get(url.scheme().len()..)
            .and_then(|rest| rest.strip_prefix("://"));
        if !matches!(url.scheme(), "http" | "https")
            || after_scheme.is_none_or(|rest| rest.starts_with(['/', '\\']))
        {
            return Err(BaseUrlError::Scheme);
        }
        if url.fragment().is_some() {
            return Err(BaseUrlError::Fragment);
        }
        Ok(Self(url))
    }

    /// The URL itself.
    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        Self::parse(text)
    }
}

/// Shows the URL without what may be secret in it.
impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", redacted(&self.0))
    }
}

/// `url` for messages and logs: without user, password and query, which may be secrets.
pub(crate) fn redacted(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for URLs without a host, which carry neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.into()
}
