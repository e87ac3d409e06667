//! The types of options: those of oslo.config, and those that services define for themselves.

use oslo_config::{OptType, OwnType, TypeError, Value};
use serde_json::Value as Json;

use super::definition::Definition;

/// Returns the type in a definition; text where the type is not known.
pub(super) fn kind(definition: &Definition<'_>) -> OptType {
    let choices = definition.choices();
    let whole = |number: Option<f64>| number.map(|number| number as i128);
    let port = |number: Option<f64>| number.map(|number| number as u16);
    match &*definition.kind {
        "bool" => OptType::Bool,
        "int" if definition.subtype.as_deref() == Some("octal") => OptType::Own(OCTAL),
        "int" => OptType::Int {
            min: whole(definition.min),
            max: whole(definition.max),
            choices: numbers(&choices),
        },
        "float" => OptType::Float {
            min: definition.min,
            max: definition.max,
        },
        "list" => OptType::List {
            item: Box::new(match item(definition) {
                Some("int") => OptType::int(),
                Some("ExplicitAbsolutePath") => OptType::Own(EXPLICIT_ABSOLUTE_PATH),
                Some("PortRange") => OptType::Own(PORT_RANGE),
                _ if !choices.is_empty() => text(choices, definition.ignore_case),
                _ => OptType::string(),
            }),
            bounds: false,
        },
        // In Keystone, the lists have brackets, since commas separate the pairs.
        "dict" if item(definition) == Some("list") => OptType::Dict {
            value: Box::new(OptType::List {
                item: Box::new(OptType::string()),
                bounds: true,
            }),
        },
        "dict" => OptType::dict(),
        "multistr" if item(definition) == Some("dict") => OptType::dict(),
        "port" => OptType::Port {
            min: port(definition.min),
            max: port(definition.max),
            choices: numbers(&choices),
        },
        "uri" => OptType::Uri,
        "hostaddress" => OptType::HostAddress { version: None },
        "ip" => OptType::Ip { version: None },
        "str" => match definition.regex.as_deref().and_then(matching) {
            Some(own) => OptType::Own(own),
            None => text(choices, definition.ignore_case),
        },
        _ => OptType::string(),
    }
}

/// Returns the type of the items.
fn item<'d>(definition: &'d Definition<'_>) -> Option<&'d str> {
    definition.item.as_ref().and_then(Json::as_str)
}

/// Returns the choices that are numbers.
fn numbers<N: std::str::FromStr>(choices: &[String]) -> Vec<N> {
    choices
        .iter()
        .filter_map(|choice| choice.parse().ok())
        .collect()
}

fn text(choices: Vec<String>, ignore_case: bool) -> OptType {
    OptType::Str {
        choices,
        ignore_case,
        max_length: None,
    }
}

/// Returns the type for one of the two regular expressions that Ironic has used; `None` for others.
fn matching(regex: &str) -> Option<OwnType> {
    match regex {
        r"^\d+:\d+$" => Some(TWO_NUMBERS),
        r"^http(s?):\/\/.+" => Some(WEB_URL),
        _ => None,
    }
}

/// `Octal` of ironic/conf/api.py: `int(value, 8)`.
const OCTAL: OwnType = OwnType {
    name: "octal",
    convert: octal,
};

/// `ExplicitAbsolutePath` of ironic/conf/types.py.
const EXPLICIT_ABSOLUTE_PATH: OwnType = OwnType {
    name: "explicit absolute path",
    convert: explicit_absolute_path,
};

/// `PortRange` of ironic/conf/console.py, whose value is Python's `range`.
const PORT_RANGE: OwnType = OwnType {
    name: "port range",
    convert: port_range,
};

const TWO_NUMBERS: OwnType = OwnType {
    name: r"^\d+:\d+$",
    convert: two_numbers,
};

const WEB_URL: OwnType = OwnType {
    name: r"^http(s?):\/\/.+",
    convert: web_url,
};

fn octal(text: &str) -> Result<Value, TypeError> {
    let wrong = || TypeError::new("expected an octal number, such as 0600");
    let trimmed = text.trim();
    let (sign, digits) = match trimmed.strip_prefix(['+', '-']) {
        Some(digits) => (if trimmed.starts_with('-') { -1 } else { 1 }, digits),
        None => (1, trimmed),
    };
    // Python allows one underscore before each digit, also after the prefix.
    let prefixed = digits.strip_prefix("0o").or(digits.strip_prefix("0O"));
    let digits = match prefixed {
        Some(rest) => rest.strip_prefix('_').unwrap_or(rest),
        None => digits,
    };
    let groups: Vec<&str> = digits.split('_').collect();
    let octal = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    if !groups.iter().all(octal) {
        return Err(wrong());
    }
    let number = i128::from_str_radix(&groups.concat(), 8).map_err(|_| wrong())?;
    Ok(Value::Int(sign * number))
}

fn explicit_absolute_path(text: &str) -> Result<Value, TypeError> {
    let path = match text.chars().count() {
        0 | 1 => text,
        _ => text.trim_end_matches('/'),
    };
    // POSIX gives two slashes at the beginning a meaning of their own: they stay.
    let after_root = path
        .strip_prefix('/')
        .map(|rest| rest.strip_prefix('/').unwrap_or(rest));
    let plain = |rest: &str| !rest.split('/').any(|part| ["", ".", ".."].contains(&part));
    let is_explicit = path == "/" || after_root.is_some_and(plain);
    is_explicit.then(|| Value::Str(path.into())).ok_or_else(|| {
        TypeError::new("expected an absolute path without `.`, `..` or repeated slashes")
    })
}

fn port_range(text: &str) -> Result<Value, TypeError> {
    let bound = |text: &str| match OptType::int().convert(text) {
        Ok(Value::Int(number)) => Some(number),
        _ => None,
    };
    let parts = text.split_once(':');
    let bounds = parts.and_then(|(start, end)| Some((bound(start)?, bound(end)?)));
    match bounds {
        Some((start, end)) if (0..=end).contains(&start) && end <= u16::MAX.into() => {
            Ok(Value::Str(text.into()))
        }
        _ => Err(TypeError::new(
            "expected a range of ports, such as 10000:20000",
        )),
    }
}

fn two_numbers(text: &str) -> Result<Value, TypeError> {
    // Python's `$` also matches before a final line feed.
    let line = text.strip_suffix('\n').unwrap_or(text);
    let number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match line.split_once(':') {
        Some((one, other)) if number(one) && number(other) => Ok(Value::Str(text.into())),
        _ => Err(TypeError::new("expected two numbers, such as 10000:20000")),
    }
}

fn web_url(text: &str) -> Result<Value, TypeError> {
    let rest = text
        .strip_prefix("http://")
        .or(text.strip_prefix("https://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('\n') => Ok(Value::Str(text.into())),
        _ => Err(TypeError::new(
            "expected a URL that starts with http:// or https://",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Service, all_names};

    fn refused(own: OwnType, texts: &[&str]) {
        for text in texts {
            assert!((own.convert)(text).is_err(), "{}: {text:?}", own.name);
        }
    }

    #[test]
    fn a_file_mode_is_octal() {
        for (text, mode) in [
            ("0600", 0o600),
            ("600", 0o600),
            (" 0o6_00 ", 0o600),
            ("0O_7", 7),
            ("-7", -7),
        ] {
            assert_eq!((OCTAL.convert)(text), Ok(Value::Int(mode)), "{text}");
        }
        refused(
            OCTAL,
            &["", "0800", "rw", "0x6", "6__0", "_6", "6_", "--6", "0o"],
        );
    }

    #[test]
    fn a_path_is_explicit() {
        for (text, path) in [
            ("/srv/images/", "/srv/images"),
            ("/", "/"),
            ("//srv", "//srv"),
        ] {
            assert_eq!(
                (EXPLICIT_ABSOLUTE_PATH.convert)(text),
                Ok(Value::Str(path.into()))
            );
        }
        refused(
            EXPLICIT_ABSOLUTE_PATH,
            &[
                "",
                "srv",
                "//",
                "/srv/../etc",
                "/srv/./a",
                "/srv//a",
                "///srv",
            ],
        );
    }

    #[test]
    fn ports_are_a_range() {
        assert!((PORT_RANGE.convert)("0:65535").is_ok());
        refused(
            PORT_RANGE,
            &["", "1", "1:2:3", "2:1", "-1:2", "1:65536", "a:b", ":"],
        );
        assert!((TWO_NUMBERS.convert)("20:1\n").is_ok());
        refused(TWO_NUMBERS, &["", "1", "1:2:3", " 1:2", "1:-2"]);
        assert!((WEB_URL.convert)("https://a").is_ok());
        refused(WEB_URL, &["http://", "ftp://a", " http://a"]);
    }

    #[test]
    fn every_type_and_limit_of_the_history_is_supported() {
        for (name, history) in all_names(Service::IRONIC) {
            for series in Service::IRONIC.releases() {
                let Some(definition) = history.definition(series) else {
                    continue;
                };
                let regex = definition.regex.as_deref();
                assert!(
                    regex.is_none_or(|regex| matching(regex).is_some()),
                    "{name}"
                );
                let subtypes = [None, Some("octal"), Some("kernel_parameter_string")];
                assert!(subtypes.contains(&definition.subtype.as_deref()), "{name}");
                let items = ["int", "dict", "ExplicitAbsolutePath", "PortRange"];
                let known = item(&definition).is_none_or(|item| items.contains(&item));
                assert!(
                    known && (definition.item.is_some() == item(&definition).is_some()),
                    "{name}"
                );
            }
        }
    }
}
