//! A stream on which messages of the sync are said and heard, and what is made of them.

use muster::core::primitives::codec;
use muster::core::primitives::ids::Seal;
use muster::core::roster::{History, NotAdded, SignedCertificate};

use super::Wire;
use crate::support::speech::Says;

impl Wire {
    /// Whether the stream still took it.
    pub(crate) fn speaks(&mut self, message: &Says) -> bool {
        self.says_frame(&codec::encode(message))
    }

    /// The next message; none once the stream has ended.
    pub(crate) fn hears_said(&mut self) -> Option<Says> {
        self.hears().map(|frame| Says::read(&frame))
    }
}

/// Takes in what an honest device would, in whatever order it came; gives what lacks its parents.
pub(crate) fn learn(history: &mut History, mut came: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    loop {
        let before = came.len();
        came.retain(|bytes| {
            let certificate =
                SignedCertificate::from_bytes(bytes).and_then(SignedCertificate::verify).unwrap();
            match history.add(certificate) {
                Ok(_) => false,
                Err(NotAdded::MissingParents(_)) => true,
                Err(other) => panic!("{other}"),
            }
        });
        if came.len() == before || came.is_empty() {
            return came;
        }
    }
}

/// Every seal that these certificates hold: the organization's name, and everybody's name, email and labels.
pub(crate) fn seals(history: &History) -> Vec<Seal> {
    let roster = history.roster();
    let people = roster.users().flat_map(|user| {
        [user.name, user.email].into_iter().chain(user.devices.into_iter().map(|device| device.label))
    });
    roster.organization_name().into_iter().chain(people).collect()
}
