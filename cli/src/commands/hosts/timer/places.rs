//! Where the files of a timer are: those of the whole system, or those of one user. A system service does not see every
//! file that this program sees.

use crate::{
    credentials::{TIMER_FILE, configuration_folder},
    failure::Failure,
};
use std::path::{Path, PathBuf};

/// A system service sees private, empty folders in place of these (`PrivateTmp=`).
const HIDDEN: [&str; 2] = ["/tmp", "/var/tmp"];

pub struct Places {
    pub units: PathBuf,
    pub credentials: PathBuf,
    pub user: bool,
}

impl Places {
    /// Returns the paths of the whole system for root, and the user's own ones otherwise or if `user` is true.
    pub fn new(user: bool) -> Result<Self, Failure> {
        if rustix::process::geteuid().is_root() && !user {
            let (units, credentials) = ("/etc/systemd/system".into(), Path::new("/etc/uptrakit").join(TIMER_FILE));
            return Ok(Self { units, credentials, user: false });
        }
        let own = configuration_folder().ok_or_else(|| {
            Failure::failed("there is no folder for a timer of your own").caused_by("HOME is not set")
        })?;
        let above = own.parent().unwrap_or(&own);
        Ok(Self { units: above.join("systemd/user"), credentials: own.join(TIMER_FILE), user: true })
    }

    pub fn systemctl(&self) -> &'static str {
        if self.user { "systemctl --user" } else { "systemctl" }
    }
}

pub fn within_reach(places: &Places, program: &Path, authority: Option<&Path>) -> Result<(), Failure> {
    let files = [("this program", Some(program)), ("the file of --ca-cert", authority)];
    for (what, path) in files {
        let Some(path) = path.filter(|path| !places.user && HIDDEN.iter().any(|folder| path.starts_with(folder)))
        else {
            continue;
        };
        return Err(Failure::failed(format!("the timer would not find {what} at {}", path.display()))
            .caused_by(
                "systemd gives the service a /tmp and a /var/tmp of its own, and both are emptied from time to time",
            )
            .hint("move it where it can stay, such as below /usr/local or /etc, and install the timer again"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Places, within_reach};
    use std::path::Path;

    #[test]
    fn files_that_the_service_would_not_see_are_refused() {
        let places = |user| Places { units: "/x".into(), credentials: "/y".into(), user };
        let (stable, fleeting) = (Path::new("/usr/local/bin/uptrakit"), Path::new("/tmp/uptrakit"));
        for (user, program, authority, accepted) in [
            (false, stable, None, true),
            (false, stable, Some(Path::new("/etc/authority.pem")), true),
            (false, Path::new("/tmpfiles/uptrakit"), None, true),
            (false, fleeting, None, false),
            (false, stable, Some(Path::new("/var/tmp/authority.pem")), false),
            (true, fleeting, Some(fleeting), true),
        ] {
            let outcome = within_reach(&places(user), program, authority);
            assert_eq!(outcome.is_ok(), accepted, "{program:?} {authority:?}");
        }
    }
}
