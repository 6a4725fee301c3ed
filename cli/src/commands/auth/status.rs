//! `uptrakit auth status`: shows the account, the token in use and what it may do.

use crate::{commands::Context, failure::Failure, output::Cell};
use uptrakit_api::tolerant::Me;

pub fn run(context: &Context) -> Result<(), Failure> {
    let output = context.output;
    context.signed_in(|client, source| {
        output.detail(&format!("the token comes from {source}"));
        let answer = client.get("show who you are", "/api/v1/auth/me", &[])?;
        let me: Me = answer.read()?;
        let mut properties = vec![
            ("Server", Cell::plain(client.server().as_str())),
            ("Account", Cell::plain(format!("{} <{}>", me.username, me.email))),
            ("Roles", Cell::plain(me.roles.join(", "))),
        ];
        let mut permissions = me.permissions;
        if let Some(token) = &me.token {
            let ends = match token.expires_at {
                Some(ends) => Cell::toned(output.instant_in_full(ends), output.end_tone(ends)),
                None => Cell::plain("never"),
            };
            properties.extend([
                ("Token", Cell::plain(format!("{} ({})", token.name, token.hint))),
                ("Token id", Cell::plain(&token.id)),
                ("Token ends", ends),
            ]);
            if let Some(narrowed) = &token.permissions {
                permissions.retain(|permission| narrowed.contains(permission));
            }
        }
        properties.extend([
            ("Permissions", Cell::plain(permissions.join(", "))),
            ("Credential", Cell::plain(source.to_string())),
        ]);
        output.object(&answer.value, properties)
    })
}
