//! The server through its real parts: the router, the domain and a real database, on both engines.

mod audit;
mod browser_defence;
mod cut_off;
mod durability;
mod generated;
mod hosts;
mod login;
mod model;
mod odd_inputs;
mod policy;
mod process;
mod races;
mod responses;
mod rotation;
mod rpc;
mod schema;
mod secrecy;
mod storm;
mod support;
mod tokens;
mod users;
