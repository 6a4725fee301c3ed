//! Interrupts, by a key or by a signal from elsewhere, while `auth login` is in the middle of something.
//! A terminal must not stay blind, and a web session or a token that nobody knows must not stay behind.

use crate::{
    failure::{Exit, Failure},
    stderr::Stderr,
};
use rustix::termios::{OptionalActions, Termios, tcsetattr};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM},
    iterator::Signals,
};
use std::{
    io, process,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

static STATE: Mutex<State> = Mutex::new(State { terminal: None, held: false, came: false });

struct State {
    /// How the terminal is to be left.
    terminal: Option<Termios>,
    /// Whether an interrupt has to wait.
    held: bool,
    /// Whether one waits.
    came: bool,
}

/// From now on an interrupt ends the program in good order.
pub fn watch() -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    thread::Builder::new().spawn(move || {
        for _ in &mut signals {
            let mut state = state();
            if state.held {
                state.came = true;
                say("\nInterrupted: waiting for the server, so that nothing is left behind.\n");
                continue;
            }
            if let Some(terminal) = &state.terminal {
                // If this fails the terminal is gone, and nobody is left to see it.
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, terminal);
            }
            // The question that was open ends with its line.
            say("\n");
            process::exit(Exit::Interrupted as i32);
        }
    })?;
    Ok(())
}

/// Remembers how the terminal is to be left, or that it is as it should be.
pub fn leave_terminal(terminal: Option<Termios>) {
    state().terminal = terminal;
}

/// While this lives an interrupt waits, and whoever holds it asks with `go_on` before every step.
pub struct Held(());

impl Held {
    /// Lets interrupts wait.
    pub fn new() -> Self {
        state().held = true;
        Self(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        state().held = false;
    }
}

/// Fails if an interrupt waits.
pub fn go_on() -> Result<(), Failure> {
    if state().came { Err(Failure::new(Exit::Interrupted, "interrupted; nothing was saved")) } else { Ok(()) }
}

/// Who closed standard error does not want to know.
fn say(text: &str) {
    let _ = Stderr::new().say(text);
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
