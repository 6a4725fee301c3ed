//! `uptrakit auth token …`

mod confirm;
mod create;
mod list;
mod revoke;
mod rotate;
mod show;

use crate::{
    args::TokenCommand,
    commands::Context,
    failure::Failure,
    http::{Answer, Client},
    output::{Format, Output},
};
use uptrakit_api::tolerant::{CreatedToken, Me};

const PATH: &str = "/api/v1/auth/api-tokens";

pub fn run(context: &Context, command: TokenCommand) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(arguments) => create::run(context, arguments),
        TokenCommand::List(arguments) => list::run(context, &arguments),
        TokenCommand::Show(arguments) => show::run(context, &arguments.id),
        TokenCommand::Rotate(arguments) => rotate::run(context, &arguments),
        TokenCommand::Confirm(arguments) => confirm::run(context, &arguments.id),
        TokenCommand::Revoke(arguments) => revoke::run(context, &arguments.id),
    }
}

/// Parses the token in an answer and returns both, because JSON and YAML output prints the answer as the API sent it.
fn created(answer: Answer) -> Result<(Answer, CreatedToken), Failure> {
    let created = answer.read()?;
    Ok((answer, created))
}

fn own_id(client: &Client, tried: &str) -> Result<Option<String>, Failure> {
    Ok(client.get(tried, "/api/v1/auth/me", &[])?.read::<Me>()?.token_id())
}

fn print_secret(output: &Output, answer: &Answer, created: &CreatedToken) -> Result<(), Failure> {
    match output.format {
        Format::Human => output.text(&format!("{}\n", created.secret.0)),
        _ => output.value(&answer.value),
    }
}

/// Warns that the secret of a working token is lost. The warning also appears when the reader of the output went away,
/// which is no failure. `done` says what happened to the token.
fn warn_of_lost_secret(output: &Output, created: &CreatedToken, done: &str) {
    let revoke = format!("revoke it with `uptrakit auth token revoke {}`", created.fields.id);
    output.warn(&format!("the token is {done}, but it could not be printed; {revoke}"));
}
