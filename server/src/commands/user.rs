//! `user`: adds and changes people.

use anyhow::bail;
use clap::Subcommand;
use uptrakit_api::{AccountId, Role, User};
use uptrakit_core::{domain::users, error::Error, state::Core};
use uptrakit_server::settings::Settings;

use super::{
    database::{announce, core, is_none_yet, open_existing_store, open_store},
    terminal::{read_password, readable, say},
};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a person
    Add {
        username: String,
        #[arg(long)]
        email: String,
        /// viewer, operator or administrator; may be given several times
        #[arg(long = "role", required = true)]
        roles: Vec<Role>,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
    /// List people
    List,
    /// Set a person's roles, all of them
    SetRoles {
        username: String,
        #[arg(required = true)]
        roles: Vec<Role>,
    },
    /// Close a person's account: sessions end, tokens stop working
    Deactivate { username: String },
    /// Open a person's account again
    Activate { username: String },
    /// Set a person's password; their sessions end
    SetPassword {
        username: String,
        /// Read the password from standard input instead of asking for it
        #[arg(long)]
        password_stdin: bool,
    },
}

pub async fn user(settings: Settings, command: UserCommand) -> anyhow::Result<()> {
    let (store, is_new) = match open_existing_store(&settings).await {
        Err(error) if matches!(command, UserCommand::Add { .. }) && is_none_yet(&error) => {
            (open_store(&settings).await?, true)
        }
        opened => (opened?, false),
    };
    announce(&settings, is_new);
    let core = core(&settings, store)?;
    match command {
        UserCommand::Add { username, email, roles, password_stdin } => {
            let password = read_password(password_stdin)?;
            let roles = roles.into_iter().collect();
            let added = users::add_from_terminal(&core, &username, &email, roles, &password).await;
            say(format_args!("{} is added.", added.map_err(readable)?.username))?;
        }
        UserCommand::List => list_users(&core).await?,
        UserCommand::SetRoles { username, roles } => {
            let id = find(&core, &username).await?;
            let user = users::update_from_terminal(&core, id, Some(roles.into_iter().collect()), None).await;
            let user = user.map_err(readable)?;
            say(format_args!("{} has these roles now: {}.", user.username, user.roles))?;
        }
        UserCommand::Deactivate { username } => {
            let id = find(&core, &username).await?;
            let user = users::update_from_terminal(&core, id, None, Some(false)).await.map_err(readable)?;
            say(format_args!("{} is deactivated.", user.username))?;
        }
        UserCommand::Activate { username } => {
            let id = find(&core, &username).await?;
            let user = users::update_from_terminal(&core, id, None, Some(true)).await.map_err(readable)?;
            say(format_args!("{} is active.", user.username))?;
        }
        UserCommand::SetPassword { username, password_stdin } => {
            let id = find(&core, &username).await?;
            let password = read_password(password_stdin)?;
            users::set_password_from_terminal(&core, id, &password).await.map_err(readable)?;
            say(format_args!("The password of {username} is set; their sessions have ended."))?;
        }
    }
    Ok(core.close().await?)
}

async fn find(core: &Core, username: &str) -> anyhow::Result<AccountId> {
    match users::find_by_username(core, username).await {
        Err(Error::NotFound) => bail!("There is no account {username:?}."),
        outcome => outcome.map_err(readable),
    }
}

async fn list_users(core: &Core) -> anyhow::Result<()> {
    let mut page = 1_u32;
    loop {
        let users = users::list_from_terminal(core, Some(&page.to_string()), Some("100")).await.map_err(readable)?;
        for User { username, email, roles, active, .. } in &users.items {
            say(format_args!("{username}\t{email}\t{roles}\t{}", if *active { "active" } else { "deactivated" }))?;
        }
        if u64::from(page) >= users.total_pages {
            return Ok(());
        }
        page += 1;
    }
}
