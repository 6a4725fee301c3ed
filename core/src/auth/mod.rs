//! Who is asking, and may they: passwords, credentials, and the verifier that judges every request, and ends what is
//! under way when a credential loses its power.

pub mod authorized;
pub mod backlog;
pub mod context;
pub mod credential;
pub mod digest;
pub mod in_flight;
pub mod password;
pub mod read_grace;
pub mod refusals;
pub mod throttle;
pub mod usage;
pub mod verifier;
