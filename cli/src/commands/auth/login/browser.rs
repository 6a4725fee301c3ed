//! `uptrakit auth login`: the browser of this machine opens, and comes back to a port of this machine with a code.

use super::{Obtained, warn_of_lost_token};
use crate::{
    commands::Context,
    failure::{Exit, Failure, OAuthError},
    oauth::{Browser, Listener, Pkce, Provider, random_bytes, random_text},
    terminal::interrupt::Held,
};
use std::time::Duration;

/// The server keeps a request for this long.
const LIMIT: Duration = Duration::from_mins(10);

pub fn sign_in(
    context: &Context,
    provider: &Provider,
    browser: Browser,
    listener: Listener,
    token_name: &str,
) -> Result<Obtained, Failure> {
    let output = context.output;
    let (state, pkce) = (random_text()?, Pkce::new(random_bytes()?));
    let redirect_uri = listener.redirect_uri();
    let address = provider.authorization_url(&redirect_uri, &state, &pkce, token_name);
    output.note(&format!(
        "Opening a browser on this machine to sign in. If no page appears, open this address in it:\n\n  {address}\n\n\
         Waiting for the browser; Ctrl-C ends it. If the browser is on another machine, its answer can't arrive here: \
         press Ctrl-C and run `uptrakit auth login --device`."
    ));
    browser.open(&address);
    let callback = listener.wait(&state, LIMIT).ok_or_else(|| {
        Failure::failed("could not sign in")
            .caused_by(format!("no answer came from the browser within {} min", LIMIT.as_secs() / 60))
            .hint("run `uptrakit auth login` again, or `uptrakit auth login --device` if the browser is on another machine")
    })?;
    let code = provider.code(&callback).map_err(denied)?;
    let held = Held::new();
    let token = provider
        .exchange(&code, &redirect_uri, &pkce)
        .inspect_err(|failure| warn_of_lost_token(context, failure))
        .map_err(|failure| match failure.oauth {
            Some(_) if failure.hint.is_none() => failure.hint("nothing was saved; run `uptrakit auth login` again"),
            _ => failure,
        })?;
    Ok(Obtained { token, held: Some(held), callback: Some(callback) })
}

pub fn denied(failure: Failure) -> Failure {
    if failure.oauth != Some(OAuthError::AccessDenied) {
        return failure;
    }
    Failure::new(Exit::Refused, "could not sign in")
        .caused_by("it was denied in the browser")
        .hint("run `uptrakit auth login` again and choose Allow; nothing was saved")
}
