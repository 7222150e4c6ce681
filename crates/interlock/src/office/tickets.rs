use proof::json::{Value, object};

use super::{Office, OfficeError};

impl Office {
    /// Opens a ticket.
    pub(super) fn create_ticket(&self, title: &str, body: &str) -> Result<String, OfficeError> {
        let last = self.root.list("tickets")?.iter().filter_map(|name| number(name)).max();
        let ticket = last.unwrap_or(0).saturating_add(1);
        self.write_ticket(ticket, title, body, "open")?;
        Ok(format!("opened ticket {ticket}"))
    }

    /// Closes an open ticket.
    pub(super) fn close_ticket(&self, ticket: u32) -> Result<String, OfficeError> {
        let unknown = || OfficeError::Ticket(ticket);
        let text = self.root.read(&path(ticket)).map_err(|_| unknown())?;
        let found = Value::parse(text.trim_end().as_bytes()).map_err(|_| unknown())?;
        let member = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
        if member("state") != "open" {
            return Err(unknown());
        }
        self.write_ticket(ticket, member("title"), member("body"), "closed")?;
        Ok(format!("closed ticket {ticket}"))
    }

    fn write_ticket(
        &self,
        ticket: u32,
        title: &str,
        body: &str,
        state: &str,
    ) -> Result<(), OfficeError> {
        let value = object([
            ("body", body.into()),
            ("state", state.into()),
            ("ticket", Value::Integer(i64::from(ticket))),
            ("title", title.into()),
        ]);
        let text = format!("{}\n", String::from_utf8_lossy(&value.to_bytes()));
        self.root.write(&path(ticket), &text)
    }
}

fn path(ticket: u32) -> String {
    format!("tickets/{ticket:04}.json")
}

fn number(name: &str) -> Option<u32> {
    name.strip_suffix(".json")?.parse().ok()
}
