//! Models the verifier's protocol as a small state machine and runs it through every interleaving: requests arrive,
//! batches are closed and read, an account's access is revoked, changes to another account move the epoch too, and
//! commits that have nothing to do with permissions come in between. Once, a standby that is behind may take over: what
//! it had not received is lost, and its history goes on by itself.
//!
//! The credential is an API token, a web session or an access token of a grant. They are the same to the protocol: one
//! statement reads all that decides about each, and every change that takes rights from one moves the epoch about its
//! account (see `histories.rs`).
//!
//! The property is R1 with R8: *no request that arrives after a revoke was acknowledged in the history that survives is
//! authorised*. Broken variants of the protocol are run as well and must be caught, which shows that the model can find
//! such faults.

use std::collections::HashSet;

const REQUESTS: usize = 3;

/// The protocol as it is, or broken in one place.
#[derive(Clone, Copy, PartialEq)]
enum Variant {
    AsBuilt,
    /// The batch goes on taking requests while it reads.
    ClosesLate,
    /// The row is read before the epoch, and cached under the epoch that is read after it.
    ReadsRowFirst,
    /// A cached entry is used without a check that the batch has not dropped it.
    TrustsWhatItHeld,
    /// The epoch moves after the change it stands for has committed and been acknowledged.
    MovesEpochLate,
    /// The mark of what is committed is taken after the epoch was read.
    MarksAfterEpoch,
    /// A request takes the cached entry first, and the mark it compares with later.
    TakesMarkLater,
    /// The protocol is as built, behind a pooler that hides which server answers, so that nonces alone distinguish the
    /// servers.
    NoncesAlone,
    /// The epoch is identified by its number, whichever history it belongs to.
    NumbersAlone,
    /// Nonces distinguish equal numbers; for a greater number only the moves after the known one are compared.
    OnlyLaterMoves,
}

/// Entries are numbered, so that a request that holds one can distinguish it from what is cached now.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct CachedCredential {
    number: u8,
    alive: bool,
    current: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Request {
    NotYet,
    /// The request has taken the cached entry and the mark, and will now check that the entry is still valid.
    Looking {
        held: (u8, bool),
        mark: Option<u8>,
        late: bool,
    },
    /// The request waits in the batch that is open; `held` is the entry that was cached at its arrival, by number.
    Open {
        held: Option<(u8, bool)>,
        late: bool,
    },
    /// The request waits in the batch that is being read.
    Closed {
        held: Option<(u8, bool)>,
        late: bool,
    },
    Done,
}

/// A reading of the epoch: its number, a nonce that says whether the move to it was made after the failover, and the
/// server.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Point {
    epoch: u8,
    nonce: bool,
    server: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Database {
    /// Counts the commits.
    commits: u8,
    epoch: u8,
    /// A set of the epochs whose moves were about the account of the test.
    our_moves: u16,
    /// A set of the epochs whose moves were made after the failover.
    nonces: u16,
    alive: bool,
    /// The revoke is 0 before it, 1 when committed and 2 when acknowledged.
    revoke: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Driver {
    Idle,
    Closed,
    Marked {
        mark: u8,
    },
    /// Only `ReadsRowFirst` enters this state.
    HasRow {
        alive: bool,
    },
    HasEpoch {
        epoch: Point,
        row: Option<bool>,
        mark: Option<u8>,
    },
    Advanced {
        row: Option<bool>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct World {
    // These fields are the primary, what its standby has received, and how many failovers there were.
    database: Database,
    standby: Database,
    server: u8,
    failovers_left: u8,
    others_left: u8,
    plain_left: u8,
    // These fields are the process.
    cache_epoch: Option<Point>,
    validated: Option<u8>,
    cached: Option<CachedCredential>,
    next_number: u8,
    driver: Driver,
    requests: [Request; REQUESTS],
}

const FRESH: Database = Database { commits: 0, epoch: 1, our_moves: 0, nonces: 0, alive: true, revoke: 0 };

const START: World = World {
    database: FRESH,
    standby: FRESH,
    server: 0,
    failovers_left: 0,
    others_left: 1,
    plain_left: 1,
    cache_epoch: None,
    validated: None,
    cached: None,
    next_number: 0,
    driver: Driver::Idle,
    requests: [Request::NotYet; REQUESTS],
};

impl World {
    fn current(&self, held: Option<(u8, bool)>) -> bool {
        held.is_some_and(|(number, _)| self.cached.is_some_and(|entry| entry.number == number && entry.current))
    }

    /// Returns all worlds that one step leads to. `Err` means that a request was authorised and must not have been.
    fn steps(self, variant: Variant) -> Result<Vec<Self>, ()> {
        let mut next = Vec::new();
        self.database_steps(variant, &mut next);
        for index in 0..REQUESTS {
            let mut world = self;
            world.requests[index] = match self.requests[index] {
                Request::NotYet => {
                    let held = self.cached.filter(|entry| entry.current).map(|entry| (entry.number, entry.alive));
                    let late = self.database.revoke == 2;
                    match held {
                        Some(held) => Request::Looking { held, mark: self.validated, late },
                        None => Request::Open { held: None, late },
                    }
                }
                Request::Looking { held, mark, late } => {
                    let mark = if variant == Variant::TakesMarkLater { self.validated } else { mark };
                    let stands = mark == Some(self.database.commits);
                    if stands && held.1 && late {
                        return Err(());
                    }
                    if stands { Request::Done } else { Request::Open { held: Some(held), late } }
                }
                _ => continue,
            };
            next.push(world);
        }
        self.driver_steps(variant, &mut next)?;
        Ok(next)
    }

    fn point(&self) -> Point {
        let Database { epoch, nonces, .. } = self.database;
        Point { epoch, nonce: nonces & (1 << epoch) != 0, server: self.server }
    }

    /// Makes a commit that moves the epoch.
    fn moved(mut self, about_us: bool) -> Self {
        let database = &mut self.database;
        database.commits += 1;
        database.epoch += 1;
        database.our_moves |= u16::from(about_us) << database.epoch;
        database.nonces |= u16::from(self.server > 0) << database.epoch;
        self
    }

    fn database_steps(self, variant: Variant, next: &mut Vec<Self>) {
        if self.database.revoke == 0 {
            let mut world = if variant == Variant::MovesEpochLate { self } else { self.moved(true) };
            if variant == Variant::MovesEpochLate {
                world.database.commits += 1;
            }
            world.database.alive = false;
            world.database.revoke = 1;
            next.push(world);
        }
        if self.database.revoke == 1 {
            next.push(Self { database: Database { revoke: 2, ..self.database }, ..self });
        }
        if variant == Variant::MovesEpochLate && self.database.revoke == 2 && self.database.our_moves == 0 {
            next.push(self.moved(true));
        }
        if self.others_left > 0 {
            next.push(Self { others_left: self.others_left - 1, ..self.moved(false) });
        }
        if self.plain_left > 0 {
            let database = Database { commits: self.database.commits + 1, ..self.database };
            next.push(Self { database, plain_left: self.plain_left - 1, ..self });
        }
        if self.failovers_left > 0 {
            next.push(Self { standby: self.database, ..self });
            next.push(self.failed_over());
        }
    }

    /// The standby takes over as it is. Marks of commits belong to the file that they were read from, so that none of
    /// the new history equals one of the old.
    fn failed_over(self) -> Self {
        let commits = self.standby.commits + 16;
        let mut world = Self {
            database: Database { commits, ..self.standby },
            server: 1,
            failovers_left: 0,
            others_left: 1,
            ..self
        };
        if world.database.revoke < 2 {
            // The acknowledgement is lost with the revoke; the surviving history decides.
            for request in &mut world.requests {
                match request {
                    Request::Looking { late, .. } | Request::Open { late, .. } | Request::Closed { late, .. } => {
                        *late = false;
                    }
                    Request::NotYet | Request::Done => {}
                }
            }
        }
        world
    }

    /// Returns true when the moves lead from what is cached to the point that was read, so that only their accounts are
    /// dropped.
    fn leads_to(&self, point: Point, variant: Variant) -> bool {
        let Some(known) = self.cache_epoch else { return false };
        let nonce_of = |epoch: u8| self.database.nonces & (1 << epoch) != 0;
        let all_there = known.epoch <= point.epoch && point.epoch <= self.database.epoch;
        let ends_match = nonce_of(known.epoch) == known.nonce && nonce_of(point.epoch) == point.nonce;
        match variant {
            Variant::NumbersAlone => true,
            Variant::OnlyLaterMoves => known == point || known.epoch < point.epoch,
            Variant::NoncesAlone => all_there && ends_match,
            _ => all_there && ends_match && known.server == point.server,
        }
    }

    fn driver_steps(self, variant: Variant, next: &mut Vec<Self>) -> Result<(), ()> {
        let close = |mut world: Self| {
            for request in &mut world.requests {
                if let Request::Open { held, late } = *request {
                    *request = Request::Closed { held, late };
                }
            }
            world
        };
        match self.driver {
            Driver::Idle if self.requests.iter().any(|request| matches!(request, Request::Open { .. })) => {
                next.push(Self { driver: Driver::Closed, ..close(self) });
            }
            Driver::Idle => {}
            Driver::Closed if variant == Variant::ReadsRowFirst => {
                next.push(Self { driver: Driver::HasRow { alive: self.database.alive }, ..self });
            }
            Driver::Closed => next.push(Self { driver: Driver::Marked { mark: self.database.commits }, ..self }),
            Driver::Marked { mark } => {
                let driver = Driver::HasEpoch { epoch: self.point(), row: None, mark: Some(mark) };
                next.push(Self { driver, ..self });
            }
            Driver::HasRow { alive } => {
                let driver = Driver::HasEpoch { epoch: self.point(), row: Some(alive), mark: None };
                next.push(Self { driver, ..self });
            }
            Driver::HasEpoch { epoch, row, mark } => {
                let mut world = Self { driver: Driver::Advanced { row }, validated: mark, ..self };
                if variant == Variant::MarksAfterEpoch {
                    world.validated = Some(self.database.commits);
                }
                let same = self.cache_epoch.is_some_and(|known| match variant {
                    Variant::NumbersAlone => known.epoch == epoch.epoch,
                    Variant::NoncesAlone | Variant::OnlyLaterMoves => {
                        (known.epoch, known.nonce) == (epoch.epoch, epoch.nonce)
                    }
                    _ => known == epoch,
                });
                let known = self.cache_epoch.map_or(0, |known| known.epoch);
                let about_us = (known + 1..=epoch.epoch).any(|epoch| self.database.our_moves & (1 << epoch) != 0);
                if !same
                    && (about_us || !self.leads_to(epoch, variant))
                    && let Some(entry) = &mut world.cached
                {
                    entry.current = false;
                }
                world.cache_epoch = Some(epoch);
                next.push(world);
            }
            Driver::Advanced { row } => next.push(self.finish(variant, row, close)?),
        }
        Ok(())
    }

    /// Reads the row if a request needs it, caches it, and answers every request in the batch.
    fn finish(self, variant: Variant, row: Option<bool>, close: impl Fn(Self) -> Self) -> Result<Self, ()> {
        let mut world = if variant == Variant::ClosesLate { close(self) } else { self };
        world.driver = Driver::Idle;
        if !world.cached.is_some_and(|entry| entry.current) {
            let alive = row.unwrap_or(world.database.alive);
            world.cached = Some(CachedCredential { number: world.next_number, alive, current: true });
            world.next_number += 1;
        }
        for index in 0..REQUESTS {
            let Request::Closed { held, late } = world.requests[index] else { continue };
            let trusted = variant == Variant::TrustsWhatItHeld || world.current(held);
            let alive = match held {
                Some((_, alive)) if trusted => alive,
                // The request held an entry that was dropped. It joins a batch again and gets what is cached then.
                Some(_) => {
                    world.requests[index] = Request::Open { held: None, late };
                    continue;
                }
                None => world.cached.is_some_and(|entry| entry.alive),
            };
            if alive && late {
                return Err(());
            }
            world.requests[index] = Request::Done;
        }
        Ok(world)
    }
}

/// One start has a single database. The other has a standby that takes over, and a request less, because it leads to
/// many more worlds.
fn starts() -> [World; 2] {
    let two = [Request::NotYet, Request::NotYet, Request::Done];
    [START, World { failovers_left: 1, requests: two, ..START }]
}

/// Returns the number of worlds, or `None` when one of them breaks the property.
fn explore(variant: Variant) -> Option<usize> {
    let mut seen = HashSet::from(starts());
    let mut left = Vec::from(starts());
    while let Some(world) = left.pop() {
        for next in world.steps(variant).ok()? {
            if seen.insert(next) {
                left.push(next);
            }
        }
    }
    Some(seen.len())
}

#[test]
fn no_interleaving_lets_a_request_pass_after_the_acknowledgement() {
    for variant in [Variant::AsBuilt, Variant::NoncesAlone] {
        let worlds = explore(variant).expect("the protocol keeps its promise");
        assert!(worlds > 10_000, "only {worlds} worlds were reached");
    }
}

#[test]
fn broken_protocols_are_caught() {
    for (variant, name) in [
        (Variant::ClosesLate, "closes late"),
        (Variant::ReadsRowFirst, "reads the row first"),
        (Variant::TrustsWhatItHeld, "trusts what it held"),
        (Variant::MovesEpochLate, "moves the epoch late"),
        (Variant::MarksAfterEpoch, "marks after the epoch"),
        (Variant::TakesMarkLater, "takes the mark later"),
        (Variant::NumbersAlone, "compares numbers across histories"),
        (Variant::OnlyLaterMoves, "looks at nothing but later moves"),
    ] {
        assert_eq!(explore(variant), None, "the model does not see what is wrong with: {name}");
    }
}
