//! `uptrakit auth …`

use super::{PERMISSIONS, Paging, TOKEN_ID, values};
use clap::{Args, Subcommand, ValueEnum, ValueHint};

#[derive(Debug, Subcommand)]
pub enum Auth {
    /// Make an API token for this machine and save it
    #[command(after_help = "Example:
  uptrakit auth login
  uptrakit auth login --server https://updates.example.org
  uptrakit auth login --device
  uptrakit auth login --with-token < token.txt

Signing in opens your browser, where you choose what this machine may do. The token is saved in the system keyring, else in a file that only you can read.")]
    Login(Login),
    /// Show who you are and which token says so
    #[command(after_help = "Example:\n  uptrakit auth status")]
    Status,
    /// Revoke the saved token at the server and forget it
    #[command(after_help = "Example:\n  uptrakit auth logout")]
    Logout,
    /// Create, list, show, rotate, confirm and revoke API tokens
    #[command(subcommand, after_help = "Example:\n  uptrakit auth token list")]
    Token(TokenCommand),
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct Login {
    /// Sign in by a code that you enter in a browser on any machine; the default over SSH and without a display
    #[arg(long, group = "way")]
    pub device: bool,
    /// Sign in by username and password at this terminal
    #[arg(long, group = "way")]
    pub password: bool,
    /// Read an existing token from standard input instead of making one
    #[arg(long, group = "way")]
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
    /// Take a token off hold, after the server's database was restored from a backup
    #[command(after_help = "Example:\n  uptrakit auth token confirm ci")]
    Confirm(TokenArgument),
    /// Revoke a token, from this moment on and everywhere
    #[command(after_help = "Example:\n  uptrakit auth token revoke ci")]
    Revoke(TokenArgument),
}

#[derive(Debug, Args)]
pub struct CreateToken {
    /// Name of the token; 1 to 64 characters
    #[arg(long, value_parser = values::token_name, value_hint = ValueHint::Other)]
    pub name: String,
    /// Lifetime, such as 12h or 90d
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
pub struct ListTokens {
    /// State of the tokens to list
    #[arg(long, value_enum, default_value_t)]
    pub state: State,
    /// Only those with this text in their name
    #[arg(long, value_name = "TEXT", value_parser = values::search, value_hint = ValueHint::Other)]
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
    /// Tokens that work
    #[default]
    Active,
    /// Tokens that have expired
    Expired,
    /// Tokens that were revoked
    Revoked,
    /// All tokens
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
    /// Id of the token, an unambiguous start of the id, or its name
    #[arg(id = TOKEN_ID, value_name = "ID", value_parser = values::token)]
    pub id: String,
}

#[derive(Debug, Args)]
pub struct RotateToken {
    #[command(flatten)]
    pub token: TokenArgument,
    /// Time for which the old token goes on working, up to 7d [default: none]
    #[arg(long, value_name = "DURATION", value_hint = ValueHint::Other)]
    pub overlap: Option<String>,
}
