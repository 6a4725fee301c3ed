//! Uptrakit's server: it wraps the rules in `uptrakit_core` in HTTP.

pub mod http;
pub mod input;
pub mod log;
pub mod settings;
pub mod telemetry;

use std::{ops::Deref, sync::Arc};

use uptrakit_core::state::Core;

#[derive(Clone, Debug)]
pub struct App(pub Arc<Core>);

impl Deref for App {
    type Target = Arc<Core>;

    fn deref(&self) -> &Arc<Core> {
        &self.0
    }
}
