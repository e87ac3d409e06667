//! Checks IP addresses, host names and URIs.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{IpVersion, TypeError};
use crate::text::is_letter;
use crate::value::Value;

pub(super) fn is_ip(text: &str, version: Option<IpVersion>) -> bool {
    let v4 = version != Some(IpVersion::V6) && text.parse::<Ipv4Addr>().is_ok();
    v4 || (version != Some(IpVersion::V4) && text.parse::<Ipv6Addr>().is_ok())
}

pub(super) fn host_address(text: &str, version: Option<IpVersion>) -> Result<Value, TypeError> {
    if is_ip(text, version) {
        return Ok(Value::Str(text.into()));
    }
    let name = text.strip_suffix('.').unwrap_or(text);
    let labels: Vec<&str> = name.split('.').collect();
    let top_level = labels.last().copied().unwrap_or_default();
    let valid = !text.is_empty()
        && text.chars().count() <= 253
        && top_level
            .bytes()
            .any(|byte| byte.is_ascii_alphabetic() || byte == b'-')
        && labels.iter().all(|label| is_host_label(label));
    if !valid {
        return Err(TypeError::new("expected an IP address or a host name"));
    }
    Ok(Value::Str(name.into()))
}

/// Matches Python's pattern `(?!-)[A-Z0-9-]{1,63}(?<!-)$`, ignoring case. Its `$` also matches
/// before a final line feed.
fn is_host_label(label: &str) -> bool {
    let label = label.strip_suffix('\n').unwrap_or(label);
    (1..=63).contains(&label.chars().count())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .chars()
            .all(|character| is_letter(character) || character.is_ascii_digit() || character == '-')
}

/// Checks that `text` has a scheme, a host and a well-formed path, as `rfc3986` (2.0.0, PyPI) does
/// for `URIOpt`. The query and the fragment may hold anything.
pub(super) fn check_uri(text: &str) -> Result<(), TypeError> {
    let (scheme, rest) = split_scheme(text);
    if scheme.is_none() {
        return Err(TypeError::new(
            "expected a URL with its scheme, such as http://",
        ));
    }
    let Some(rest) = rest.strip_prefix("//") else {
        return Err(TypeError::new(
            "expected a URL with a host after its scheme, such as http://host",
        ));
    };
    let (authority, rest) = split_before(rest, &['\\', '/', '?', '#']);
    let (path, _) = split_before(rest, &['?', '#']);
    let host = (!authority.is_empty())
        .then(|| host_of(authority))
        .flatten();
    match host {
        None => Err(TypeError::new("expected a URL with a valid host")),
        Some(host) if !is_valid_host(host) => {
            Err(TypeError::new("expected a URL with a valid host"))
        }
        // The library percent-encodes all of the path but these two before checking it.
        Some(_) if path.contains(['[', ']']) => Err(TypeError::new(
            "expected a URL whose path has its brackets percent-encoded",
        )),
        Some(_) => Ok(()),
    }
}

fn split_scheme(text: &str) -> (Option<&str>, &str) {
    match text.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b)) =>
        {
            (Some(scheme), rest)
        }
        _ => (None, text),
    }
}

fn split_before<'a>(text: &'a str, stops: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(stops).unwrap_or(text.len()))
}

/// Returns the host of `[userinfo@]host[:port]`; `None` if the authority does not have that form.
fn host_of(authority: &str) -> Option<&str> {
    // The library's pattern ends with `$`, which also matches before a final line feed.
    let authority = authority.strip_suffix('\n').unwrap_or(authority);
    let host_and_port = match authority.split_once('@') {
        Some((userinfo, rest)) if !userinfo.is_empty() && all_allowed(userinfo, b":") => rest,
        Some(_) => return None,
        None => authority,
    };
    let (host, port) = match host_and_port.strip_prefix('[') {
        Some(literal) => {
            let (literal, port) = literal.split_once(']')?;
            // The library's pattern does not require the colon here.
            (
                &host_and_port[..literal.len() + 2],
                port.strip_prefix(':').unwrap_or(port),
            )
        }
        None => host_and_port.split_once(':').unwrap_or((host_and_port, "")),
    };
    let port_fits = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    port_fits.then_some(host)
}

fn is_valid_host(host: &str) -> bool {
    if let Some(literal) = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        return is_ip_literal(literal);
    }
    if is_like_ipv4(host) {
        return host.split('.').all(|part| part.parse::<u8>().is_ok());
    }
    all_allowed(host, b"")
}

/// Tells whether a text is an IPv6 address, with or without a zone, or an address of a future
/// version (`v1.x`).
fn is_ip_literal(literal: &str) -> bool {
    if let Some((version, address)) = literal
        .strip_prefix('v')
        .and_then(|future| future.split_once('.'))
    {
        return !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !address.is_empty()
            && !address.contains('%')
            && all_allowed(address, b":");
    }
    let (address, zone) = literal.split_once("%25").unwrap_or((literal, "zone"));
    let zone_fits = !zone.is_empty() && !zone.contains(SUB_DELIMITERS) && all_allowed(zone, b"");
    zone_fits && is_ipv6(address)
}

/// Tells whether a text is an IPv6 address. Its last two groups may be written as an IPv4 address,
/// of which the library's pattern only counts the digits.
fn is_ipv6(address: &str) -> bool {
    match address.rsplit_once(':') {
        Some((groups, v4)) if is_like_ipv4(v4) => {
            format!("{groups}:0.0.0.0").parse::<Ipv6Addr>().is_ok()
        }
        _ => address.parse::<Ipv6Addr>().is_ok(),
    }
}

/// Tells whether a text is four numbers of one to three digits.
fn is_like_ipv4(text: &str) -> bool {
    let digits = |part: &str| {
        (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split('.').count() == 4 && text.split('.').all(digits)
}

const SUB_DELIMITERS: [char; 11] = ['!', '$', '&', '\'', '(', ')', '*', '+', ',', ';', '='];

/// Tells whether a text has only unreserved characters, sub-delimiters, percent-encoded bytes and
/// the `extra` ones (RFC 3986, section 2).
fn all_allowed(text: &str, extra: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    bytes.iter().enumerate().all(|(at, &byte)| match byte {
        b'%' => hex(at + 1) && hex(at + 2),
        b'-' | b'.' | b'_' | b'~' => true,
        _ => {
            byte.is_ascii_alphanumeric()
                || SUB_DELIMITERS.contains(&char::from(byte))
                || extra.contains(&byte)
        }
    })
}
