//! `uptrakit auth token …`

mod create;
mod list;
mod revoke;
mod rotate;
mod show;

use crate::{
    args::{Format, TokenCommand},
    client::{Answer, Client},
    command::Context,
    failure::Failure,
    output::Output,
    wire::{Created, Me},
};

/// Where tokens live in the API.
const PATH: &str = "/api/v1/auth/api-tokens";

/// Finds the right verb.
pub fn run(context: &Context, command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(arguments) => create::run(context, arguments),
        TokenCommand::List(arguments) => list::run(context, &arguments),
        TokenCommand::Show(arguments) => show::run(context, &arguments.id),
        TokenCommand::Rotate(arguments) => rotate::run(context, &arguments),
        TokenCommand::Revoke(arguments) => revoke::run(context, &arguments.id),
    }
}

/// The token in an answer, beside the answer as the API sent it.
fn created(answer: Answer) -> Result<(Answer, Created), Failure> {
    let created = answer.read()?;
    Ok((answer, created))
}

/// The id of the token that asks.
fn own_id(client: &Client, tried: &str) -> Result<Option<String>, Failure> {
    Ok(client.get(tried, "/api/v1/auth/me", &[])?.read::<Me>()?.token_id())
}

/// Prints a token's text, alone on standard output, or the API's object.
fn print_text(output: &Output, answer: &Answer, created: &Created) -> Result<(), Failure> {
    match output.format {
        Format::Human => output.text(&format!("{}\n", created.text)),
        _ => output.value(&answer.value),
    }
}

/// A text that nobody got is lost, and its token is there and works: that is said also when the reader went away, which
/// is no failure. `done` is what happened to the token.
fn warn_of_lost_text(output: &Output, created: &Created, done: &str) {
    let revoke = format!("revoke it with `uptrakit auth token revoke {}`", created.fields.id);
    output.warn(&format!("the token is {done}, but nobody got its text; {revoke}"));
}
