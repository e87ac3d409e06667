//! A converted value and its printed form in Python.

mod error;
mod serde;

use std::fmt::Write as _;

pub use self::error::TypeError;

/// The value of an option after conversion to its type.
///
/// Any type that can be deserialized can be made of it: see [`Config::get`](crate::Config::get). It
/// is serialized as what it holds.
///
/// ```
/// use oslo_config::{OptType, Value};
///
/// let value = OptType::list().convert("a, b")?;
/// assert_eq!(value, Value::List(vec![Value::Str("a".into()), Value::Str("b".into())]));
/// assert_eq!(value.to_python_str(), "['a', 'b']");
/// # Ok::<(), oslo_config::TypeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The value of an option that is not set and has no default, or of a number set to the empty
    /// string.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number. One beyond 128 bits is refused, unlike in Python.
    Int(i128),
    /// A floating-point number.
    Float(f64),
    /// A text.
    Str(String),
    /// A list, or the values of a multi-valued option.
    List(Vec<Value>),
    /// Names and values in the order in which they are written.
    Dict(Vec<(String, Value)>),
}

impl Value {
    /// Returns the text of a string; `None` for any other value.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Returns a boolean; `None` for any other value.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns a whole number; `None` for any other value.
    #[must_use]
    pub fn as_int(&self) -> Option<i128> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// Returns what `str(value)` returns in Python, which is what replaces a `$reference` to an
    /// option. An option that is not set gives the empty string.
    #[must_use]
    pub fn to_python_str(&self) -> String {
        match self {
            Value::None => String::new(),
            Value::Str(text) => text.clone(),
            other => other.repr(),
        }
    }

    /// Returns what `repr(value)` returns in Python, except that either of the two may have the
    /// newer version of Unicode and leave more characters unescaped.
    fn repr(&self) -> String {
        match self {
            Value::None => "None".into(),
            Value::Bool(true) => "True".into(),
            Value::Bool(false) => "False".into(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => float_repr(*value),
            Value::Str(text) => str_repr(text),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(Value::repr).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Dict(items) => {
                let item = |(name, value): &(String, Value)| {
                    format!("{}: {}", str_repr(name), value.repr())
                };
                format!(
                    "{{{}}}",
                    items.iter().map(item).collect::<Vec<_>>().join(", ")
                )
            }
        }
    }
}

fn str_repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut repr = String::from(quote);
    for character in text.chars() {
        let code = u32::from(character);
        // Writing to a String cannot fail.
        let _ = match character {
            '\\' => write!(repr, "\\\\"),
            '\n' => write!(repr, "\\n"),
            '\r' => write!(repr, "\\r"),
            '\t' => write!(repr, "\\t"),
            c if c == quote => write!(repr, "\\{c}"),
            ' '..='~' => write!(repr, "{character}"),
            c if is_printable(c) => write!(repr, "{c}"),
            _ if code <= 0xff => write!(repr, "\\x{code:02x}"),
            _ if code <= 0xffff => write!(repr, "\\u{code:04x}"),
            _ => write!(repr, "\\U{code:08x}"),
        };
    }
    repr.push(quote);
    repr
}

/// Tells whether Python's `str.isprintable()` holds for a character outside ASCII.
fn is_printable(character: char) -> bool {
    // `str::escape_debug` uses the same Unicode categories, but also escapes a combining character
    // at the start of a text.
    let after_another = format!("x{character}");
    after_another.escape_debug().count() == 2
}

fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "inf".into()
        } else {
            "-inf".into()
        };
    }
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = value.to_string();
        return if plain.contains('.') {
            plain
        } else {
            plain + ".0"
        };
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_python_does() {
        let text = |text: &str| Value::Str(text.into());
        let list = Value::List(vec![
            text("it's"),
            text("a\\b\n\u{a0}éi\u{307}"),
            Value::None,
        ]);
        assert_eq!(
            list.to_python_str(),
            "[\"it's\", 'a\\\\b\\n\\xa0éi\u{307}', None]"
        );
        assert_eq!(text("as it is\n").to_python_str(), "as it is\n");
        assert_eq!(Value::None.to_python_str(), "");
        let dict = Value::Dict(vec![
            ("a".into(), Value::Int(1)),
            ("b".into(), Value::Bool(true)),
        ]);
        assert_eq!(dict.to_python_str(), "{'a': 1, 'b': True}");
        let floats = [
            1.0,
            0.1,
            1e15,
            1e16,
            1.5e-5,
            0.0001,
            -2.5,
            1e100,
            f64::INFINITY,
        ];
        let printed: Vec<_> = floats
            .iter()
            .map(|f| Value::Float(*f).to_python_str())
            .collect();
        let expected = [
            "1.0",
            "0.1",
            "1000000000000000.0",
            "1e+16",
            "1.5e-05",
            "0.0001",
            "-2.5",
            "1e+100",
            "inf",
        ];
        assert_eq!(printed, expected);
    }
}
