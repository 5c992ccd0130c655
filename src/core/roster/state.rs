//! A causally closed part of the graph, resolved: what counts, what was removed, and what the verdict on the next
//! certificate asks for. Numbers alone, some bytes a certificate; the roster that people read is built from it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use hashbrown::{HashMap, HashSet};

use super::act::Act;
use super::body::{ChainEnd, Cut};
use super::graph::Graph;
use super::held::Prize;
use super::lineage::Ix;
use super::people::{DeviceIx, Few, UserIx};
use super::profile::Profile;
use super::refused::{Standing, Void};
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId};
use crate::core::primitives::limits;

/// What a causally closed set of certificates adds up to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct State {
    /// The set.
    pub(super) held: Vec<bool>,
    /// Those that are nobody's parents.
    pub(super) heads: BTreeSet<CertificateId>,
    /// The ends of each device's chain, the longest first.
    ends: HashMap<DeviceIx, BTreeSet<(Reverse<u32>, CertificateId)>>,
    /// What counts. What a promotion is worth is for the registers (R4.9).
    pub(super) counts: Vec<bool>,
    /// What lies beyond the cut of a removal in effect, and of which: the first that reached it.
    pub(super) beyond: HashMap<Ix, Ix>,
    /// What competed for something with more senior ones, and lost.
    pub(super) lost: BTreeMap<Ix, Void>,
    /// Enrolls that count because they were adopted.
    pub(super) adopted: HashSet<Ix>,
    /// What became of each removal.
    pub(super) fates: BTreeMap<Ix, Fate>,
    /// The Revoke in effect on each user: the first, where there are several.
    pub(super) revoked: HashMap<UserIx, Ix>,
    /// Removals in effect that reach something, with the witnesses asked (R4.7).
    pub(super) reaching: BTreeSet<Ix>,
    /// By witness: Enrolls that count, and that the witness hasn't built on.
    pub(super) unbuilt: BTreeMap<UserIx, BTreeSet<Ix>>,
    /// By witness: removals in effect that the witness hasn't acknowledged.
    pub(super) unacknowledged: BTreeMap<UserIx, BTreeSet<Ix>>,
    /// The most senior of whom witnesses are taken (R4.2).
    pub(super) electorate: Vec<UserIx>,
    /// How many Members and Administrators are active.
    pub(super) crowd: u32,
}

/// What became of a removal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fate {
    /// Why it has no effect; none where it has, or isn't decided yet.
    pub(super) void: Option<Void>,
    /// Whether the pass has taken it.
    pub(super) decided: bool,
    pub(super) settling: Settling,
}

/// How far a removal is acknowledged (R4.5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Settling {
    pub(super) claimed: bool,
    pub(super) firm: bool,
    pub(super) settled: bool,
    /// By how many witnesses whose acknowledgements hold.
    pub(super) acknowledged: usize,
}

impl Fate {
    pub(super) fn in_effect(&self) -> bool {
        self.decided && self.void.is_none()
    }
}

impl State {
    /// The set before anything about it is decided.
    pub(super) fn of(graph: &Graph, held: Vec<bool>) -> Self {
        let mut state = Self { counts: vec![false; held.len()], held, ..Self::default() };
        for ix in 0..state.held.len() {
            if state.held[ix] {
                state.note(graph, Ix::try_from(ix).unwrap_or(Ix::MAX));
            }
        }
        state
    }

    /// Takes in the next certificate as one that is held, with no standing yet.
    pub(super) fn hold(&mut self, graph: &Graph, ix: Ix) {
        self.held.resize(graph.len(), false);
        self.counts.resize(graph.len(), false);
        self.held[ix as usize] = true;
        self.note(graph, ix);
    }

    fn note(&mut self, graph: &Graph, ix: Ix) {
        let node = graph.node(ix);
        for parent in graph.parents(ix) {
            self.heads.remove(&graph.id(*parent));
        }
        self.heads.insert(node.id);
        let ends = self.ends.entry(node.device).or_default();
        if let Some(prev) = graph.prev(ix).map(|prev| graph.node(prev)) {
            ends.remove(&(Reverse(prev.seq), prev.id));
        }
        ends.insert((Reverse(node.seq), node.id));
    }

    pub(super) fn holds(&self, ix: Ix) -> bool {
        self.held.get(ix as usize).is_some_and(|held| *held)
    }

    /// Whether it is in the set and counts.
    pub(super) fn counts(&self, ix: Ix) -> bool {
        self.counts.get(ix as usize).is_some_and(|counts| *counts)
    }

    pub(super) fn in_effect(&self, removal: Ix) -> bool {
        self.fates.get(&removal).is_some_and(Fate::in_effect)
    }

    pub(super) fn is_settled(&self, removal: Ix) -> bool {
        self.fates.get(&removal).is_some_and(|fate| fate.settling.settled)
    }
}

/// Who is in, and with which rights (R4.9). `settled` asks as if settled removals were the only ones.
impl State {
    /// The Found or Enroll by which the user is in.
    pub(super) fn enrolment(&self, graph: &Graph, user: UserIx) -> Option<Ix> {
        graph.people.enrolments(user).find(|enrol| self.counts(*enrol))
    }

    /// In, and not revoked.
    pub(super) fn is_active(&self, graph: &Graph, user: UserIx) -> bool {
        !self.revoked.contains_key(&user) && self.enrolment(graph, user).is_some()
    }

    /// The grants in force, in causal order: those that have every demotion in effect in their past.
    pub(super) fn grants(&self, graph: &Graph, user: UserIx, settled: bool) -> Few {
        let Some(enrolment) = self.enrolment(graph, user) else { return Few::new() };
        let person = graph.person(user);
        if person.deeds().promotions.is_empty() && person.deeds().removals.is_empty() {
            return Some(enrolment).filter(|it| graph.node(*it).is_grant()).into_iter().collect();
        }
        let covers = |removal: &&Ix| {
            let in_effect = self.in_effect(**removal) && (!settled || self.is_settled(**removal));
            in_effect && !graph.node(**removal).is_revoke()
        };
        let demotions: Vec<Ix> = person.deeds().removals.iter().filter(covers).copied().collect();
        let promotions =
            person.deeds().promotions.iter().copied().filter(|promotion| self.counts(*promotion));
        let granted = std::iter::once(enrolment).chain(promotions).filter(|ix| graph.node(*ix).is_grant());
        let stands = |grant: &Ix| demotions.iter().all(|it| graph.after(*grant).contains(it));
        let mut grants: Few = granted.filter(stands).collect();
        if graph.node(enrolment).act.enrolled_as() == Some(Profile::External) {
            grants.clear();
        }
        grants.sort_unstable_by_key(|grant| graph.node(*grant).place());
        grants
    }

    /// The profile of a user who is in, revoked or not.
    pub(super) fn profile(&self, graph: &Graph, user: UserIx) -> Option<Profile> {
        let enrolment = self.enrolment(graph, user)?;
        Some(match graph.node(enrolment).act.enrolled_as() {
            Some(Profile::External) => Profile::External,
            _ if !self.grants(graph, user, false).is_empty() => Profile::Administrator,
            _ => Profile::Member,
        })
    }

    /// What the user acts under: the first grant in force, or what let them in (R1.4).
    pub(super) fn acts_under(&self, graph: &Graph, user: UserIx) -> Option<Ix> {
        self.grants(graph, user, false).first().copied().or_else(|| self.enrolment(graph, user))
    }

    pub(super) fn is_active_administrator(&self, graph: &Graph, user: UserIx) -> bool {
        self.is_active(graph, user) && !self.grants(graph, user, false).is_empty()
    }

    /// What let this device in, if it is in.
    pub(super) fn introduction(&self, graph: &Graph, device: &DeviceId) -> Option<Ix> {
        graph.introductions(device).find(|introduction| self.counts(*introduction))
    }

    /// What let the user's devices in, in causal order.
    pub(super) fn devices(&self, graph: &Graph, user: UserIx) -> Vec<Ix> {
        let added =
            graph.person(user).deeds().additions.iter().copied().filter(|addition| self.counts(*addition));
        let mut devices: Vec<Ix> = self.enrolment(graph, user).into_iter().chain(added).collect();
        devices.sort_unstable_by_key(|device| graph.node(*device).place());
        devices
    }

    /// The ends of this device's chain, with their places on it, the longest first.
    pub(super) fn chain_ends(
        &self,
        graph: &Graph,
        device: &DeviceId,
    ) -> impl Iterator<Item = (u64, CertificateId)> {
        let ends = graph.devices.find(device).and_then(|device| self.ends.get(&device));
        ends.into_iter().flatten().map(|(seq, id)| (u64::from(seq.0), *id))
    }

    /// The cut that a removal of this user has to have (R1.8).
    pub(super) fn cut(&self, graph: &Graph, user: UserIx) -> Cut {
        let mut ends = Vec::new();
        for introduction in self.devices(graph, user) {
            let Some(device) = graph.body(introduction).lets_in() else { continue };
            let named = self.chain_ends(graph, &device).take(limits::ENDS_PER_CUT);
            ends.extend(named.map(|(_, end)| ChainEnd { device, end }));
        }
        ends.sort_unstable();
        Cut(ends)
    }

    /// Whether this invitation of this device admitted its guest.
    pub(super) fn admitted(&self, graph: &Graph, host: DeviceId, invitation: InvitationId) -> bool {
        let Some(host) = graph.devices.find(&host) else { return false };
        graph.competitors(&Prize::Invitation(host, invitation)).iter().any(|enrol| self.counts(*enrol))
    }

    /// Whether this user acknowledged that removal.
    pub(super) fn acknowledged(&self, graph: &Graph, user: UserIx, removal: Ix) -> bool {
        let by_user = |by: &Ix| graph.author(*by) == user && self.holds(*by);
        graph.acknowledgements(removal).iter().any(by_user)
    }
}

/// What became of each certificate.
impl State {
    /// What this certificate of the set counts for, and why.
    pub(super) fn standing(&self, graph: &Graph, ix: Ix) -> Standing {
        let node = graph.node(ix);
        if let Some(fate) = self.fates.get(&ix) {
            return fate.void.map_or(Standing::Effective, Standing::Void);
        }
        let fell = |pillar: Option<Ix>| pillar.is_some_and(|pillar| !self.counts(pillar));
        let void = match node.act {
            _ if self.counts(ix) => self.worth_nothing(graph, ix),
            _ if fell(node.introduction()) => Some(Void::AuthorNotIn),
            _ if fell(graph.grant(ix)) => Some(Void::GrantNotCounting),
            _ if self.beyond.contains_key(&ix) => {
                self.beyond.get(&ix).map(|removal| Void::BeyondCut(graph.id(*removal)))
            }
            Act::Unknown => Some(Void::UnknownKind),
            _ => Some(self.lost.get(&ix).copied().unwrap_or(Void::DeviceTaken)),
        };
        void.map_or(Standing::Effective, Standing::Void)
    }

    /// A promotion that counts and yet makes nobody an Administrator.
    fn worth_nothing(&self, graph: &Graph, ix: Ix) -> Option<Void> {
        let target = graph.node(ix).target().filter(|_| graph.node(ix).act == Act::Promotion)?;
        if self.enrolment(graph, target).is_none() {
            return Some(Void::TargetNotIn);
        }
        let concurrent = |removal: &&Ix| {
            self.in_effect(**removal)
                && !graph.after(ix).contains(removal)
                && !graph.after(**removal).contains(&ix)
        };
        let against = graph.person(target).deeds().removals.iter().filter(concurrent);
        let mut against: Vec<bool> = against.map(|removal| graph.node(*removal).is_revoke()).collect();
        against.sort_unstable();
        against.last().map(|revoked| if *revoked { Void::TargetRevoked } else { Void::LesserRightWins })
    }
}
