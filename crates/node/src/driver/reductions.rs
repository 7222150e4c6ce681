//! What officers take away: it acts here before any log has it.

use kernel::step::Input;
use ledger::Disk;
use record::governance::SignedProposal;
use tokio::sync::oneshot;

use super::{Command, Driver, KernelHandle};

/// Why the kernel does not act on what officers signed, in its words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotAcceptable(String);

impl KernelHandle {
    /// Shows the kernel what officers signed: whether it acts on it already, or why it is not
    /// acceptable.
    pub(crate) async fn reduce(
        &self,
        proposal: SignedProposal,
    ) -> Option<Result<bool, NotAcceptable>> {
        let proposal = Box::new(proposal);
        let reduced = self.ask(move |reply| Command::Reduce { proposal, reply }).await;
        reduced.map(|result| result.map_err(NotAcceptable))
    }

    /// What acts here and is not in governance.
    pub(crate) async fn reductions(&self) -> Option<Vec<SignedProposal>> {
        self.ask(|reply| Command::Reductions { reply }).await
    }

    /// Resolves when everything that was sequenced before is on stable storage.
    pub(crate) async fn kept(&self) -> Option<()> {
        self.ask(|reply| Command::Kept { reply }).await
    }
}

impl<D: Disk> Driver<D> {
    pub(super) fn reduce(
        &mut self,
        proposal: Box<SignedProposal>,
        reply: oneshot::Sender<Result<bool, String>>,
    ) {
        let ticket = self.ticket();
        self.waiting.reductions.insert(ticket, reply);
        self.step(Input::Reduce { ticket, proposal });
    }

    pub(super) fn reductions(&self, reply: oneshot::Sender<Vec<SignedProposal>>) {
        let _gone = reply.send(self.kernel.state().reductions().collect());
    }

    pub(super) fn await_kept(&mut self, reply: oneshot::Sender<()>) {
        self.waiting.kept.push((self.kernel.state().size(), reply));
        self.tell_kept(self.log.head().size);
    }

    pub(super) fn tell_kept(&mut self, size: u64) {
        for (_, reply) in self.waiting.kept.extract_if(.., |(wanted, _)| *wanted <= size) {
            let _gone = reply.send(());
        }
    }
}
