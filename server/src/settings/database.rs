//! Where the database is: at a URL that is set, in a file that has the URL, or in the data directory. The URL may contain
//! a password, so no message repeats it.

use std::path::{Path, PathBuf};

use super::{
    error::{InvalidSetting, invalid, why_unreadable},
    text::Text,
};
use crate::input;

/// Returns a secret that is set itself, or is the line in the file that the setting `…_file` names.
pub fn secret(name: &str, text: Option<Text>, file: Option<Text>) -> Result<Option<Text>, InvalidSetting> {
    let Some(Text(path)) = file else { return Ok(text) };
    if text.is_some() {
        let both = format!("The settings {name} and {name}_file are both set: leave one of them out.");
        return Err(InvalidSetting(both));
    }
    let wrong = |why: &str| InvalidSetting(format!("The setting {name}_file is wrong: the file {path} {why}."));
    let bytes = std::fs::read(&path).map_err(|error| wrong(&format!("can't be read: {}", why_unreadable(&error))))?;
    match input::decode_secret(&bytes).map_err(|why| wrong(&why.to_string()))? {
        "" => Err(wrong("is empty")),
        line if line.contains('\n') => Err(wrong("has more than one line")),
        line => Ok(Some(line.into())),
    }
}

/// Without a file, SQLite would open another database for each connection and lose all of them.
pub fn is_in_memory(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("sqlite:") else { return false };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    matches!(path.trim_start_matches("//"), "" | ":memory:") || query.split('&').any(|pair| pair == "mode=memory")
}

pub fn sqlite_url(path: &Path) -> Result<String, InvalidSetting> {
    let path = path.to_str().ok_or_else(|| invalid("data_dir", &path.to_string_lossy(), "must be Unicode"))?;
    Ok(format!("sqlite://{}", path.replace('%', "%25").replace('?', "%3F").replace('#', "%23")))
}

#[must_use]
pub fn default_data_dir(get: impl Fn(&str) -> Option<String>) -> PathBuf {
    let set = |name| get(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .map_or_else(|| PathBuf::from("/var/lib/uptrakit"), |base| base.join("uptrakit"))
}

#[cfg(test)]
mod tests {
    use crate::settings::{Source, validate};

    #[test]
    fn the_database_url_may_be_in_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("database-url");
        let read = |url: Option<&str>| {
            let source = Source {
                database_url: url.map(Into::into),
                database_url_file: Some(path.to_str().unwrap().into()),
                ..Source::default()
            };
            validate(source).map(|settings| settings.database_url)
        };
        let place = path.display();
        let wrong = |why: &str| Err(format!("The setting database_url_file is wrong: the file {place} {why}."));
        assert_eq!(read(None), wrong("can't be read: No such file or directory"));
        let url = "postgres://ada:opensesame@localhost/uptrakit";
        for text in [url, &format!("{url}\n"), &format!("\u{feff}{url}\r\n")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(None).as_deref(), Ok(url));
        }
        let both = "The settings database_url and database_url_file are both set: leave one of them out.";
        assert_eq!(read(Some(url)), Err(both.to_owned()));
        for (text, why) in [("", "is empty"), ("\n", "is empty"), ("a\nb\n", "has more than one line")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read(None), wrong(why));
        }
        std::fs::write(&path, "postgres://ada:opensesame@").unwrap();
        let why = read(None).unwrap_err();
        assert!(why.starts_with("The setting database_url is wrong: ") && !why.contains("opensesame"), "{why}");
    }
}
