//! Handlers for API tokens.

use axum::{
    Json as Uncompressed,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderName, StatusCode, header};
use uptrakit_api::{
    ConfirmToken, CreateToken, CreatedToken, Page, RotateToken, Token, TokenId, TokenQuery, UpdateToken,
    header::{CUT_OFF, REVOKED_AT},
};
use uptrakit_core::{
    auth::authorized::{AnyCredential, Authorized, TokenRotation, TokensWrite},
    domain::tokens::{self, Revoked},
    error::Error,
};

use crate::{
    App,
    http::{
        answer::Data,
        body::{Id, Json, OptionalJson, Query},
        problem::ErrorResponse,
    },
};

/// List the caller's API tokens
#[utoipa::path(get, path = "/auth/api-tokens", tag = "tokens", params(TokenQuery), responses((status = 200, body = Page<Token>)))]
pub async fn list_tokens(
    State(app): State<App>,
    actor: Authorized<AnyCredential>,
    Query(query): Query<TokenQuery>,
) -> Result<Data<Page<Token>>, ErrorResponse> {
    Ok(Data(tokens::list(&app, &actor, &query).await?))
}

/// Create an API token
///
/// The answer contains the token's secret, which can't be retrieved again.
#[utoipa::path(
    post, path = "/auth/api-tokens", tag = "tokens", request_body = CreateToken,
    responses((status = 201, body = CreatedToken, headers(("Location" = String))))
)]
pub async fn create_token(
    State(app): State<App>,
    actor: Authorized<TokensWrite>,
    Json(request): Json<CreateToken>,
) -> Result<Response, ErrorResponse> {
    Ok(created(tokens::create(&app, &actor, &request).await?))
}

/// Get one of the caller's API tokens
#[utoipa::path(
    get, path = "/auth/api-tokens/{id}", tag = "tokens", params(("id" = TokenId, Path)), responses((status = 200, body = Token))
)]
pub async fn get_token(
    State(app): State<App>,
    actor: Authorized<AnyCredential>,
    Id(id): Id<TokenId>,
) -> Result<Data<Token>, ErrorResponse> {
    Ok(Data(tokens::get(&app, &actor, id).await?))
}

/// Change an API token's name or limits; omitted fields stay as they are
#[utoipa::path(
    patch, path = "/auth/api-tokens/{id}", tag = "tokens", params(("id" = TokenId, Path)), request_body = UpdateToken,
    responses((status = 200, body = Token))
)]
pub async fn update_token(
    State(app): State<App>,
    actor: Authorized<TokensWrite>,
    Id(id): Id<TokenId>,
    Json(request): Json<UpdateToken>,
) -> Result<Data<Token>, ErrorResponse> {
    Ok(Data(tokens::update(&app, &actor, id, &request).await?))
}

/// Rotate an API token
///
/// The answer contains the new secret, which can't be retrieved again. Until the overlap ends, the previous secret is
/// accepted as well, but not for operations that need `tokens:write`.
#[utoipa::path(
    post, path = "/auth/api-tokens/{id}/rotate", tag = "tokens", params(("id" = TokenId, Path)), request_body = RotateToken,
    responses((status = 201, body = CreatedToken, headers(("Location" = String))))
)]
pub async fn rotate_token(
    State(app): State<App>,
    actor: Authorized<TokenRotation>,
    Id(id): Id<TokenId>,
    OptionalJson(request): OptionalJson<RotateToken>,
) -> Result<Response, ErrorResponse> {
    Ok(created(tokens::rotate(&app, &actor, id, &request).await?))
}

/// End the overlap of a rotation now, so that the previous secret is rejected
#[utoipa::path(
    delete, path = "/auth/api-tokens/{id}/overlap", tag = "tokens", params(("id" = TokenId, Path)), responses((status = 204))
)]
pub async fn end_overlap(
    State(app): State<App>,
    actor: Authorized<TokensWrite>,
    Id(id): Id<TokenId>,
) -> Result<StatusCode, ErrorResponse> {
    tokens::end_overlap(&app, &actor, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take an API token off hold, so that it is accepted again
///
/// After a restore of the database, tokens are on hold, because the backup does not know which of them were revoked
/// since. A token confirms none that may do more than itself.
#[utoipa::path(
    post, path = "/auth/api-tokens/{id}/confirm", tag = "tokens", params(("id" = TokenId, Path)),
    request_body = Option<ConfirmToken>, responses((status = 200, body = Token))
)]
pub async fn confirm_token(
    State(app): State<App>,
    actor: Authorized<TokensWrite>,
    Id(id): Id<TokenId>,
    OptionalJson(ConfirmToken {}): OptionalJson<ConfirmToken>,
) -> Result<Data<Token>, ErrorResponse> {
    Ok(Data(tokens::confirm(&app, &actor, id).await?))
}

/// Revoke an API token; `current` is the token of this request
///
/// A token may revoke itself without the permission `tokens:write`, also by a secret that a rotation has replaced.
#[utoipa::path(
    delete, path = "/auth/api-tokens/{id}", tag = "tokens",
    params(("id" = String, Path, description = "A token's id, or `current`")),
    responses(RevokedResponse)
)]
pub async fn delete_token(
    State(app): State<App>,
    actor: Authorized<AnyCredential>,
    Id(id): Id<String>,
) -> Result<Response, ErrorResponse> {
    if id == "current"
        && let Some(done) = tokens::revoke_current(&app, &actor).await?
    {
        return Ok(revoked(done));
    }
    let actor = actor.require::<TokensWrite>()?;
    let id = id.parse().map_err(|_| Error::NotFound)?;
    Ok(revoked(tokens::revoke(&app, &actor, id).await?))
}

/// What was revoked is refused by every process
#[derive(utoipa::IntoResponses)]
#[response(
    status = 204,
    headers(
        ("Uptrakit-Revoked-At" = String, description = "Instant from which the revoke holds at every process"),
        ("Uptrakit-Cut-Off" = u64, description = "Number of requests that it cut off in the process that answers")
    )
)]
pub struct RevokedResponse;

pub fn revoked(revoked: Revoked) -> Response {
    let headers = [
        (HeaderName::from_static(REVOKED_AT), revoked.at.to_string()),
        (HeaderName::from_static(CUT_OFF), revoked.cut_off.to_string()),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn created(token: CreatedToken) -> Response {
    let location = format!("/api/v1/auth/api-tokens/{}", token.fields.id);
    (StatusCode::CREATED, [(header::LOCATION, location)], Uncompressed(token)).into_response()
}
