//! `uptrakit auth logout`: revokes the saved token at the server and forgets it.
//! It is forgotten whatever the server says: who leaves a machine must leave nothing behind.

use crate::{
    client::{Authority, Client},
    command::Context,
    failure::{Exit, Failure},
};

/// Signs out.
pub fn run(context: &Context) -> Result<(), Failure> {
    let (settings, output) = (context.settings, context.output);
    let server = settings.server()?.clone();
    let saved = settings.store.find(&server);
    if let Ok(None) = saved {
        return Err(Failure::new(Exit::Refused, format!("no token is saved for {server}")).next(
            "name the server with --server; a token in UPTRAKIT_TOKEN is revoked with `uptrakit auth token revoke`",
        ));
    }
    // The keyring may keep the token to itself; a file that others can read is left for its owner to look at.
    let token = match saved {
        Ok(saved) => saved.map(|saved| saved.token),
        Err(_) if settings.store.known(&server).is_ok() => None,
        Err(failure) => return Err(failure),
    };
    let Some(token) = token else {
        settings.store.forget(&server)?;
        return Err(Failure::failed(format!("forgot the token for {server} without revoking it"))
            .because("it could not be read")
            .next(format!("revoke it at {server}/profile")));
    };
    let hint = token.hint();
    let client = Client::new(settings, server.clone(), Authority::Token(token))?;
    let revoked = client.delete("revoke the token", "/api/v1/auth/api-tokens/current");
    settings.store.forget(&server)?;
    match revoked {
        Ok(_) => output.note(&format!("Signed out of {server}: token {hint} is revoked and forgotten.")),
        // Any other refusal leaves a token that works: elsewhere, or when its account is activated again.
        Err(failure) if failure.is_of_dead_token() => {
            output.note(&format!("Signed out of {server}: token {hint} no longer worked and is forgotten."));
        }
        Err(failure) => {
            let mut failure = failure.of_change("it may be revoked all the same", "");
            failure.message = format!("forgot token {hint}, but could not revoke it at {server}");
            failure.next = Some(format!("revoke it at {server}/profile, or from a machine that is signed in"));
            return Err(failure);
        }
    }
    Ok(())
}
