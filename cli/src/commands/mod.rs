//! Dispatches to the commands, which have one file per verb, and holds what they share.

mod auth;
mod completions;
mod hosts;
mod lookup;
mod man;
mod paging;

use crate::{
    args::{Arguments, Command},
    clock::ServerClock,
    credentials::Source,
    failure::Failure,
    http::{Authority, Client},
    output::{self, Output},
    settings::Settings,
};
use std::rc::Rc;

pub struct Context<'a> {
    pub settings: &'a Settings,
    pub output: &'a Output,
}

pub fn run(arguments: Arguments, output: &Output, clock: Rc<ServerClock>) -> Result<(), Failure> {
    let settings = Settings::new(&arguments.global, clock);
    let context = Context { settings: &settings, output };
    match arguments.command {
        Command::Auth(command) => auth::run(&context, command),
        Command::Hosts(command) => hosts::run(&context, command),
        Command::Completions { shell } => completions::run(&context, shell),
        Command::Man { folder } => man::run(&folder),
    }
}

impl Context<'_> {
    /// Runs an action with the credential of this run. Afterwards it prints the warnings that the answers gave rise to.
    /// A rejection of the token gets its origin and a hint.
    fn signed_in(&self, action: impl FnOnce(&Client, &Source) -> Result<(), Failure>) -> Result<(), Failure> {
        let credential = self.settings.credential()?;
        let server = self.settings.server()?.clone();
        let client = self.settings.client(server, Authority::Token(credential.token))?;
        let outcome =
            action(&client, &credential.source).map_err(|failure| self.rejected(failure, &credential.source, &client));
        self.mention(&client, &credential.source);
        outcome
    }

    fn mention(&self, client: &Client, source: &Source) {
        if let Some(ahead) = self.settings.clock.tell_difference() {
            let (length, side) = (output::length(ahead.abs() / 1_000), if ahead > 0 { "behind" } else { "ahead of" });
            self.output.warn(&format!(
                "this machine's clock is {length} {side} the server's; lifetimes and relative times are counted from the server's"
            ));
        }
        if let Some(ends) = client.tell_end() {
            let ends = self.output.instant_in_full(ends);
            self.output.warn(&format!("the token in use ends {ends}; {}", source.renewal()));
        }
    }

    fn rejected(&self, mut failure: Failure, source: &Source, client: &Client) -> Failure {
        if !failure.is_of_token() {
            return failure;
        }
        failure.cause = Some(format!("{} is refused: {}", source.of_token(), failure.cause.unwrap_or_default()));
        if !failure.is_of_invalid_token() {
            return failure;
        }
        let server = client.server();
        let saved = || self.settings.store.known(server).is_ok_and(|known| known.is_some());
        failure.hint(match source {
            Source::Saved(_) if source.is_timer() => source.renewal().to_owned(),
            Source::Saved(_) => format!("sign in again with `uptrakit auth login --server {server}`"),
            Source::Flag if saved() => "leave --token out: another token is saved here".to_owned(),
            Source::Environment if saved() => "unset UPTRAKIT_TOKEN: another token is saved here".to_owned(),
            Source::File(_) if saved() => "unset UPTRAKIT_TOKEN_FILE: another token is saved here".to_owned(),
            Source::Flag | Source::Environment | Source::File(_) => {
                format!("{}; make one at {server}/profile", source.renewal())
            }
        })
    }
}
