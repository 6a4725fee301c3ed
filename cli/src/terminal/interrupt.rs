//! Handles interrupts, from the keyboard or by a signal, while `auth login` runs. The terminal must not be left without
//! echo, and no web session or token must be left at the server.

use crate::{
    failure::{Exit, Failure},
    terminal::Stderr,
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
    terminal: Option<Termios>,
    /// True while a `Held` lives: an interrupt is recorded and does not end the program.
    held: bool,
    came: bool,
}

/// Starts the thread that handles signals. From now on an interrupt restores the terminal and ends the program.
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
                // A failure means that the terminal is gone, so there is nothing to restore.
                let _ = tcsetattr(io::stdin(), OptionalActions::Now, terminal);
            }
            // The newline ends the line of the question that was open.
            say("\n");
            process::exit(Exit::Interrupted as i32);
        }
    })?;
    Ok(())
}

/// Sets the terminal settings to restore on an interrupt; `None` when there is nothing to restore.
pub fn leave_terminal(terminal: Option<Termios>) {
    state().terminal = terminal;
}

/// While this value lives an interrupt waits, and its holder calls `check_interrupted` before every step.
pub struct Held(());

impl Held {
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

pub fn check_interrupted() -> Result<(), Failure> {
    if state().came { Err(Failure::new(Exit::Interrupted, "interrupted; nothing was saved")) } else { Ok(()) }
}

fn say(text: &str) {
    let _ = Stderr::new().say(text);
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
