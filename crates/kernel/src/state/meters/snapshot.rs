//! The use of meters in a snapshot. A reserved amount is listed once, by its permit.

use proof::json::{Value, number, object};
use record::Per;
use record::lineage::Charged;
use record::members::{MalformedRecord, members, name, wrong};

use super::{Account, Accounts, UsageSpan};

impl Accounts {
    pub(in crate::state) fn items(&self) -> impl Iterator<Item = Value> {
        let Self { accounts, reserved: _ } = self;
        accounts.iter().map(|((meter, per, subject), account)| {
            let Account { reserved: _, spans } = account;
            let span = |UsageSpan { first_ms, last_ms, amount }: &UsageSpan| {
                let times = [Value::Integer(*first_ms), Value::Integer(*last_ms)];
                Value::Array(times.into_iter().chain([number(*amount)]).collect())
            };
            object([
                ("meter", Value::from(meter.as_str())),
                ("per", Value::from(per.as_str())),
                ("spans", Value::Array(spans.iter().map(span).collect())),
                ("subject", Value::from(subject.as_str())),
            ])
        })
    }

    /// Reads one of [`Self::items`]; nothing of it is reserved yet.
    pub(in crate::state) fn restore(&mut self, item: &Value) -> Result<(), MalformedRecord> {
        let members = members(item, &["meter", "per", "spans", "subject"])?;
        let per = Per::parse(members.str("per")?);
        let per = per.ok_or_else(|| wrong("per", "execution, workload, zone or node"))?;
        let whose = (name(&members, "meter")?, per, name(&members, "subject")?);
        let spans = members.array("spans")?.iter().map(span_of).collect::<Option<Vec<_>>>();
        let spans = spans.ok_or_else(|| wrong("spans", "an array of spans"))?;
        self.accounts.insert(whose, Account { reserved: 0, spans });
        Ok(())
    }

    /// The amounts that open permits have reserved.
    pub(in crate::state) fn reserved_items(&self) -> impl Iterator<Item = Value> {
        self.reserved.iter().map(|((id, seq), charges)| {
            let charges = charges.iter().map(Charged::to_value).collect();
            let of = Value::from(id.as_str());
            object([("charges", Value::Array(charges)), ("execution", of), ("seq", number(*seq))])
        })
    }
}

/// Reads one of [`Accounts::reserved_items`]: the execution, the permit's `seq`, and its charges.
pub(in crate::state) fn reserved_of(
    item: &Value,
) -> Result<(String, u64, Vec<Charged>), MalformedRecord> {
    let members = members(item, &["charges", "execution", "seq"])?;
    let charges = members.array("charges")?.iter().map(Charged::from_value);
    let charges = charges.collect::<Result<_, _>>()?;
    Ok((name(&members, "execution")?, members.count("seq")?, charges))
}

fn span_of(value: &Value) -> Option<UsageSpan> {
    let [first, last, amount] = value.as_array()? else { return None };
    let (first_ms, last_ms) = (first.as_i64()?, last.as_i64()?);
    Some(UsageSpan { first_ms, last_ms, amount: u64::try_from(amount.as_i64()?).ok()? })
}
