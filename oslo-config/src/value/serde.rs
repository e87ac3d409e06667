//! Values as serde sees them: what they deserialize into, and what they serialize as.

use std::fmt;

use serde_core::de::value::{MapDeserializer, SeqDeserializer};
use serde_core::de::{
    self, Deserialize, Deserializer, EnumAccess, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde_core::forward_to_deserialize_any;
use serde_core::ser::{Serialize, SerializeMap as _, Serializer};

use super::{TypeError, Value};

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::None => serializer.serialize_none(),
            Value::Bool(value) => serializer.serialize_bool(*value),
            Value::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => serializer.serialize_i64(value),
                (_, Ok(value)) => serializer.serialize_u64(value),
                _ => serializer.serialize_i128(*value),
            },
            Value::Float(value) => serializer.serialize_f64(*value),
            Value::Str(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items),
            Value::Dict(items) => {
                let mut map = serializer.serialize_map(Some(items.len()))?;
                for (name, value) in items {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Makes a [`Value`] of what a format has.
struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, number, text, list, map or nothing")
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Str(text.to_owned()))
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_some<D: Deserializer<'de>>(self, value: D) -> Result<Value, D::Error> {
        value.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut dict = Vec::new();
        while let Some(item) = items.next_entry()? {
            dict.push(item);
        }
        Ok(Value::Dict(dict))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = TypeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        match self {
            Value::None => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            // Most visitors have no method for 128 bits.
            Value::Int(value) => match (i64::try_from(value), u64::try_from(value)) {
                (Ok(value), _) => visitor.visit_i64(value),
                (_, Ok(value)) => visitor.visit_u64(value),
                _ => visitor.visit_i128(value),
            },
            Value::Float(value) => visitor.visit_f64(value),
            Value::Str(text) => visitor.visit_string(text),
            Value::List(items) => {
                let mut items = SeqDeserializer::new(items.into_iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Dict(items) => {
                let mut items = MapDeserializer::new(items.into_iter());
                let value = visitor.visit_map(&mut items)?;
                items.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, TypeError> {
        match self {
            Value::None => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, TypeError> {
        match self {
            Value::Str(text) => visitor.visit_enum(Word(text)),
            _ => Err(TypeError::new("expected a text")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, TypeError> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// A text that names a variant of an enum.
struct Word(String);

impl<'de> EnumAccess<'de> for Word {
    type Error = TypeError;
    type Variant = Self;

    fn variant_seed<S: de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self), TypeError> {
        let variant = seed.deserialize(Value::Str(self.0))?;
        Ok((variant, Word(String::new())))
    }
}

impl<'de> VariantAccess<'de> for Word {
    type Error = TypeError;

    fn unit_variant(self) -> Result<(), TypeError> {
        Ok(())
    }

    fn newtype_variant_seed<S: de::DeserializeSeed<'de>>(
        self,
        _seed: S,
    ) -> Result<S::Value, TypeError> {
        Err(TypeError::custom("a variant with a value"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, TypeError> {
        Err(TypeError::custom("a variant with values"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, TypeError> {
        Err(TypeError::custom("a variant with fields"))
    }
}

/// Drops what serde and the types of a program say about a value, since they may repeat it.
impl de::Error for TypeError {
    fn custom<M: fmt::Display>(_message: M) -> Self {
        TypeError::new("expected a value that the program accepts")
    }

    fn invalid_type(_value: Unexpected<'_>, expected: &dyn Expected) -> Self {
        TypeError::new(format!("expected {expected}"))
    }

    fn invalid_value(_value: Unexpected<'_>, expected: &dyn Expected) -> Self {
        TypeError::new(format!("expected {expected}"))
    }

    fn invalid_length(_length: usize, expected: &dyn Expected) -> Self {
        TypeError::new(format!("expected {expected}"))
    }

    fn unknown_variant(_variant: &str, expected: &'static [&'static str]) -> Self {
        TypeError::new(format!("expected one of {}", expected.join(", ")))
    }

    fn unknown_field(_field: &str, expected: &'static [&'static str]) -> Self {
        TypeError::new(format!("expected names among {}", expected.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::IpAddr;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Bios,
        Uefi,
    }

    fn read<T: de::DeserializeOwned>(value: Value) -> Result<T, String> {
        T::deserialize(value).map_err(|error| error.to_string())
    }

    fn text(text: &str) -> Value {
        Value::Str(text.into())
    }

    #[test]
    fn a_value_becomes_what_a_program_asks_for() {
        assert_eq!(read(Value::Int(443)), Ok(443_u16));
        assert_eq!(read(Value::Int(i128::MAX)), Ok(i128::MAX));
        assert_eq!(read(Value::Int(u64::MAX.into())), Ok(u64::MAX));
        assert_eq!(read(Value::Int(2)), Ok(2.0_f64));
        assert_eq!(read(Value::Bool(true)), Ok(true));
        assert_eq!(read::<Option<String>>(Value::None), Ok(None));
        assert_eq!(read(text("")), Ok(Some(String::new())));
        assert_eq!(
            read(text("::1")),
            Ok(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]))
        );
        assert_eq!(read(text("uefi")), Ok(Mode::Uefi));
        let list = Value::List(vec![text("a"), text("b")]);
        assert_eq!(read(list), Ok(["a", "b"].map(str::to_owned)));
        let dict = Value::Dict(vec![("a".into(), text("bios"))]);
        assert_eq!(
            read(dict),
            Ok(BTreeMap::from([("a".to_owned(), Mode::Bios)]))
        );
    }

    #[test]
    fn an_error_says_what_is_expected_and_not_what_is_there() {
        fn expected<T>(what: &str) -> Result<T, String> {
            Err(format!("expected {what}"))
        }
        assert_eq!(read::<u16>(text("SECRET")), expected("u16"));
        assert_eq!(read::<u16>(Value::Int(70_000)), expected("u16"));
        assert_eq!(read::<String>(Value::Int(1)), expected("a string"));
        assert_eq!(read::<Mode>(text("SECRET")), expected("one of bios, uefi"));
        assert_eq!(read::<Mode>(Value::Bool(true)), expected("a text"));
        assert_eq!(
            read::<IpAddr>(text("SECRET")),
            expected("a value that the program accepts")
        );
        let dict = || Value::Dict(vec![("SECRET".into(), Value::None)]);
        assert!(read::<(u8,)>(Value::List(vec![Value::Int(1), text("SECRET")])).is_err());
        assert_eq!(read::<Vec<u8>>(dict()), expected("a sequence"));
    }

    #[test]
    fn a_value_is_the_same_after_json() {
        let value = Value::Dict(vec![
            ("none".into(), Value::None),
            ("int".into(), Value::Int(-3)),
            ("large".into(), Value::Int(u64::MAX.into())),
            ("float".into(), Value::Float(0.5)),
            (
                "list".into(),
                Value::List(vec![text("a"), Value::Bool(false)]),
            ),
        ]);
        let json = serde_json::to_string(&value).unwrap();
        let expected =
            r#"{"none":null,"int":-3,"large":18446744073709551615,"float":0.5,"list":["a",false]}"#;
        assert_eq!(json, expected);
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }
}
