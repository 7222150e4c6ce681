use crate::limits::EXECUTION_ID_BYTES_MAX;
use crate::{DataKey, KeyError};

/// Whose key it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The node's, for records of no execution.
    Node,
    /// An execution's.
    Execution(String),
}

impl Scope {
    /// Its name in files and in what a wrapped key is bound to: `node` or `execution.<id>`. None
    /// for an id that can have no key.
    pub(crate) fn name(&self) -> Option<String> {
        match self {
            Self::Node => Some("node".to_owned()),
            Self::Execution(id) => {
                let fits = (1..=EXECUTION_ID_BYTES_MAX).contains(&id.len());
                let plain =
                    id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
                (fits && plain).then(|| format!("execution.{id}"))
            }
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let scope = match name.strip_prefix("execution.") {
            Some(id) => Self::Execution(id.to_owned()),
            None => Self::Node,
        };
        (scope.name().as_deref() == Some(name)).then_some(scope)
    }
}

/// Where data keys are kept, wrapped so that the place alone gives none away, and where they can be
/// destroyed.
pub trait KeyStore {
    /// Keeps a new key. Durable when this returns; an older key of the scope is never replaced.
    ///
    /// # Errors
    /// When it cannot be kept; no key is there then.
    fn wrap(&self, scope: &Scope, key: &DataKey) -> Result<(), KeyError>;

    /// Keeps a key for an execution that may begin, beside those of executions that did. Durable
    /// when this returns.
    ///
    /// # Errors
    /// As [`KeyStore::wrap`].
    fn wrap_ahead(&self, scope: &Scope, key: &DataKey) -> Result<(), KeyError>;

    /// Makes a key that was kept ahead the key of its scope, without a wait for the disk: whatever
    /// a crash leaves, [`KeyStore::unwrap`] finds it.
    ///
    /// # Errors
    /// When it was not kept, or the scope has a key already.
    fn take_up(&self, scope: &Scope) -> Result<(), KeyError>;

    /// Takes up the keys kept ahead whose executions began, and removes the others. Durable when
    /// this returns.
    ///
    /// # Errors
    /// When the store fails.
    fn settle_ahead(&self, has_begun: &dyn Fn(&str) -> bool) -> Result<(), KeyError>;

    /// The key of a scope, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written for this scope ([`KeyError::is_damage`]).
    fn unwrap(&self, scope: &Scope) -> Result<Option<DataKey>, KeyError>;

    /// Destroys a key for good; durable when this returns. False where there was none.
    ///
    /// # Errors
    /// When it may still be there.
    fn destroy(&self, scope: &Scope) -> Result<bool, KeyError>;

    /// Whose keys are there.
    ///
    /// # Errors
    /// When that cannot be read.
    fn list(&self) -> Result<Vec<Scope>, KeyError>;

    /// Makes sure that the next [`KeyStore::wrap`] finds room, and needs no file descriptor.
    ///
    /// # Errors
    /// When there is none: no execution may begin. [`KeyError::is_exhausted`] says that it is
    /// descriptors which are missing.
    fn make_room(&self) -> Result<(), KeyError>;
}
