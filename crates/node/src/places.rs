//! Places for connections and sessions, bounded for each OS user.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// How many places there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// For all together.
    pub(crate) all: usize,
    /// For one OS user.
    pub(crate) per_user: usize,
    /// Of all, for the node's own OS user and root alone.
    pub(crate) reserved: usize,
}

/// Who has which places.
pub(crate) struct Places {
    bounds: Bounds,
    taken: Mutex<BTreeMap<u32, Taken>>,
    /// Told whenever a place is given back.
    pub(crate) freed: Notify,
}

#[derive(Default)]
struct Taken {
    places: usize,
    bytes: usize,
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
    pub(crate) fn new(bounds: Bounds) -> Arc<Self> {
        Arc::new(Self { bounds, taken: Mutex::default(), freed: Notify::new() })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<u32, Taken>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(self: &Arc<Self>, user: u32) -> Result<Place, NoPlace> {
        self.take_as(user, is_own(user))
    }

    fn take_as(self: &Arc<Self>, user: u32, is_own: bool) -> Result<Place, NoPlace> {
        let mut taken = self.taken();
        let all: usize = taken.values().map(|one| one.places).sum();
        let open = if is_own {
            self.bounds.all
        } else {
            self.bounds.all.saturating_sub(self.bounds.reserved)
        };
        if taken.get(&user).is_some_and(|one| one.places >= self.bounds.per_user) {
            return Err(NoPlace::OfUser);
        }
        if all >= open {
            return Err(NoPlace::OfAll);
        }
        let one = taken.entry(user).or_default();
        one.places = one.places.saturating_add(1);
        Ok(Place { places: Arc::clone(self), user, bytes: 0 })
    }
}

impl Place {
    /// Takes room for so many more bytes, of so many that its OS user may hold. False where there is none.
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

    const BOUNDS: Bounds = Bounds { all: 6, per_user: 3, reserved: 1 };

    #[test]
    fn one_user_cannot_take_what_another_needs() {
        let places = Places::new(BOUNDS);
        let held: Vec<Place> = (0..3).map(|_| places.take_as(1, false).ok().unwrap()).collect();
        assert_eq!(places.take_as(1, false).err(), Some(NoPlace::OfUser));
        let other = places.take_as(2, false).ok();
        assert!(other.is_some());
        drop(held);
        assert!(places.take_as(1, false).is_ok());
    }

    #[test]
    fn the_last_places_are_the_nodes_own_users() {
        let places = Places::new(BOUNDS);
        let held: Vec<_> =
            (0..5).map(|user| places.take_as(user + 1, false).ok().unwrap()).collect();
        assert_eq!(places.take_as(9, false).err(), Some(NoPlace::OfAll));
        let own = places.take_as(9, true).ok();
        assert!(own.is_some());
        assert_eq!(places.take_as(9, true).err(), Some(NoPlace::OfAll));
        drop(held);
    }

    #[test]
    fn bytes_are_bounded_over_all_connections_of_a_user() {
        let places = Places::new(BOUNDS);
        let (mut one, mut two) =
            (places.take_as(1, false).ok().unwrap(), places.take_as(1, false).ok().unwrap());
        assert!(one.hold(6, 10) && two.hold(4, 10) && !two.hold(1, 10));
        drop(one);
        assert!(two.hold(6, 10));
        assert!(places.take_as(2, false).ok().unwrap().hold(10, 10));
    }
}
