//! API tokens: the rules for creating, changing, rotating and revoking them. A file for each of these, beside what they
//! share.

mod confirm;
mod create;
mod expiry;
mod limits;
mod list;
mod revoke;
mod rotate;
mod row;
mod update;

pub use self::{
    confirm::{confirm, confirm_of},
    create::create,
    list::{count_active, find_first_use, get, list, list_part},
    revoke::{Revoked, revoke, revoke_current, revoke_of},
    rotate::{end_overlap, rotate},
    update::update,
};
pub(super) use self::{list::list_of, rotate::issue_secret};
