//! `uptrakit auth login`: gets an API token for this machine in one of four ways, checks it and saves it.

mod browser;
mod code;
mod given;
mod password;

use crate::{
    args::Login,
    commands::Context,
    credentials::{Known, Source, Storage},
    failure::{Failure, described},
    http::{Authority, Client},
    machine,
    oauth::{Browser, Callback, Listener, Provider},
    server::Server,
    settings::Credential,
    terminal::{
        interrupt::{self, Held},
        prompt::{ask, somebody_is_there},
    },
    text::printable,
};
use uptrakit_api::{TokenSecret, tolerant::Me};

/// The name of a token has at most this many characters.
const LONGEST_NAME: usize = 64;

struct Obtained {
    token: TokenSecret,
    /// An interrupt waits from the request for a new token until that is saved or revoked. `None` for a token that was
    /// there before.
    held: Option<Held>,
    callback: Option<Callback>,
}

pub fn run(context: &Context, arguments: &Login) -> Result<(), Failure> {
    let settings = context.settings;
    let terminal = somebody_is_there();
    if !(arguments.with_token || arguments.device || terminal) {
        return Err(Failure::usage("`auth login` asks questions and there is no terminal to ask them at").hint(
            "give it a token instead: `uptrakit auth login --with-token < FILE`; or enter a code in a browser: `uptrakit auth login --device`",
        ));
    }
    interrupt::watch()
        .map_err(|error| Failure::failed("could not prepare for interrupts").caused_by(described(&error)))?;
    settings.store.prepare()?;
    let server = match settings.named_server()? {
        Some(server) => server,
        None if arguments.with_token || !terminal => settings.server()?.clone(),
        None => Server::parse(&ask("Server", Some(settings.server()?.as_str()))?, settings.allow_http)?,
    };
    let before = settings.store.known(&server)?;
    let Obtained { token, held, callback } = if arguments.with_token {
        given::read(terminal)?
    } else if arguments.password {
        password::sign_in(context, &server)?
    } else {
        through_browser(context, &server, arguments, terminal)?
    };
    let client = settings.client(server, Authority::Token(token.clone()))?;
    let (me, storage) =
        check_and_save(context, &client, &token, arguments).map_err(|failure| give_up(&client, arguments, failure))?;
    drop(held);
    if let Some(callback) = callback {
        callback.succeed();
    }
    // Two tokens are the same if their ids are equal, or else their secrets. A token without an id whose secret is in
    // the keyring counts as another one.
    let another = before.filter(|before| {
        (before.id.is_none() || before.id != me.token_id()) && before.secret.as_deref() != Some(token.expose())
    });
    report(context, &client, me, storage, another);
    Ok(())
}

/// Completes the failure to check or save a token. A new one is revoked, because its secret is neither saved nor shown.
fn give_up(client: &Client, arguments: &Login, failure: Failure) -> Failure {
    if !arguments.with_token {
        let revoked = client.delete("revoke the new token", "/api/v1/auth/api-tokens/current");
        return match revoked {
            Ok(_) => failure,
            Err(_) => failure.hint("revoke this machine's new token in the browser"),
        };
    }
    if failure.is_of_invalid_token() {
        let server = client.server();
        return failure.hint(format!("give it another token; make one at {server}/profile"));
    }
    failure
}

/// Says who is signed in by which token. `another` is a token that was saved here before.
fn report(context: &Context, client: &Client, me: Me, storage: Storage, another: Option<Known>) {
    let output = context.output;
    output.note(&format!("Signed in to {} as {}.", client.server(), me.username));
    let ends = me.token.as_ref().and_then(|token| token.expires_at);
    let ends = ends.map(|at| format!("; it works until {}", output.instant_in_full(at))).unwrap_or_default();
    let name = me.token.map(|token| format!("{} ({})", token.name, token.hint)).unwrap_or_default();
    output.note(&format!("Token {name} is saved in {storage}{ends}."));
    context.mention(client, &Source::Saved(storage));
    if let Some(another) = another {
        let how = match another.id {
            Some(id) => format!("`uptrakit auth token revoke {}`", printable(&id)),
            None => "`uptrakit auth token revoke ID`; `uptrakit auth token list` shows its id".to_owned(),
        };
        output.note(&format!(
            "Another token was saved here before; if it still works and nothing needs it, revoke it with {how}."
        ));
    }
    if let Ok(Some(Credential { source, .. })) = context.settings.named_token() {
        output.warn(&format!("{source} is set and is used instead of the saved token"));
    }
}

/// Signs in through a browser: that of this machine, or with a code that is entered in any. A server that does not offer
/// it gets the password instead.
fn through_browser(context: &Context, server: &Server, arguments: &Login, terminal: bool) -> Result<Obtained, Failure> {
    let output = context.output;
    let client = context.settings.client(server.clone(), Authority::Anonymous)?;
    let no_browser_sign_in = || {
        let why = "it is turned off there (UPTRAKIT_OAUTH), or the server is older than this program";
        if terminal {
            output.note(&format!(
                "{server} has no sign-in through the browser: {why}. Signing in with a password instead."
            ));
            return password::sign_in(context, server);
        }
        Err(Failure::failed(format!("could not sign in with a code at {server}"))
            .caused_by(why)
            .hint("give it a token instead: `uptrakit auth login --with-token < FILE`"))
    };
    let Some(provider) = Provider::discover(&client)? else { return no_browser_sign_in() };
    let token_name: String = format!("cli on {}", machine::hostname()).chars().take(LONGEST_NAME).collect();
    if !arguments.device {
        let listener =
            Listener::new().map_err(|error| format!("no port of this machine is free ({})", described(&error)));
        let browser = Browser::of_environment().map_err(|obstacle| obstacle.in_words().to_owned());
        match browser.and_then(|browser| Ok((browser, listener?))) {
            Ok((browser, listener)) => return browser::sign_in(context, &provider, browser, listener, &token_name),
            Err(why) => output.note(&format!("Signing in with a code, because {why}.")),
        }
    }
    match code::sign_in(context, &provider, &token_name)? {
        Some(obtained) => Ok(obtained),
        None => no_browser_sign_in(),
    }
}

fn warn_of_lost_token(context: &Context, failure: &Failure) {
    if failure.outcome_unknown {
        context.output.warn("this machine's new token may be there now; revoke it in the browser, under Profile");
    }
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
