use api::node::{Reduction, Status};
use kernel::step::Input;
use ledger::Disk;
use tokio::sync::oneshot;

use super::Driver;
use crate::reply::{position, trust_state};

impl<D: Disk> Driver<D> {
    /// How the node stands. Whom officers took something from is for the node's own user: it names
    /// others, and finding it takes work for each.
    pub(super) fn status(&self, is_local: bool) -> Status {
        let state = self.kernel.state();
        let (trust, halts) = state.governance().standing();
        let trust = trust.filter(|(_, trust)| *trust != record::Trust::Trusted);
        Status {
            node: state.node().to_owned(),
            bundle: state.bundle().digest().to_string(),
            executions: u64::try_from(state.executions().count()).unwrap_or(u64::MAX),
            governance: position(&state.governance().position()),
            records: state.size(),
            is_verified: state.is_verified(),
            storage_wanted_bytes: self.storage_wanted_bytes(),
            halted: is_local.then(|| halts.map(ToString::to_string).collect()),
            trust: is_local
                .then(|| trust.map(|(subject, state)| trust_state(subject, state)).collect()),
            reductions: is_local.then(|| self.reductions_held()),
        }
    }

    fn reductions_held(&self) -> Vec<Reduction> {
        let (state, wall_ms) = (self.kernel.state(), self.clock.now().wall_ms);
        let governance = state.governance();
        let held = state.reductions().map(|signed| {
            let why_not = governance.check_owed(wall_ms, &signed).err();
            let why_not = why_not.map(|why| why.to_string());
            Reduction { about: signed.proposal.change.about(), why_not }
        });
        held.collect()
    }

    /// Writes a record of what was refused since the last one, also where nothing was. Where there
    /// is no room for what agents ask, nobody is answered.
    pub(super) fn probe(&mut self, reply: oneshot::Sender<()>) {
        if !self.has_storage() {
            return;
        }
        self.count_refusals();
        self.step(Input::Probe);
        self.await_kept(reply);
    }
}
