//! The verifier's protocol as a small machine, run through every interleaving: requests arrive, batches are closed and
//! read, an account loses its power, another account's changes move the epoch too, and commits that have nothing to do
//! with power come in between. The property is R1:
//! *no request that arrives after a revoke was acknowledged is authorised*. Broken variants of the protocol are run
//! as well, and must be caught, so that the model is known to be able to see what it looks for.

use std::collections::HashSet;

const REQUESTS: usize = 3;

/// The protocol as it is, or broken in one place.
#[derive(Clone, Copy, PartialEq)]
enum Variant {
    AsBuilt,
    /// The batch goes on taking requests while it reads.
    ClosesLate,
    /// The row is read before the epoch, and filed under the epoch that is read after it.
    ReadsRowFirst,
    /// A cached entry is used without asking whether the batch has dropped it.
    TrustsWhatItHeld,
    /// The epoch moves after the change it stands for has committed and been acknowledged.
    MovesEpochLate,
    /// The mark of what is committed is taken after the epoch was read.
    MarksAfterEpoch,
    /// A request takes the cached entry first, and the mark it compares with later.
    TakesMarkLater,
}

/// Entries are numbered, so that a request that holds one can be told apart from what is cached now.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Entry {
    number: u8,
    alive: bool,
    current: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Request {
    NotYet,
    /// Has taken the cached entry and the mark, and is about to look whether it still stands.
    Looking {
        held: (u8, bool),
        mark: Option<u8>,
        late: bool,
    },
    /// Waits in the batch that is open; `held` is the entry that was cached at its arrival, by number.
    Open {
        held: Option<(u8, bool)>,
        late: bool,
    },
    /// Waits in the batch that is being read.
    Closed {
        held: Option<(u8, bool)>,
        late: bool,
    },
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Driver {
    Idle,
    Closed,
    Marked {
        mark: u8,
    },
    /// `ReadsRowFirst` only.
    HasRow {
        alive: bool,
    },
    HasEpoch {
        epoch: u8,
        row: Option<bool>,
        mark: Option<u8>,
    },
    Advanced {
        row: Option<bool>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct World {
    // The database: how much was committed, the epoch, the epochs of moves that were about our account, and what the
    // account may.
    commits: u8,
    epoch: u8,
    our_moves: u16,
    alive: bool,
    // The one who revokes: 0 before, 1 committed, 2 acknowledged.
    revoke: u8,
    others_left: u8,
    plain_left: u8,
    // The process.
    cache_epoch: u8,
    standing: Option<u8>,
    cached: Option<Entry>,
    next_number: u8,
    driver: Driver,
    requests: [Request; REQUESTS],
}

const START: World = World {
    commits: 0,
    epoch: 1,
    our_moves: 0,
    alive: true,
    revoke: 0,
    others_left: 1,
    plain_left: 1,
    cache_epoch: 0,
    standing: None,
    cached: None,
    next_number: 0,
    driver: Driver::Idle,
    requests: [Request::NotYet; REQUESTS],
};

impl World {
    fn current(&self, held: Option<(u8, bool)>) -> bool {
        held.is_some_and(|(number, _)| self.cached.is_some_and(|entry| entry.number == number && entry.current))
    }

    /// All worlds that one step leads to. `Err` is a request that was authorised and must not have been.
    fn steps(self, variant: Variant) -> Result<Vec<Self>, ()> {
        let mut next = Vec::new();
        self.database_steps(variant, &mut next);
        for index in 0..REQUESTS {
            let mut world = self;
            world.requests[index] = match self.requests[index] {
                Request::NotYet => {
                    let held = self.cached.filter(|entry| entry.current).map(|entry| (entry.number, entry.alive));
                    let late = self.revoke == 2;
                    match held {
                        Some(held) => Request::Looking { held, mark: self.standing, late },
                        None => Request::Open { held: None, late },
                    }
                }
                Request::Looking { held, mark, late } => {
                    let mark = if variant == Variant::TakesMarkLater { self.standing } else { mark };
                    let stands = mark == Some(self.commits);
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

    fn database_steps(self, variant: Variant, next: &mut Vec<Self>) {
        if self.revoke == 0 {
            let mut world = Self { alive: false, revoke: 1, commits: self.commits + 1, ..self };
            if variant != Variant::MovesEpochLate {
                world.epoch += 1;
                world.our_moves |= 1 << world.epoch;
            }
            next.push(world);
        }
        if self.revoke == 1 {
            next.push(Self { revoke: 2, ..self });
        }
        if variant == Variant::MovesEpochLate && self.revoke == 2 && self.our_moves == 0 {
            let our_moves = 1 << (self.epoch + 1);
            next.push(Self { commits: self.commits + 1, epoch: self.epoch + 1, our_moves, ..self });
        }
        if self.others_left > 0 {
            let others_left = self.others_left - 1;
            next.push(Self { commits: self.commits + 1, epoch: self.epoch + 1, others_left, ..self });
        }
        if self.plain_left > 0 {
            next.push(Self { commits: self.commits + 1, plain_left: self.plain_left - 1, ..self });
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
                next.push(Self { driver: Driver::HasRow { alive: self.alive }, ..self });
            }
            Driver::Closed => next.push(Self { driver: Driver::Marked { mark: self.commits }, ..self }),
            Driver::Marked { mark } => {
                let driver = Driver::HasEpoch { epoch: self.epoch, row: None, mark: Some(mark) };
                next.push(Self { driver, ..self });
            }
            Driver::HasRow { alive } => {
                let driver = Driver::HasEpoch { epoch: self.epoch, row: Some(alive), mark: None };
                next.push(Self { driver, ..self });
            }
            Driver::HasEpoch { epoch, row, mark } => {
                let mut world = Self { driver: Driver::Advanced { row }, standing: mark, ..self };
                if variant == Variant::MarksAfterEpoch {
                    world.standing = Some(self.commits);
                }
                let moved = (self.cache_epoch + 1..=epoch).any(|epoch| self.our_moves & (1 << epoch) != 0);
                if moved && let Some(entry) = &mut world.cached {
                    entry.current = false;
                }
                world.cache_epoch = epoch;
                next.push(world);
            }
            Driver::Advanced { row } => next.push(self.finish(variant, row, close)?),
        }
        Ok(())
    }

    /// Reads the row if somebody needs it, caches it, and answers everybody in the batch.
    fn finish(self, variant: Variant, row: Option<bool>, close: impl Fn(Self) -> Self) -> Result<Self, ()> {
        let mut world = if variant == Variant::ClosesLate { close(self) } else { self };
        world.driver = Driver::Idle;
        if !world.cached.is_some_and(|entry| entry.current) {
            let alive = row.unwrap_or(world.alive);
            world.cached = Some(Entry { number: world.next_number, alive, current: true });
            world.next_number += 1;
        }
        for index in 0..REQUESTS {
            let Request::Closed { held, late } = world.requests[index] else { continue };
            let trusted = variant == Variant::TrustsWhatItHeld || world.current(held);
            let alive = match held {
                Some((_, alive)) if trusted => alive,
                // It held an entry that was dropped: it joins again and is told what is there then.
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

/// How many worlds there are, or `None` when one of them breaks the promise.
fn explore(variant: Variant) -> Option<usize> {
    let mut seen = HashSet::from([START]);
    let mut left = vec![START];
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
    let worlds = explore(Variant::AsBuilt).expect("the protocol keeps its promise");
    assert!(worlds > 1_000, "only {worlds} worlds were reached");
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
    ] {
        assert_eq!(explore(variant), None, "the model does not see what is wrong with: {name}");
    }
}
