//! Access to the system's keyring with a time limit: a service that hangs, or a question on an unattended screen, must
//! not block a command. A keyring that does not answer in time counts as none.

use crate::server::Server;
#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(not(target_os = "macos"))]
use dbus_secret_service_keyring_store::Store;
use keyring_core::{Entry, Error, api::CredentialStoreApi as _};
use std::{
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};
use uptrakit_api::TokenSecret;

const SERVICE: &str = "uptrakit";
/// The limit leaves time to confirm a question at the screen.
const LIMIT: Duration = Duration::from_secs(10);

/// True after a timeout: the keyring is not asked again in this run.
static SILENT: AtomicBool = AtomicBool::new(false);

pub(super) fn find(server: &Server) -> Result<String, String> {
    ask(server, Entry::get_password)
}

/// Saves the token for a server and reads it back, because some keyrings accept a secret and lose it.
pub(super) fn save(server: &Server, token: &TokenSecret) -> Result<(), String> {
    let secret = token.expose().to_owned();
    ask(server, move |entry| {
        entry.set_password(&secret)?;
        if entry.get_password()? == secret { Ok(()) } else { Err(Error::NoEntry) }
    })
}

/// Removes the token for a server. Errors are ignored, because nothing can be done about a keyring that keeps it.
pub(super) fn forget(server: &Server) {
    let _ = ask(server, Entry::delete_credential);
}

/// Runs a request to the keyring in a thread of its own, and abandons the thread when it takes too long.
fn ask<T: Send + 'static>(
    server: &Server,
    question: impl FnOnce(&Entry) -> keyring_core::Result<T> + Send + 'static,
) -> Result<T, String> {
    let silent = || format!("it did not answer within {} s", LIMIT.as_secs());
    if SILENT.load(Ordering::Relaxed) {
        return Err(silent());
    }
    let user = server.as_str().to_owned();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let entry = Store::new().and_then(|store| store.build(SERVICE, &user, None));
        let answer = entry.and_then(|entry| question(&entry));
        // The send fails when the time limit is over and the receiver is dropped.
        let _ = sender.send(answer);
    });
    match receiver.recv_timeout(LIMIT) {
        Ok(answer) => answer.map_err(|error| reason(&error).to_owned()),
        Err(_) => {
            SILENT.store(true, Ordering::Relaxed);
            Err(silent())
        }
    }
}

fn reason(error: &Error) -> &'static str {
    match error {
        Error::NoStorageAccess(_) => "it is locked",
        Error::NoEntry => "it has no token for this server",
        Error::Ambiguous(_) => "it has several entries for this server",
        Error::BadEncoding(_) | Error::BadDataFormat(..) | Error::BadStoreFormat(_) => "what it holds can't be read",
        Error::PlatformFailure(_) | Error::NoDefaultStore => "it can't be reached",
        _ => "it refused to do so",
    }
}
