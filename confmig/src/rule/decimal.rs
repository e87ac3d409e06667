//! Exact decimal numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};

/// The greatest number of digits after the point.
const SCALE_MAX: usize = 38;

/// A decimal number: `digits` divided by ten to the power of `scale`, without superfluous zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: i128,
    scale: usize,
}

impl Decimal {
    /// Reads a number such as `60`, `-0.5` or `1e-3`; `None` when it is invalid or has too many
    /// digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, number) = match number.strip_prefix('-') {
            Some(number) => ("-", number),
            None => ("", number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0 || !all_digits(whole) || !all_digits(fraction) {
            return None;
        }
        let fraction = fraction.trim_end_matches('0');
        let digits: i128 = format!("{sign}{whole}{fraction}").parse().ok()?;
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        let (digits, scale) = match usize::try_from(scale) {
            Ok(scale) => (digits, scale),
            Err(_) if digits == 0 => (0, 0),
            Err(_) => {
                let power = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
                (digits.checked_mul(power)?, 0)
            }
        };
        Decimal { digits, scale }.reduced()
    }

    /// Returns the product; `None` when it has too many digits.
    pub(crate) fn times(self, other: Self) -> Option<Self> {
        let digits = self.digits.checked_mul(other.digits)?;
        let scale = self.scale + other.scale;
        Decimal { digits, scale }.reduced()
    }

    pub(crate) fn is_zero(self) -> bool {
        self.digits == 0
    }

    fn reduced(mut self) -> Option<Self> {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale = if self.digits == 0 { 0 } else { self.scale - 1 };
        }
        (self.scale <= SCALE_MAX).then_some(self)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = self.digits.unsigned_abs();
        // At least one digit precedes the point.
        let digits = format!("{digits:0>width$}", width = self.scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale);
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged, expecting = "expected a number")]
        enum Number {
            Whole(i64),
            Fractional(f64),
        }
        // Formatting gives the shortest text for this number: the one that was written.
        let text = match Number::deserialize(deserializer)? {
            Number::Whole(number) => number.to_string(),
            Number::Fractional(number) => number.to_string(),
        };
        Decimal::parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "{text} cannot be a factor: expected a number of at most {SCALE_MAX} digits"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(one: &str, other: &str) -> Option<String> {
        let product = Decimal::parse(one)?.times(Decimal::parse(other)?)?;
        Some(product.to_string())
    }

    #[test]
    fn products_are_exact() {
        for (one, other, wanted) in [
            ("3", "60", "180"),
            ("3", "0.1", "0.3"),
            ("1.1", "1.1", "1.21"),
            ("90", "0.5", "45"),
            ("1500", "1e-3", "1.5"),
            ("1.5", "60.0", "90"),
            ("-0.5", "0.001", "-0.0005"),
            (" +007 ", "2", "14"),
            (".5", "2.", "1"),
            ("0", "0.001", "0"),
            ("0.000", "1e9", "0"),
            ("1e3", "1", "1000"),
            (
                "170141183460469231731687303715884105727",
                "1.0",
                "170141183460469231731687303715884105727",
            ),
        ] {
            assert_eq!(
                product(one, other).as_deref(),
                Some(wanted),
                "{one} * {other}"
            );
        }
    }

    #[test]
    fn invalid_and_too_large_numbers_have_no_product() {
        for text in [
            "", "soon", "-", ".", "1.2.3", "1e", "1e999", "1e-999", "inf", "0x10", "1_0",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        let most = i128::MAX.to_string();
        assert_eq!(product(&most, "2"), None);
        assert_eq!(product("1e-20", "1e-20"), None);
    }
}
