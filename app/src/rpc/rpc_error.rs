//! The error of every server function: the same problem document that the JSON API answers.

use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};
use uptrakit_api::{Problem, ProblemCode};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RpcError(pub Problem);

impl From<Problem> for RpcError {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

/// The texts are fixed: the originals repeat what was sent, and that may be a password.
impl FromServerFnError for RpcError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        let (code, detail) = match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => {
                (ProblemCode::Unavailable, "The server can't be reached. Check the connection and try again.")
            }
            ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => {
                (ProblemCode::InvalidRequest, "The body is not what this function takes.")
            }
            ServerFnErrorErr::Deserialization(_) => {
                (ProblemCode::Unavailable, "The server's answer can't be read. Reload the page and try again.")
            }
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                (ProblemCode::InvalidRequest, "The body is not what this function takes.")
            }
            _ => (ProblemCode::Internal, "Something went wrong. Reload the page to see what was changed."),
        };
        Self(Problem::new(code, detail))
    }
}
