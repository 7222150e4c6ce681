//! A small domain for tests: one officer, one workload, a bundle with a condition over history.

use std::collections::BTreeMap;
use std::sync::Arc;

use policy::Bundle;
use proof::digest::Digest;
use proof::note::{Ed25519Signer, Signer};
use record::governance::{Change, Proposal, Roles, SignedProposal, Subject, Workload};
use record::lineage::{Completion, MessageDirection};
use record::{Assurance, Trust};

use crate::Prepared;
use crate::governance::Governance;
use crate::lineage::Transition;
use crate::replay::{Replay, ReplayError, ReplayOutcome};
use crate::state::{BlobSource, GovernanceLog, NodeState};
use crate::step::{Answer, Effect, Input, Kernel, Now, Ticket};

pub(crate) const ORIGIN: &str = "example.test/governance";
pub(crate) const NODE: &str = "node-1";
pub(crate) const OS_USER: u32 = 1001;
const AT: i64 = 1_700_000_000_000;

const SCHEMA: &str = r#"
entity Workload;
entity File;
entity Address;
entity Page;
action "read_file" appliesTo {
  principal: [Workload], resource: [File], context: { input: { path: String } }
};
action "fetch_page" appliesTo {
  principal: [Workload], resource: [Page], context: { input: { url: String } }
};
action "send_mail" appliesTo {
  principal: [Workload], resource: [Address], context: { input: { to: String, body: String } }
};
"#;

pub(crate) const POLICIES: &str = r#"
@id("reading")
permit (principal, action == Action::"read_file", resource);
@id("browsing")
permit (principal, action == Action::"fetch_page", resource);
@id("mailing")
permit (principal, action == Action::"send_mail", resource);
@id("no-secrets")
forbid (principal, action == Action::"read_file", resource)
when { context.input.path like "secret/*" };
@id("no-mail-after-browsing")
forbid (principal, action == Action::"send_mail", resource)
when temporal { formerly within 1h Action::"fetch_page"::response{} };
"#;

const MANIFEST: &str = r#"
name = "test"
version = "1"
semantics = 1
[tools."office/read_file"]
action = "read_file"
resource = { type = "File", argument = "path" }
[tools."office/fetch_page"]
action = "fetch_page"
resource = { type = "Page", argument = "url" }
[tools."office/send_mail"]
action = "send_mail"
resource = { type = "Address", argument = "to" }
"#;

pub(crate) fn bundle(policies: &str) -> Bundle {
    load([("bundle.toml", MANIFEST), ("schema.cedarschema", SCHEMA), ("policies/all.dw", policies)])
}

/// The same for another version of the decider.
pub(crate) fn bundle_of(semantics: u64, policies: &str) -> Bundle {
    let manifest = MANIFEST.replace("semantics = 1", &format!("semantics = {semantics}"));
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", SCHEMA),
        ("policies/all.dw", policies),
    ];
    load(files)
}

/// Loads a bundle of these files.
pub(crate) fn load<const N: usize>(files: [(&str, &str); N]) -> Bundle {
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    Bundle::load(&files.into()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The small bundle's manifest under the second semantics.
fn second() -> String {
    MANIFEST.replace("semantics = 1", "semantics = 2")
}

/// The same with sub-agents, under the version of the decider that looks at grants.
pub(crate) fn delegating() -> Bundle {
    let schema = format!(
        "{SCHEMA}entity Agent;\naction \"agent/start\" appliesTo {{ principal: [Workload], resource: [Agent] }};\n"
    );
    let policies = format!(
        "{POLICIES}@id(\"helpers\")\npermit (principal, action == Action::\"agent/start\", resource == Agent::\"helper\");\n"
    );
    let manifest = second();
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", &schema),
        ("policies/all.dw", &policies),
    ];
    load(files)
}

/// The same bundle, written for another version of the decider.
pub(crate) fn under(bundle: &Bundle, semantics: u64) -> Bundle {
    let other = format!("semantics = {semantics}");
    let files = bundle.files().clone().into_iter().map(|(path, bytes)| {
        let text = String::from_utf8(bytes).unwrap();
        let text = ["semantics = 1", "semantics = 2", "semantics = 4"]
            .iter()
            .fold(text, |text, named| text.replace(named, &other));
        (path, text.into_bytes())
    });
    Bundle::load(&files.collect()).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The same under the second semantics, with so many mails an hour for the workload.
pub(crate) fn metered(limit: u64) -> Bundle {
    metered_per("workload", limit)
}

pub(crate) fn metered_per(per: &str, limit: u64) -> Bundle {
    let manifest = second();
    let meters = format!(
        "[meters.mails]\nunit = \"mails\"\nlimit = {limit}\nwindow = \"1h\"\nper = \"{per}\"\n[[charges]]\nmeter = \"mails\"\naction = \"send_mail\"\namount = 1\n"
    );
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", SCHEMA),
        ("policies/all.dw", POLICIES),
        ("meters.toml", &meters),
    ];
    load(files)
}

/// The same under the second semantics, with a limit on the bytes of pages for the workload that
/// has no window: each page reserves ten, and its result says how many it was.
pub(crate) fn settled(limit: u64) -> Bundle {
    let manifest = second();
    let schema = SCHEMA
        .replace("input: { url: String } }", "input: { url: String }, output?: { bytes: Long } }");
    let meters = format!(
        "[meters.bytes]\nunit = \"bytes\"\nlimit = {limit}\nper = \"workload\"\n[[charges]]\nmeter = \"bytes\"\naction = \"fetch_page\"\namount = 10\nsettle = \"output.bytes\"\n"
    );
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", &schema),
        ("policies/all.dw", POLICIES),
        ("meters.toml", &meters),
    ];
    load(files)
}

/// The same under the second semantics, with mail that waits for approval.
pub(crate) fn approving(approval: &str) -> Bundle {
    let manifest = second();
    let asks = format!("@id(\"mailing\")\n@approval(\"{approval}\")\n@advice(\"ask finance\")");
    let policies = POLICIES.replace("@id(\"mailing\")", &asks);
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", SCHEMA),
        ("policies/all.dw", &policies),
    ];
    load(files)
}

#[derive(Default)]
pub(crate) struct TestBlobs(BTreeMap<Digest, Vec<u8>>);

impl BlobSource for TestBlobs {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.get(digest).cloned()
    }
}

/// A governance log in memory, with the blobs beside it.
#[derive(Clone)]
pub(crate) struct Domain {
    pub(crate) fold: Governance,
    pub(crate) records: Vec<Vec<u8>>,
    pub(crate) shelf: Arc<TestBlobs>,
}

impl Domain {
    pub(crate) fn new() -> Self {
        Self::of_semantics(crate::governance::SEMANTICS)
    }

    /// With this as the newest version of the decider that its bundles may name.
    pub(crate) fn of_semantics(semantics: u64) -> Self {
        let mut domain =
            Self { fold: Governance::new(ORIGIN), records: vec![], shelf: Arc::default() };
        domain.change(Change::DomainCreated {
            domain: "example.test".into(),
            roles: Roles::of_one(&officer().verifier()).unwrap(),
            semantics,
        });
        domain.change(Change::WorkloadRegistered(Workload {
            name: "agent".into(),
            os_user: OS_USER,
            zone: "prod".into(),
        }));
        domain.publish(&bundle(POLICIES));
        domain
    }

    /// Its log, with the blobs beside it.
    pub(crate) fn log(&self) -> GovernanceLog<'_> {
        GovernanceLog { origin: ORIGIN, records: &self.records, blobs: self.shelf.as_ref() }
    }

    pub(crate) fn publish(&mut self, bundle: &Bundle) {
        let mut shelf = TestBlobs(self.shelf.0.clone());
        shelf.0.insert(bundle.digest(), bundle.blob().to_vec());
        self.shelf = Arc::new(shelf);
        self.change(Change::BundlePublished { bundle: bundle.digest() });
    }

    pub(crate) fn change(&mut self, change: Change) {
        let signed = self.proposed(change);
        self.accept(&signed);
    }

    /// A change that the officer signed on what governs now.
    pub(crate) fn proposed(&self, change: Change) -> SignedProposal {
        let proposal = Proposal { based_on: self.fold.position(), expires_ms: AT + 1, change };
        proposal.sign(&officer()).unwrap()
    }

    /// The authority accepts what was signed.
    pub(crate) fn accept(&mut self, signed: &SignedProposal) {
        let record = signed.to_record(AT).to_bytes();
        self.fold.apply(&record).unwrap();
        self.records.push(record);
    }

    pub(crate) fn trust(&mut self, trust: Trust) {
        self.change(Change::TrustChanged { subject: Subject::Workload("agent".into()), trust });
    }
}

/// The officer that has all roles of a new domain.
pub(crate) fn officer() -> Ed25519Signer {
    Ed25519Signer::from_seed("example.test/officer", &[7; 32]).unwrap()
}

/// As [`Effect::Joined`] has it: the execution's id, or a refusal's code.
pub(crate) type JoinResult = Result<String, &'static str>;

/// A node over a log in memory: what is appended is durable when the test says so.
pub(crate) struct TestNode {
    pub(crate) kernel: Kernel,
    pub(crate) log: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) now: Now,
    pub(crate) execution: String,
    adopted: usize,
    tickets: Ticket,
}

impl TestNode {
    pub(crate) fn new(domain: &Domain) -> Self {
        Self::from(NodeState::new(NODE, ORIGIN), vec![], domain)
    }

    /// Goes on from what is in a log: a restart.
    pub(crate) fn restart(domain: &Domain, log: Vec<(Vec<u8>, Vec<u8>)>) -> Self {
        let mut replay = Replay::new(NODE, ORIGIN, &domain.records, domain.shelf.as_ref());
        for (record, sealed) in &log {
            replay.apply(record, sealed).unwrap();
        }
        Self::from(replay.into_state(), log, domain)
    }

    pub(crate) fn from(state: NodeState, log: Vec<(Vec<u8>, Vec<u8>)>, domain: &Domain) -> Self {
        let now = Now { wall_ms: AT, monotonic_ns: 0 };
        let adopted = usize::try_from(state.governance().position().size).unwrap();
        let (kernel, effects) = Kernel::start(state, now);
        let mut node = Self { kernel, log, now, execution: String::new(), adopted, tickets: 0 };
        node.keep(effects);
        node.follow(domain);
        node.execution = node.join("agent", OS_USER).unwrap_or_default();
        node
    }

    /// One step; what it appends goes to the log, the other effects come back.
    pub(crate) fn step(&mut self, input: Input) -> Vec<Effect> {
        let effects = self.kernel.step(self.now, input);
        self.keep(effects)
    }

    fn keep(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut others = Vec::new();
        for effect in effects {
            match effect {
                Effect::Append { index, record, sealed, .. } => {
                    assert_eq!(index, self.log.len() as u64, "appended in order");
                    self.log.push((record, sealed));
                }
                other => others.push(other),
            }
        }
        others
    }

    pub(crate) fn follow(&mut self, domain: &Domain) {
        let records = domain.records[self.adopted..].to_vec();
        self.adopted = domain.records.len();
        let blobs = Arc::clone(&domain.shelf);
        assert_eq!(self.step(Input::Governance { records, blobs }), vec![]);
    }

    pub(crate) fn join(&mut self, workload: &str, os_user: u32) -> JoinResult {
        let ticket = self.ticket();
        let input = Input::Join {
            ticket,
            workload: workload.into(),
            os_user,
            execution: None,
            entropy: self.fresh(),
        };
        match self.step(input).pop() {
            Some(Effect::Joined { result, .. }) => result,
            other => panic!("{other:?}"),
        }
    }

    /// Bytes that no other call gets.
    fn fresh(&self) -> [u8; 32] {
        let mut entropy = [3; 32];
        entropy[..8].copy_from_slice(&self.tickets.to_be_bytes());
        entropy[8..16].copy_from_slice(&self.log.len().to_be_bytes());
        entropy
    }

    pub(crate) fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        self.tickets
    }

    /// Asks; the answer waits for [`Self::durable`].
    pub(crate) fn ask(&mut self, tool: &str, arguments: &str) -> (Ticket, Vec<Effect>) {
        let ticket = self.ticket();
        let (asked, execution) = (call(tool, arguments), self.execution.clone());
        // Every other request was read ahead.
        let transition = Box::new(match ticket % 2 {
            0 => Prepared::ahead(asked, "agent", self.kernel.state().bundle()),
            _ => asked.into(),
        });
        let mut entropy = [0; 32];
        entropy[..8].copy_from_slice(&ticket.to_be_bytes());
        (ticket, self.step(Input::Request { ticket, execution, transition, entropy }))
    }

    pub(crate) fn durable(&mut self) -> Vec<Effect> {
        self.step(Input::Durable { size: self.log.len() as u64 })
    }

    /// Asks and waits for the disk.
    pub(crate) fn call(&mut self, tool: &str, arguments: &str) -> (Ticket, Answer) {
        let (ticket, effects) = self.ask(tool, arguments);
        (ticket, self.answered(ticket, effects))
    }

    /// The answer to a request with these effects, once its record is durable, and that of its
    /// withholding.
    pub(crate) fn answered(&mut self, ticket: Ticket, mut effects: Vec<Effect>) -> Answer {
        effects.extend(self.durable());
        effects.extend(self.durable());
        let found = effects.iter().find_map(|effect| match effect {
            Effect::Answer { ticket: of, answer } if *of == ticket => Some(answer.clone()),
            _ => None,
        });
        found.unwrap_or_else(|| panic!("{effects:?}"))
    }

    pub(crate) fn complete(&mut self, ticket: Ticket, outcome: Completion) -> Vec<Effect> {
        let message = b"{\"result\":1}".to_vec();
        let output = None;
        self.step(Input::Outcome { ticket, outcome, message, output, entropy: [5; 32] })
    }

    pub(crate) fn replay(&self, domain: &Domain) -> Result<Vec<ReplayOutcome>, ReplayError> {
        crate::snapshot::check_prefixes(domain, &self.log, self.kernel.state(), 8);
        replay(domain, &self.log)
    }
}

pub(crate) fn replay(
    domain: &Domain,
    log: &[(Vec<u8>, Vec<u8>)],
) -> Result<Vec<ReplayOutcome>, ReplayError> {
    let mut replay = Replay::new(NODE, ORIGIN, &domain.records, domain.shelf.as_ref());
    log.iter().map(|(record, sealed)| replay.apply(record, sealed)).collect()
}

pub(crate) fn call(tool: &str, arguments: &str) -> Transition {
    Transition {
        server: "office".into(),
        direction: MessageDirection::ToServer,
        method: "tools/call".into(),
        is_known: true,
        tool: Some(tool.into()),
        definition: None,
        arguments: arguments.into(),
        message: format!(r#"{{"method":"tools/call","arguments":{arguments}}}"#).into_bytes(),
        assurance: Assurance::Separated,
        pending: None,
        extra_params: "{}".into(),
        delegates: None,
    }
}

pub(crate) fn code(answer: &Answer) -> &str {
    match answer {
        Answer::Permit { .. } => "permitted",
        Answer::Deny { code, .. } => code,
        Answer::Pending { .. } => "pending",
        Answer::Refused { code } => code,
    }
}
