//! The server through its real parts: the router, the domain and a real database, on both engines.

mod browser_defence;
mod cut_off;
mod durability;
mod full_disk;
mod hosts;
mod last_moment;
mod login;
mod model;
mod outage;
mod policy;
mod process;
mod responses;
mod rotation;
mod rpc;
mod schema;
mod slow_clients;
mod storm;
mod support;
mod tokens;
mod users;
