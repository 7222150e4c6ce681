use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use identity::{DataKey, FileKeys, KeyError, KeyStore, Scope, Vault};

use super::*;

/// Tells of each key that is to be kept, and keeps it where it is told to.
struct Told {
    wanted: Sender<usize>,
    answers: Mutex<Receiver<bool>>,
    count: AtomicUsize,
}

impl KeyStore for Told {
    fn wrap_ahead(&self, _: &Scope, _: &DataKey) -> Result<(), KeyError> {
        self.wanted.send(self.count.fetch_add(1, Ordering::Relaxed)).unwrap();
        match self.answers.lock().unwrap().recv() {
            Ok(true) => Ok(()),
            _ => FileKeys::open(Path::new("/nowhere"), Path::new("/nowhere"), "origin").map(drop),
        }
    }

    fn wrap(&self, _: &Scope, _: &DataKey) -> Result<(), KeyError> {
        unreachable!()
    }

    fn take_up(&self, _: &Scope) -> Result<(), KeyError> {
        unreachable!()
    }

    fn settle_ahead(&self, _: &dyn Fn(&str) -> bool) -> Result<(), KeyError> {
        unreachable!()
    }

    fn unwrap(&self, _: &Scope) -> Result<Option<DataKey>, KeyError> {
        unreachable!()
    }

    fn destroy(&self, _: &Scope) -> Result<bool, KeyError> {
        unreachable!()
    }

    fn list(&self) -> Result<Vec<Scope>, KeyError> {
        unreachable!()
    }

    fn make_room(&self) -> Result<(), KeyError> {
        unreachable!()
    }
}

fn started() -> (KeyPool, Receiver<usize>, Sender<bool>) {
    let ((wanted, is_wanted), (answer, answers)) = (channel(), channel());
    let store = Told { wanted, answers: Mutex::new(answers), count: AtomicUsize::new(0) };
    (KeyPool::start(Vault::new("origin", store).keys_ahead(), || {}), is_wanted, answer)
}

#[test]
fn the_pool_is_full_and_a_key_that_is_taken_is_made_anew() {
    let (keys, wanted, answer) = started();
    for number in 0..KEYS_AHEAD {
        assert_eq!(wanted.recv(), Ok(number));
        answer.send(true).unwrap();
    }
    let first = loop {
        // The first was put there before the second was wanted.
        if let PooledKey::Ready(first) = keys.take() {
            break first;
        }
    };
    assert_eq!(first.key.execution(), execution_id(first.entropy));
    assert_eq!(wanted.recv(), Ok(KEYS_AHEAD));
    keys.give_back(first);
    answer.send(true).unwrap();
    assert!(wanted.try_recv().is_err(), "there are enough");
}

#[test]
fn a_failed_key_is_tried_again_when_one_is_asked_for() {
    let (keys, wanted, answer) = started();
    assert_eq!(wanted.recv(), Ok(0));
    answer.send(false).unwrap();
    // Until it has noted that, an asker may come too early to have it tried again.
    while !keys.0.ready().has_failed {
        std::thread::yield_now();
    }
    assert!(wanted.try_recv().is_err(), "nobody asks");
    assert!(matches!(keys.take(), PooledKey::Failed));
    assert_eq!(wanted.recv(), Ok(1));
    assert!(matches!(keys.take(), PooledKey::Soon));
    answer.send(true).unwrap();
    assert_eq!(wanted.recv(), Ok(2));
    assert!(matches!(keys.take(), PooledKey::Ready(_)));
}
