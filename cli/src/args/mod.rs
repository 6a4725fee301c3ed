//! The grammar of the command line. The doc comments of arguments and variants are the help texts. `settings` and
//! `command` decide what the words mean.

use crate::redaction;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use uptrakit_api::is_control;

/// The arguments whose values completion offers have these ids.
pub const TOKEN_ID: &str = "token-id";
pub const HOST_ID: &str = "host-id";
pub const PERMISSIONS: &str = "permissions";

const LONGEST_MACHINE_ID: usize = 128;

/// Manage API tokens and hosts of an Uptrakit server.
#[derive(Debug, Parser)]
#[command(
    name = "uptrakit",
    version = env!("UPTRAKIT_VERSION"),
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100,
    after_help = "Example:
  uptrakit auth login
  uptrakit hosts report
  uptrakit hosts list

Exit codes: 0 done, 1 failed, 2 usage, 3 refused, 4 not found, 5 server unreachable,
  130 interrupted at sign-in"
)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    #[arg(
        long,
        global = true,
        value_name = "URL",
        value_hint = ValueHint::Url,
        help = "The server's address [env: UPTRAKIT_SERVER] [default: where you signed in last, else http://127.0.0.1:8080]"
    )]
    pub server: Option<String>,
    #[arg(
        long,
        global = true,
        value_name = "TOKEN",
        value_hint = ValueHint::Other,
        help = "The API token to use; it can be seen in the list of processes, so prefer the variable or `uptrakit auth login` \
                [env: UPTRAKIT_TOKEN]"
    )]
    pub token: Option<String>,
    #[arg(
        long,
        global = true,
        value_name = "DURATION",
        value_hint = ValueHint::Other,
        help = "The time limit of each request, such as 10s or 2m [env: UPTRAKIT_TIMEOUT] [default: 30s]"
    )]
    pub timeout: Option<String>,
    /// How to print results
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub output: Format,
    /// Trust the certificate authorities of this PEM file, and no others
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_cert: Option<PathBuf>,
    /// Send the token over plain http to a server that is not this machine
    #[arg(long, global = true)]
    pub allow_http: bool,
    /// Also print the server's error codes and request ids
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables at a terminal, tab-separated records elsewhere
    #[default]
    Human,
    /// The API's own JSON
    Json,
    /// The same as YAML
    Yaml,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Sign in and manage API tokens
    #[command(subcommand, after_help = "Example:\n  uptrakit auth status")]
    Auth(Auth),
    /// See hosts and report this one
    #[command(subcommand, after_help = "Example:\n  uptrakit hosts list --search web")]
    Hosts(Hosts),
    /// Print a script that completes commands, token names and host names
    #[command(after_help = "Example:
  echo 'eval \"$(uptrakit completions bash)\"' >> ~/.bashrc
  echo 'source <(uptrakit completions zsh)' >> ~/.zshrc
  mkdir -p ~/.config/fish/completions
  uptrakit completions fish > ~/.config/fish/completions/uptrakit.fish")]
    Completions {
        /// The shell to write for
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write the manual pages into a folder
    #[command(hide = true, after_help = "Example:\n  uptrakit man /usr/local/share/man/man1")]
    Man {
        /// The folder; made if it is missing
        #[arg(value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// For `~/.bashrc`
    Bash,
    /// For `~/.zshrc`
    Zsh,
    /// For `~/.config/fish/completions`
    Fish,
}

#[derive(Debug, Subcommand)]
pub enum Auth {
    /// Make an API token for this machine and save it
    #[command(after_help = "Example:
  uptrakit auth login
  uptrakit auth login --server https://updates.example.org
  uptrakit auth login --with-token < token.txt

The token is saved in the system keyring, else in a file that only you can read.")]
    Login(Login),
    /// Show who you are and which token says so
    #[command(after_help = "Example:\n  uptrakit auth status")]
    Status,
    /// Revoke the saved token at the server and forget it
    #[command(after_help = "Example:\n  uptrakit auth logout")]
    Logout,
    /// Create, list, show, rotate and revoke API tokens
    #[command(subcommand, after_help = "Example:\n  uptrakit auth token list")]
    Token(TokenCommand),
}

#[derive(Debug, Args)]
pub struct Login {
    /// Read an existing token from standard input instead of making one
    #[arg(long)]
    pub with_token: bool,
    /// Save the token in the file even where there is a keyring
    #[arg(long)]
    pub no_keyring: bool,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it is printed once, alone on standard output
    #[command(after_help = "Example:
  uptrakit auth token create --name ci --expires-in 90d
  TOKEN=$(uptrakit auth token create --name ci --permission hosts:report)")]
    Create(CreateToken),
    /// List your tokens
    #[command(visible_alias = "ls", after_help = "Example:\n  uptrakit auth token list --state all --sort name")]
    List(ListTokens),
    /// Show one token
    #[command(after_help = "Example:\n  uptrakit auth token show ci")]
    Show(TokenArgument),
    /// Replace a token by a new one with the same id and name; the new one is printed once, alone on standard output
    #[command(after_help = "Example:\n  uptrakit auth token rotate ci --overlap 1h")]
    Rotate(RotateToken),
    /// Revoke a token, from this moment on and everywhere
    #[command(after_help = "Example:\n  uptrakit auth token revoke ci")]
    Revoke(TokenArgument),
}

#[derive(Debug, Args)]
pub struct CreateToken {
    /// What to call it; 1 to 64 characters
    #[arg(long, value_parser = redaction::no_token, value_hint = ValueHint::Other)]
    pub name: String,
    /// How long it works, such as 12h or 90d
    #[arg(long, value_name = "DURATION", conflicts_with = "expires_at", value_hint = ValueHint::Other)]
    pub expires_in: Option<String>,
    /// Until when it works: an instant such as 2030-01-31T12:00:00Z, or a day (its end, in UTC)
    #[arg(long, value_name = "DATE", value_hint = ValueHint::Other)]
    pub expires_at: Option<String>,
    /// Narrow it to this permission, such as hosts:report; may be given several times
    #[arg(id = PERMISSIONS, long = "permission", value_name = "PERMISSION")]
    pub permissions: Vec<String>,
    /// Accept it from this network only, such as 10.0.0.0/8 or 192.0.2.7; may be given several times
    #[arg(long = "allow-network", value_name = "CIDR", value_hint = ValueHint::Other)]
    pub allowed_networks: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Paging {
    /// Fetch every page
    #[arg(long, conflicts_with_all = ["page", "per_page"])]
    pub all: bool,
    /// Which page, from 1
    #[arg(long, value_name = "N", value_parser = page_number)]
    pub page: Option<u32>,
    /// How many on a page, 1 to 100
    #[arg(long, value_name = "N", value_parser = page_size)]
    pub per_page: Option<u32>,
}

fn page_number(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it must be a number from 1, such as 2")
}

fn page_size(text: &str) -> Result<u32, &'static str> {
    text.parse().ok().filter(|number| (1..=100).contains(number)).ok_or("it must be a number from 1 to 100")
}

#[derive(Debug, Args)]
pub struct ListTokens {
    /// Which of them, by where they are in their life
    #[arg(long, value_enum, default_value_t)]
    pub state: State,
    /// Only those with this text in their name
    #[arg(long, value_name = "TEXT", value_parser = redaction::no_token, value_hint = ValueHint::Other)]
    pub search: Option<String>,
    /// Sort by created_at, name, last_used_at or expires_at, with - in front for descending
    #[arg(long, value_name = "FIELD", allow_hyphen_values = true, hide_possible_values = true, value_parser = [
        "created_at", "-created_at", "name", "-name", "last_used_at", "-last_used_at", "expires_at", "-expires_at",
    ])]
    pub sort: Option<String>,
    #[command(flatten)]
    pub paging: Paging,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Those that work
    #[default]
    Active,
    /// Those whose time is over
    Expired,
    /// Those that somebody revoked
    Revoked,
    /// All of them
    All,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::All => "all",
        }
    }
}

#[derive(Debug, Args)]
pub struct TokenArgument {
    /// Its id, an unambiguous start of the id, or its name
    #[arg(id = TOKEN_ID, value_name = "ID", value_parser = redaction::no_token)]
    pub id: String,
}

#[derive(Debug, Args)]
pub struct RotateToken {
    #[command(flatten)]
    pub token: TokenArgument,
    /// How long the old token goes on working, up to 7d [default: not at all]
    #[arg(long, value_name = "DURATION", value_hint = ValueHint::Other)]
    pub overlap: Option<String>,
}

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
        /// Its id, an unambiguous start of the id, or its name
        #[arg(id = HOST_ID, value_name = "ID", value_parser = redaction::no_token_but_host)]
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
    #[arg(long, value_name = "TEXT", value_parser = redaction::no_token_but_host, value_hint = ValueHint::Other)]
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

/// Parses a machine id by the server's rules, so that a wrong one is a mistake of usage, also in a dry run.
fn machine_id(text: &str) -> Result<String, String> {
    let id = redaction::no_token(text)?;
    let (id, length) = (id.trim(), id.trim().chars().count());
    if text.contains(is_control) {
        Err("it must be one line without control characters".to_owned())
    } else if id.is_empty() {
        Err("it must not be empty; give an id of your own, such as web-2".to_owned())
    } else if length > LONGEST_MACHINE_ID {
        Err(format!("it must have at most {LONGEST_MACHINE_ID} characters; it has {length}"))
    } else {
        Ok(id.to_owned())
    }
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Report {
    /// Show what would be sent and send nothing
    #[arg(long, conflicts_with = "timer")]
    pub dry_run: bool,
    /// Report under this id, such as web-2, instead of one derived from the machine's own; it must be the same in every
    /// report of a machine and of no other
    #[arg(long, value_name = "ID", conflicts_with = "remove_timer", value_parser = machine_id, value_hint = ValueHint::Other)]
    pub machine_id: Option<String>,
    /// Have systemd report this machine again and again, with the token in use now
    #[arg(long, group = "timer")]
    pub install_timer: bool,
    /// Undo --install-timer
    #[arg(long, group = "timer")]
    pub remove_timer: bool,
    /// How often the timer reports, from 1m to 4w
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
