use api::meter::MeterAccount;
use kernel::step::Input;
use ledger::Disk;
use record::lineage::SignedApproval;
use tokio::sync::oneshot;

use super::{Command, Driver, KernelHandle};
use crate::RefusalCode;
use crate::limits::END_BYTES;
use crate::pending::{FilteredRequests, RequestFilter};

impl KernelHandle {
    /// Brings an officer's word; resolves when it is durable, to its record's index or the code of
    /// a refusal.
    pub(crate) async fn approve(
        &self,
        approval: SignedApproval,
    ) -> Option<Result<u64, RefusalCode>> {
        let approval = Box::new(approval);
        let approved = self.ask(move |reply| Command::Approve { approval, reply }).await;
        approved.map(|result| result.map_err(RefusalCode))
    }

    /// What waits for approval, of what is sought.
    pub(crate) async fn waiting(&self, sought: RequestFilter) -> Option<FilteredRequests> {
        self.ask(move |reply| Command::Waiting { sought, reply }).await
    }

    /// The use of the meters.
    pub(crate) async fn meters(&self) -> Option<Vec<MeterAccount>> {
        self.ask(move |reply| Command::Meters { reply }).await
    }
}

impl<D: Disk> Driver<D> {
    pub(super) fn approve(
        &mut self,
        approval: Box<SignedApproval>,
        reply: oneshot::Sender<Result<u64, &'static str>>,
    ) {
        if !self.has_space_for(END_BYTES) {
            let _gone = reply.send(Err("refused.storage"));
            return;
        }
        let ticket = self.ticket();
        self.waiting.approvals.insert(ticket, reply);
        self.step(Input::Approve { ticket, approval });
    }
}
