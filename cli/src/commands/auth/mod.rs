//! `uptrakit auth …`

mod login;
mod logout;
mod status;
mod token;

use super::Context;
use crate::{args::Auth, failure::Failure};

pub fn run(context: &Context, command: Auth) -> Result<(), Failure> {
    match command {
        Auth::Login(arguments) => login::run(context, &arguments),
        Auth::Status => status::run(context),
        Auth::Logout => logout::run(context),
        Auth::Token(command) => token::run(context, command),
    }
}
