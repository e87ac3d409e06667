//! Base URLs, and URLs without their secrets.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// The URL of a web server or of one of its directories, such as the directory of images.
///
/// It is an absolute `http` or `https` URL with a host. Its path and query become part of the URL
/// of every image; a trailing slash of the path makes no difference.
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

/// An invalid [`BaseUrl`].
///
/// The messages do not quote the text, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// It is not an absolute URL.
    #[error("expected a URL like http://192.0.2.1:8080/httpboot, but the text is not a URL: {0}")]
    Syntax(url::ParseError),
    /// It does not begin with `http://` or `https://` and a host.
    #[error("expected a URL that begins with http:// or https:// and a host")]
    Scheme,
    /// It has a fragment, the part after `#`, which never reaches a web server.
    #[error("expected a URL without a fragment: remove the part that begins with #")]
    Fragment,
    /// It contains white space or a control character, which a URL parser would silently drop.
    #[error("expected a URL without white space or control characters: remove them or write %20")]
    Blank,
}

impl BaseUrl {
    /// Parses and checks a URL.
    ///
    /// # Errors
    ///
    /// [`BaseUrlError`] if the text is not an `http://` or `https://` URL with a host, or if it
    /// contains a fragment, white space or control characters.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(BaseUrlError::Blank);
        }
        let url = Url::parse(text).map_err(BaseUrlError::Syntax)?;
        // Browsers, and therefore the parser, accept `http:host` and `http:///host`; here they are
        // typos.
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

    /// Returns the URL itself.
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

/// Shows the URL without its secrets.
impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", redacted(&self.0))
    }
}

/// Returns `url` for messages and logs: without user, password and query, which may be secret.
pub(crate) fn redacted(url: &Url) -> String {
    let mut url = url.clone();
    // These fail only for URLs without a host, which have neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.into()
}

/// Returns a URL, or a text that may be one, without user, password, fragment and query, which is
/// the signature of temporary URLs.
pub(crate) fn redacted_text(reference: &str) -> String {
    let Ok(mut url) = Url::parse(reference) else {
        let shown = reference.split(['?', '#']).next().unwrap_or_default();
        // It may be a URL with a typo.
        return match (shown.split_once("://"), shown.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
            _ => shown.into(),
        };
    };
    // These fail only for URLs that cannot have a user.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_urls() {
        for (given, shown) in [
            (
                "http://h:8080/a?temp_url_sig=s&temp_url_expires=1",
                "http://h:8080/a",
            ),
            ("https://user:secret@h/a#f", "https://h/a"),
            ("http://[::1]:80/a b", "http://[::1]/a%20b"),
            ("swift:object?x=y", "swift:object"),
            ("http://user:secret@h:99999/a?x=y", "http://h:99999/a"),
            ("a@b?x=y", "a@b"),
        ] {
            assert_eq!(redacted_text(given), shown);
        }
    }
}
