//! `uptrakit auth token …`

mod create;
mod list;
mod revoke;
mod rotate;
mod show;

use crate::{args::TokenCommand, client::Answer, command::Context, failure::Failure, output::Output, wire::Created};

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

/// Prints a token's text, alone on standard output, or the API's object.
fn print_text(output: &Output, answer: &Answer, created: &Created) -> Result<(), Failure> {
    match output.format {
        crate::args::Format::Human => output.text(&format!("{}\n", created.text)),
        _ => output.value(&answer.value),
    }
}
