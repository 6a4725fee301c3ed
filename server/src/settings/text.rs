//! The value of a setting before it is checked. The file has numbers, switches and lists as well as texts, and a variable
//! has text alone.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

/// A value as it was typed. A number, a switch or a list of the file is kept as the text that a variable would have, so
/// that one place checks a setting, wherever it was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(pub(super) String);

impl<T: Into<String>> From<T> for Text {
    fn from(text: T) -> Self {
        Self(text.into())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a whole number, true, false or a list of texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(text.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
        Ok(number.to_string().into())
    }

    fn visit_bool<E>(self, switch: bool) -> Result<Text, E> {
        Ok(switch.to_string().into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text, A::Error> {
        let mut texts = Vec::new();
        while let Some(text) = list.next_element::<String>()? {
            texts.push(text);
        }
        Ok(texts.join(",").into())
    }
}

#[cfg(test)]
mod tests {
    use crate::settings::{Source, validate};

    #[test]
    fn numbers_switches_and_lists_of_the_file_are_what_they_are_as_text() {
        let source: Source = toml::from_str(
            "token_limit = 7\nhsts_include_subdomains = true\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]",
        )
        .unwrap();
        assert_eq!(source.token_limit, Some("7".into()));
        assert_eq!(source.hsts_include_subdomains, Some("true".into()));
        assert_eq!(validate(source).unwrap().trusted_proxies.len(), 2);
        let why = |text| toml::from_str::<Source>(text).unwrap_err().to_string();
        assert!(why("token_limit = 1.5").contains("a text, a whole number, true, false or a list of texts"));
        assert!(why("token_limits = 1").contains("unknown field `token_limits`"));
    }
}
