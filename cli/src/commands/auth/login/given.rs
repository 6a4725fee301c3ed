//! `uptrakit auth login --with-token`: the token comes on standard input.

use super::Obtained;
use crate::{
    failure::{Exit, Failure, described},
    terminal::prompt::ask_secret,
    text,
};
use std::io::{self, Read};
use uptrakit_api::encoding;

/// Standard input is read up to this many bytes. That is more than any token has, and a large file given by mistake is
/// not read whole.
const LONGEST_INPUT: u64 = 4_096;

/// Reads a token from standard input. A token that is typed at a terminal is not echoed.
pub fn read(terminal: bool) -> Result<Obtained, Failure> {
    let text = if terminal {
        ask_secret("Token")?
    } else {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .take(LONGEST_INPUT)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::failed("could not read the token").caused_by(described(&error)))?;
        encoding::decode(&bytes)
            .map_err(|why| {
                Failure::new(Exit::Refused, format!("what came on standard input {why}"))
                    .hint("give the token in a file in UTF-8; nothing was sent anywhere")
            })?
            .to_owned()
    };
    if text.trim().is_empty() {
        return Err(Failure::new(Exit::Refused, "nothing came on standard input").hint(
            "give it a token: `uptrakit auth login --with-token < FILE`; see whether the file or the program that writes it has one",
        ));
    }
    let token = text::token(&text, "what came on standard input")?;
    Ok(Obtained { token, held: None, callback: None })
}
