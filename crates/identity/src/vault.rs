mod ahead;
mod piece;

use std::collections::BTreeMap;
use std::sync::Arc;

use proof::digest::Digest;

use crate::{DataKey, KeyError, KeyStore, Scope, aead};

pub use ahead::{KeyAhead, KeysAhead};
pub use piece::PieceSealer;

const CONTEXT: &[u8] = b"interlock.sealed.v1\n";

/// Seals and opens the parts of one log with the keys of a store.
pub struct Vault {
    store: Arc<dyn KeyStore + Send + Sync>,
    origin: Arc<str>,
    keys: BTreeMap<Scope, StoredKey>,
}

/// A key as the store holds it.
enum StoredKey {
    /// INVARIANT: nobody else holds it for longer than one piece is sealed. So it is wiped when it
    /// is let go of here, or just after.
    Key(Arc<DataKey>),
    Nothing,
    Damaged,
}

/// Why a part does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no key: it was destroyed, or it is missing.
    #[error("its key is not there")]
    NoKey,
    /// The key is there and is not what was written.
    #[error("its key is damaged, or another's")]
    Key,
    /// The part was changed, cut, or belongs to another record.
    #[error("it was changed, cut, or belongs to another record")]
    Part,
    /// The store failed.
    #[error(transparent)]
    Store(KeyError),
}

impl Vault {
    /// For the log of this origin.
    #[must_use]
    pub fn new(origin: &str, store: impl KeyStore + Send + Sync + 'static) -> Self {
        Self { store: Arc::new(store), origin: origin.into(), keys: BTreeMap::new() }
    }

    /// Makes the key of an execution that begins: on stable storage when this returns.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn begin(&mut self, execution: &str) -> Result<(), KeyError> {
        let scope = Scope::Execution(execution.to_owned());
        let key = DataKey::fresh()?;
        self.store.wrap(&scope, &key)?;
        self.keys.insert(scope, StoredKey::Key(Arc::new(key)));
        Ok(())
    }

    /// What makes keys ahead for this vault, on another thread.
    #[must_use]
    pub fn keys_ahead(&self) -> KeysAhead {
        KeysAhead::new(Arc::clone(&self.store))
    }

    /// Begins the execution for which a key was made ahead, without a wait for the disk. A key that
    /// somebody has removed since is kept again, with one.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn begin_with(&mut self, ahead: KeyAhead) -> Result<(), KeyError> {
        let (scope, key) = ahead.into_parts();
        self.store.take_up(&scope).or_else(|_| self.store.wrap(&scope, &key))?;
        self.keys.insert(scope, StoredKey::Key(Arc::new(key)));
        Ok(())
    }

    /// Settles what a crash left of keys that were made ahead.
    ///
    /// # Errors
    /// As [`KeyStore::settle_ahead`].
    pub fn settle_ahead(&self, has_begun: &dyn Fn(&str) -> bool) -> Result<(), KeyError> {
        self.store.settle_ahead(has_begun)
    }

    /// Makes sure that the next key finds room.
    ///
    /// # Errors
    /// As [`KeyStore::make_room`].
    pub fn make_room(&self) -> Result<(), KeyError> {
        self.store.make_room()
    }

    /// Seals a part for one record of the log, which is told by its index and its bytes' digest.
    /// Nothing is sealed as nothing.
    ///
    /// # Errors
    /// When there is no key.
    pub fn seal(
        &mut self,
        scope: &Scope,
        index: u64,
        record: &Digest,
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        if plain.is_empty() {
            return Ok(Vec::new());
        }
        self.seal_bound(scope, &self.bound_to(index, record), plain)
    }

    /// Opens the part of one record of the log.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(
        &mut self,
        scope: &Scope,
        index: u64,
        record: &Digest,
        part: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        if part.is_empty() {
            return Ok(Vec::new());
        }
        self.open_bound(scope, &self.bound_to(index, record), part)
    }

    /// What seals pieces of a snapshot that are of an execution, on any thread.
    ///
    /// # Errors
    /// When there is no key.
    pub fn piece_sealer(&mut self, execution: &str) -> Result<PieceSealer, KeyError> {
        let origin = Arc::clone(&self.origin);
        let scope = Scope::Execution(execution.to_owned());
        let key = self.key(&scope).map_err(|why| no_key(&scope, &why))?;
        Ok(PieceSealer::new(scope, key, origin))
    }

    /// Opens a piece of a snapshot that is of an execution and known by this name.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_piece(
        &mut self,
        execution: &str,
        name: &Digest,
        piece: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        let scope = Scope::Execution(execution.to_owned());
        self.open_bound(&scope, &piece::bound_to(name, &self.origin), piece)
    }

    /// Whether a scope's key is there.
    ///
    /// # Errors
    /// As [`Vault::open`], where it cannot be used.
    pub fn check(&mut self, scope: &Scope) -> Result<(), OpenError> {
        self.key(scope).map(drop)
    }

    /// Executions whose keys are there.
    ///
    /// # Errors
    /// As [`KeyStore::list`].
    pub fn executions(&self) -> Result<Vec<String>, KeyError> {
        let executions = self.store.list()?.into_iter().filter_map(|scope| match scope {
            Scope::Execution(id) => Some(id),
            Scope::Node => None,
        });
        Ok(executions.collect())
    }

    /// Forgets a key that nothing more is sealed under.
    pub fn forget(&mut self, execution: &str) {
        self.keys.remove(&Scope::Execution(execution.to_owned()));
    }

    /// Destroys the key of an execution, here and in the store. False where there was none.
    ///
    /// # Errors
    /// When it may still be there.
    pub fn destroy(&mut self, execution: &str) -> Result<bool, KeyError> {
        self.forget(execution);
        self.store.destroy(&Scope::Execution(execution.to_owned()))
    }

    fn seal_bound(
        &mut self,
        scope: &Scope,
        bound_to: &[u8],
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let key = self.key(scope).map_err(|why| no_key(scope, &why))?;
        aead::seal(key, bound_to, plain)
    }

    fn open_bound(
        &mut self,
        scope: &Scope,
        bound_to: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, OpenError> {
        aead::open(self.key(scope)?, bound_to, sealed).ok_or(OpenError::Part)
    }

    /// What a part is bound to: the log, the place in it, and the record, so that it opens nowhere
    /// else.
    fn bound_to(&self, index: u64, record: &Digest) -> Vec<u8> {
        [CONTEXT, &index.to_be_bytes(), record.as_bytes(), self.origin.as_bytes()].concat()
    }

    fn key(&mut self, scope: &Scope) -> Result<&Arc<DataKey>, OpenError> {
        if !self.keys.contains_key(scope) {
            let held = match self.store.unwrap(scope) {
                Ok(Some(key)) => StoredKey::Key(Arc::new(key)),
                Ok(None) => StoredKey::Nothing,
                Err(why) if why.is_damage() => StoredKey::Damaged,
                Err(why) => return Err(OpenError::Store(why)),
            };
            self.keys.insert(scope.clone(), held);
        }
        match self.keys.get(scope) {
            Some(StoredKey::Key(key)) => Ok(key),
            Some(StoredKey::Damaged) => Err(OpenError::Key),
            Some(StoredKey::Nothing) | None => Err(OpenError::NoKey),
        }
    }
}

fn no_key(scope: &Scope, why: &OpenError) -> KeyError {
    KeyError::other(&format!("{scope:?}: {why}"))
}

#[cfg(test)]
mod tests;
