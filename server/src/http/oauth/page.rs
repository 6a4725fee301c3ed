//! The page that a browser gets when a request for authorization can't be answered to the application. It has no
//! script, and nothing in it comes from the request.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::http::{guide, representation::add_page_headers};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Debug)]
pub struct ErrorPage {
    pub what: String,
    /// The sentence that says what to do.
    pub next: &'static str,
    pub request_id: String,
}

pub const ADD_AGAIN: &str = "In the application, remove and re-add the connection to this server.";

impl IntoResponse for ErrorPage {
    fn into_response(self) -> Response {
        let (what, next, request_id) = (escaped(&self.what), escaped(self.next), escaped(&self.request_id));
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n\
             <title>The connection can't be made · Uptrakit</title>\n\
             <link rel=\"stylesheet\" href=\"{}\" />\n</head>\n<body>\n<header class=\"topbar\">\n\
             <div class=\"topbar-inner\"><a class=\"brand\" href=\"/\">Uptrakit</a></div>\n</header>\n\
             <div class=\"page\">\n<main class=\"prose\">\n<h1>The connection can't be made</h1>\n<p>{what}</p>\n\
             <p>Nothing was allowed. {next}</p>\n\
             <p>If that does not help, tell the people who make the application. The number of this request is \
             <code>{request_id}</code>.</p>\n</main>\n</div>\n</body>\n</html>\n",
            guide::stylesheet()
        );
        let content_type = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        let mut response = (StatusCode::BAD_REQUEST, [content_type], page).into_response();
        add_page_headers(response.headers_mut(), HeaderValue::from_static(POLICY));
        response
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_is_shown_as_text() {
        assert_eq!(super::escaped("<a href=\"x\">'&'"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;");
    }
}
