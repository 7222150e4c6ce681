//! Places for connections and sessions, bounded for each OS user.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mcp::UserRoom;
use tokio::sync::Notify;

/// How many places there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaceBounds {
    /// For all together.
    pub(crate) all: usize,
    /// For one OS user.
    pub(crate) per_user: usize,
    /// Of all, for the node's own OS user and root alone.
    pub(crate) reserved: usize,
    /// So many of the others are kept for each OS user who has a workload here; fewer where there
    /// are too many of them.
    pub(crate) assured: usize,
    /// So many besides are kept for OS users who have no place yet: an officer of an OS user
    /// without a workload comes so.
    pub(crate) newcomers: usize,
}

/// Who has which places.
pub(crate) struct Places {
    bounds: PlaceBounds,
    taken: Mutex<BTreeMap<u32, TakenPlaces>>,
    /// Told whenever a place is given back.
    pub(crate) freed: Notify,
}

#[derive(Default)]
struct TakenPlaces {
    places: usize,
    bytes: usize,
    /// Where long lines wait in all its sessions.
    room: UserRoom,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoPlace {
    /// This OS user has all that one may have.
    OfUser,
    /// All are taken.
    OfAll,
}

impl NoPlace {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::OfUser => "refused.quota",
            Self::OfAll => "refused.overload",
        }
    }
}

/// One place. It is given back when this is dropped.
pub(crate) struct Place {
    places: Arc<Places>,
    user: u32,
    bytes: usize,
}

/// Whether this is the node's own OS user, or root.
pub(crate) fn is_own(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

impl Places {
    pub(crate) fn new(bounds: PlaceBounds) -> Arc<Self> {
        Arc::new(Self { bounds, taken: Mutex::default(), freed: Notify::new() })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<u32, TakenPlaces>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for an OS user, among those who have a workload here.
    pub(crate) fn take(
        self: &Arc<Self>,
        user: u32,
        registered: &BTreeSet<u32>,
    ) -> Result<Place, NoPlace> {
        self.take_as(user, is_own(user), registered)
    }

    fn take_as(
        self: &Arc<Self>,
        user: u32,
        is_own: bool,
        registered: &BTreeSet<u32>,
    ) -> Result<Place, NoPlace> {
        let PlaceBounds { all, per_user, reserved, newcomers, .. } = self.bounds;
        let mut taken = self.taken();
        let has = |user| taken.get(user).map_or(0, |one| one.places);
        if has(&user) >= per_user {
            return Err(NoPlace::OfUser);
        }
        let open = if is_own { all } else { all.saturating_sub(reserved) };
        let assured = self.bounds.assured_of(registered.len());
        let others = registered.iter().filter(|other| **other != user);
        let kept: usize = match registered.contains(&user) && has(&user) < assured {
            true => 0,
            false => others.map(|other| assured.saturating_sub(has(other))).sum(),
        };
        let for_newcomers = if is_own || has(&user) == 0 { 0 } else { newcomers };
        let used: usize = taken.values().map(|one| one.places).sum();
        if used.saturating_add(kept).saturating_add(for_newcomers) >= open {
            return Err(NoPlace::OfAll);
        }
        let one = taken.entry(user).or_default();
        one.places = one.places.saturating_add(1);
        Ok(Place { places: Arc::clone(self), user, bytes: 0 })
    }
}

impl PlaceBounds {
    /// How many places are kept for each of so many OS users.
    fn assured_of(&self, users: usize) -> usize {
        let open = self.all.saturating_sub(self.reserved).saturating_sub(self.newcomers);
        open.checked_div(users).map_or(0, |each| each.min(self.assured))
    }
}

impl Place {
    /// Where long lines wait in all sessions of its OS user.
    pub(crate) fn room(&self) -> UserRoom {
        self.places.taken().get(&self.user).map(|one| one.room.clone()).unwrap_or_default()
    }

    /// Takes room for so many more bytes, of so many that its OS user may hold. False where there
    /// is none.
    pub(crate) fn hold(&mut self, more_bytes: usize, most_bytes: usize) -> bool {
        let mut taken = self.places.taken();
        let Some(one) = taken.get_mut(&self.user) else { return false };
        let wanted = one.bytes.saturating_add(more_bytes);
        if wanted > most_bytes {
            return false;
        }
        one.bytes = wanted;
        self.bytes = self.bytes.saturating_add(more_bytes);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        if let Some(one) = taken.get_mut(&self.user) {
            one.places = one.places.saturating_sub(1);
            one.bytes = one.bytes.saturating_sub(self.bytes);
            if one.places == 0 {
                taken.remove(&self.user);
            }
        }
        drop(taken);
        self.places.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: PlaceBounds =
        PlaceBounds { all: 6, per_user: 3, reserved: 1, assured: 1, newcomers: 0 };
    const NOBODY: BTreeSet<u32> = BTreeSet::new();

    #[test]
    fn one_user_cannot_take_what_another_needs() {
        let places = Places::new(BOUNDS);
        let held: Vec<Place> =
            (0..3).map(|_| places.take_as(1, false, &NOBODY).ok().unwrap()).collect();
        assert_eq!(places.take_as(1, false, &NOBODY).err(), Some(NoPlace::OfUser));
        let other = places.take_as(2, false, &NOBODY).ok();
        assert!(other.is_some());
        drop(held);
        assert!(places.take_as(1, false, &NOBODY).is_ok());
    }

    #[test]
    fn the_last_places_are_the_nodes_own_users() {
        let places = Places::new(BOUNDS);
        let held: Vec<_> =
            (0..5).map(|user| places.take_as(user + 1, false, &NOBODY).ok().unwrap()).collect();
        assert_eq!(places.take_as(9, false, &NOBODY).err(), Some(NoPlace::OfAll));
        let own = places.take_as(9, true, &NOBODY).ok();
        assert!(own.is_some());
        assert_eq!(places.take_as(9, true, &NOBODY).err(), Some(NoPlace::OfAll));
        drop(held);
    }

    #[test]
    fn bytes_are_bounded_over_all_connections_of_a_user() {
        let places = Places::new(BOUNDS);
        let (mut one, mut two) = (
            places.take_as(1, false, &NOBODY).ok().unwrap(),
            places.take_as(1, false, &NOBODY).ok().unwrap(),
        );
        assert!(one.hold(6, 10) && two.hold(4, 10) && !two.hold(1, 10));
        drop(one);
        assert!(two.hold(6, 10));
        assert!(places.take_as(2, false, &NOBODY).ok().unwrap().hold(10, 10));
    }

    #[test]
    fn all_places_of_a_user_share_one_room() {
        let places = Places::new(BOUNDS);
        let [one, two, other] =
            [1, 1, 2].map(|user| places.take_as(user, false, &NOBODY).ok().unwrap());
        assert!(one.room().is_same(&two.room()) && !one.room().is_same(&other.room()));
    }

    #[test]
    fn strangers_cannot_take_what_is_kept_for_who_has_a_workload() {
        let places = Places::new(PlaceBounds { assured: 2, ..BOUNDS });
        let registered = BTreeSet::from([100, 200]);
        let strangers = (1..).map_while(|user| places.take_as(user, false, &registered).ok());
        let held: Vec<Place> = strangers.collect();
        assert_eq!(held.len(), 1);
        let hostile: Vec<Place> =
            (0..3).map_while(|_| places.take_as(100, false, &registered).ok()).collect();
        assert_eq!(hostile.len(), 2, "nor can one of them take what is kept for another");
        let other: Vec<Place> =
            (0..3).map_while(|_| places.take_as(200, false, &registered).ok()).collect();
        assert_eq!(other.len(), 2);
        assert!(places.take_as(0, true, &registered).is_ok(), "and the node's own have theirs");
    }

    #[test]
    fn places_of_newcomers_are_kept_from_others() {
        let bounds = PlaceBounds { all: 8, per_user: 6, reserved: 1, assured: 1, newcomers: 2 };
        let (places, registered) = (Places::new(bounds), BTreeSet::from([100]));
        let take = |user| places.take_as(user, false, &registered);
        let stranger: Vec<Place> = (0..9).map_while(|_| take(1).ok()).collect();
        assert_eq!(stranger.len(), 4, "one is kept for the workload's, two for newcomers");
        let newcomer = take(2).ok().unwrap();
        assert_eq!(take(2).err(), Some(NoPlace::OfAll), "one each");
        let other = take(3).ok().unwrap();
        assert_eq!(take(4).err(), Some(NoPlace::OfAll), "two are taken");
        assert!(take(100).is_ok(), "and the workload's has its own still");
        drop((newcomer, other));
        assert!(take(4).is_ok());
        assert!(places.take_as(0, true, &registered).is_ok());
        drop(stranger);
    }

    #[test]
    fn where_too_many_have_a_workload_each_is_kept_fewer_places() {
        let bounds = PlaceBounds { assured: 4, ..BOUNDS };
        let kept = [0, 1, 2, 5, 6].map(|users| bounds.assured_of(users));
        assert_eq!(kept, [0, 4, 2, 1, 0]);
    }
}
