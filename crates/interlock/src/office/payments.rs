use proof::json::{Value, object};

use super::{Office, OfficeError};

const LEDGER: &str = "payments.jsonl";

/// One payment as a tool call asks for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payment<'a> {
    pub(super) payee: &'a str,
    pub(super) amount_cents: i64,
    pub(super) currency: &'a str,
    pub(super) reference: &'a str,
}

impl Office {
    /// Pays: the ledger has one line more.
    pub(super) fn pay(&self, payment: &Payment<'_>) -> Result<String, OfficeError> {
        let is_currency = payment.currency.len() == 3
            && payment.currency.bytes().all(|letter| letter.is_ascii_uppercase());
        let is_amount = (1..=proof::limits::INTEGER_MAX).contains(&payment.amount_cents);
        if !is_currency || !is_amount {
            return Err(OfficeError::Amount);
        }
        let mut ledger = match self.root.read(LEDGER) {
            Err(OfficeError::Missing(_)) => String::new(),
            read => read?,
        };
        let line = object([
            ("amount_cents", Value::Integer(payment.amount_cents)),
            ("currency", payment.currency.into()),
            ("payee", payment.payee.into()),
            ("reference", payment.reference.into()),
        ]);
        ledger.push_str(&String::from_utf8_lossy(&line.to_bytes()));
        ledger.push('\n');
        self.root.write(LEDGER, &ledger)?;
        let Payment { payee, amount_cents, currency, .. } = payment;
        Ok(format!(
            "paid {amount_cents} cents ({currency}) to {payee}: payment {}",
            ledger.lines().count()
        ))
    }
}
