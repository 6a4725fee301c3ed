//! `uptrakit auth token …`

mod create;
mod list;
mod revoke;
mod rotate;
mod show;

use crate::{
    args::{Format, TokenCommand},
    client::Answer,
    command::Context,
    failure::Failure,
    output::Output,
    wire::Created,
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

/// Prints a token's text, alone on standard output, or the API's object. A text that nobody got is lost, and the token
/// is there and works: that is said also when the reader went away, which is no failure.
fn print_text(output: &Output, answer: &Answer, created: &Created) -> Result<(), Failure> {
    let printed = match output.format {
        Format::Human => output.text(&format!("{}\n", created.text)),
        _ => output.value(&answer.value),
    };
    printed.inspect_err(|_| {
        let revoke = format!("revoke it with `uptrakit auth token revoke {}`", created.fields.id);
        output.warn(&format!("the token is made, but nobody got its text; {revoke}"));
    })
}
