//! Registers (R4.9): what only so many can have.

use super::rank::by_rank;
use super::rest::Losers;
use crate::core::roster::graph::Graph;
use crate::core::roster::held::Prize;
use crate::core::roster::lineage::Ix;
use crate::core::roster::refused::Void;
use crate::core::roster::state::State;

/// R4.9: one device comes in once, one invitation of kind User of one author device admits one guest, a user has so many
/// devices: of those that would count otherwise, the senior author's stand. Profiles are registers too; they are
/// read off grants and demotions (`State::grants`).
pub(super) fn losers(graph: &Graph, state: &State) -> Losers {
    let mut losers = Losers::new();
    for prize in &graph.contested {
        let mut competing: Vec<Ix> =
            graph.competitors(prize).iter().copied().filter(|ix| state.counts(*ix)).collect();
        competing.sort_unstable_by(|one, other| by_rank(graph, *one, *other));
        for loser in competing.into_iter().skip(prize.places()) {
            losers.entry(loser).or_insert(match prize {
                Prize::Device(_) => Void::DeviceTaken,
                Prize::Invitation(..) => Void::InvitationSpent,
                Prize::Devices(_) => Void::TooManyDevices,
            });
        }
    }
    losers
}
