//! Keys that are made before the executions that they are for begin.

use std::sync::Arc;

use crate::{DataKey, KeyError, KeyStore, Scope};

/// Makes keys for executions that may begin. It works beside the vault, on another thread.
pub struct KeysAhead {
    store: Arc<dyn KeyStore + Send + Sync>,
}

/// A key on stable storage, for an execution that may begin.
pub struct KeyAhead {
    execution: String,
    key: DataKey,
}

impl KeysAhead {
    pub(super) fn new(store: Arc<dyn KeyStore + Send + Sync>) -> Self {
        Self { store }
    }

    /// Makes the key of an execution that may begin: on stable storage when this returns.
    ///
    /// # Errors
    /// As [`KeyStore::wrap_ahead`].
    pub fn make(&self, execution: String) -> Result<KeyAhead, KeyError> {
        let scope = Scope::Execution(execution.clone());
        let key = DataKey::fresh()?;
        self.store.wrap_ahead(&scope, &key)?;
        Ok(KeyAhead { execution, key })
    }
}

impl KeyAhead {
    /// The execution that it is for.
    #[must_use]
    pub fn execution(&self) -> &str {
        &self.execution
    }

    pub(super) fn into_parts(self) -> (Scope, DataKey) {
        (Scope::Execution(self.execution), self.key)
    }
}
