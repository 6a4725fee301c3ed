//! Parsers of values that can be judged without a server, so that a wrong one is a mistake of usage. An error is the end
//! of a sentence: clap quotes the value in front of it. No token's secret gets through, because it would end up in the
//! server's log.

use crate::redaction;
use uptrakit_api::is_control;

const LONGEST_MACHINE_ID: usize = 128;

/// Parses the name of a token. The server counts its characters, because it brings the name into one Unicode form first.
pub fn token_name(text: &str) -> Result<String, String> {
    let name = redaction::no_secret(text)?;
    if text.contains(is_control) {
        Err("it must be one line without control characters".to_owned())
    } else if text.trim().is_empty() {
        Err("it must not be empty; give a name such as ci".to_owned())
    } else {
        Ok(name)
    }
}

pub fn token(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it must not be empty; `uptrakit auth token list` shows ids and names".to_owned());
    }
    redaction::no_secret(text)
}

pub fn host(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("it must not be empty; `uptrakit hosts list` shows ids and names".to_owned());
    }
    redaction::no_secret_for_host(text)
}

pub fn search(text: &str) -> Result<String, String> {
    redaction::no_secret(text)
}

pub fn search_hosts(text: &str) -> Result<String, String> {
    redaction::no_secret_for_host(text)
}

/// Parses a machine id by the server's rules, also for a dry run.
pub fn machine_id(text: &str) -> Result<String, String> {
    let id = redaction::no_secret(text)?;
    let (id, length) = (id.trim(), id.trim().chars().count());
    if text.contains(is_control) {
        Err("it must be one line without control characters".to_owned())
    } else if id.is_empty() {
        Err("it must not be empty; give an id of your own, such as web-2".to_owned())
    } else if length > LONGEST_MACHINE_ID {
        Err(format!("it must have at most {LONGEST_MACHINE_ID} characters; it has {length}"))
    } else {
        Ok(id.to_owned())
    }
}

pub fn page_number(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it must be a number from 1, such as 2")
}

pub fn page_size(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| (1..=100).contains(number)).ok_or("it must be a number from 1 to 100")
}
