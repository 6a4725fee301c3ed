//! Handlers for applications: those that are connected to an account, and those that are known at all.

use axum::{extract::State, response::Response};
use uptrakit_api::{
    AccountId, Application, ApplicationId, ConnectedApplication, GrantId, Page, PageQuery, UpdateApplication,
};
use uptrakit_core::{
    auth::authorized::{AnyCredential, Authorized, TokensWrite, UsersManage},
    domain::oauth::{applications, grants},
};

use super::tokens::{RevokedResponse, revoked};
use crate::{
    App,
    http::{
        answer::Data,
        body::{Id, Ids, Json, Query},
        problem::ErrorResponse,
    },
};

/// List the applications that are connected to the caller's account, newest first
#[utoipa::path(
    get, path = "/auth/applications", tag = "applications", params(PageQuery),
    responses((status = 200, body = Page<ConnectedApplication>))
)]
pub async fn list_connected_applications(
    State(app): State<App>,
    actor: Authorized<AnyCredential>,
    Query(query): Query<PageQuery>,
) -> Result<Data<Page<ConnectedApplication>>, ErrorResponse> {
    Ok(Data(grants::list(&app, &actor, &query).await?))
}

/// Disconnect an application from the caller's account
///
/// All tokens that the application got by this connection are revoked.
#[utoipa::path(
    delete, path = "/auth/applications/{id}", tag = "applications", params(("id" = GrantId, Path)),
    responses(RevokedResponse)
)]
pub async fn delete_connected_application(
    State(app): State<App>,
    actor: Authorized<TokensWrite>,
    Id(id): Id<GrantId>,
) -> Result<Response, ErrorResponse> {
    Ok(revoked(grants::revoke(&app, &actor, id).await?))
}

/// List all applications that are known to the server, newest first
#[utoipa::path(
    get, path = "/applications", tag = "applications", params(PageQuery),
    responses((status = 200, body = Page<Application>))
)]
pub async fn list_applications(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Query(query): Query<PageQuery>,
) -> Result<Data<Page<Application>>, ErrorResponse> {
    Ok(Data(applications::list(&app, &actor, &query).await?))
}

/// Mark an application as verified, or take the mark back
#[utoipa::path(
    patch, path = "/applications/{id}", tag = "applications", params(("id" = ApplicationId, Path)),
    request_body = UpdateApplication, responses((status = 200, body = Application))
)]
pub async fn update_application(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Id(id): Id<ApplicationId>,
    Json(request): Json<UpdateApplication>,
) -> Result<Data<Application>, ErrorResponse> {
    Ok(Data(applications::verify(&app, &actor, id, request.verified).await?))
}

/// Delete an application and disconnect it from all accounts
#[utoipa::path(
    delete, path = "/applications/{id}", tag = "applications", params(("id" = ApplicationId, Path)),
    responses(RevokedResponse)
)]
pub async fn delete_application(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Id(id): Id<ApplicationId>,
) -> Result<Response, ErrorResponse> {
    Ok(revoked(applications::delete(&app, &actor, id).await?))
}

/// List the applications that are connected to a user's account, newest first
#[utoipa::path(
    get, path = "/users/{id}/applications", tag = "users", params(("id" = AccountId, Path), PageQuery),
    responses((status = 200, body = Page<ConnectedApplication>))
)]
pub async fn list_user_applications(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Id(id): Id<AccountId>,
    Query(query): Query<PageQuery>,
) -> Result<Data<Page<ConnectedApplication>>, ErrorResponse> {
    Ok(Data(grants::list_of(&app, &actor, id, &query).await?))
}

/// Disconnect an application from a user's account
#[utoipa::path(
    delete, path = "/users/{id}/applications/{grant_id}", tag = "users",
    params(("id" = AccountId, Path), ("grant_id" = GrantId, Path)), responses(RevokedResponse)
)]
pub async fn delete_user_application(
    State(app): State<App>,
    actor: Authorized<UsersManage>,
    Ids(id, grant_id): Ids<AccountId, GrantId>,
) -> Result<Response, ErrorResponse> {
    Ok(revoked(grants::revoke_of(&app, &actor, id, grant_id).await?))
}
