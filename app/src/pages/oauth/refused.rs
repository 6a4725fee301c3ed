//! Requests that can't be answered: why, and what to do next.

use crate::components::{PageHead, ProblemCallout};
use leptos::prelude::*;
use uptrakit_api::{Problem, ProblemCode};

#[component]
pub fn Refused(problem: Problem, #[prop(into)] on_retry: Callback<()>) -> impl IntoView {
    let words = match problem.code {
        ProblemCode::NotFound => {
            "There is no such request: its address is incomplete, or it has expired. A request waits ten minutes."
                .to_owned()
        }
        ProblemCode::Conflict => problem.detail,
        _ => {
            return view! {
                <div class="narrow">
                    <PageHead title="Not available" />
                    <ProblemCallout problem=problem on_retry=on_retry />
                </div>
            }
            .into_any();
        }
    };
    view! {
        <div class="narrow">
            <PageHead title="This request can't be answered" />
            <div class="panel form">
                <p>{words}</p>
                <p>"To begin again, go back to the program and connect it once more: it makes a new request."</p>
                <p>"What is already connected is listed on " <a href="/profile#applications">"Profile"</a> "."</p>
            </div>
        </div>
    }
    .into_any()
}
