//! `uptrakit auth login --password`: the password is used once, for a web session that ends as soon as the token is
//! created.

use super::{Obtained, warn_of_lost_token};
use crate::{
    commands::Context,
    failure::Failure,
    http::{Authority, Client},
    machine,
    redaction::holds_secret,
    server::Server,
    terminal::{
        interrupt::{self, Held},
        prompt::{ask, ask_secret},
    },
};
use uptrakit_api::{CreateToken, ProblemCode, Secret, SignIn, TokenSecret, tolerant::CreatedToken};
use ureq::http::header;

const NAMES: u32 = 50;

/// Signs in with a password, creates a token named after this machine and signs out again. From the first request on,
/// an interrupt waits until the token is saved or revoked.
pub fn sign_in(context: &Context, server: &Server) -> Result<Obtained, Failure> {
    let output = context.output;
    let login = ask("Username or email", None)?;
    if holds_secret(&login) {
        return Err(Failure::usage("this is a secret, not a username or an email")
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
    let created = made.inspect_err(|failure| warn_of_lost_token(context, failure))?;
    let token = TokenSecret::parse(&created.secret.0)
        .map_err(|_| Failure::failed("could not sign in").caused_by("the server sent a token that is none"))?;
    Ok(Obtained { token, held: Some(held), callback: None })
}

fn create_named(session: &Client) -> Result<CreatedToken, Failure> {
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
