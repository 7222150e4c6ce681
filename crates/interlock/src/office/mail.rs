use super::{Office, OfficeError};

impl Office {
    /// All mail of a folder, oldest first.
    pub(super) fn read_mail(&self, folder: &str) -> Result<String, OfficeError> {
        if !matches!(folder, "inbox" | "sent") {
            return Err(OfficeError::MailFolder(folder.chars().take(200).collect()));
        }
        let folder = format!("mail/{folder}");
        let mails = self.root.list(&folder)?;
        let mails = mails.iter().map(|name| self.root.read(&format!("{folder}/{name}")));
        Ok(mails.collect::<Result<Vec<_>, _>>()?.join("\n---\n"))
    }

    /// Sends a mail: it then lies in `mail/sent`.
    pub(super) fn send_mail(
        &self,
        to: &str,
        subject: &str,
        body: &str,
    ) -> Result<String, OfficeError> {
        let to = header("to", to)?;
        let subject = header("subject", subject)?;
        let number = self.root.list("mail/sent")?.len() + 1;
        let mail = format!("From: assistant@example.com\nTo: {to}\nSubject: {subject}\n\n{body}\n");
        self.root.write(&format!("mail/sent/{number:04}.eml"), &mail)?;
        Ok(format!("sent mail {number} to {to}"))
    }
}

fn header<'a>(name: &'static str, value: &'a str) -> Result<&'a str, OfficeError> {
    let fits = (1..=200).contains(&value.len()) && !value.chars().any(char::is_control);
    if fits { Ok(value) } else { Err(OfficeError::Header(name)) }
}
