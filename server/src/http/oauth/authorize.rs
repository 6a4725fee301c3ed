//! The authorization endpoint (OAuth 2.1, section 3.1): it checks what an application asks for, keeps the request, and
//! sends the browser on to the page that asks a person.

use axum::{
    Extension,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use uptrakit_core::{
    auth::{context::RequestContext, rate_limit::ClientNetwork},
    domain::oauth::{
        applications::{self, Application},
        authorize::{Outcome, PageError, Parameters},
        document::DocumentUrl,
        requests,
    },
    error::Error,
    state::Core,
};

use super::{
    documents::Documents,
    page::{ADD_AGAIN, ErrorPage},
};
use crate::{
    App,
    http::{caller::request_context, problem::ErrorResponse},
};

pub async fn authorize(
    State(app): State<App>,
    Extension(documents): Extension<Documents>,
    request: Request,
) -> Result<Response, ErrorResponse> {
    let (parts, _) = request.into_parts();
    let context = request_context(&parts);
    let network = ClientNetwork::from(context.address);
    if let Some(wait) = app.oauth_limits.authorize.fail(network, app.clock.now()) {
        return Err(Error::TooManyRequests(wait).into());
    }
    let request_id = context.request_id.to_string();
    let page_with = |what: String, next| ErrorPage { what, next, request_id: request_id.clone() }.into_response();
    let page = |what: String| page_with(what, ADD_AGAIN);
    let parameters = match Parameters::parse(parts.uri.query().unwrap_or_default()) {
        Ok(parameters) => parameters,
        Err(error) => return Ok(page(error.to_string())),
    };
    let client_id = match parameters.client_id() {
        Ok(client_id) => client_id,
        Err(error) => return Ok(page(error.to_string())),
    };
    let application = match find(&app, &documents, &context, client_id).await? {
        Ok(application) => application,
        Err(why) => return Ok(page(why)),
    };
    let applicant = application.as_ref().map(Application::applicant);
    match (parameters.check(applicant.as_ref(), &app.public_url), application) {
        (Outcome::Accepted(accepted), Some(application)) => {
            let secret = requests::begin(&app, &application, &accepted).await?;
            Ok(see_other(&format!("/oauth/consent?request={}", secret.0)))
        }
        (Outcome::Accepted(_), None) => Err(Error::NotFound.into()),
        (Outcome::Redirect(address), _) => Ok(see_other(&address)),
        (Outcome::Page(error @ PageError::UnknownClient), _) if !app.oauth_rules.registration => {
            let next = "This server lets no new application register. Its administrator can allow that with the setting \
                        UPTRAKIT_OAUTH_REGISTRATION; then remove and re-add the connection in the application.";
            Ok(page_with(error.to_string(), next))
        }
        (Outcome::Page(error), _) => Ok(page(error.to_string())),
    }
}

/// Finds the application that a `client_id` names. What a document said of one counts for as long as its headers
/// allowed, then it is fetched again. The inner error is a sentence for the page.
async fn find(
    core: &Core,
    documents: &Documents,
    context: &RequestContext,
    client_id: &str,
) -> Result<Result<Option<Application>, String>, Error> {
    let known = applications::find(core, client_id).await?;
    let Some(url) = DocumentUrl::parse(client_id) else { return Ok(Ok(known)) };
    if !core.oauth_rules.documents {
        let why = "The application describes itself in a document, and this server reads none. Its administrator can \
                   allow that with the setting UPTRAKIT_OAUTH_REGISTRATION=dynamic,documents.";
        return Ok(Err(why.to_owned()));
    }
    let is_fresh = |until| core.clock.now() < until;
    if known.as_ref().is_some_and(|application| application.fresh_until.is_some_and(is_fresh)) {
        return Ok(Ok(known));
    }
    match documents.fetch(&url).await {
        Ok((registration, fresh_for)) => {
            let millis = i64::try_from(fresh_for.as_millis()).unwrap_or(0);
            let until = core.clock.now().plus_millis(millis);
            Ok(Ok(Some(applications::keep_document(core, context, client_id, &registration, until).await?)))
        }
        Err(error) => Ok(Err(error.to_string())),
    }
}

fn see_other(address: &str) -> Response {
    let location = HeaderValue::try_from(address).expect("addresses here have the characters of a URI alone");
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}
