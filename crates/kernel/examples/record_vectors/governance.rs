use interlock_kernel::governance::Governance;
use proof::base64url;
use proof::checkpoint::Checkpoint;
use proof::digest::Digest;
use proof::json::{Value, number, object};
use proof::merkle::empty_root;
use proof::note::{Ed25519Signer, Signer as _};

use crate::{Outcome, agree, array, signer, text, with, within, without};

const ORIGIN: &str = "acme.example/governance";
const NODE: &str = "acme.example/lineage/n1";
const AT: i64 = 1_764_000_000_000;
const DAY_MS: i64 = 86_400_000;

/// A governance log with a record of each type; and beside it, records that its readers refuse.
pub(crate) fn cases() -> Outcome<Vec<Value>> {
    let mut log = Log { fold: Governance::new(ORIGIN), cases: Vec::new() };
    log.genesis()?;
    log.registrations()?;
    log.halts_and_trust()?;
    log.envelopes()?;
    log.contents()?;
    log.rules()?;
    log.semantics()?;
    log.roles()?;
    Ok(log.cases)
}

/// A log of the fourth version of the decider: reductions after a clock step, and changes that give
/// nothing back.
pub(crate) fn reductions() -> Outcome<Vec<Value>> {
    let mut log = Log { fold: Governance::new(ORIGIN), cases: Vec::new() };
    let genesis = with(&created()?, "semantics", number(4));
    log.accept("domain.created", genesis, &["root-1", "root-2"])?;
    log.accept("workload.registered", workload("agent"), &["registrar-1"])?;
    let past = |log: &Log, kind: &str, content: Value, officers: &[&str]| {
        let record = log.proposed(kind, content, officers)?;
        let record = with(&record, "at", Value::Integer(log.fold.at()));
        sign(&with(&record, "expires_ms", Value::Integer(AT - DAY_MS)), officers)
    };
    let halt = past(&log, "halt.ordered", subject("zone", "prod"), &["trust-1"])?;
    log.put(true, "a halt at the log's time, which is ahead of its life", &halt)?;
    let lowered = past(&log, "trust.changed", trust("suspended"), &["trust-2"])?;
    log.put(true, "lowered trust at the log's time, which is ahead of its life", &lowered)?;
    let lift = past(&log, "halt.lifted", subject("zone", "prod"), &["trust-1", "trust-2"])?;
    log.put(false, "a lift at the log's time, which is ahead of its life", &lift)?;
    log.put(false, "a captured halt, again", &halt)?;
    let moved = with(&workload("agent"), "zone", "lab");
    log.refuse("out of a halted zone", ("workload.registered", moved.clone()), &["registrar-1"])?;
    log.accept("workload.registered", workload("agent"), &["registrar-1"])?;
    log.accept("halt.lifted", subject("zone", "prod"), &["trust-1", "trust-2"])?;
    let degraded = with(&subject("zone", "prod"), "trust", "degraded");
    log.accept("trust.changed", degraded, &["trust-1"])?;
    let of = ("workload.registered", moved.clone());
    log.refuse("out of a zone that is trusted less", of, &["registrar-1"])?;
    let restored = with(&subject("zone", "prod"), "trust", "trusted");
    log.accept("trust.changed", restored, &["trust-1", "trust-2"])?;
    log.accept("workload.registered", moved, &["registrar-1"])?;
    Ok(log.cases)
}

/// A halt as an officer of this domain proposes it on an empty log: the proposal in
/// `enforcement.ordered`.
pub(crate) fn halt() -> Outcome<Value> {
    let log = Log { fold: Governance::new(ORIGIN), cases: Vec::new() };
    let record = log.proposed("halt.ordered", subject("domain", ""), &["trust-1"])?;
    Ok(without(&without(&record, "at"), "v"))
}

/// The officers of this domain, by name: the seed of each is its place here.
const OFFICERS: [&str; 9] = [
    "root-1",
    "root-2",
    "root-3",
    "policy-1",
    "registrar-1",
    "trust-1",
    "trust-2",
    "root-4",
    "nobody",
];

fn officer(name: &str) -> Outcome<Ed25519Signer> {
    let place = OFFICERS.iter().position(|one| *one == name).ok_or("an unknown officer")?;
    signer(&format!("acme.example/{name}"), 100 + u8::try_from(place)?)
}

fn role(threshold: u64, officers: &[&str]) -> Outcome<Value> {
    let keys = officers.iter().map(|name| Ok(officer(name)?.verifier().to_string()));
    let keys = keys.collect::<Outcome<Vec<_>>>()?;
    Ok(object([("keys", array(keys)), ("threshold", number(threshold))]))
}

fn roles(root: &[&str]) -> Outcome<Value> {
    Ok(object([
        ("finance_2", role(1, &["policy-1"])?),
        ("policy", role(1, &["policy-1"])?),
        ("registrar", role(1, &["registrar-1"])?),
        ("root", role(2, root)?),
        ("trust", role(2, &["trust-1", "trust-2"])?),
    ]))
}

fn created() -> Outcome<Value> {
    let roles = roles(&["root-1", "root-2", "root-3"])?;
    Ok(object([("domain", "acme.example".into()), ("roles", roles), ("semantics", number(1))]))
}

fn subject(kind: &str, id: &str) -> Value {
    object([("subject", object([("id", id.into()), ("kind", kind.into())]))])
}

fn trust(word: &str) -> Value {
    with(&subject("workload", "agent"), "trust", word)
}

fn workload(name: &str) -> Value {
    object([("os_user", number(1001)), ("workload", name.into()), ("zone", "prod".into())])
}

/// Signs a record as it stands, whatever is in it.
fn sign(record: &Value, officers: &[&str]) -> Outcome<Value> {
    let signed = without(&without(&without(record, "at"), "v"), "signatures");
    let bytes = [b"interlock.governance.v1\n", &signed.to_bytes()[..]].concat();
    let mut signatures = Vec::new();
    for name in officers {
        let officer = officer(name)?;
        let signature = base64url::encode(&officer.sign(&bytes)?);
        signatures.push((officer.verifier().to_string(), signature));
    }
    signatures.sort();
    let one = |(key, signature): (String, String)| {
        object([("key", key.into()), ("signature", signature.into())])
    };
    Ok(with(record, "signatures", array(signatures.into_iter().map(one))))
}

fn replay(signer: &Ed25519Signer, node: &str) -> Outcome<Value> {
    let origin = signer.verifier().name().to_owned();
    let head = Checkpoint { origin, size: 0, root: empty_root(), extensions: vec![] };
    Ok(object([
        ("checkpoint", head.sign(signer)?.into()),
        ("different", number(1)),
        ("erased", number(0)),
        ("node", node.into()),
        ("same", number(9)),
    ]))
}

fn adopts(semantics: u64, at: i64, replays: Vec<Value>) -> Value {
    let replayed_at = ("replayed_at", Value::Integer(at));
    object([replayed_at, ("replays", array(replays)), ("semantics", number(semantics))])
}

struct Log {
    fold: Governance,
    cases: Vec<Value>,
}

impl Log {
    /// The next record, based on the whole log, a minute after the last one.
    fn proposed(&self, kind: &str, content: Value, officers: &[&str]) -> Outcome<Value> {
        let at = self.fold.at().max(AT) + 60_000;
        let record = object([
            ("at", Value::Integer(at)),
            ("based_on", self.fold.position().to_value()),
            ("content", content),
            ("expires_ms", Value::Integer(at + 300_000)),
            ("signatures", array::<Value>([])),
            ("type", kind.into()),
            ("v", Value::Integer(1)),
        ]);
        sign(&record, officers)
    }

    fn put(&mut self, accept: bool, name: &str, record: &Value) -> Outcome<()> {
        let after = self.fold.position().size;
        agree(name, accept, self.fold.clone().apply(&record.to_bytes()).is_ok())?;
        self.cases.push(object([
            ("accept", accept.into()),
            ("after", number(after)),
            ("name", name.into()),
            ("text", text(record)?),
        ]));
        if accept {
            self.fold.apply(&record.to_bytes())?;
        }
        Ok(())
    }

    fn accept(&mut self, kind: &str, content: Value, officers: &[&str]) -> Outcome<()> {
        let record = self.proposed(kind, content, officers)?;
        self.put(true, kind, &record)
    }

    fn refuse(&mut self, name: &str, of: (&str, Value), officers: &[&str]) -> Outcome<()> {
        let record = self.proposed(of.0, of.1, officers)?;
        self.put(false, name, &record)
    }

    fn genesis(&mut self) -> Outcome<()> {
        let both = ["root-1", "root-2"];
        self.refuse(
            "a log that begins with a halt",
            ("halt.ordered", subject("domain", "")),
            &both,
        )?;
        let other = with(&created()?, "domain", "other.example");
        self.refuse("the genesis of another domain", ("domain.created", other), &both)?;
        let newer = with(&created()?, "semantics", number(3));
        self.refuse(
            "a version of the decider that nobody carries",
            ("domain.created", newer),
            &both,
        )?;
        self.refuse("a genesis by too few", ("domain.created", created()?), &["root-1"])?;
        let key = |role: &Value| role.get("keys").and_then(Value::as_array).map(<[Value]>::to_vec);
        let one = role(1, &["root-1"])?;
        let twice = array([key(&one), key(&one)].into_iter().flatten().flatten());
        let many = (0..61).map(|n| format!("group_{n}"));
        let many =
            many.fold(roles(&["root-1", "root-2"])?, |all, name| with(&all, &name, one.clone()));
        for (name, roles) in [
            ("no role that registers", without(&roles(&both)?, "registrar")),
            ("a threshold of nobody", with(&roles(&both)?, "root", role(0, &both)?)),
            ("a threshold of more than there are", with(&roles(&both)?, "root", role(3, &both)?)),
            ("one key twice", with(&roles(&both)?, "root", with(&one, "keys", twice))),
            (
                "a role with another member",
                with(&roles(&both)?, "more", with(&one, "of", number(1))),
            ),
            ("65 roles and more", many),
            (
                "a role with a name of 129 bytes",
                with(&roles(&both)?, &"r".repeat(129), one.clone()),
            ),
        ] {
            let content = with(&created()?, "roles", roles);
            self.refuse(name, ("domain.created", content), &both)?;
        }
        self.accept("domain.created", created()?, &both)?;
        self.refuse("a second genesis", ("domain.created", created()?), &both)
    }

    fn registrations(&mut self) -> Outcome<()> {
        let key = signer(NODE, 1)?.verifier().to_string();
        let node = object([("key", key.into()), ("node", "n1".into())]);
        self.accept("node.registered", node.clone(), &["registrar-1"])?;
        self.accept("workload.registered", workload("agent"), &["registrar-1"])?;
        let bundle = object([("bundle", Digest::of(b"bundle").into())]);
        self.accept("bundle.published", bundle.clone(), &["policy-1"])?;
        let by = ["root-1", "root-2"];
        self.refuse("a bundle by root", ("bundle.published", bundle), &by)?;
        let content = with(&node, "key", "acme.example/lineage/n1");
        self.refuse("a node's key that is none", ("node.registered", content), &["registrar-1"])?;
        for (name, content) in [
            ("a uid of 33 bits", with(&workload("agent"), "os_user", number(1 << 32))),
            ("a negative uid", with(&workload("agent"), "os_user", Value::Integer(-1))),
            ("an empty name", workload("")),
            ("a name of 129 bytes", workload(&"w".repeat(129))),
            ("a name with a control character", workload("a\u{7f}")),
        ] {
            self.refuse(name, ("workload.registered", content), &["registrar-1"])?;
        }
        Ok(())
    }

    fn halts_and_trust(&mut self) -> Outcome<()> {
        let agent = subject("workload", "agent");
        self.accept("halt.ordered", agent.clone(), &["trust-1"])?;
        self.refuse("a halt lifted by one", ("halt.lifted", agent.clone()), &["trust-1"])?;
        self.accept("halt.lifted", agent, &["trust-1", "trust-2"])?;
        self.accept("trust.changed", trust("suspended"), &["root-3"])?;
        self.accept("trust.changed", trust("suspended"), &["trust-2"])?;
        self.refuse("trust given back by one", ("trust.changed", trust("degraded")), &["trust-2"])?;
        self.refuse(
            "trust given back by root",
            ("trust.changed", trust("degraded")),
            &["root-1", "root-2"],
        )?;
        self.accept("trust.changed", trust("trusted"), &["trust-1", "trust-2"])?;
        let ended = object([("execution", "x1".into())]);
        self.accept("execution.ended", ended, &["trust-1", "trust-2"])?;
        for (name, content) in [
            ("trust of no known word", trust("good")),
            ("a domain with a name", subject("domain", "acme.example")),
            ("a zone without a name", subject("zone", "")),
            ("a subject of no known kind", subject("user", "u")),
        ] {
            let content = if name.starts_with("trust") {
                content
            } else {
                with(&content, "trust", "revoked")
            };
            self.refuse(name, ("trust.changed", content), &["trust-1"])?;
        }
        Ok(())
    }

    /// Malformed envelopes, of a record that is good but for that, and signed as it stands.
    fn envelopes(&mut self) -> Outcome<()> {
        let by = ["trust-1"];
        let good = self.proposed("halt.ordered", subject("domain", ""), &by)?;
        for member in ["at", "based_on", "content", "expires_ms", "signatures", "type", "v"] {
            let record = without(&good, member);
            let record = if member == "signatures" { record } else { sign(&record, &by)? };
            self.put(false, &format!("without `{member}`"), &record)?;
            let other = with(&good, member, true);
            let other = if member == "signatures" { other } else { sign(&other, &by)? };
            self.put(false, &format!("`{member}` of another kind"), &other)?;
        }
        for (name, record) in [
            ("a member that nobody knows", with(&good, "node", "n1")),
            ("version 2", with(&good, "v", Value::Integer(2))),
            ("version as a string", with(&good, "v", "1")),
            ("a type that nobody knows", with(&good, "type", "halt.suggested")),
            ("a lineage record's type", with(&good, "type", "governance.adopted")),
            (
                "based on a position without a root",
                within(&good, "based_on", |one| without(one, "root"))?,
            ),
            (
                "based on a position with another member",
                within(&good, "based_on", |one| with(one, "at", number(1)))?,
            ),
        ] {
            self.put(false, name, &sign(&record, &by)?)?;
        }
        let both = self.proposed("halt.ordered", subject("domain", ""), &["trust-1", "trust-2"])?;
        let list = both.get("signatures").and_then(Value::as_array).unwrap_or_default().to_vec();
        let turned = array(list.iter().rev().cloned());
        let twice = array(list.iter().take(1).chain(list.iter().take(1)).cloned());
        let more = array(list.iter().map(|one| with(one, "at", number(1))));
        for (name, signatures) in [
            ("signatures out of order", turned),
            ("one signature twice", twice),
            ("a signature with another member", more),
            ("no signature", array::<Value>([])),
        ] {
            self.put(false, name, &with(&both, "signatures", signatures))?;
        }
        Ok(())
    }

    /// Each type with a member of its content missing, of another kind, or too many.
    fn contents(&mut self) -> Outcome<()> {
        let key = signer(NODE, 1)?.verifier().to_string();
        let replays = adopts(2, self.fold.at(), vec![replay(&signer(NODE, 1)?, "n1")?]);
        let root = ["root-1", "root-2"];
        let kinds: [(&str, Value, &[&str]); 9] = [
            ("roles.changed", object([("roles", roles(&["root-1", "root-2", "root-3"])?)]), &root),
            ("semantics.adopted", replays, &root),
            ("bundle.published", object([("bundle", Digest::of(b"more").into())]), &["policy-1"]),
            ("workload.registered", workload("more"), &["registrar-1"]),
            (
                "node.registered",
                object([("key", key.into()), ("node", "n2".into())]),
                &["registrar-1"],
            ),
            ("trust.changed", trust("revoked"), &["trust-1"]),
            ("halt.ordered", subject("zone", "prod"), &["trust-1"]),
            ("halt.lifted", subject("zone", "prod"), &["trust-1", "trust-2"]),
            ("execution.ended", object([("execution", "x2".into())]), &["trust-1", "trust-2"]),
        ];
        for (kind, content, by) in kinds {
            let good = self.proposed(kind, content.clone(), by)?;
            agree(kind, true, self.fold.clone().apply(&good.to_bytes()).is_ok())?;
            let more = with(&content, "extra", true);
            self.refuse(&format!("{kind}: a member that nobody knows"), (kind, more), by)?;
            let members: Vec<String> = content
                .as_object()
                .into_iter()
                .flat_map(|all| all.keys())
                .map(str::to_owned)
                .collect();
            for member in members {
                let (less, other) = (without(&content, &member), with(&content, &member, true));
                self.refuse(&format!("{kind}: without `{member}`"), (kind, less), by)?;
                self.refuse(&format!("{kind}: `{member}` of another kind"), (kind, other), by)?;
            }
        }
        Ok(())
    }

    /// Well-formed records that are not acceptable.
    fn rules(&mut self) -> Outcome<()> {
        let by = ["trust-1"];
        let good = self.proposed("halt.ordered", subject("node", "n1"), &by)?;
        let at = good.get("at").and_then(Value::as_i64).unwrap_or_default();
        let basis =
            |member: &str, value: Value| within(&good, "based_on", |one| with(one, member, value));
        let superseded = with(
            &trust("revoked"),
            "subject",
            object([("id", "agent".into()), ("kind", "workload".into())]),
        );
        let superseded = with(&self.proposed("trust.changed", superseded, &by)?, "based_on", {
            object([("origin", ORIGIN.into()), ("root", empty_root().into()), ("size", number(0))])
        });
        for (name, record) in [
            ("based on another log", basis("origin", "other.example/governance".into())?),
            ("based on a root that the log never had", basis("root", Digest::of(b"root").into())?),
            ("based on a longer log", basis("size", number(99))?),
            ("something newer stands about the same subject", superseded),
            ("expired", with(&good, "expires_ms", Value::Integer(at - 1))),
            (
                "signed for more than a day",
                with(&good, "expires_ms", Value::Integer(at + DAY_MS + 1)),
            ),
            ("older than the record before", with(&good, "at", Value::Integer(at - 60_001))),
        ] {
            self.put(false, name, &sign(&record, &by)?)?;
        }
        self.put(
            false,
            "changed after it was signed",
            &with(&good, "content", subject("node", "n2")),
        )?;
        self.put(false, "a signature of a stranger", &sign(&good, &["nobody"])?)?;
        self.put(
            false,
            "a good signature and a stranger's",
            &sign(&good, &["nobody", "trust-1"])?,
        )?;
        self.put(false, "a halt by an officer of another role", &sign(&good, &["policy-1"])?)
    }

    fn semantics(&mut self) -> Outcome<()> {
        let by = ["root-2", "root-3"];
        let at = self.fold.at();
        let own = replay(&signer(NODE, 1)?, "n1")?;
        let (stranger, more) = (replay(&signer(NODE, 2)?, "n1")?, replay(&signer(NODE, 1)?, "n2")?);
        let elsewhere = replay(&signer("acme.example/lineage/n2", 1)?, "n1")?;
        let counted = with(&own, "same", Value::Integer(-1));
        for (name, content) in [
            ("no replay", adopts(2, at, vec![])),
            ("a replay of a node that is none", adopts(2, at, vec![own.clone(), more])),
            ("a replay with another key's head", adopts(2, at, vec![stranger])),
            ("a replay with another log's head", adopts(2, at, vec![elsewhere])),
            ("a replay of fewer than no decisions", adopts(2, at, vec![counted])),
            ("a replay with another member", adopts(2, at, vec![with(&own, "lost", number(0))])),
            ("a replay of the day before yesterday", adopts(2, at - 2 * DAY_MS, vec![own.clone()])),
            ("a replay of tomorrow", adopts(2, at + DAY_MS, vec![own.clone()])),
            ("a version that nobody carries", adopts(3, at, vec![own.clone()])),
            ("the version that is in force", adopts(1, at, vec![own.clone()])),
        ] {
            self.refuse(name, ("semantics.adopted", content), &by)?;
        }
        self.accept("semantics.adopted", adopts(2, at, vec![own.clone()]), &by)?;
        self.refuse(
            "back to the version before",
            ("semantics.adopted", adopts(1, at, vec![own])),
            &by,
        )
    }

    fn roles(&mut self) -> Outcome<()> {
        let next = object([("roles", roles(&["root-3", "root-4"])?)]);
        for (name, by) in [
            ("a new root that has not signed", &["root-1", "root-2"][..]),
            ("a new root that takes it from the old", &["root-3", "root-4"]),
        ] {
            self.refuse(name, ("roles.changed", next.clone()), by)?;
        }
        self.accept("roles.changed", next, &["root-1", "root-3", "root-4"])?;
        let halt = ("halt.ordered", subject("zone", "prod"));
        self.refuse("a halt by an officer who has left", halt, &["root-1"])?;
        self.accept("halt.ordered", subject("zone", "prod"), &["root-4"])
    }
}
