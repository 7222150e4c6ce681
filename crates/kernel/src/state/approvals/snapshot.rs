//! Waiting requests in a snapshot. Their intents are in the private part.

use proof::digest::Digest;
use proof::json::{Value, number, object};
use proof::note::VerifierKey;
use record::ApprovalRule;
use record::members::{MalformedRecord, members, wrong};

use super::{Execution, RecordedVote, WaitingRequest, WaitingRequests};

impl WaitingRequests {
    /// Its requests, oldest first, without their intents.
    pub(in crate::state) fn items(&self, id: &str) -> impl Iterator<Item = Value> {
        self.0.iter().map(move |asked| {
            let WaitingRequest { pending, index, at, awaits, intent: _, votes, is_used } = asked;
            object([
                ("at", Value::Integer(*at)),
                ("awaits", Value::Array(awaits.iter().map(ApprovalRule::to_value).collect())),
                ("execution", Value::from(id)),
                ("given", Value::Array(votes.iter().map(RecordedVote::to_value).collect())),
                ("index", number(*index)),
                ("is_used", Value::Bool(*is_used)),
                ("pending", pending.to_value()),
            ])
        })
    }

    /// Reads the next of [`Self::items`].
    pub(in crate::state) fn restore(&mut self, item: &Value) -> Result<(), MalformedRecord> {
        let known = ["at", "awaits", "execution", "given", "index", "is_used", "pending"];
        let members = members(item, &known)?;
        let awaits = members.array("awaits")?.iter().map(ApprovalRule::from_value);
        let awaits = awaits.collect::<Option<Vec<_>>>();
        let votes = members.array("given")?.iter().map(RecordedVote::from_value);
        self.0.push_back(WaitingRequest {
            pending: members.digest("pending")?,
            index: members.count("index")?,
            at: members.integer("at")?,
            awaits: awaits.ok_or_else(|| wrong("awaits", "what the request waits for"))?,
            intent: None,
            votes: votes.collect::<Result<_, _>>()?,
            is_used: members.bool("is_used")?,
        });
        Ok(())
    }

    /// Reads what [`Execution::intents`] gave.
    pub(in crate::state) fn restore_intents(&mut self, intents: &Value) -> Option<()> {
        for intent in intents.as_array()? {
            let [pending, intent] = intent.as_array()? else { return None };
            let pending: Digest = pending.as_str()?.parse().ok()?;
            self.get_mut(&pending)?.intent = Some(intent.as_str()?.parse().ok()?);
        }
        Some(())
    }
}

impl Execution {
    /// The intents of the waiting requests: pairs of digests.
    pub(crate) fn intents(&self) -> Value {
        let pair = |asked: &WaitingRequest| {
            Some(Value::Array(vec![asked.pending.to_value(), asked.intent?.to_value()]))
        };
        Value::Array(self.waiting.0.iter().filter_map(pair).collect())
    }
}

impl RecordedVote {
    fn to_value(&self) -> Value {
        let Self { record, key, at, expires_ms, approves } = self;
        object([
            ("approves", Value::Bool(*approves)),
            ("at", Value::Integer(*at)),
            ("expires_ms", Value::Integer(*expires_ms)),
            ("key", Value::from(key.to_string())),
            ("record", record.to_value()),
        ])
    }

    fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["approves", "at", "expires_ms", "key", "record"])?;
        let key: Result<VerifierKey, _> = members.str("key")?.parse();
        Ok(Self {
            record: members.digest("record")?,
            key: key.map_err(|_| wrong("key", "a verifier key"))?,
            at: members.integer("at")?,
            expires_ms: members.integer("expires_ms")?,
            approves: members.bool("approves")?,
        })
    }
}
