//! `uptrakit auth login`: creates an API token for this machine and saves it, or saves an existing token. The password
//! is used once, for a web session that ends as soon as the token is created.

use crate::{
    args::Login,
    commands::Context,
    credentials::{Source, Storage},
    failure::{Exit, Failure, described},
    http::{Authority, Client},
    machine,
    redaction::holds_token,
    server::Server,
    settings::Credential,
    terminal::{
        interrupt::{self, Held},
        prompt::{ask, ask_secret, somebody_is_there},
    },
    text::{self, printable},
    wire::{Created, Me},
};
use std::io::{self, Read};
use uptrakit_api::{CreateToken, ProblemCode, Secret, SignIn, TokenSecret};
use ureq::http::header;

/// Standard input is read up to this many bytes. That is more than any token has, and a large file given by mistake is
/// not read whole.
const LONGEST_INPUT: u64 = 4_096;
const NAMES: u32 = 50;

pub fn run(context: &Context, arguments: &Login) -> Result<(), Failure> {
    let settings = context.settings;
    let terminal = somebody_is_there();
    if !arguments.with_token && !terminal {
        return Err(Failure::usage("`auth login` asks questions and there is no terminal to ask them at")
            .hint("give it a token instead: `uptrakit auth login --with-token < FILE`"));
    }
    interrupt::watch()
        .map_err(|error| Failure::failed("could not prepare for interrupts").caused_by(described(&error)))?;
    settings.store.prepare()?;
    let server = match settings.named_server()? {
        Some(server) => server,
        None if arguments.with_token => settings.server()?.clone(),
        None => Server::parse(&ask("Server", Some(settings.server()?.as_str()))?, settings.allow_http)?,
    };
    let before = settings.store.known(&server)?;
    let (token, held) = if arguments.with_token {
        (read_token(terminal)?, None)
    } else {
        let (token, held) = make_token(context, &server)?;
        (token, Some(held))
    };
    let client = settings.client(server.clone(), Authority::Token(token.clone()))?;
    let (me, storage) = match check_and_save(context, &client, &token, arguments) {
        Ok(saved) => saved,
        Err(failure) if !arguments.with_token => {
            // The secret of the new token is neither saved nor shown, so the token is revoked.
            let revoked = client.delete("revoke the new token", "/api/v1/auth/api-tokens/current");
            return Err(match revoked {
                Ok(_) => failure,
                Err(_) => failure.hint("revoke this machine's new token in the browser"),
            });
        }
        Err(failure) if failure.is_of_invalid_token() => {
            return Err(failure.hint(format!("give it another token; make one at {server}/profile")));
        }
        Err(failure) => return Err(failure),
    };
    drop(held);
    let output = context.output;
    output.note(&format!("Signed in to {server} as {}.", me.username));
    // Two tokens are the same if their ids are equal, or else their secrets. A token without an id whose secret is in
    // the keyring counts as another one.
    let another = before.as_ref().is_some_and(|before| {
        (before.id.is_none() || before.id != me.token_id()) && before.secret.as_deref() != Some(token.expose())
    });
    let name = me.token.map(|token| format!("{} ({})", token.name, token.hint)).unwrap_or_default();
    output.note(&format!("Token {name} is saved in {storage}."));
    context.mention(&client, &Source::Saved(storage));
    if let Some(before) = before.filter(|_| another) {
        let how = match before.id {
            Some(id) => format!("`uptrakit auth token revoke {}`", printable(&id)),
            None => "`uptrakit auth token revoke ID`; `uptrakit auth token list` shows its id".to_owned(),
        };
        output.note(&format!(
            "Another token was saved here before; if it still works and nothing needs it, revoke it with {how}."
        ));
    }
    if let Ok(Some(Credential { source, .. })) = settings.named_token() {
        shadowed(context, &source);
    }
    Ok(())
}

fn shadowed(context: &Context, source: &Source) {
    context.output.warn(&format!("{source} is set and is used instead of the saved token"));
}

fn check_and_save(
    context: &Context,
    client: &Client,
    token: &TokenSecret,
    arguments: &Login,
) -> Result<(Me, Storage), Failure> {
    let me: Me = client.get("sign in", "/api/v1/auth/me", &[])?.read()?;
    interrupt::check_interrupted()?;
    let storage = context.settings.store.save(client.server(), token, me.token_id(), !arguments.no_keyring)?;
    Ok((me, storage))
}

/// Reads a token from standard input. A token that is typed at a terminal is not echoed.
fn read_token(terminal: bool) -> Result<TokenSecret, Failure> {
    let text = if terminal {
        ask_secret("Token")?
    } else {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .take(LONGEST_INPUT)
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::failed("could not read the token").caused_by(described(&error)))?;
        text::decode(&bytes)
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
    text::token(&text, "what came on standard input")
}

/// Signs in with a password, creates a token named after this machine and signs out again. From the first request on,
/// an interrupt waits until the token is saved or revoked.
fn make_token(context: &Context, server: &Server) -> Result<(TokenSecret, Held), Failure> {
    let output = context.output;
    let login = ask("Username or email", None)?;
    if holds_token(&login) {
        return Err(Failure::usage("this is an API token, not a username or an email")
            .hint("give it to `uptrakit auth login --with-token`; it was not sent anywhere"));
    }
    let request = SignIn { login, password: Secret(ask_secret("Password")?) };
    let visitor = context.settings.client(server.clone(), Authority::Anonymous)?;
    let held = Held::new();
    let answer = visitor.post("sign in", "/api/v1/auth/sessions", &request).inspect_err(|failure| {
        if failure.outcome_unknown {
            output.warn("the web session of this sign-in may be there now; end it in the browser, under Profile");
        }
    })?;
    let cookie = answer.header(header::SET_COOKIE.as_str()).and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.ok_or_else(|| answer.foreign("it sent no session"))?;
    let session = context.settings.client(server.clone(), Authority::Session(cookie.to_owned()))?;
    let made = interrupt::check_interrupted().and_then(|()| create_named(&session));
    // The session ends even when no token could be created: it must not outlive this run.
    let ended = session.delete("end the web session", "/api/v1/auth/sessions/current");
    if let Err(failure) = ended {
        output.failure(&failure);
        output.warn("the web session of this sign-in is still there; end it in the browser, under Profile");
    }
    let created = made.inspect_err(|failure| {
        if failure.outcome_unknown {
            output.warn("this machine's new token may be there now; revoke it in the browser, under Profile");
        }
    })?;
    let token = TokenSecret::parse(&created.secret)
        .map_err(|_| Failure::failed("could not sign in").caused_by("the server sent a token that is none"))?;
    Ok((token, held))
}

fn create_named(session: &Client) -> Result<Created, Failure> {
    let hostname: String = machine::hostname().chars().take(60).collect();
    let mut number = 1;
    loop {
        let name = if number == 1 { hostname.clone() } else { format!("{hostname}-{number}") };
        let request = CreateToken { name, ..CreateToken::default() };
        match session.post("make a token for this machine", "/api/v1/auth/api-tokens", &request) {
            Ok(answer) => return answer.read(),
            Err(failure) if failure.code == Some(ProblemCode::NameTaken) && number < NAMES => number += 1,
            Err(failure) => return Err(failure),
        }
    }
}
