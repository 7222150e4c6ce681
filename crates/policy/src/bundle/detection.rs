//! The labels that a bundle's detectors bring for a message.

use record::Labels;

use super::Bundle;
use crate::detectors::{DetectorSet, Passing, ScanError, ScanExtent, text};
use crate::semantics::Semantics;

impl Bundle {
    /// The labels that the detectors bring for a message of JSON-RPC. All of them, where it can't
    /// be looked at ([`Bundle::unseen`]): what nobody looked at counts as everything that could be
    /// in it.
    #[must_use]
    pub fn detected(&self, passing: Passing, message: &[u8]) -> Labels {
        let set = self.looking_at(passing);
        if set.adds.is_empty() { Labels::NONE } else { set.over(message, self.extent(), passing) }
    }

    /// Why the detectors can't look at a message. `None`: they can.
    #[must_use]
    pub fn unseen(&self, passing: Passing, message: &[u8]) -> Option<ScanError> {
        text(message, self.extent(), passing).err()
    }

    fn extent(&self) -> ScanExtent {
        let is_whole = self.semantics() >= Semantics::V4;
        if is_whole { ScanExtent::Whole } else { ScanExtent::WithoutEnvelope }
    }

    /// The labels of a message that detectors can't look at: all that they could bring.
    #[must_use]
    pub fn undetected(&self, passing: Passing) -> Labels {
        self.looking_at(passing).all()
    }

    fn looking_at(&self, passing: Passing) -> &DetectorSet {
        match passing {
            Passing::Arguments => &self.detectors.arguments,
            Passing::Results => &self.detectors.results,
        }
    }
}
