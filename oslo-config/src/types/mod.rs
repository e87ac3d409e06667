//! The types of options and the conversion of texts to them, as in `oslo_config/types.py`
//! (oslo.config 10.7.0).

mod address;

use self::address::{check_uri, host_address, is_ip};
use crate::text::trim_str;
use crate::value::{TypeError, Value};

/// The type of an option.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OptType {
    /// `StrOpt`: any text or one of `choices`.
    Str {
        /// The allowed texts; empty if any is.
        choices: Vec<String>,
        /// Whether choices are compared without regard to case.
        ignore_case: bool,
        /// The maximum length in characters.
        max_length: Option<usize>,
    },
    /// `BoolOpt`: true, 1, on, yes, false, 0, off, no, in any case.
    Bool,
    /// `IntOpt`: a decimal number.
    Int {
        /// The minimum.
        min: Option<i128>,
        /// The maximum.
        max: Option<i128>,
        /// The allowed values; empty if any within the bounds is.
        choices: Vec<i128>,
    },
    /// `FloatOpt`.
    Float {
        /// The minimum.
        min: Option<f64>,
        /// The maximum.
        max: Option<f64>,
    },
    /// `ListOpt`: items separated by commas.
    List {
        /// The type of an item.
        item: Box<OptType>,
        /// Whether the list is enclosed in brackets.
        bounds: bool,
    },
    /// `DictOpt`: `name:value` pairs separated by commas.
    Dict {
        /// The type of a value.
        value: Box<OptType>,
    },
    /// `PortOpt`: a port number from 0 to 65535.
    Port {
        /// The minimum; 0 if absent.
        min: Option<u16>,
        /// The maximum; 65535 if absent.
        max: Option<u16>,
        /// The allowed values; empty if any within the bounds is.
        choices: Vec<u16>,
    },
    /// `URIOpt`: a URI with a scheme and a host (RFC 3986).
    Uri,
    /// `HostAddressOpt`: an IP address or a host name.
    HostAddress {
        /// The only version of IP that is allowed. Host names always are.
        version: Option<IpVersion>,
    },
    /// `IPOpt`: an IP address.
    Ip {
        /// The only version that is allowed.
        version: Option<IpVersion>,
    },
    /// `Opt(type=…)` with a type that the service defines.
    Own(OwnType),
}

/// A type that a service defines: in Python, any callable that takes a string.
#[derive(Debug, Clone, Copy)]
pub struct OwnType {
    /// Its name. Types with the same name are equal.
    pub name: &'static str,
    /// Converts a text whose references have been replaced.
    pub convert: fn(&str) -> Result<Value, TypeError>,
}

impl PartialEq for OwnType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// A version of the Internet Protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpVersion {
    /// Version 4.
    V4,
    /// Version 6.
    V6,
}

impl OptType {
    /// Returns the type of any text.
    #[must_use]
    pub fn string() -> Self {
        OptType::Str {
            choices: Vec::new(),
            ignore_case: false,
            max_length: None,
        }
    }

    /// Returns the type of any whole number.
    #[must_use]
    pub fn int() -> Self {
        OptType::Int {
            min: None,
            max: None,
            choices: Vec::new(),
        }
    }

    /// Returns the type of lists of texts.
    #[must_use]
    pub fn list() -> Self {
        OptType::List {
            item: Box::new(OptType::string()),
            bounds: false,
        }
    }

    /// Returns the type of dictionaries of texts.
    #[must_use]
    pub fn dict() -> Self {
        OptType::Dict {
            value: Box::new(OptType::string()),
        }
    }

    /// Returns the type of any port.
    #[must_use]
    pub fn port() -> Self {
        OptType::Port {
            min: None,
            max: None,
            choices: Vec::new(),
        }
    }

    /// Converts a text whose references have been replaced.
    ///
    /// # Errors
    ///
    /// Returns an error if oslo.config would reject the text for this type.
    pub fn convert(&self, text: &str) -> Result<Value, TypeError> {
        match self {
            OptType::Str {
                choices,
                ignore_case,
                max_length,
            } => string(text, choices, *ignore_case, *max_length),
            OptType::Bool => boolean(text),
            OptType::Int { min, max, choices } => integer(text, *min, *max, choices),
            OptType::Float { min, max } => float(text, *min, *max),
            OptType::List { item, bounds } => list(text, item, *bounds),
            OptType::Dict { value } => dict(text, value),
            OptType::Port { min, max, choices } => {
                let choices: Vec<i128> = choices.iter().map(|&port| port.into()).collect();
                let (min, max) = (min.unwrap_or(0).into(), max.unwrap_or(u16::MAX).into());
                integer(text, Some(min), Some(max), &choices)
            }
            OptType::Uri => check_uri(text).map(|()| Value::Str(text.into())),
            OptType::HostAddress { version } => host_address(text, *version),
            OptType::Ip { version } if is_ip(text, *version) => Ok(Value::Str(text.into())),
            OptType::Ip { version } => Err(TypeError::new(match version {
                None => "expected an IPv4 or IPv6 address",
                Some(IpVersion::V4) => "expected an IPv4 address",
                Some(IpVersion::V6) => "expected an IPv6 address",
            })),
            OptType::Own(own) => (own.convert)(text),
        }
    }
}

fn string(
    text: &str,
    choices: &[String],
    ignore_case: bool,
    max_length: Option<usize>,
) -> Result<Value, TypeError> {
    if let Some(max) = max_length.filter(|&max| max > 0 && text.chars().count() > max) {
        return Err(TypeError::new(format!("expected at most {max} characters")));
    }
    let allowed = choices.is_empty()
        || choices.iter().any(|choice| {
            choice == text || (ignore_case && choice.to_lowercase() == text.to_lowercase())
        });
    if !allowed {
        return Err(TypeError::new(format!(
            "expected one of {}",
            choices.join(", ")
        )));
    }
    Ok(Value::Str(text.into()))
}

fn boolean(text: &str) -> Result<Value, TypeError> {
    match text.to_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(Value::Bool(true)),
        "false" | "0" | "off" | "no" => Ok(Value::Bool(false)),
        _ => Err(TypeError::new(
            "expected a boolean: true, 1, on, yes, false, 0, off or no",
        )),
    }
}

fn integer(
    text: &str,
    min: Option<i128>,
    max: Option<i128>,
    choices: &[i128],
) -> Result<Value, TypeError> {
    if trim_str(text).is_empty() {
        return Ok(Value::None);
    }
    let number: i128 = python_number(text)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| TypeError::new("expected a decimal whole number"))?;
    if choices.is_empty() {
        check_bounds(number, min, max)?;
    } else if !choices.contains(&number) {
        let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
        return Err(TypeError::new(format!(
            "expected one of {}",
            choices.join(", ")
        )));
    }
    Ok(Value::Int(number))
}

fn float(text: &str, min: Option<f64>, max: Option<f64>) -> Result<Value, TypeError> {
    if trim_str(text).is_empty() {
        return Ok(Value::None);
    }
    let number: f64 = python_number(text)
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| TypeError::new("expected a number"))?;
    check_bounds(number, min, max)?;
    Ok(Value::Float(number))
}

fn check_bounds<N>(number: N, min: Option<N>, max: Option<N>) -> Result<(), TypeError>
where
    N: Copy + PartialOrd + std::fmt::Display,
{
    match (min, max) {
        (Some(min), _) if number < min => Err(TypeError::new(format!("expected {min} or more"))),
        (_, Some(max)) if number > max => Err(TypeError::new(format!("expected {max} or less"))),
        _ => Ok(()),
    }
}

/// Removes the white space that Python's `int()` and `float()` allow around a number (Unicode's,
/// without the four separators that `str.strip()` also removes) and the underscores that they allow
/// between digits; returns `None` if there is an underscore elsewhere.
fn python_number(text: &str) -> Option<String> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    let misplaced = bytes
        .iter()
        .enumerate()
        .any(|(at, &byte)| byte == b'_' && !(digit(at.checked_sub(1)) && digit(Some(at + 1))));
    (!misplaced).then(|| text.replace('_', ""))
}

/// Converts the comma-separated parts of `text`. A part that is refused may itself contain a comma,
/// so it is tried again together with the next one.
fn comma_separated<T>(
    text: &str,
    convert: impl Fn(&str) -> Result<T, TypeError>,
) -> Result<Vec<T>, TypeError> {
    let mut items = Vec::new();
    let mut rest = Some(text);
    while let Some(from) = rest {
        let ends = from
            .match_indices(',')
            .map(|(at, _)| at)
            .chain([from.len()]);
        let mut refused = None;
        let found = ends
            .into_iter()
            .find_map(|end| match convert(&from[..end]) {
                Ok(item) => Some((item, end)),
                Err(error) => {
                    refused = Some(error);
                    None
                }
            });
        let Some((item, end)) = found else {
            return Err(refused.unwrap_or_else(|| TypeError::new("expected a list")));
        };
        items.push(item);
        rest = from.get(end + 1..);
    }
    Ok(items)
}

fn list(text: &str, item: &OptType, bounds: bool) -> Result<Value, TypeError> {
    let mut text = trim_str(text).trim_end_matches(',');
    if bounds {
        text = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .ok_or_else(|| TypeError::new("expected a list in brackets: [a,b]"))?;
    }
    if text.is_empty() {
        return Ok(Value::List(Vec::new()));
    }
    comma_separated(text, |part| item.convert(trim_str(part))).map(Value::List)
}

fn dict(text: &str, value: &OptType) -> Result<Value, TypeError> {
    let text = trim_str(text);
    if text.is_empty() {
        return Ok(Value::Dict(Vec::new()));
    }
    let pairs = comma_separated(text, |pair| {
        let (name, text) = pair
            .split_once(':')
            .ok_or_else(|| TypeError::new("expected name:value pairs separated by commas"))?;
        Ok((trim_str(name).to_owned(), value.convert(trim_str(text))?))
    })?;
    let mut names = std::collections::HashSet::new();
    for (name, _) in &pairs {
        if name.is_empty() {
            return Err(TypeError::new("expected a name before each colon"));
        }
        if !names.insert(name) {
            return Err(TypeError::new("expected each name once"));
        }
    }
    Ok(Value::Dict(pairs))
}
