//! Completion in bash. Bash hands over the line as it was typed and takes back the text that replaces its end, quotes
//! included. The script of `clap_complete` is not used: it takes spaces for ends of words, and colons for words of
//! their own (clap-rs/clap issue 6280).

use super::word::{Dialect, Quote, Word, escape, split};
use clap_complete::env::EnvCompleter;
use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
};

pub struct Bash;

/// `$2` is the text that bash will replace: the end of the line, from the last character that breaks words.
const SCRIPT: &str = r#"
_uptrakit() {
    local candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        COMPREPLY+=("$candidate")
    done < <(@VARIABLE@=bash command @PROGRAM@ -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=/] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
if [[ ${BASH_VERSINFO[0]} -gt 4 || ( ${BASH_VERSINFO[0]} -eq 4 && ${BASH_VERSINFO[1]} -ge 4 ) ]]; then
    complete -o bashdefault -o nosort -F _uptrakit @PROGRAM@
else
    complete -o bashdefault -F _uptrakit @PROGRAM@
fi
"#;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        variable: &str,
        _name: &str,
        program: &str,
        _completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        out.write_all(SCRIPT.trim_start().replace("@VARIABLE@", variable).replace("@PROGRAM@", program).as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        arguments: Vec<OsString>,
        folder: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let mut arguments = arguments.into_iter().map(|argument| argument.to_string_lossy().into_owned());
        let (line, replaced) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
        let words = split(&line);
        let last = words.len() - 1;
        let texts: Vec<OsString> = words.iter().map(|word| word.text.clone().into()).collect();
        super::remember(&texts);
        for candidate in clap_complete::engine::complete(command, texts, last, folder)? {
            if let Some(text) = replacement(&words[last], &replaced, &candidate.get_value().to_string_lossy()) {
                writeln!(out, "{text}")?;
            }
        }
        Ok(())
    }
}

/// Returns the text that replaces the end of a word, so that the whole word means the candidate.
fn replacement(word: &Word, replaced: &str, candidate: &str) -> Option<String> {
    let kept = Word::read(word.typed.strip_suffix(replaced)?, Dialect::Posix);
    let mut text = escape(candidate.strip_prefix(&kept.text)?, kept.open);
    // Bash closes the quote itself, unless the text ends with a quote character.
    let quote = match kept.open {
        Quote::None => return Some(text),
        Quote::Single => '\'',
        Quote::Double => '"',
    };
    if text.ends_with(quote) {
        text.push(quote);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{replacement, split};

    #[test]
    fn only_what_bash_replaces_is_answered() {
        for (line, replaced, candidate, expected) in [
            ("show desk", "desk", "desk lamp", Some(r"desk\ lamp")),
            (r"show desk\ l", r"desk\ l", "desk lamp", Some(r"desk\ lamp")),
            ("show \"desk l", "desk l", "desk lamp", Some("desk lamp")),
            ("show 'it", "it", "it's", Some(r"it'\''s")),
            ("show \"x", "x", "x\"", Some("x\\\"\"")),
            ("--permission hosts:re", "re", "hosts:read", Some("read")),
            ("--permission=hosts:re", "re", "--permission=hosts:read", Some("read")),
            ("show web:\"a", "a", "web:a b", Some("a b")),
            ("show web:a", "a", "db:a", None),
            ("show ", "", "desk lamp", Some(r"desk\ lamp")),
        ] {
            let word = split(line).pop().unwrap();
            assert_eq!(replacement(&word, replaced, candidate).as_deref(), expected, "{line}");
        }
    }
}
