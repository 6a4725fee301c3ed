//! The server through its real parts: the router, the domain and a real database, on both engines.

mod audit;
mod browser_defence;
mod cut_off;
mod durability;
mod full_disk;
mod generated;
mod guide;
mod hosts;
mod last_moment;
mod login;
mod model;
mod odd_inputs;
mod outage;
mod policy;
mod process;
mod races;
mod responses;
mod rotation;
mod rpc;
mod schema;
mod secrecy;
mod slow_clients;
mod storm;
mod support;
mod tokens;
mod users;
