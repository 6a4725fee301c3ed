//! Users: who may come in and as what. For administrators; for everybody else there is no such page.

mod add;
mod deactivate;
mod invitation;
mod roles;
mod tokens;

use crate::{
    components::{
        Notices, Tone, actions_cell, badge, button, cell, date, loaded, name_cell, page_head, pager, row as table_row,
        row_button, skeleton_table, table,
    },
    dom::{El, el, group, live},
    drafts::kept,
    loader::Loader,
    rest,
    session::{Session, Who},
};
use gloo_net::http::Method;
use leptos::prelude::*;
use uptrakit_api::{Page, Permission, Problem, UpdateUser, User};

/// The dialog that is open.
#[derive(Clone)]
enum Open {
    Add,
    Roles(User),
    Deactivate(User),
    Invite(User),
}

/// What rows and dialogs need of the page.
#[derive(Clone, Copy)]
struct People {
    open: RwSignal<Option<Open>>,
    /// Whose tokens are shown.
    inspected: RwSignal<Option<User>>,
    users: Loader<Page<User>>,
    notices: Notices,
    session: Session,
}

impl People {
    /// Whether it is the person who looks.
    fn is_visitor(self, user: &User) -> bool {
        self.session.who.with_untracked(|who| matches!(who, Who::Visitor(visitor) if visitor.account.id == user.id))
    }

    /// Activates or deactivates somebody.
    fn set_active(self, user: &User, active: bool) {
        let path = ["/api/v1/users/", &user.id.to_string()].concat();
        let name = user.username.clone();
        let request = UpdateUser { active: Some(active), ..UpdateUser::default() };
        self.session.call(rest::submit(Method::PATCH, &path, &request), move |answer: Result<User, Problem>| {
            match answer {
                Ok(_) if active => self.notices.show(Tone::Good, [&name, " may sign in again."].concat()),
                Ok(_) => {
                    let text = [&name, " is deactivated: sessions and tokens ended at once."].concat();
                    self.notices.show(Tone::Good, text);
                }
                Err(problem) => self.notices.show(Tone::Bad, problem.detail),
            }
            self.users.reload();
        });
    }
}

/// The page.
pub fn users() -> El {
    let session = Session::current();
    let allowed = Memo::new(move |_| session.may(Permission::UsersManage));
    el("div", "").child(live(move || {
        let allowed = allowed.get();
        untrack(|| if allowed { page(session) } else { super::not_found() })
    }))
}

fn page(session: Session) -> El {
    let number = kept("users.page", || 1_u32);
    let users = Loader::paged(
        move || {
            let number = number.get().to_string();
            rest::get(&rest::with_query("/api/v1/users", &[("page", &number)]))
        },
        move |last| number.set(last),
    );
    let (open, inspected) = (kept("users.open", || None), kept("users.inspected", || None));
    let people = People { open, inspected, users, notices: Notices::current(), session };
    let add = button("Add person", "button primary", move || people.open.set(Some(Open::Add)));
    let listed = loaded(users, skeleton_table, move |page| list(page, people, number));
    el("div", "")
        .child(page_head("Users").child(add))
        .child(el("section", "panel").attr("aria-label", "All users").child(listed))
        .child(live(move || inspected.get().map(|user| untrack(|| tokens::section(&user, people)))))
        .child(live(move || {
            people.open.get().map(|open| {
                untrack(|| match open {
                    Open::Add => add::dialog(people),
                    Open::Roles(user) => roles::dialog(&user, people),
                    Open::Deactivate(user) => deactivate::dialog(user, people),
                    Open::Invite(user) => invitation::anew(user, people),
                })
            })
        }))
}

fn list(users: Page<User>, people: People, number: RwSignal<u32>) -> El {
    let rows = users.items.into_iter().map(|user| row(user, people)).collect();
    let turn = move |to| number.set(to);
    el("div", "")
        .child(table("table users", "Users", &["Name", "Email", "Roles", "Member since", "Actions"], rows))
        .child(pager("Pages of users", users.page, users.total_pages, turn))
}

fn row(user: User, people: People) -> El {
    let id = user.id.to_string();
    let active = user.active;
    let roles = group(user.roles.iter().map(|role| badge(role.as_str(), "neutral")));
    let (label, class) =
        if active { ("Deactivate", "button ghost small bad") } else { ("Activate", "button ghost small") };
    let (changed, looked_at) = (user.clone(), user.clone());
    // Nobody has tokens who never signed in.
    let first = if user.invited && active {
        row_button("New link", &["for ", &user.username].concat(), &id, "button ghost small", move || {
            people.open.set(Some(Open::Invite(looked_at.clone())));
        })
    } else {
        row_button("Tokens", &["of ", &user.username].concat(), &id, "button ghost small", move || {
            people.inspected.set(Some(looked_at.clone()));
        })
    };
    let change_roles = row_button("Roles", &["of ", &user.username].concat(), &id, "button ghost small", move || {
        people.open.set(Some(Open::Roles(changed.clone())));
    });
    let name = name_cell(&user.username)
        .child(" ")
        .child(people.is_visitor(&user).then(|| badge("you", "good")))
        .child((user.invited && active).then(|| badge("invited", "neutral")))
        .child((!active).then(|| badge("deactivated", "warn")));
    let email = user.email.clone();
    let since = date(user.created_at);
    let switch = row_button(label, &user.username.clone(), &id, class, move || {
        if active {
            people.open.set(Some(Open::Deactivate(user.clone())));
        } else {
            people.set_active(&user, true);
        }
    })
    // Whichever of the two it is, the focus stays there.
    .attr("id", &["switch-", &id].concat());
    table_row("user-row")
        .child(name)
        .child(cell("Email", email))
        .child(cell("Roles", el("span", "badges").child(roles)))
        .child(cell("Member since", since))
        .child(actions_cell().child(first).child(change_roles).child(switch))
}
