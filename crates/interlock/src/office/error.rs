/// Why the office did not do what a tool call asked. The text goes to the agent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OfficeError {
    /// A path that leaves the folder, or is no plain relative path.
    #[error(
        "`{0}` is no path here: write names joined by `/`, without `..`, links or a leading `/`"
    )]
    Path(String),
    /// Nothing is there.
    #[error("there is no `{0}`")]
    Missing(String),
    /// Not a text of at most one mebibyte.
    #[error("`{0}` is no text file of at most 1 MiB")]
    NotText(String),
    /// An address of no page.
    #[error(
        "`{0}` is no address: write `https://HOST/PATH` in plain letters, digits, `.`, `-`, `_`"
    )]
    Address(String),
    /// No such mail folder.
    #[error("there is no mail folder `{0}`: it is `inbox` or `sent`")]
    MailFolder(String),
    /// A header that would break the mail.
    #[error("`{0}` must be one line of 1 to 200 characters")]
    Header(&'static str),
    /// Not an amount.
    #[error("an amount is a positive number of cents, and a currency three capital letters")]
    Amount,
    /// No open ticket of that number.
    #[error("there is no open ticket {0}")]
    Ticket(u32),
    /// A file could not be read or written.
    #[error("`{path}` could not be read or written: {why}")]
    Io {
        /// Where.
        path: String,
        /// Why.
        why: std::io::Error,
    },
}
