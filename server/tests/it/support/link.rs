//! A small proxy between a server and its Postgres, which a test can cut, silence or slow down. The bytes and the
//! driver are real, so that connections fail as on a real network.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Whole,
    /// The other end is gone: connections break, and new ones are refused.
    Cut,
    /// The other end is gone without a notice: connections stay open and never answer again, and new ones never answer
    /// either.
    Silent,
    /// Each piece of data takes this long, in each direction.
    Slow(Duration),
}

/// The state of the link and the number of cuts: a connection must notice a cut even when the link is whole again by
/// then.
#[derive(Clone, Copy)]
struct State {
    wire: Wire,
    cuts: u64,
}

/// A proxy to one Postgres server, which ends with the test's runtime.
pub struct Link {
    pub address: SocketAddr,
    postgres: Arc<Mutex<String>>,
    state: watch::Sender<State>,
}

impl Link {
    /// Opens a link that is whole.
    pub async fn to(postgres: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (state, watching) = watch::channel(State { wire: Wire::Whole, cuts: 0 });
        let postgres = Arc::new(Mutex::new(postgres));
        tokio::spawn(accept(listener, address, Arc::clone(&postgres), watching));
        Self { address, postgres, state }
    }

    /// Leads new connections to another server, as an address that moves does; the open ones break.
    pub fn move_to(&self, postgres: String) {
        self.set(Wire::Cut);
        *self.postgres.lock().unwrap() = postgres;
        self.set(Wire::Whole);
    }

    pub fn set(&self, wire: Wire) {
        self.state.send_modify(|state| {
            state.wire = wire;
            state.cuts += u64::from(wire == Wire::Cut);
        });
    }
}

async fn accept(
    first: TcpListener,
    address: SocketAddr,
    postgres: Arc<Mutex<String>>,
    mut state: watch::Receiver<State>,
) {
    let mut listener = Some(first);
    loop {
        let now = *state.borrow_and_update();
        if now.wire == Wire::Cut {
            // The listener is closed, so that the system refuses connections.
            listener = None;
            if state.changed().await.is_err() {
                return;
            }
            continue;
        }
        if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.unwrap());
        }
        tokio::select! {
            accepted = listener.as_ref().unwrap().accept() => {
                tokio::spawn(carry(accepted.unwrap().0, postgres.lock().unwrap().clone(), state.clone(), now.cuts));
            }
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

/// Carries one connection until either end closes it or the link is cut.
async fn carry(server: TcpStream, postgres: String, mut state: watch::Receiver<State>, cuts: u64) {
    if state.borrow().wire == Wire::Silent {
        // The connection is accepted and never answered.
        lie_dead(server, None, state, cuts).await;
        return;
    }
    let Ok(postgres) = TcpStream::connect(postgres).await else { return };
    let (mut server, mut postgres) = (server, postgres);
    for socket in [&server, &postgres] {
        socket.set_nodelay(true).unwrap();
    }
    let broke = {
        let (server_read, server_write) = server.split();
        let (postgres_read, postgres_write) = postgres.split();
        tokio::select! {
            () = pump(server_read, postgres_write, state.clone()) => None,
            () = pump(postgres_read, server_write, state.clone()) => None,
            broke = state.wait_for(|state| state.cuts != cuts || state.wire == Wire::Silent) => {
                broke.ok().map(|state| *state)
            }
        }
    };
    if broke.is_some_and(|state| state.cuts == cuts) {
        lie_dead(server, Some(postgres), state, cuts).await;
    }
}

/// Keeps both ends open without an answer, even when the link is whole again; a cut ends this.
async fn lie_dead(_server: TcpStream, _postgres: Option<TcpStream>, mut state: watch::Receiver<State>, cuts: u64) {
    let _ = state.wait_for(|state| state.cuts != cuts).await;
}

async fn pump(mut from: tcp::ReadHalf<'_>, mut to: tcp::WriteHalf<'_>, state: watch::Receiver<State>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let now = state.borrow().wire;
        if let Wire::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
