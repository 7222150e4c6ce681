use proof::json::{Value, number, object, write_array};

use crate::Per;
use crate::members::{MalformedRecord, members, name, wrong};
use crate::reader::{MemberReader, value};
use crate::writer::{Interleaved, MemberWriter};

/// The amount that a permit reserves of one meter, for one subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charged {
    /// The meter's name.
    pub meter: String,
    /// The kind of subject that its use is added up for.
    pub per: Per,
    /// The execution's id, or the name of the workload, zone or node.
    pub subject: String,
    /// How much, in the meter's unit.
    pub amount: u64,
}

impl Charged {
    /// The form in which records and snapshots hold it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        object([
            ("amount", number(self.amount)),
            ("meter", Value::from(self.meter.as_str())),
            ("per", Value::from(self.per.as_str())),
            ("subject", Value::from(self.subject.as_str())),
        ])
    }

    /// Reads what [`Self::to_value`] wrote.
    ///
    /// # Errors
    /// When a member is missing, unknown or of another kind.
    pub fn from_value(value: &Value) -> Result<Self, MalformedRecord> {
        let members = members(value, &["amount", "meter", "per", "subject"])?;
        let per = Per::parse(members.str("per")?);
        Ok(Self {
            meter: name(&members, "meter")?,
            per: per.ok_or_else(|| wrong("per", "execution, workload, zone or node"))?,
            subject: name(&members, "subject")?,
            amount: members.count("amount")?,
        })
    }

    /// Writes them, where there are any: never an empty array, so that one meaning has one form.
    pub(super) fn write_all(charges: &[Self], record: &mut MemberWriter<'_, impl Interleaved>) {
        if !charges.is_empty() {
            let each = |charged: &Self, text: &mut String| charged.to_value().write(text);
            write_array(charges, record.member("charges"), each);
        }
    }

    pub(super) fn read_all<const N: usize>(
        record: &mut MemberReader<'_, N>,
    ) -> Result<Vec<Self>, MalformedRecord> {
        let Some(span) = record.optional("charges") else { return Ok(Vec::new()) };
        let elements = span.elements().ok_or_else(|| wrong("charges", "an array"))?;
        let charges = elements.map(|span| Self::from_value(&value("charges", span)?));
        let charges: Vec<_> = charges.collect::<Result<_, _>>()?;
        if charges.is_empty() {
            return Err(wrong("charges", "left out where there is none"));
        }
        Ok(charges)
    }
}
