use identity::KeyError;
use kernel::lineage::SealingScope;
use kernel::step::Input;
use ledger::Disk;
use proof::digest::Digest;
use record::lineage::ErasedFor;
use tokio::sync::oneshot;

use super::Driver;
use crate::limits::END_BYTES;

/// An execution is on record as erased, and its key may still be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key.destroy")]
pub(super) struct KeyNotDestroyed;

impl KeyNotDestroyed {
    /// The code of the failure.
    pub(super) fn code(self) -> &'static str {
        "key.destroy"
    }
}

impl<D: Disk> Driver<D> {
    pub(super) fn erase(
        &mut self,
        execution: String,
        os_user: u32,
        reason: ErasedFor,
        reply: oneshot::Sender<Result<u64, &'static str>>,
    ) {
        if !self.has_space_for(END_BYTES) {
            let _gone = reply.send(Err("refused.storage"));
            return;
        }
        let ticket = self.ticket();
        self.waiting.erasures.insert(ticket, reply);
        self.step(Input::Erase { ticket, execution, os_user, reason });
        // One that was on record before: its record is durable already.
        self.step(Input::Durable { size: self.log.head().size });
    }

    /// Destroys the key of an execution whose erasure is on stable storage.
    pub(super) fn destroy(&mut self, execution: &str) -> Result<(), KeyNotDestroyed> {
        match self.vault.destroy(execution) {
            Ok(_) => Ok(()),
            Err(why) => {
                crate::say(format_args!("`{execution}` is on record as erased, but {why}"));
                Err(KeyNotDestroyed)
            }
        }
    }

    /// Seals what a record commits to. The key of an execution that begins is on stable storage
    /// first.
    pub(super) fn seal(
        &mut self,
        scope: SealingScope,
        index: u64,
        record: &Digest,
        plain: &[u8],
    ) -> Result<Vec<u8>, KeyError> {
        let scope = match scope {
            SealingScope::Node => identity::Scope::Node,
            SealingScope::Execution(id) => identity::Scope::Execution(id),
            SealingScope::Begun(id) => {
                match self.beginning.take_if(|made| made.key.execution() == id) {
                    Some(made) => self.vault.begin_with(made.key)?,
                    None => self.vault.begin(&id)?,
                }
                identity::Scope::Execution(id)
            }
        };
        self.vault.seal(&scope, index, record, plain)
    }
}
