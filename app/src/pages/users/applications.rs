//! The applications that have registered here, for an administrator: which there are, whether one is what it says, and the
//! way to be rid of one.

use crate::{
    api_client,
    auth::use_auth,
    components::{
        ActionsCell, Badge, ButtonKind, Cell, Columns, DialogForm, Instant, Loaded, Modal, NameCell, Pager, Panel,
        RowButton, SkeletonTable, Table, TableKind, Tone, use_modal, use_notices,
    },
    drafts::kept,
    focus::keep_in_list,
    list_page::ListPage,
    loader::Loader,
    submission::Submission,
    wording::counted,
};
use gloo_net::http::Method;
use leptos::{html, prelude::*};
use uptrakit_api::{Application, ApplicationKind, Page, Problem, UpdateApplication};

#[derive(Clone)]
enum Open {
    Verify(Application),
    Delete(Application),
}

const COLUMNS: Columns = &["Name", "Answers go to", "Connected", "Registered", "Last used", "Actions"];

#[component]
pub fn ApplicationsSection() -> impl IntoView {
    let (auth, notices) = (use_auth(), use_notices());
    let page = ListPage::of_address("applications");
    let applications = Loader::<Page<Application>>::paged(
        move || {
            let number = page.get().to_string();
            api_client::get(&api_client::with_query("/api/v1/applications", &[("page", &number)]))
        },
        move |last| page.turn(last),
    );
    let open = kept("applications.open", || None::<Open>);
    let doubt = Callback::new(move |application: Application| {
        let name = application.name.clone();
        let request = UpdateApplication { verified: false };
        let answer = api_client::submit(Method::PATCH, &path(&application), &request);
        auth.call(answer, move |answer: Result<Application, Problem>| {
            match answer {
                Ok(_) => notices.show(Tone::Good, [&name, " is not verified any more."].concat()),
                Err(problem) => notices.show(Tone::Bad, problem.detail),
            }
            applications.reload();
        });
    });
    let section = NodeRef::<html::Section>::new();
    keep_in_list(section, Signal::derive(move || applications.data.track()));
    let is_empty = applications.is_empty();
    let inside = move || {
        if is_empty.get() {
            view! { <p class="empty">"No application has registered."</p> }.into_any()
        } else {
            view! {
                <Table kind=TableKind::Applications label="Applications" columns=COLUMNS>
                    <For
                        each=move || applications.items()
                        key=|application| application.id
                        children=move |application| {
                            let application = applications.item(application, |it| it.id);
                            view! { <Row application=application open=open doubt=doubt /> }
                        }
                    />
                </Table>
            }
            .into_any()
        }
    };
    let dialog = move || {
        open.get().map(|open_now| {
            let close = move || open.set(None);
            match open_now {
                Open::Verify(application) => view! {
                    <Modal label="Verify application" on_close=close>
                        <Verification application=application applications=applications />
                    </Modal>
                }
                .into_any(),
                Open::Delete(application) => view! {
                    <Modal label="Delete application" on_close=close>
                        <Deletion application=application applications=applications />
                    </Modal>
                }
                .into_any(),
            }
        })
    };
    view! {
        <Panel id="applications" title="Applications" section=section>
            <Loaded loader=applications waiting=|| view! { <SkeletonTable /> }>
                <div>
                    {move || inside()}
                    <Pager label="Pages of applications" place=applications.place() turn=move |to| page.turn(to) />
                </div>
            </Loaded>
            {move || dialog()}
        </Panel>
    }
}

fn path(application: &Application) -> String {
    ["/api/v1/applications/", &application.id.to_string()].concat()
}

#[component]
fn Row(application: Memo<Application>, open: RwSignal<Option<Open>>, doubt: Callback<Application>) -> impl IntoView {
    let name = Signal::derive(move || application.with(|it| it.name.clone()));
    let is_verified = Memo::new(move |_| application.with(|it| it.verified));
    let is_ours = application.with_untracked(|it| it.kind == ApplicationKind::BuiltIn);
    let badge = move || {
        if is_ours {
            view! { <Badge>"part of Uptrakit"</Badge> }.into_any()
        } else if is_verified.get() {
            view! { <Badge tone=Tone::Good>"verified"</Badge> }.into_any()
        } else {
            view! { <Badge tone=Tone::Warn>"not verified"</Badge> }.into_any()
        }
    };
    let addresses = move || {
        // A long address is broken between the parts of its path.
        let part = |part: &str| view! { {part.to_owned()}<wbr /> };
        let parts = |address: &String| address.split_inclusive('/').map(part).collect_view();
        let address = |address: &String| view! { <code class="sub">{parts(address)}</code> };
        application.with(|it| it.redirect_uris.iter().map(address).collect_view().into_any())
    };
    // What is part of Uptrakit never registered, and gets API tokens, which stand in their own list.
    let connected = move || {
        if is_ours {
            view! { <span class="muted">"Its tokens are API tokens"</span> }.into_any()
        } else {
            view! { <span class="item">{counted(application.with(|it| it.grants), "account")}</span> }.into_any()
        }
    };
    let registered = if is_ours {
        view! { <span class="muted">"Part of Uptrakit"</span> }.into_any()
    } else {
        view! { <Instant at=application.with_untracked(|it| it.created_at) /> }.into_any()
    };
    let last_used = move || match application.with(|it| it.last_used_at) {
        Some(at) => view! { <Instant at=at /> }.into_any(),
        None if is_ours => view! { <span class="muted">"Shown with each token"</span> }.into_any(),
        None => view! { <span class="muted">"Never"</span> }.into_any(),
    };
    let opens = move |what: fn(Application) -> Open| move || open.set(Some(what(application.get_untracked())));
    let verify = move || {
        if is_verified.get() {
            let press = move || doubt.run(application.get_untracked());
            view! { <RowButton label="Unverify" of=name kind=ButtonKind::Ghost on_press=press /> }.into_any()
        } else {
            view! { <RowButton label="Verify" of=name kind=ButtonKind::Ghost on_press=opens(Open::Verify) /> }
                .into_any()
        }
    };
    let actions = (!is_ours).then(|| {
        view! {
            {move || verify()}
            <RowButton label="Delete" of=name kind=ButtonKind::GhostBad on_press=opens(Open::Delete) />
        }
    });
    view! {
        <tr role="row" data-testid="application-row">
            <NameCell name=name>" " {move || badge()}</NameCell>
            <Cell column="Answers go to"><span>{move || addresses()}</span></Cell>
            <Cell column="Connected">{move || connected()}</Cell>
            <Cell column="Registered">{registered}</Cell>
            <Cell column="Last used">{move || last_used()}</Cell>
            <ActionsCell>{actions}</ActionsCell>
        </tr>
    }
}

#[component]
fn Verification(application: Application, applications: Loader<Page<Application>>) -> impl IntoView {
    let (notices, modal) = (use_notices(), use_modal());
    let submission = Submission::new();
    let path = path(&application);
    let name = application.name.clone();
    let submit = move || {
        let answer = api_client::submit(Method::PATCH, &path, &UpdateApplication { verified: true });
        let name = name.clone();
        submission.send(answer, move |_: Application| {
            notices.show(Tone::Good, [&name, " is verified."].concat());
            applications.reload();
            modal.close();
        });
    };
    let addresses = application.redirect_uris.into_iter().map(|address| view! { <li><code>{address}</code></li> });
    view! {
        <DialogForm title="Verify application" submission=submission submit="Verify"  on_submit=submit>
            <p>
                "Confirm that "
                <strong class="name">{application.name}</strong>
                " is what its name says. The documentation of its maker must name this address:"
            </p>
            <ul class="plain">{addresses.collect_view()}</ul>
            <p>
                "People are then told that it is verified, and somebody who has connected it once is not asked again when \
                 the answer goes to the same website."
            </p>
        </DialogForm>
    }
}

#[component]
fn Deletion(application: Application, applications: Loader<Page<Application>>) -> impl IntoView {
    let (notices, modal) = (use_notices(), use_modal());
    let submission = Submission::new();
    let path = path(&application);
    let name = application.name.clone();
    let submit = move || {
        let name = name.clone();
        submission.send(api_client::delete(&path), move |()| {
            notices.show(Tone::Good, [&name, " was deleted. Its access ended at once."].concat());
            applications.reload();
            modal.close();
        });
    };
    let accounts = match application.grants {
        0 => "No account is connected to it.".to_owned(),
        grants => [
            counted(grants, "account").as_str(),
            if grants == 1 { " loses" } else { " lose" },
            " the connection to it, everywhere and at once.",
        ]
        .concat(),
    };
    view! {
        <DialogForm title="Delete application" submission=submission submit="Delete now" kind=ButtonKind::Danger on_submit=submit>
            <p>
                <strong class="name">{application.name}</strong>
                " is removed from this Uptrakit. "
                {accounts}
                " It can register again, and asks for access like any other."
            </p>
        </DialogForm>
    }
}
