//! `uptrakit hosts …`

use super::{HOST_ID, Paging, values};
use clap::{Args, Subcommand, ValueHint};

#[derive(Debug, Subcommand)]
pub enum Hosts {
    /// List hosts
    #[command(
        visible_alias = "ls",
        after_help = "Example:\n  uptrakit hosts list --search web --sort -security_updates"
    )]
    List(ListHosts),
    /// Show one host
    #[command(after_help = "Example:\n  uptrakit hosts show web-1")]
    Show {
        /// Id of the host, an unambiguous start of the id, or its name
        #[arg(id = HOST_ID, value_name = "ID", value_parser = values::host)]
        id: String,
    },
    /// Report the state of this machine, once or by a timer
    #[command(after_help = "Example:
  uptrakit hosts report
  uptrakit hosts report --dry-run
  uptrakit hosts report --install-timer --every 1h

Give a timer a token of its own that can do nothing else:
  uptrakit auth token create --name \"$(hostname)\" --permission hosts:report")]
    Report(Report),
    /// Print hosts as they change, until you stop it
    #[command(after_help = "Example:\n  uptrakit hosts watch -o json | jq .hostname")]
    Watch,
}

#[derive(Debug, Args)]
pub struct ListHosts {
    /// Only those with this text in their name or operating system
    #[arg(long, value_name = "TEXT", value_parser = values::search_hosts, value_hint = ValueHint::Other)]
    pub search: Option<String>,
    /// Sort by hostname, last_seen_at, pending_updates or security_updates, with - in front for descending
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true, hide_possible_values = true, value_parser = [
        "hostname", "-hostname", "last_seen_at", "-last_seen_at",
        "pending_updates", "-pending_updates", "security_updates", "-security_updates",
    ])]
    pub sort: Option<String>,
    #[command(flatten)]
    pub paging: Paging,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Report {
    /// Show what would be sent and send nothing
    #[arg(long, conflicts_with = "timer")]
    pub dry_run: bool,
    /// Report under this id, such as web-2, instead of one derived from the machine's own; it must be the same in every
    /// report of a machine and of no other
    #[arg(long, value_name = "ID", conflicts_with = "remove_timer", value_parser = values::machine_id, value_hint = ValueHint::Other)]
    pub machine_id: Option<String>,
    /// Have systemd report this machine again and again, with the token in use now
    #[arg(long, group = "timer")]
    pub install_timer: bool,
    /// Undo --install-timer
    #[arg(long, group = "timer")]
    pub remove_timer: bool,
    /// Interval between two reports of the timer, from 1m to 4w
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "1h",
        requires = "install_timer",
        // `requires` is not enforced where the required flag conflicts with one that is given, so the conflict is named
        // here.
        conflicts_with = "remove_timer",
        value_hint = ValueHint::Other
    )]
    pub every: String,
    /// A timer of your own rather than of the whole system, also when you are root
    #[arg(long, requires = "timer")]
    pub user: bool,
}
