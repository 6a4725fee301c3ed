//! `uptrakit auth token rotate`

use super::{PATH, created, own_id, print_secret, warn_of_lost_secret};
use crate::{
    args::RotateToken as Arguments,
    commands::{Context, lookup},
    credentials::{Source, Storage},
    duration,
    failure::Failure,
    http::Client,
};
use uptrakit_api::{RotateToken, TokenSecret, tolerant::CreatedToken};

const TRIED: &str = "rotate the token";
/// The longest overlap that the server grants, in seconds: seven days.
const LONGEST_OVERLAP: u64 = 604_800;

pub fn run(context: &Context, arguments: &Arguments) -> Result<(), Failure> {
    let overlap_seconds = overlap(arguments.overlap.as_deref())?;
    let output = context.output;
    context.signed_in(|client, source| {
        let id = lookup::token(client, TRIED, &arguments.token.id)?.id;
        // The server is asked before the rotation, because afterwards the old secret may no longer authenticate.
        let own = is_own(context, client, source, &id)?;
        let answer = client.post(TRIED, &format!("{PATH}/{id}/rotate"), &RotateToken { overlap_seconds });
        let (answer, created) = answer.and_then(created).map_err(|failure| {
            let failure = failure.in_flags(|field, message| {
                (field == "overlap_seconds").then(|| ("--overlap".to_owned(), message.to_owned()))
            });
            failure.of_change(
                "the token may be rotated all the same, and the new token did not arrive",
                if own {
                    // The token can't rotate itself again once its own secret no longer works.
                    format!(
                        "see with `uptrakit auth status` whether it still works; if not, {}, and revoke this one with `uptrakit auth token revoke {id}`",
                        source.renewal()
                    )
                } else {
                    format!("rotate it again with `uptrakit auth token rotate {id}`")
                },
            )
        })?;
        let token = &created.fields;
        output.note(&format!(
            "Rotated token {} ({}); {}.",
            token.name,
            token.hint,
            match &token.rotation {
                Some(rotation) => {
                    format!("the old token works until {}", output.instant_in_full(rotation.overlap_ends_at))
                }
                None => "the old token no longer works".to_owned(),
            }
        ));
        // The secret is printed and then saved. Each is done even if the other fails, so that the secret is not lost.
        let printed = print_secret(output, &answer, &created);
        let saved = if own { keep(context, source, &created) } else { Ok(false) };
        if printed.is_err() && !matches!(saved, Ok(true)) {
            warn_of_lost_secret(output, &created, "rotated");
        }
        saved.and(printed)
    })
}

/// Returns true when this is the id of the token in use. The server is asked only if the saved credentials don't have
/// that id.
fn is_own(context: &Context, client: &Client, source: &Source, id: &str) -> Result<bool, Failure> {
    let saved = match source {
        Source::Saved(_) => context.settings.store.known(client.server())?.and_then(|known| known.id),
        Source::Flag | Source::Environment | Source::File(_) => None,
    };
    let own = saved.map_or_else(|| own_id(client, TRIED), |saved| Ok(Some(saved)))?;
    Ok(own.as_deref() == Some(id))
}

/// Saves the new secret of the token in use, so that this machine stays signed in. Returns false if the token came from
/// a flag or variable, or if the new secret is malformed.
fn keep(context: &Context, source: &Source, created: &CreatedToken) -> Result<bool, Failure> {
    let output = context.output;
    let Source::Saved(storage) = source else {
        output.note(&format!("It is {}: the new token must stand there from now on.", source.of_token()));
        return Ok(false);
    };
    let Ok(secret) = TokenSecret::parse(&created.secret.0) else { return Ok(false) };
    let (server, id) = (context.settings.server()?, created.fields.id.clone());
    let storage = context.settings.store.save(server, &secret, Some(id), *storage == Storage::Keyring)?;
    output.note(&format!("It is the token in use here: the new token is saved in {storage}."));
    Ok(true)
}

fn overlap(text: Option<&str>) -> Result<u32, Failure> {
    let Some(text) = text else { return Ok(0) };
    let length = duration::parse(text).map_err(|why| Failure::usage(format!("--overlap '{text}' {why}")))?;
    match u32::try_from(length.as_secs()) {
        Ok(0) if !length.is_zero() => Err(Failure::usage(format!("--overlap '{text}' must be 0, or at least 1s"))),
        Ok(seconds) if length.as_secs() <= LONGEST_OVERLAP => Ok(seconds),
        _ => Err(Failure::usage(format!("--overlap '{text}' must be at most 7d"))),
    }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn an_overlap_is_at_most_seven_days() {
        assert_eq!(overlap(None).unwrap(), 0);
        assert_eq!(overlap(Some("1h")).unwrap(), 3_600);
        assert_eq!(overlap(Some("7d")).unwrap(), 604_800);
        assert_eq!(overlap(Some("0")).unwrap(), 0);
        for text in ["604801s", "8d", "99999w", "x", "999ms"] {
            assert!(overlap(Some(text)).is_err(), "{text}");
        }
    }
}
