//! The server through its real parts: the router, the domain and a real database, on both engines.

mod browser_defence;
mod cut_off;
mod durability;
mod guide;
mod hosts;
mod login;
mod model;
mod policy;
mod process;
mod responses;
mod rotation;
mod rpc;
mod schema;
mod storm;
mod support;
mod tokens;
mod users;
