//! Pages of histories that are written and hashed as their events come. The page with the last
//! events of each execution is most of a snapshot's work, and decisions wait while a snapshot is
//! taken.

use policy::{History, HistoryPage, OpenPage};
use proof::digest::DigestBuilder;

use super::{Piece, PieceOwner};
use crate::limits::OPEN_PAGES_BYTES_MAX;

/// Bytes of a piece besides its events, their frames and the execution's id: names of members, and
/// the secret.
const FRAMING_BYTES: usize = 160;

/// A page of a history, as far as it is written and hashed.
#[derive(Debug, Clone)]
pub(super) struct PartialPage {
    page: OpenPage,
    /// Of what the page begins with, up to its last event.
    digest: DigestBuilder,
    hashed: usize,
}

impl PartialPage {
    /// One that begins with the event of this number, and has no event yet.
    pub(super) fn new(first: usize) -> Self {
        Self { page: OpenPage::new(first), digest: DigestBuilder::default(), hashed: 0 }
    }

    /// The number of the event after the last.
    pub(super) fn end(&self) -> usize {
        self.page.end()
    }

    /// Adds the missing events, up to the one that reaches `bytes_max`. Returns the bytes written.
    pub(super) fn extend(
        &mut self,
        history: &History,
        page: HistoryPage,
        bytes_max: usize,
    ) -> usize {
        self.page.extend(history, page, bytes_max);
        let new = self.page.head().as_bytes().get(self.hashed..).unwrap_or_default();
        self.digest.update(new);
        self.hashed = self.hashed.saturating_add(new.len());
        new.len()
    }

    /// The piece that it is.
    pub(super) fn piece(&self, owner: PieceOwner<'_>) -> Piece {
        let PieceOwner { id, secret } = owner;
        let framing = FRAMING_BYTES.saturating_add(id.len());
        let mut text = String::with_capacity(self.page.written().saturating_add(framing));
        let mut members = self.page.write(&mut text, |members| members.string("execution", id));
        if let Some(secret) = secret {
            secret.write(members.member("secret"));
        }
        members.string("type", "snapshot.history");
        members.integer("v", 1);
        members.end();
        let bytes = text.into_bytes();
        let mut digest = self.digest.clone();
        digest.update(bytes.get(self.hashed..).unwrap_or_default());
        Piece { name: digest.finish(), execution: Some(id.to_owned()), bytes }
    }

    /// About how many bytes of memory it takes.
    fn bytes(&self) -> usize {
        size_of::<DigestBuilder>().saturating_add(self.page.bytes())
    }
}

/// The bytes that pages written ahead may still take.
#[derive(Debug)]
pub(super) struct PageBudget(usize);

impl PageBudget {
    /// The bytes that these pages leave.
    pub(super) fn beside<'a>(pages: impl Iterator<Item = &'a PartialPage>) -> Self {
        Self(pages.fold(OPEN_PAGES_BYTES_MAX, |room, page| room.saturating_sub(page.bytes())))
    }

    pub(super) fn bytes(&self) -> usize {
        self.0
    }

    /// Takes out a page that is to be extended or let go.
    pub(super) fn take(&mut self, page: &mut Option<PartialPage>) -> Option<PartialPage> {
        let page = page.take()?;
        self.0 = self.0.saturating_add(page.bytes());
        Some(page)
    }

    /// The page, if there is room for it.
    pub(super) fn hold(&mut self, page: PartialPage) -> Option<PartialPage> {
        self.0 = self.0.checked_sub(page.bytes())?;
        Some(page)
    }
}
