//! What officers and registrars do.

use kernel::governance::GovernanceError;
use kernel::step::Input;
use record::Trust;
use record::governance::{Change, Subject, Workload};

use super::World;
use crate::authority::{Signed, WORKLOADS};
use crate::broken::{Broken, Law, holds};
use crate::model::{Event, Governed, Rule};
use crate::node::Bug;

const ZONES: [&str; 2] = ["prod", "lab"];

impl World {
    fn any_subject(&mut self) -> Subject {
        let id = self.any_execution().unwrap_or_default();
        let (workload, _) = self.random.one_of(&WORKLOADS).copied().unwrap_or_default();
        match self.random.below(8) {
            0 => Subject::Domain,
            1 => Subject::Zone(self.one_of(&ZONES).into()),
            2 => Subject::Node(crate::names::NODE.into()),
            3 if !id.is_empty() => Subject::Execution(id),
            _ => Subject::Workload(workload.into()),
        }
    }

    /// Officers change something, restoring more often than not, and the node adopts it at once or
    /// later.
    pub(super) fn govern(&mut self) -> Result<(), Broken> {
        let at = self.now.wall_ms;
        let based_on = self.authority.records.len();
        let mut bundle = None;
        let change = match self.random.below(10) {
            0 => {
                let number = usize::try_from(self.random.below(2)).unwrap_or(0);
                bundle = Some(number);
                let Some(published) = self.bundles.get(number) else { return Ok(()) };
                self.authority.publish(at, &published.clone())?;
                Some(Change::BundlePublished { bundle: published.digest() })
            }
            1 if self.random.once_in(2) => {
                Some(Change::HaltOrdered { subject: self.any_subject() })
            }
            2 => {
                Some(Change::TrustChanged { subject: self.any_subject(), trust: Trust::Suspended })
            }
            3 if self.random.once_in(2) => {
                self.any_execution().map(|execution| Change::ExecutionEnded { execution })
            }
            4 if !self.reduced.is_empty() => {
                return self.bring();
            }
            _ => {
                let restoring = self.model.rule.restoring();
                self.random.one_of(&restoring).cloned()
            }
        };
        let Some(change) = change else { return Ok(()) };
        if bundle.is_none() {
            self.authority.change(at, change.clone())?;
        }
        let (reduction, is_by_quorum) = (None, true);
        let governed = Governed { change, based_on, bundle, reduction, is_by_quorum };
        self.model.governed.push(governed);
        if self.random.once_in(4) { Ok(()) } else { self.adopt() }
    }

    /// What acted at once gets into governance now, based on what it was signed on. Only something
    /// newer about the same keeps it out, never time.
    fn bring(&mut self) -> Result<(), Broken> {
        let (signed, based_on, number) = self.reduced.remove(0);
        match self.authority.accept(self.now.wall_ms, &signed) {
            Ok(()) => {}
            Err(GovernanceError::Superseded(_)) => return Ok(()),
            Err(why) => {
                return Err(Broken::new(Law::Closed, format!("a reduction that acts: {why}")));
            }
        }
        let (change, bundle, reduction) = (signed.proposal.change.clone(), None, Some(number));
        let governed = Governed { change, based_on, bundle, reduction, is_by_quorum: false };
        self.model.governed.push(governed);
        self.adopt()
    }

    /// An officer takes something away, and the node hears of it before governance does: it acts,
    /// whatever the time of the log.
    pub(super) fn reduce(&mut self) -> Result<(), Broken> {
        let subject = self.any_subject();
        let change = match self.random.below(2) {
            0 => Change::HaltOrdered { subject },
            _ => Change::TrustChanged { subject, trust: Trust::Suspended },
        };
        // Signed on what the node has, and sooner or later brought to the authority.
        let basis = self.node.adopted;
        if basis != self.authority.records.len() {
            return Ok(());
        }
        let signed = self.authority.propose(self.now.wall_ms, change.clone(), Signed::ByOne)?;
        let (ticket, before) = (self.ticket(), self.model.log.len());
        let is_late =
            self.bug == Some(Bug::LateReduction) && self.last_at() > signed.proposal.expires_ms;
        let is_lost = self.bug == Some(Bug::LostReduction);
        if !is_late && !is_lost {
            let proposal = Box::new(signed.clone());
            self.tell(Input::Reduce { ticket, proposal })?;
        }
        holds(self.model.log.len() > before || is_lost, Law::Closed, || {
            format!("a reduction does not act: {change:?}")
        })?;
        let index = u64::try_from(before).unwrap_or(u64::MAX);
        self.model.happened(index, Event::Reduced(Box::new(change), basis, ticket));
        self.reduced.push((signed, basis, ticket));
        Ok(())
    }

    /// A registrar moves a workload to the other zone. Nobody gets out of a zone that is stopped
    /// so.
    pub(super) fn move_workload(&mut self) -> Result<(), Broken> {
        let Some((name, os_user)) = self.random.one_of(&WORKLOADS).copied() else { return Ok(()) };
        if self.node.adopted != self.authority.records.len() {
            return Ok(());
        }
        let rule = &self.model.rule;
        let from = rule.zone(name);
        let to = ZONES.into_iter().find(|zone| *zone != from).unwrap_or_default();
        let [left, entered] = [from.as_str(), to].map(|zone| Subject::Zone(zone.into()));
        let stops = |of: fn(&Rule, &Subject) -> (Trust, bool)| {
            let (trust, is_halted) = of(rule, &left);
            is_halted || trust > of(rule, &entered).0
        };
        // A governance log holds by itself, whatever a node holds besides.
        let is_stopped = stops(Rule::said) || stops(Rule::worst);
        let workload = Workload { name: name.into(), os_user, zone: to.into() };
        let change = Change::WorkloadRegistered(workload);
        let is_accepted = self.accept_alone(change, Bug::FreedByMove)?;
        holds(is_accepted != is_stopped, Law::Closed, || {
            format!("`{name}` leaves `{from}`: {is_accepted}, which is stopped: {is_stopped}")
        })
    }

    /// One officer alone raises trust that is held low.
    pub(super) fn raise_alone(&mut self) -> Result<(), Broken> {
        if self.node.adopted != self.authority.records.len() {
            return Ok(());
        }
        let rule = &self.model.rule;
        let lowered = rule.restoring().into_iter().filter(|change| {
            matches!(change, Change::TrustChanged { subject, .. } if rule.worst(subject).0 > Trust::Degraded)
        });
        let lowered: Vec<Change> = lowered.collect();
        let Some(change) = self.random.one_of(&lowered).cloned() else { return Ok(()) };
        let is_accepted = self.accept_alone(change.clone(), Bug::LonelyRaise)?;
        holds(!is_accepted, Law::Closed, || format!("one officer gives back: {change:?}"))
    }

    /// What one officer signed reaches the authority, which holds it against what acts on the node
    /// alone.
    fn accept_alone(&mut self, change: Change, without: Bug) -> Result<bool, Broken> {
        let (clock, based_on) = (self.now.wall_ms, self.authority.records.len());
        let at = clock.max(self.authority.fold.at());
        let signed = self.authority.propose(at, change.clone(), Signed::ByOne)?;
        let held = self.node.kernel.state().reductions();
        let held: Vec<Change> = held.map(|signed| signed.proposal.change).collect();
        let held = if self.bug == Some(without) { &[][..] } else { &held };
        let is_sound = self.authority.fold.check_giving_back(&signed, held).is_ok();
        if !is_sound || self.authority.accept(clock, &signed).is_err() {
            return Ok(false);
        }
        let (bundle, reduction, is_by_quorum) = (None, None, false);
        let governed = Governed { change, based_on, bundle, reduction, is_by_quorum };
        self.model.governed.push(governed);
        self.adopt()?;
        Ok(true)
    }
}
