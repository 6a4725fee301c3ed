//! The wire between a server and its Postgres, as a small proxy that a test can cut, hang or slow down. What a real
//! network does to a connection is done here to real bytes of the real driver.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
};

/// How the wire is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// As it should be.
    Whole,
    /// Nobody is there: connections break, new ones are refused.
    Cut,
    /// The other end is gone and nobody says so: connections stay open and never speak again, new ones neither.
    Silent,
    /// Each piece of data takes this long, in each direction.
    Slow(Duration),
}

/// A proxy to one Postgres server. It ends with the test's runtime.
pub struct Link {
    pub address: SocketAddr,
    wire: watch::Sender<Wire>,
}

impl Link {
    /// Opens a whole one.
    pub async fn to(postgres: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (wire, watching) = watch::channel(Wire::Whole);
        tokio::spawn(accept(listener, address, postgres, watching));
        Self { address, wire }
    }

    pub fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }
}

async fn accept(first: TcpListener, address: SocketAddr, postgres: String, mut wire: watch::Receiver<Wire>) {
    let mut listener = Some(first);
    loop {
        let now = *wire.borrow_and_update();
        if now == Wire::Cut {
            // Closed, so that the system refuses for us.
            listener = None;
            if wire.changed().await.is_err() {
                return;
            }
            continue;
        }
        if listener.is_none() {
            listener = Some(TcpListener::bind(address).await.unwrap());
        }
        tokio::select! {
            accepted = listener.as_ref().unwrap().accept() => {
                tokio::spawn(carry(accepted.unwrap().0, postgres.clone(), wire.clone()));
            }
            changed = wire.changed() => if changed.is_err() { return },
        }
    }
}

/// Carries one connection until either end closes it or the wire is cut.
async fn carry(server: TcpStream, postgres: String, mut wire: watch::Receiver<Wire>) {
    if *wire.borrow_and_update() == Wire::Silent {
        // Taken, and never spoken to.
        lie_dead(server, None, wire).await;
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
            () = pump(server_read, postgres_write, wire.clone()) => false,
            () = pump(postgres_read, server_write, wire.clone()) => false,
            _ = wire.wait_for(|wire| matches!(wire, Wire::Cut | Wire::Silent)) => true,
        }
    };
    if broke && *wire.borrow() == Wire::Silent {
        lie_dead(server, Some(postgres), wire).await;
    }
}

/// Keeps both ends open and says nothing more, also when the wire is whole again; a cut ends it.
async fn lie_dead(_server: TcpStream, _postgres: Option<TcpStream>, mut wire: watch::Receiver<Wire>) {
    let _ = wire.wait_for(|wire| *wire == Wire::Cut).await;
}

async fn pump(mut from: tcp::ReadHalf<'_>, mut to: tcp::WriteHalf<'_>, wire: watch::Receiver<Wire>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        let now = *wire.borrow();
        if let Wire::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
