//! The line for cron that reports this machine where systemd can't. cron counts in minutes, hours and days, so that the
//! interval becomes the nearest that it can do.

use crate::credentials::quoted;
use std::{path::Path, time::Duration};

pub fn line(command: &[String], credentials: &Path, every: Duration) -> String {
    let minutes = every.as_secs() / 60;
    let when = match minutes {
        0..=59 => format!("*/{} * * * *", minutes.max(1)),
        60..=119 => "17 * * * *".to_owned(),
        120..=1_439 => format!("17 */{} * * *", minutes / 60),
        _ => "17 4 * * *".to_owned(),
    };
    let command: Vec<String> = command.iter().map(|word| quoted(Path::new(word)).replace('%', r"\%")).collect();
    let credentials = quoted(credentials).replace('%', r"\%");
    format!("{when} UPTRAKIT_CREDENTIALS={credentials} {} >/dev/null", command.join(" "))
}

#[cfg(test)]
mod tests {
    use super::line;
    use std::{path::Path, time::Duration};

    fn command() -> Vec<String> {
        ["/opt/up 100%/$x/uptrakit", "hosts", "report", "--ca-cert", "/etc/$y"].map(str::to_owned).to_vec()
    }

    #[test]
    fn cron_gets_the_nearest_it_can_do() {
        let line = |seconds| line(&command(), Path::new("/etc/uptrakit/timer.toml"), Duration::from_secs(seconds));
        assert_eq!(
            line(3_600),
            r"17 * * * * UPTRAKIT_CREDENTIALS=/etc/uptrakit/timer.toml '/opt/up 100\%/$x/uptrakit' hosts report --ca-cert '/etc/$y' >/dev/null"
        );
        assert!(line(900).starts_with("*/15 * * * * "));
        assert!(line(6 * 3_600).starts_with("17 */6 * * * "));
        assert!(line(86_400).starts_with("17 4 * * * "));
    }
}
