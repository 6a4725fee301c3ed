//! What a start needs where there is no database yet, or an empty or older one: the checks of `doctor`, which makes
//! nothing itself.

use std::{io, path::Path, str::FromStr as _};

use rustix::fs::{Access, access};
use sqlx::sqlite::SqliteConnectOptions;

use super::{
    Store,
    database_url::{is_postgres, must_exist, place},
    open_sqlite::cause,
    opening::OpenError,
};

impl Store {
    /// Fails where the start of a server would not make the SQLite file, its tables or pending migrations, with what the
    /// start would report, and where a former database has left files beside the one that is missing. Opening a Postgres
    /// database checks the same.
    ///
    /// With `makes_directory` the start makes the directory first; see [`may_make_directory`].
    pub fn require_startable(url: &str, makes_directory: bool) -> Result<(), OpenError> {
        if is_postgres(url) {
            return Ok(());
        }
        let file = SqliteConnectOptions::from_str(url)?.get_filename().to_owned();
        let unreachable =
            |error: io::Error| OpenError::Unreachable { place: place(url), cause: cause(&error.into(), &file) };
        let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if file.exists() {
            may(&file, Access::READ_OK | Access::WRITE_OK).map_err(unreachable)?;
        } else if must_exist(url) {
            return Err(OpenError::Missing(file));
        } else if let Some(left) = left_beside(&file, directory) {
            let left = directory.join(left);
            return Err(OpenError::Unfit(format!(
                "there is no database at {}, and {} is left beside it; put the database back, or start the server, \
                 which makes a new one",
                file.display(),
                left.display()
            )));
        } else if makes_directory && !directory.exists() {
            return Ok(());
        }
        may(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(unreachable)
    }
}

pub fn may_make_directory(directory: &Path) -> io::Result<()> {
    let empty = directory.as_os_str().is_empty();
    match if empty { Path::new(".").metadata() } else { directory.metadata() } {
        Ok(about) if about.is_dir() => {
            may(if empty { Path::new(".") } else { directory }, Access::WRITE_OK | Access::EXEC_OK)
        }
        Ok(_) => Err(io::ErrorKind::NotADirectory.into()),
        // A link to nothing is there, and no directory can be made in its place.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !directory.is_symlink() => {
            directory.parent().map_or(Err(error), may_make_directory)
        }
        Err(error) => Err(error),
    }
}

fn may(path: &Path, what: Access) -> io::Result<()> {
    Ok(access(path, what)?)
}

/// Returns the name of a file that begins as the database's name does, such as that of a log or of a copy.
fn left_beside(file: &Path, directory: &Path) -> Option<std::ffi::OsString> {
    let name = file.file_name()?.as_encoded_bytes();
    let entries = std::fs::read_dir(directory).ok()?;
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    names.into_iter().find(|other| other.as_encoded_bytes().starts_with(name))
}
