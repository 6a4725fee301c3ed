//! Words as people type them in a shell: parses quotes and backslashes, and escapes a name into one word. The last word
//! is unfinished while it is typed: a quote may be open, and a backslash may end it.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quote {
    #[default]
    None,
    Single,
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Posix,
    /// Fish interprets backslashes between single quotes, too.
    Fish,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    pub typed: String,
    pub text: String,
    pub open: Quote,
}

impl Word {
    pub fn read(typed: &str, dialect: Dialect) -> Self {
        let mut word = Self::default();
        let mut rest = typed.chars();
        while let Some(c) = rest.next() {
            word.take(c, &mut rest, dialect);
        }
        word
    }

    /// Consumes one character as typed. If it is a backslash that escapes, the next one from `rest` is consumed with
    /// it.
    fn take(&mut self, c: char, rest: &mut std::str::Chars, dialect: Dialect) {
        self.typed.push(c);
        match (self.open, c) {
            (Quote::None, '\'') => self.open = Quote::Single,
            (Quote::None, '"') => self.open = Quote::Double,
            (Quote::Single, '\'') | (Quote::Double, '"') => self.open = Quote::None,
            (open, '\\') if open != Quote::Single || dialect == Dialect::Fish => {
                // The character behind a backslash at the very end is not typed yet.
                let Some(escaped) = rest.next() else { return };
                self.typed.push(escaped);
                let special = match open {
                    Quote::None => "",
                    Quote::Single => r"'\",
                    Quote::Double => "\"\\$`",
                };
                if open != Quote::None && !special.contains(escaped) {
                    self.text.push('\\');
                }
                self.text.push(escaped);
            }
            _ => self.text.push(c),
        }
    }
}

/// Splits a line into words. The last word is the one that is being typed, and may be empty.
pub fn split(line: &str) -> Vec<Word> {
    let mut words = vec![Word::default()];
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        let last = words.last_mut().expect("there is always one");
        if last.open == Quote::None && c.is_ascii_whitespace() {
            if !last.typed.is_empty() {
                words.push(Word::default());
            }
        } else {
            last.take(c, &mut rest, Dialect::Posix);
        }
    }
    words
}

/// Escapes a text so that bash reads it as part of one word, inside the quote that is open.
pub fn escape(text: &str, open: Quote) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match open {
            Quote::None if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_./:=@%+,-".contains(c) => {
                out.extend(['\\', c]);
            }
            Quote::Single if c == '\'' => out.push_str(r"'\''"),
            // Bash expands `!` from its history even between double quotes, and a backslash would stay in the word. The
            // quotes are closed around it instead.
            Quote::Double if c == '!' => out.push_str("\"'!'\""),
            Quote::Double if "\"\\$`".contains(c) => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Quote, Word, escape, split};

    #[test]
    fn lines_fall_into_words() {
        let texts = |line| split(line).into_iter().map(|word| word.text).collect::<Vec<_>>();
        assert_eq!(texts("uptrakit hosts  show "), ["uptrakit", "hosts", "show", ""]);
        assert_eq!(texts(r"x desk\ lamp it\'s"), ["x", "desk lamp", "it's"]);
        assert_eq!(texts("x 'a b'c\"d e\" \"f g"), ["x", "a bcd e", "f g"]);
        assert_eq!(texts(r"x a\"), ["x", "a"]);
        assert_eq!(texts(""), [""]);
    }

    #[test]
    fn the_open_quote_is_known() {
        for (line, open) in
            [("a", Quote::None), ("'a b", Quote::Single), ("\"it's", Quote::Double), ("'a'", Quote::None)]
        {
            assert_eq!(Word::read(line, Dialect::Posix).open, open, "{line}");
        }
    }

    #[test]
    fn fish_escapes_between_single_quotes() {
        assert_eq!(Word::read(r"'it\'s", Dialect::Fish).text, "it's");
        assert_eq!(Word::read(r"'a\b", Dialect::Fish).text, r"a\b");
    }

    #[test]
    fn what_is_escaped_reads_as_it_was() {
        for text in
            ["plain", "desk lamp", "it's", "a\"b", "$HOME `x` \\ !", "ünï cödé", "~", "a*b?[c]", "#1", "hosts:read"]
        {
            for (start, open) in [("", Quote::None), ("'", Quote::Single), ("\"", Quote::Double)] {
                let typed = format!("{start}{}", escape(text, open));
                assert_eq!(Word::read(&typed, Dialect::Posix).text, text, "{typed}");
                assert_eq!(split(&typed).len(), 1, "{typed}");
            }
        }
    }
}
