//! Resolves what people type to name a token or a host: an id, an unambiguous start of an id, or a name. An ambiguous
//! text is an error, because acting on the wrong token can't be undone.

use crate::{
    commands::paging,
    failure::{Exit, Failure},
    http::{Client, SEE_HOSTS, SEE_TOKENS},
    text::printable,
};
use uptrakit_api::{
    HostId, TokenId, name_key,
    tolerant::{Host, Token},
};

#[derive(Debug, PartialEq, Eq)]
pub struct Resolved {
    pub id: String,
    /// The name for messages: that of the object if it was looked up, else its id.
    pub label: String,
}

impl Resolved {
    fn by_id(id: String) -> Self {
        Self { label: id.clone(), id }
    }
}

trait Named {
    fn id(&self) -> &str;
    /// `key` is a name in the form by which names are compared.
    fn is_called(&self, key: &str) -> bool;
    fn label(&self) -> String;
}

impl Named for Token {
    fn id(&self) -> &str {
        &self.id
    }

    fn is_called(&self, key: &str) -> bool {
        name_key(&self.name) == key
    }

    fn label(&self) -> String {
        format!("{} ({})", self.name, self.hint)
    }
}

impl Named for Host {
    fn id(&self) -> &str {
        &self.id
    }

    fn is_called(&self, key: &str) -> bool {
        let same = |own: &str| name_key(own) == key;
        same(&self.hostname) || self.friendly_name.as_deref().is_some_and(same)
    }

    fn label(&self) -> String {
        self.name().to_owned()
    }
}

/// Resolves a text to a token. Expired and revoked tokens count only if no active one fits.
pub fn token(client: &Client, tried: &str, text: &str) -> Result<Resolved, Failure> {
    if let Ok(id) = name_key(text.trim()).parse::<TokenId>() {
        return Ok(Resolved::by_id(id.to_string()));
    }
    let tokens =
        paging::fetch_all::<Token>(client, tried, "/api/v1/auth/api-tokens", &[("state", "all".to_owned())])?.items;
    let (active, ended): (Vec<_>, Vec<_>) = tokens.into_iter().partition(|token| token.state == "active");
    let fitting = fitting(active, text);
    let fitting = if fitting.is_empty() { self::fitting(ended, text) } else { fitting };
    one("token", text, &fitting)
}

pub fn host(client: &Client, tried: &str, text: &str) -> Result<Resolved, Failure> {
    if let Ok(id) = name_key(text.trim()).parse::<HostId>() {
        return Ok(Resolved::by_id(id.to_string()));
    }
    let hosts = paging::fetch_all::<Host>(client, tried, "/api/v1/hosts", &[])?.items;
    one("host", text, &fitting(hosts, text))
}

fn fitting<T: Named>(objects: Vec<T>, text: &str) -> Vec<T> {
    let (key, start) = (name_key(text.trim()), text.to_ascii_lowercase());
    let fits = |object: &T| object.is_called(&key) || (!start.is_empty() && object.id().starts_with(&start));
    objects.into_iter().filter(fits).collect()
}

fn one<T: Named>(kind: &str, text: &str, fitting: &[T]) -> Result<Resolved, Failure> {
    let text = printable(text);
    match fitting {
        [] => Err(Failure::new(Exit::NotFound, format!("there is no {kind} '{text}'")).hint(match kind {
            "token" => SEE_TOKENS,
            _ => SEE_HOSTS,
        })),
        [object] => Ok(Resolved { id: object.id().to_owned(), label: printable(&object.label()) }),
        several => {
            let list: Vec<String> =
                several.iter().map(|object| printable(&format!("{}  {}", object.id(), object.label()))).collect();
            Err(Failure::failed(format!("'{text}' may mean {} {kind}s", several.len()))
                .caused_by(format!("it fits\n    {}", list.join("\n    ")))
                .hint("give more of the id"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{fitting, one};
    use crate::failure::Exit;
    use uptrakit_api::tolerant::Token;

    fn token(id: &str, name: &str) -> Token {
        serde_json::from_value(serde_json::json!({"id": id, "name": name, "state": "active"})).unwrap()
    }

    fn tokens() -> Vec<Token> {
        vec![token("0198aa01", "ci"), token("0198aa02", "backup"), token("0198bb03", "0198aa02")]
    }

    #[test]
    fn a_name_or_a_start_of_an_id_finds_one() {
        for (text, id) in [("ci", "0198aa01"), ("CI", "0198aa01"), ("0198b", "0198bb03"), ("0198AA01", "0198aa01")] {
            assert_eq!(one("token", text, &fitting(tokens(), text)).unwrap().id, id, "{text}");
        }
    }

    #[test]
    fn a_name_is_found_in_every_form_that_the_server_takes_for_the_same() {
        let tokens = || vec![token("0198aa01", "\u{e9}x"), token("0198aa02", "zw"), token("0198aa03", "two words")];
        for (text, id) in [("e\u{301}x", "0198aa01"), ("z\u{200b}W\t", "0198aa02"), (" two  words \n", "0198aa03")] {
            assert_eq!(one("token", text, &fitting(tokens(), text)).unwrap().id, id, "{text:?}");
        }
    }

    #[test]
    fn what_fits_two_is_ambiguous_and_lists_them() {
        for text in ["0198aa", "0198aa02"] {
            let failure = one("token", text, &fitting(tokens(), text)).unwrap_err();
            assert_eq!(failure.exit, Exit::Failed);
            assert!(failure.cause.unwrap().contains("0198aa02"));
        }
    }

    #[test]
    fn what_fits_nothing_is_not_found() {
        for text in ["c", "", "backup2"] {
            assert_eq!(one("token", text, &fitting(tokens(), text)).unwrap_err().exit, Exit::NotFound, "{text:?}");
        }
    }
}
