//! Who is signed in here, known to every view. A refusal for want of a session ends up here as well, so that
//! whoever was signed out in the middle of work lands on the sign-in page and comes back.

use crate::{
    rest::{self, Pending},
    rpc::{FindVisitor, Visitor},
};
use leptos::prelude::*;
use uptrakit_api::{Code, Permission, Problem};

/// What is known of who sits there.
#[derive(Clone, PartialEq)]
pub enum Who {
    /// The server has not answered yet.
    Asking,
    /// Nobody is signed in.
    Nobody(Why),
    /// Somebody is.
    Visitor(Visitor),
    /// The server could not answer.
    Unknown(Problem),
}

/// Why nobody is signed in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Nobody was when the page was opened.
    NotYet,
    /// The person signed out.
    Left,
    /// The session ended in the middle of work.
    Ended,
}

/// The page's knowledge of who is signed in.
#[derive(Clone, Copy)]
pub struct Session(pub RwSignal<Who>);

impl Session {
    /// Makes it known to everything below, and asks the server.
    pub fn provide() -> Self {
        let session = Self(RwSignal::new(Who::Asking));
        provide_context(session);
        session.ask();
        session
    }

    /// The one of this page.
    pub fn current() -> Self {
        expect_context()
    }

    /// Asks the server who is signed in. What is known stays in place until it answers.
    pub fn ask(self) {
        rest::call(&FindVisitor {}).then(move |answer| {
            let who = match answer {
                Ok(Some(visitor)) => Who::Visitor(visitor),
                Ok(None) => match self.0.get_untracked() {
                    Who::Visitor(_) => Who::Nobody(Why::Ended),
                    Who::Nobody(why) => Who::Nobody(why),
                    Who::Asking | Who::Unknown(_) => Who::Nobody(Why::NotYet),
                },
                // A page that works is worth more than the news that the server hiccuped.
                Err(_) if matches!(self.0.get_untracked(), Who::Visitor(_)) => return,
                Err(problem) => Who::Unknown(problem),
            };
            if self.0.with_untracked(|known| *known != who) {
                self.0.set(who);
            }
        });
    }

    /// The visitor, if somebody is signed in.
    pub fn visitor(self) -> Option<Visitor> {
        match self.0.get() {
            Who::Visitor(visitor) => Some(visitor),
            _ => None,
        }
    }

    /// Whether the visitor may do this.
    pub fn may(self, permission: Permission) -> bool {
        self.0.with(|who| matches!(who, Who::Visitor(visitor) if visitor.account.permissions.contains(permission)))
    }

    /// Takes note of a refusal: one for want of a session means that nobody is signed in any more.
    pub fn heard(self, problem: &Problem) {
        let ended = matches!(
            problem.code,
            Code::MissingCredentials
                | Code::InvalidToken
                | Code::TokenExpired
                | Code::TokenRevoked
                | Code::AccountDisabled
        );
        if ended && self.0.with_untracked(|who| matches!(who, Who::Visitor(_))) {
            self.0.set(Who::Nobody(Why::Ended));
        }
    }

    /// Waits for an answer and goes on with what came of it.
    pub fn call<T: 'static>(self, call: Pending<T>, then: impl FnOnce(Result<T, Problem>) + 'static) {
        call.then(move |answer| {
            if let Err(problem) = &answer {
                self.heard(problem);
            }
            then(answer);
        });
    }
}
