//! The sample office: an MCP server whose tools really do what they say, on one folder.
//!
//! ```text
//! ROOT/files/...                 read_file, list_files, write_file, delete_file
//! ROOT/mail/inbox|sent/NNNN.eml  read_mail, send_mail
//! ROOT/web/HOST/PATH             fetch_page: the "internet"; one page holds an injected order
//! ROOT/payments.jsonl            pay: the payments made, one a line
//! ROOT/tickets/NNNN.json         create_ticket, close_ticket
//! ```
//!
//! It has no clock and no randomness: the same calls leave the same bytes. It is a fixture with no
//! safety of its own beyond keeping to its folder; what an agent may do with it is Interlock's to
//! decide.

mod error;
mod files;
mod folder;
mod mail;
mod payments;
mod seed;
mod server;
#[cfg(test)]
mod tests;
mod tickets;
mod web;

use std::path::Path;

pub(crate) use error::OfficeError;
pub(crate) use seed::seed;
pub(crate) use server::serve;

use folder::Folder;

/// An office on a folder.
#[derive(Debug, Clone)]
pub(crate) struct Office {
    root: Folder,
}

impl Office {
    /// The office in this folder.
    ///
    /// # Errors
    /// When there is no such folder.
    pub(crate) fn open(root: &Path) -> Result<Self, OfficeError> {
        Ok(Self { root: Folder::open(root)? })
    }
}
