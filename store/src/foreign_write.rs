//! Detection of a SQLite file that another program has written into while it is open, as `cp` does, which keeps the inode.
//! What is read from then on mixes two histories, and the next checkpoint would damage what was copied there.
//!
//! In WAL mode SQLite writes into the file in checkpoints alone, and counts in the index of the log what they copy
//! (`WalCkptInfo` in SQLite's source): `nBackfillAttempted` is set before the first write of a checkpoint, and
//! `nBackfill` after its last one. Where the modification time or the size of the file changes and these counts don't,
//! another program has written. A write in the same moment as a checkpoint, or as the first commit after one, is missed in
//! this way; the verifier looks ten times a second.
//!
//! What a copy by `backup` puts there is always noticed: its header says that the file has no log.

use std::{
    fs::{File, Metadata},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Size in bytes of the index's header, with the counts of checkpoints.
const HEADER: usize = 136;
/// Offset of the random salts, which change when the log is begun anew.
const SALTS: usize = 32;
const BACKFILL: usize = 96;
const BACKFILL_ATTEMPTED: usize = 128;

/// Offset of the two bytes in the header of a database that say that it has a log ("Database File Format", section
/// 1.3.3), and their value.
const VERSIONS: u64 = 18;
const HAS_LOG: [u8; 2] = [2, 2];

/// The time of the last write into a file, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    seconds: i64,
    nanos: i64,
    size: u64,
}

impl Stamp {
    pub fn of(about: &Metadata) -> Self {
        Self { seconds: about.mtime(), nanos: about.mtime_nsec(), size: about.size() }
    }

    /// Returns true when no write lies between the two. A file system may forget the last digits of a time when it
    /// drops the file from its cache, and a program that sets the times of a file back may not know them.
    fn is_same_write(&self, later: &Self) -> bool {
        let cut = |unit| later.nanos == self.nanos - self.nanos % unit;
        self.size == later.size
            && self.seconds == later.seconds
            && [1, 1_000, 1_000_000, 1_000_000_000].into_iter().any(cut)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Checkpoints {
    salts: [u8; 8],
    backfill: [u8; 4],
    attempted: [u8; 4],
}

impl Checkpoints {
    fn read(index: &File) -> Option<Self> {
        let mut header = [0; HEADER];
        index.read_exact_at(&mut header, 0).ok()?;
        let salts = header[SALTS..].first_chunk()?;
        let backfill = header[BACKFILL..].first_chunk()?;
        let attempted = header[BACKFILL_ATTEMPTED..].first_chunk()?;
        Some(Self { salts: *salts, backfill: *backfill, attempted: *attempted })
    }

    /// Returns true while no checkpoint is under way. One that was broken off counts as under way until the next one.
    fn are_done(&self) -> bool {
        self.backfill == self.attempted
    }
}

#[derive(Debug)]
pub struct ForeignWrites {
    database: &'static File,
    index: &'static File,
    known: Mutex<Option<(Stamp, Checkpoints)>>,
    found: AtomicBool,
}

impl ForeignWrites {
    pub const fn new(database: &'static File, index: &'static File) -> Self {
        Self { database, index, known: Mutex::new(None), found: AtomicBool::new(false) }
    }

    /// Returns true when another program has written into the file since the first call. `look` looks at the file.
    pub fn found(&self, look: impl FnOnce() -> Option<Stamp>) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // The counts are read before and after the look, so that no checkpoint wrote in between.
        if let Some(before) = Checkpoints::read(self.index)
            && let Some(stamp) = look()
            && before.are_done()
            && Checkpoints::read(self.index) == Some(before)
        {
            let is_foreign =
                |(known, checkpoints): (Stamp, Checkpoints)| checkpoints == before && !known.is_same_write(&stamp);
            if known.is_some_and(is_foreign) {
                self.found.store(true, Ordering::Relaxed);
            }
            *known = Some((stamp, before));
        }
        let mut versions = HAS_LOG;
        if self.database.read_exact_at(&mut versions, VERSIONS).is_err() || versions != HAS_LOG {
            self.found.store(true, Ordering::Relaxed);
        }
        self.found.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn a_time_that_has_lost_its_last_digits_is_that_of_the_same_write() {
        let known = Stamp { seconds: 7, nanos: 123_456_789, size: 4_096 };
        for nanos in [123_456_789, 123_456_000, 123_000_000, 0] {
            assert!(known.is_same_write(&Stamp { nanos, ..known }), "{nanos}");
        }
        for nanos in [123_456_788, 123_456_790, 100_000_000] {
            assert!(!known.is_same_write(&Stamp { nanos, ..known }), "{nanos}");
        }
        assert!(!known.is_same_write(&Stamp { seconds: 8, ..known }));
        assert!(!known.is_same_write(&Stamp { size: 8_192, ..known }));
        let coarse = Stamp { nanos: 0, ..known };
        assert!(!coarse.is_same_write(&known));
    }
}
