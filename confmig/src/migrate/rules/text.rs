//! Values as texts: items of lists, booleans, parts of URLs.

use oslo_config::{Opt, OptType};

use crate::rule::UrlPart;

/// Why the operator has to decide before a value can be made.
pub(super) type Doubtful = String;

/// Returns the items of a list.
pub(super) fn split<'t>(text: &'t str, at: Option<&str>) -> Vec<&'t str> {
    let items: Vec<&str> = match at {
        None => text.split([',', '\n']).collect(),
        Some(" ") => text.split_whitespace().collect(),
        Some(at) => text.split(at).collect(),
    };
    items
        .into_iter()
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .collect()
}

/// Reads a boolean as oslo.config does.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// Tells whether a value is the one that a rule names, as a boolean or as text.
pub(super) fn says(value: &str, named: &str) -> bool {
    value.trim() == named.trim()
        || matches!((boolean(value), boolean(named)), (Some(value), Some(named)) if value == named)
}

/// Tells whether two values of an option are the same. Only booleans may be written in several
/// ways: as numbers, `1` and `true` are different.
pub(super) fn same(option: &Opt, one: &str, other: &str) -> bool {
    match option.kind() {
        OptType::Bool => says(one, other),
        _ => one.trim() == other.trim(),
    }
}

/// Percent-encodes everything except letters, digits and `-._~`.
pub(super) fn percent_encoded(text: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let decoded = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match decoded.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// Returns a part of a URL, decoded; `None` when the URL does not have it.
pub(super) fn url_part(url: &str, wanted: UrlPart) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let (user_info, address) = match authority.rsplit_once('@') {
        Some((user_info, address)) => (Some(user_info), address),
        None => (None, authority),
    };
    let user = user_info.map(|info| info.split_once(':').map_or(info, |(user, _)| user));
    let password = user_info.and_then(|info| Some(info.split_once(':')?.1));
    let (host, port) = match address.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => address
            .split_once(':')
            .map_or((address, None), |(host, port)| (host, Some(port))),
    };
    match wanted {
        UrlPart::Scheme => Some(scheme.to_owned()),
        UrlPart::User => percent_decoded(user?),
        UrlPart::Password => percent_decoded(password?),
        UrlPart::Host => Some(host.to_owned()),
        UrlPart::Port => port.map(str::to_owned),
        UrlPart::Path => Some(after[..after.find(['?', '#']).unwrap_or(after.len())].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_into_parts() {
        let url = "https://ad%40min:s3%2Fcret@[2001:db8::1]:8443/v1?q=1";
        let part = |wanted| url_part(url, wanted);
        assert_eq!(part(UrlPart::Scheme).as_deref(), Some("https"));
        assert_eq!(part(UrlPart::User).as_deref(), Some("ad@min"));
        assert_eq!(part(UrlPart::Password).as_deref(), Some("s3/cret"));
        assert_eq!(part(UrlPart::Host).as_deref(), Some("2001:db8::1"));
        assert_eq!(part(UrlPart::Port).as_deref(), Some("8443"));
        assert_eq!(part(UrlPart::Path).as_deref(), Some("/v1"));
        assert_eq!(url_part("192.0.2.1", UrlPart::Host), None);
    }

    #[test]
    fn text_is_percent_encoded() {
        assert_eq!(percent_encoded("p@ss/wörd~"), "p%40ss%2Fw%C3%B6rd~");
    }
}
