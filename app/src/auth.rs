//! Who is signed in here, known to every view. A refusal for want of a session ends up here as well, so that
//! a person who was signed out in the middle of work lands on the sign-in page and comes back.

use crate::{
    api_client::{self, Answer},
    drafts::Drafts,
    rpc::{FindVisitor, Visitor},
};
use leptos::prelude::*;
use std::time::Duration;
use uptrakit_api::{Permission, Problem, ProblemCode};

#[derive(Clone, PartialEq)]
pub enum AuthState {
    Loading,
    SignedOut(SignedOut),
    SignedIn(Visitor),
    Unknown(Problem),
}

/// The reason why no person is signed in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SignedOut {
    NotYet,
    Left,
    /// The session ended in the middle of work.
    Ended,
}

pub fn use_auth() -> AuthContext {
    expect_context()
}

/// Handling of the news that the session has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum News {
    /// News that comes replaces the page by the one for signing in.
    Told,
    /// News that comes is kept back.
    Held,
    /// News has come and is kept back.
    Waiting,
}

#[derive(Clone, Copy)]
pub struct AuthContext {
    pub state: RwSignal<AuthState>,
    /// The number of the newest question, or of what was learned without one.
    newest: StoredValue<u32>,
    /// True within the task in which the answer came.
    is_new: StoredValue<bool>,
    news: StoredValue<News>,
    drafts: Drafts,
}

impl AuthContext {
    pub fn provide() -> Self {
        let auth = Self {
            state: RwSignal::new(AuthState::Loading),
            newest: StoredValue::new(0),
            is_new: StoredValue::new(false),
            news: StoredValue::new(News::Told),
            drafts: expect_context(),
        };
        provide_context(auth);
        auth.ask();
        auth
    }

    /// Asks the server who is signed in. What is known stays in place until it answers.
    pub fn ask(self) {
        let ticket = self.ticket();
        api_client::call(&FindVisitor {}).then(move |answer| {
            // Something newer was asked or learned since.
            if self.newest.get_value() != ticket {
                return;
            }
            let state = match answer {
                Ok(Some(visitor)) => {
                    self.drafts.keep_for(Some(visitor.account.id));
                    AuthState::SignedIn(visitor)
                }
                Ok(None) => match self.state.get_untracked() {
                    AuthState::SignedIn(_) => return self.ended(),
                    AuthState::SignedOut(why) => AuthState::SignedOut(why),
                    AuthState::Loading | AuthState::Unknown(_) => AuthState::SignedOut(SignedOut::NotYet),
                },
                // A page that works is worth more than the news that the server hiccuped.
                Err(_) if matches!(self.state.get_untracked(), AuthState::SignedIn(_)) => return,
                Err(problem) => AuthState::Unknown(problem),
            };
            self.is_new.set_value(true);
            set_timeout(move || self.is_new.set_value(false), Duration::ZERO);
            if self.state.with_untracked(|known| *known != state) {
                self.state.set(state);
            }
        });
    }

    /// Asks, unless it is the answer that draws what asks.
    pub fn ask_anew(self) {
        if !self.is_new.get_value() {
            self.ask();
        }
    }

    pub fn know(self, state: AuthState) {
        self.ticket();
        if state == AuthState::SignedOut(SignedOut::Left) {
            self.drafts.keep_for(None);
        }
        self.state.set(state);
    }

    fn ticket(self) -> u32 {
        let ticket = self.newest.get_value() + 1;
        self.newest.set_value(ticket);
        ticket
    }

    /// While the current view is there, the end of the session does not replace the page: what the view shows can't be
    /// shown again.
    pub fn hold(self) {
        self.news.set_value(News::Held);
        on_cleanup(move || {
            let is_waiting = self.news.get_value() == News::Waiting;
            self.news.set_value(News::Told);
            if is_waiting {
                self.ask();
            }
        });
    }

    /// Ends the session in the page. What was typed is kept until the person is back.
    fn ended(self) {
        match self.news.get_value() {
            News::Told => {
                self.state.with_untracked(|state| {
                    if let AuthState::SignedIn(visitor) = state {
                        self.drafts.save(visitor.account.id);
                    }
                });
                self.know(AuthState::SignedOut(SignedOut::Ended));
            }
            News::Held | News::Waiting => self.news.set_value(News::Waiting),
        }
    }

    pub fn visitor(self) -> Option<Visitor> {
        match self.state.get() {
            AuthState::SignedIn(visitor) => Some(visitor),
            _ => None,
        }
    }

    pub fn may(self, permission: Permission) -> bool {
        self.state.with(
            |state| matches!(state, AuthState::SignedIn(visitor) if visitor.account.permissions.contains(permission)),
        )
    }

    /// Takes note of a refusal: one for want of a session means that the session has ended.
    pub fn heard(self, problem: &Problem) {
        let ended = matches!(
            problem.code,
            ProblemCode::MissingCredentials
                | ProblemCode::InvalidToken
                | ProblemCode::TokenExpired
                | ProblemCode::TokenRevoked
                | ProblemCode::TokenOnHold
                | ProblemCode::AccountDisabled
        );
        if ended && self.state.with_untracked(|state| matches!(state, AuthState::SignedIn(_))) {
            self.ended();
        }
    }

    pub fn call<T: 'static>(self, answer: Answer<T>, then: impl FnOnce(Result<T, Problem>) + 'static) {
        answer.then(move |answer| {
            if let Err(problem) = &answer {
                self.heard(problem);
            }
            then(answer);
        });
    }
}
