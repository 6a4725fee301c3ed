//! Stops the timer and removes its files. Removal works without systemd as well, because the files would start the timer
//! again at the next start of the machine.

use super::{
    places::Places,
    systemctl::systemctl,
    units::{SERVICE, TIMER},
};
use crate::{
    commands::Context,
    failure::{Exit, Failure, described},
};
use std::{fs, io};

pub fn remove(context: &Context, user: bool) -> Result<(), Failure> {
    let output = context.output;
    let places = Places::new(user)?;
    let stopped = systemctl(&places, &[&["disable", "--now", TIMER]]);
    let files = [
        // `systemctl disable` removes this link, unless systemd can't be reached.
        places.units.join("timers.target.wants").join(TIMER),
        places.units.join(TIMER),
        places.units.join(SERVICE),
        places.credentials.clone(),
        places.credentials.with_extension("lock"),
    ];
    let mut removed = 0;
    for path in files {
        match fs::remove_file(&path) {
            Ok(()) => {
                removed += 1;
                output.note(&format!("Removed {}.", path.display()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(
                    Failure::failed(format!("could not remove {}", path.display())).caused_by(described(&error))
                );
            }
        }
    }
    if removed == 0 {
        return Err(Failure::new(Exit::NotFound, format!("there is no timer in {}", places.units.display())));
    }
    if let Some(folder) = places.credentials.parent() {
        // The call fails if the folder holds other files, which then stay.
        let _ = fs::remove_dir(folder);
    }
    match stopped {
        Ok(()) => {
            // After a failed report systemd would still list the removed unit. Most often no report has failed, so an
            // error is ignored.
            let _ = systemctl(&places, &[&["daemon-reload"], &["reset-failed", SERVICE]]);
        }
        Err(why) => output.warn(&format!(
            "systemd was not told ({why}); if the timer runs, it goes on until `{} stop {TIMER}`",
            places.systemctl()
        )),
    }
    output.note("The token itself is not revoked by this; revoke it if nothing else uses it.");
    Ok(())
}
