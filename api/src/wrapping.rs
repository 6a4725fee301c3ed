//! What people copy along with a token: quotes, the name of a variable or of a header. The server and the command line
//! name it, because a person who looks at such a token sees a whole one.

use std::fmt;

/// One thing around a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wrapping {
    Prefix(&'static str),
    Quotes,
}

/// What is around a token, from the outside to the inside; at most the outermost five. `Display` writes the rest of a
/// sentence that begins with "it".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wrappings([Option<Wrapping>; 5]);

impl Wrappings {
    /// Removes what is around a token. Returns what is left, and what was removed.
    #[must_use]
    pub fn remove(text: &str) -> (&str, Self) {
        let mut found = Self::default();
        let mut rest = text;
        while let Some((wrapping, inner)) = outermost(rest) {
            if let Some(place) = found.0.iter_mut().find(|place| place.is_none()) {
                *place = Some(wrapping);
            }
            rest = inner;
        }
        (rest, found)
    }

    /// Returns true when there is something around the token.
    #[must_use]
    pub fn are_there(&self) -> bool {
        self.0[0].is_some()
    }
}

impl fmt::Display for Wrappings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, wrapping) in self.0.iter().flatten().enumerate() {
            if index > 0 {
                f.write_str(", and then ")?;
            }
            match wrapping {
                Wrapping::Prefix(word) => write!(f, "begins with `{word}`")?,
                Wrapping::Quotes => f.write_str("has quotes around it")?,
            }
        }
        Ok(())
    }
}

fn outermost(text: &str) -> Option<(Wrapping, &str)> {
    for word in ["export ", "Authorization:", "Bearer ", "UPTRAKIT_TOKEN="] {
        if text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            return Some((Wrapping::Prefix(word.trim_ascii_end()), text[word.len()..].trim_start()));
        }
    }
    let inner = text.trim_matches(is_quote);
    (inner.len() < text.len()).then(|| (Wrapping::Quotes, inner.trim()))
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '«' | '»')
}

#[cfg(test)]
mod tests {
    use super::Wrappings;

    #[test]
    fn what_is_around_a_token_is_named_from_the_outside_to_the_inside() {
        for (text, named) in [
            ("token", ""),
            ("\"token\"", "has quotes around it"),
            ("\u{201c}token\u{201d}", "has quotes around it"),
            ("bearer  token", "begins with `Bearer`"),
            ("Bearer Bearer token", "begins with `Bearer`, and then begins with `Bearer`"),
            (
                "export UPTRAKIT_TOKEN=\"token\"",
                "begins with `export`, and then begins with `UPTRAKIT_TOKEN=`, and then has quotes around it",
            ),
        ] {
            let (rest, wrappings) = Wrappings::remove(text);
            assert_eq!((rest, wrappings.to_string().as_str()), ("token", named), "{text}");
            assert_eq!(wrappings.are_there(), !named.is_empty());
        }
        let many = "Bearer ".repeat(9);
        let (rest, wrappings) = Wrappings::remove(&many);
        assert_eq!((rest, wrappings.to_string().matches("Bearer").count()), ("", 5));
    }
}
