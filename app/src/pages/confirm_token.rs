//! Takes a token off hold after a restore of the database: one's own on Profile, and everybody's on Users.

use crate::{
    api_client,
    auth::AuthContext,
    components::{Notices, Tone},
};
use gloo_net::http::Method;
use uptrakit_api::{ConfirmToken, Problem, Token};

/// `path` is that of the token. A notice says what came of it.
pub fn confirm_token(auth: AuthContext, notices: Notices, path: &str, token: &Token, done: impl FnOnce() + 'static) {
    let answer = api_client::submit(Method::POST, &[path, "/confirm"].concat(), &ConfirmToken {});
    let name = token.name.clone();
    auth.call(answer, move |answer: Result<Token, Problem>| {
        match answer {
            Ok(_) => notices.show(Tone::Good, [&name, " is confirmed, and accepted again."].concat()),
            Err(problem) => notices.show(Tone::Bad, problem.detail),
        }
        done();
    });
}
