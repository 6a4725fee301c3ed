//! Handlers for users, for administrators.

use axum::{Json as Uncompressed, extract::State, response::Response};
use http::StatusCode;
use uptrakit_api::{
    AccountId, ConfirmToken, CreateInvitation, CreateUser, CreatedUser, Page, PageQuery, Token, TokenId, TokenQuery,
    UpdateUser, User,
};
use uptrakit_core::{
    auth::authorized::{Authorized, UsersManage},
    domain::{tokens, users},
};

use super::tokens::{RevokedResponse, revoked};
use crate::{
    App,
    http::{
        answer::Data,
        body::{Id, Ids, Json, OptionalJson, Query},
        problem::ErrorResponse,
    },
};

/// List users, ordered by username
#[utoipa::path(get, path = "/users", tag = "users", params(PageQuery), responses((status = 200, body = Page<User>)))]
pub async fn list_users(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Query(query): Query<PageQuery>,
) -> Result<Data<Page<User>>, ErrorResponse> {
    Ok(Data(users::list(&app, &actor, query.page.as_deref(), query.per_page.as_deref()).await?))
}

/// Create a user
///
/// Without a password the answer contains a link by which the user chooses one.
#[utoipa::path(post, path = "/users", tag = "users", request_body = CreateUser, responses((status = 201, body = CreatedUser)))]
pub async fn create_user(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Json(request): Json<CreateUser>,
) -> Result<(StatusCode, Uncompressed<CreatedUser>), ErrorResponse> {
    Ok((StatusCode::CREATED, Uncompressed(users::create(&app, &actor, request).await?)))
}

/// Create a new invitation link for a user who has not chosen a password yet
///
/// The previous link becomes invalid.
#[utoipa::path(
    post, path = "/users/{id}/invitation", tag = "users", params(("id" = AccountId, Path)),
    request_body = Option<CreateInvitation>, responses((status = 201, body = CreatedUser))
)]
pub async fn create_invitation(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Id(id): Id<AccountId>,
    OptionalJson(CreateInvitation {}): OptionalJson<CreateInvitation>,
) -> Result<(StatusCode, Uncompressed<CreatedUser>), ErrorResponse> {
    Ok((StatusCode::CREATED, Uncompressed(users::invite_again(&app, &actor, id).await?)))
}

/// Set a user's roles, or activate or deactivate the account
#[utoipa::path(
    patch, path = "/users/{id}", tag = "users", params(("id" = AccountId, Path)), request_body = UpdateUser,
    responses((status = 200, body = User))
)]
pub async fn update_user(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Id(id): Id<AccountId>,
    Json(request): Json<UpdateUser>,
) -> Result<Data<User>, ErrorResponse> {
    Ok(Data(users::update(&app, &actor, id, request).await?))
}

/// List a user's API tokens
#[utoipa::path(
    get, path = "/users/{id}/api-tokens", tag = "users", params(("id" = AccountId, Path), TokenQuery),
    responses((status = 200, body = Page<Token>))
)]
pub async fn list_user_tokens(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Id(id): Id<AccountId>,
    Query(query): Query<TokenQuery>,
) -> Result<Data<Page<Token>>, ErrorResponse> {
    Ok(Data(users::list_tokens(&app, &actor, id, &query).await?))
}

/// Revoke a user's API token
///
/// A secret that a rotation has replaced can't do it.
#[utoipa::path(
    delete, path = "/users/{id}/api-tokens/{token_id}", tag = "users",
    params(("id" = AccountId, Path), ("token_id" = TokenId, Path)), responses(RevokedResponse)
)]
pub async fn delete_user_token(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Ids(id, token_id): Ids<AccountId, TokenId>,
) -> Result<Response, ErrorResponse> {
    Ok(revoked(tokens::revoke_of(&app, &actor, id, token_id).await?))
}

/// Take a user's API token off hold, so that it is accepted again
///
/// A secret that a rotation has replaced can't do it.
#[utoipa::path(
    post, path = "/users/{id}/api-tokens/{token_id}/confirm", tag = "users",
    params(("id" = AccountId, Path), ("token_id" = TokenId, Path)), request_body = Option<ConfirmToken>,
    responses((status = 200, body = Token))
)]
pub async fn confirm_user_token(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Ids(id, token_id): Ids<AccountId, TokenId>,
    OptionalJson(ConfirmToken {}): OptionalJson<ConfirmToken>,
) -> Result<Data<Token>, ErrorResponse> {
    Ok(Data(tokens::confirm_of(&app, &actor, id, token_id).await?))
}
