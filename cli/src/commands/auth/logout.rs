//! `uptrakit auth logout`: revokes the saved token at the server and removes it from this machine. The local copy is
//! removed whatever the server answers, so that no credential stays on the machine.

use crate::{
    commands::Context,
    failure::{Exit, Failure},
    http::Authority,
    server::Server,
    settings::{Credential, Settings},
    text::printable,
};
use uptrakit_api::tolerant::Me;

pub fn run(context: &Context) -> Result<(), Failure> {
    let (settings, output) = (context.settings, context.output);
    let server = settings.server()?.clone();
    let saved = settings.store.find(&server);
    if let Ok(None) = saved {
        let failure = Failure::new(Exit::Refused, format!("no token is saved for {server}"));
        return Err(match settings.named_token() {
            Ok(Some(named)) => failure.hint(revoke_named(settings, &server, named)),
            _ => failure.hint("name the server that you signed in to with --server"),
        });
    }
    let id = settings.store.known(&server).ok().flatten().and_then(|known| known.id);
    let elsewhere = revoke_elsewhere(&server, id.as_deref());
    // If the token can't be read but the file can, the entry is still removed. A file that can't be read, or that
    // others can read, is left for its owner to inspect.
    let token = match saved {
        Ok(saved) => saved.map(|saved| saved.token),
        Err(_) if settings.store.known(&server).is_ok() => None,
        Err(failure) => return Err(failure),
    };
    let Some(token) = token else {
        settings.store.forget(&server)?;
        return Err(Failure::failed(format!("forgot the token for {server} without revoking it"))
            .caused_by("it could not be read")
            .hint(elsewhere));
    };
    let hint = token.hint();
    let client = settings.client(server.clone(), Authority::Token(token))?;
    let revoked = client.delete("revoke the token", "/api/v1/auth/api-tokens/current");
    settings.store.forget(&server)?;
    match revoked {
        Ok(_) => output.note(&format!("Signed out of {server}: token {hint} is revoked and forgotten.")),
        // After any other rejection the token may work again: from another network, or once its account is activated.
        Err(failure) if failure.is_of_invalid_token() => {
            output.note(&format!("Signed out of {server}: token {hint} no longer worked and is forgotten."));
        }
        Err(failure) => {
            let mut failure = failure.of_change("it may be revoked all the same", "");
            failure.message = format!("forgot token {hint}, but could not revoke it at {server}");
            return Err(failure.hint(elsewhere));
        }
    }
    Ok(())
}

fn revoke_elsewhere(server: &Server, id: Option<&str>) -> String {
    match id {
        Some(id) => format!(
            "revoke it at {server}/profile, or with `uptrakit auth token revoke {} --server {server}` from a machine that is signed in",
            printable(id)
        ),
        None => format!("revoke it at {server}/profile"),
    }
}

/// Returns the hint for a token of the flag or the environment, which is not saved here and which logout does not
/// revoke.
fn revoke_named(settings: &Settings, server: &Server, named: Credential) -> String {
    let what = named.source.of_token();
    let client = settings.client(server.clone(), Authority::Token(named.token));
    let me = client.and_then(|client| client.get("look at the token", "/api/v1/auth/me", &[])?.read::<Me>());
    match me.ok().and_then(|me| me.token_id()) {
        Some(id) => format!("{what} is revoked with `uptrakit auth token revoke {}`", printable(&id)),
        None => format!("name the server that you signed in to with --server; {what} was never saved"),
    }
}
