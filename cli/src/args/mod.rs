//! The grammar of the command line. The doc comments of arguments and variants are the help texts. `settings` and
//! `command` decide what the words mean.

mod auth;
mod hosts;
mod paging;
mod values;

pub use auth::{Auth, CreateToken, ListTokens, Login, RotateToken, State, TokenCommand};
pub use hosts::{Hosts, ListHosts, Report};
pub use paging::Paging;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// The arguments whose values completion offers have these ids.
pub const TOKEN_ID: &str = "token-id";
pub const HOST_ID: &str = "host-id";
pub const PERMISSIONS: &str = "permissions";

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
                [env: UPTRAKIT_TOKEN, or UPTRAKIT_TOKEN_FILE for a file with it]"
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
    /// Format of the results
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
