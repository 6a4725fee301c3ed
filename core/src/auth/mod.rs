//! Who is asking, and may they: passwords, credentials, and the verifier that judges every request, and ends what is
//! under way when a credential loses its power.

pub mod authorized;
pub mod context;
pub mod credential;
pub mod digest;
pub mod in_flight;
pub mod last_used;
pub mod password;
pub mod rate_limit;
pub mod read_grace;
pub mod rejected_tokens;
pub mod verifier;
pub mod write_queue;
