//! Words as people type them in a shell: what quotes and backslashes mean, and how to write a name so that it is one word.
//! The last word is unfinished, because the person is still typing it: a quote may be open, a backslash may end it.

/// The quote that is open at the end of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quote {
    /// None.
    #[default]
    None,
    /// `'`
    Single,
    /// `"`
    Double,
}

/// How a shell reads quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// As POSIX says; bash and zsh.
    Posix,
    /// Backslashes mean something between single quotes too.
    Fish,
}

/// A word of a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// As it was typed.
    pub typed: String,
    /// What it means.
    pub text: String,
    /// The quote that is open at its end.
    pub open: Quote,
}

impl Word {
    /// Reads a text as one word.
    pub fn read(typed: &str, dialect: Dialect) -> Self {
        let mut word = Self::default();
        let mut rest = typed.chars();
        while let Some(c) = rest.next() {
            word.take(c, &mut rest, dialect);
        }
        word
    }

    /// Takes one more character as typed, and from the rest what belongs to it.
    fn take(&mut self, c: char, rest: &mut std::str::Chars, dialect: Dialect) {
        self.typed.push(c);
        match (self.open, c) {
            (Quote::None, '\'') => self.open = Quote::Single,
            (Quote::None, '"') => self.open = Quote::Double,
            (Quote::Single, '\'') | (Quote::Double, '"') => self.open = Quote::None,
            (open, '\\') if open != Quote::Single || dialect == Dialect::Fish => {
                // A backslash at the very end has not got its character yet.
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

/// The words of a line; the last one is where the line ends, and may be empty.
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

/// Writes a text so that bash reads it as one word, behind what opened this quote.
pub fn escape(text: &str, open: Quote) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match open {
            Quote::None if c.is_ascii() && !c.is_ascii_alphanumeric() && !"_./:=@%+,-".contains(c) => {
                out.extend(['\\', c]);
            }
            Quote::Single if c == '\'' => out.push_str(r"'\''"),
            // Between double quotes a backslash would stay, and the mark alone would mean an earlier command.
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
