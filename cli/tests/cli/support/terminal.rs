//! A terminal with a simulated user: a pseudo-terminal on which questions are answered.

use super::Program;
use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize},
};
use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::{fd::OwnedFd, unix::fs::OpenOptionsExt},
    process::{Child, Command},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// The time limit of every step; no question or answer takes this long.
const PATIENCE: Duration = Duration::from_secs(30);
const NO_CONTROLLING_TERMINAL: i32 = rustix::fs::OFlags::NOCTTY.bits().cast_signed();

pub struct Terminal {
    /// The user's end of the pseudo-terminal.
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    shown: String,
    child: Child,
}

impl Terminal {
    /// Starts the program at a new terminal.
    pub fn run(program: &Program, arguments: &[&str]) -> Self {
        Self::start(program.command(arguments), 100)
    }

    /// Starts a command at a new terminal of this width.
    pub fn start(mut command: Command, columns: u16) -> Self {
        let front = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&front).unwrap();
        unlockpt(&front).unwrap();
        tcsetwinsize(&front, Winsize { ws_row: 30, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&front, Vec::new()).unwrap().into_string().unwrap();
        let back = OpenOptions::new().read(true).write(true).custom_flags(NO_CONTROLLING_TERMINAL).open(name).unwrap();
        command.env("TERM", "xterm-256color");
        let end = || OwnedFd::from(back.try_clone().unwrap());
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop((command, back));
        let keyboard = File::from(front);
        let mut reader = keyboard.try_clone().unwrap();
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // Reading fails once no process holds the other end.
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keyboard, screen, shown: String::new(), child }
    }

    /// Waits until this text is on the screen.
    pub fn expect(&mut self, text: &str) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        while !self.shown.contains(text) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("{text:?} was not shown ({error}): {:?}", self.shown),
            }
        }
        self
    }

    /// Returns what was shown so far.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    pub fn type_in(&mut self, text: &str) -> &mut Self {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self
    }

    /// Returns true when the terminal echoes what is typed.
    pub fn shows_typing(&self) -> bool {
        tcgetattr(&self.keyboard).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    /// Sends the program a signal, as `kill` does.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the program to end and leaves the terminal open.
    pub fn wait(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Waits for the program to end. Returns the exit code and everything that was shown.
    pub fn finish(mut self) -> (i32, String) {
        while let Ok(bytes) = self.screen.recv_timeout(PATIENCE) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), self.shown.replace("\r\n", "\n"))
    }
}
