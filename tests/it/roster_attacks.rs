//! Who was removed by a removal that is settled attacks: forges certificates under old pasts, forks chains, lets in puppets
//! and has them act, acknowledges what it likes; alone, with accomplices who were removed as well, and as the founder. How
//! often did anything change in the roster of those who hold all of it?
//!
//! `MUSTER_ATTACKS=100000` tries so many of each kind, and prints the table of docs/spec/roster.md (R7).

mod organization;

use muster::core::primitives::ids::CertificateId;
use muster::core::roster::body::{Acknowledge, Adopt, Body};
use muster::core::roster::{History, Profile, VerifiedCertificate};

use organization::Organization;

use crate::roster_random::Dice;
use crate::roster_sketch::{enrolment, further_device, invitation, key, now, user};

const ATTACKS_ON_ONE: usize = 12;

/// An attacker, and what they may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// With so many accomplices.
    Rogue(usize),
    /// Alone, removed by somebody in whose line of grants they stand, which nobody acknowledged.
    OfASenior,
    /// The founder, who goes on from their own last certificate.
    Founder,
    /// The founder, who forks their chain anywhere but at the root.
    FounderForks,
    /// The founder, who forks the chain anywhere.
    FounderForksAtTheRoot,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    tried: usize,
    changed: usize,
    /// After so many of these an attacker was in again.
    returned: usize,
    /// Organizations in which the removal couldn't be settled.
    unsettled: usize,
    organizations: usize,
}

/// One attack on an organization that has removed these: what it holds afterwards.
struct Attack<'a> {
    kind: Kind,
    organization: &'a Organization,
    history: History,
    forged: Vec<VerifiedCertificate>,
    actors: Vec<String>,
}

impl Attack<'_> {
    fn launch(&mut self, dice: &mut Dice) {
        if dice.below(2) == 0 {
            self.coup(dice);
        }
        for _ in 0..2 + dice.below(9) {
            if let Some(forged) = (0..6).find_map(|_| self.forge(dice)) {
                self.history.add(forged.clone()).unwrap();
                self.forged.push(forged);
            }
        }
    }

    /// Under one old past: puppets, who vouch for each other, remove somebody, and acknowledge it.
    fn coup(&mut self, dice: &mut Dice) {
        let mut past = self.a_past(dice);
        let maker = dice.pick(&self.actors).clone();
        let organization = self.history.organization();
        let mut electors = self.actors.clone();
        for n in 0..1 + dice.below(6) {
            let (puppet, link) = (format!("q{n}"), invitation(&format!("q{n} by {maker}")));
            let enroll = enrolment(organization, &maker, &puppet, Profile::Administrator, link);
            if self.next(&mut past, &maker, Body::Enroll(enroll)) {
                electors.push(puppet);
                self.duties(&mut past, &electors);
            }
        }
        if dice.below(2) == 0 {
            // They can only remove whom they know.
            let known = [past.clone(), vec![dice.pick(&self.organization.signed).id()]].concat();
            past = self.history.heads_among(&known);
        }
        for _ in 0..1 + dice.below(3) {
            let victim = user(&format!("p{}", dice.below(self.organization.people)));
            let traitor = dice.pick(&electors).clone();
            let Ok(seen) = self.history.as_of(&past) else { return };
            let body = seen.revocation(&victim);
            self.next(&mut past, &traitor, body);
            self.duties(&mut past, &electors);
        }
        self.actors = electors;
    }

    fn duties(&mut self, past: &mut Vec<CertificateId>, electors: &[String]) {
        for elector in electors {
            let Ok(seen) = self.history.as_of(past) else { return };
            let owed = seen.owed(&key(elector).device());
            if !owed.is_empty() {
                self.next(past, elector, owed.body());
            }
        }
    }

    /// One certificate more on this past; whether its author might say it.
    fn next(&mut self, past: &mut Vec<CertificateId>, author: &str, body: Body) -> bool {
        let Ok(seen) = self.history.as_of(past) else { return false };
        let Ok(signed) = seen.author(&key(author), body, now()) else { return false };
        if self.history.contains(&signed.id()) || !self.may_fork(&signed) {
            return false;
        }
        *past = vec![signed.id()];
        self.history.add(signed.clone()).unwrap();
        self.forged.push(signed);
        true
    }

    fn forge(&mut self, dice: &mut Dice) -> Option<VerifiedCertificate> {
        let actor = dice.pick(&self.actors).clone();
        let past = self.a_past(dice);
        let seen = self.history.as_of(&past).ok()?;
        let organization = self.history.organization();
        let puppet = format!("q{}", dice.below(8));
        let people = self.organization.people;
        let somebody = user(&match dice.below(4) {
            0 => dice.pick(&self.actors).clone(),
            _ => format!("p{}", dice.below(people)),
        });
        let owed = seen.owed(&key(&actor).device());
        let body = match dice.below(12) {
            0..=2 => {
                let profile = *dice.pick(&[Profile::Administrator, Profile::Administrator, Profile::Member]);
                let link = invitation(&format!("{puppet} by {actor}"));
                Body::Enroll(enrolment(organization, &actor, &puppet, profile, link))
            }
            3..=5 => seen.revocation(&somebody),
            6 => seen.profile_change(&somebody, *dice.pick(&[Profile::Administrator, Profile::Member])),
            7 | 8 if !owed.is_empty() => owed.body(),
            7..=9 => {
                Body::Acknowledge(Acknowledge { removals: self.some_removal(dice).into_iter().collect() })
            }
            10 => Body::Adopt(Adopt { enrol: self.some_id(dice) }),
            _ => {
                let owner = actor.split('@').next()?.to_owned();
                let device = format!("{owner}@z{}", dice.below(3));
                Body::AddDevice(further_device(&self.history, &actor, &owner, &device))
            }
        };
        let forged = seen.author(&key(&actor), body, now()).ok()?;
        if self.history.contains(&forged.id()) || !self.may_fork(&forged) {
            return None;
        }
        if let Some(device) = forged.body().lets_in() {
            let names = [puppet, format!("{actor}@z0"), format!("{actor}@z1"), format!("{actor}@z2")];
            let of_it = names.into_iter().find(|name| key(name).device() == device);
            self.actors.extend(of_it.filter(|name| !self.actors.contains(name)));
        }
        Some(forged)
    }

    /// Mostly old ones: what knows of the removal lets its author say nothing.
    fn a_past(&self, dice: &mut Dice) -> Vec<CertificateId> {
        let mut some = vec![self.some_id(dice)];
        if dice.below(2) == 0 {
            some.push(self.some_id(dice));
        }
        if let (Some(last), true) = (self.forged.last(), dice.below(2) == 0) {
            some.push(last.id());
        }
        self.history.heads_among(&some)
    }

    fn some_id(&self, dice: &mut Dice) -> CertificateId {
        let (honest, forged) = (&self.organization.signed, &self.forged);
        match dice.below(3) {
            0 if !forged.is_empty() => dice.pick(forged).id(),
            _ => dice.pick(honest).id(),
        }
    }

    fn some_removal(&self, dice: &mut Dice) -> Option<CertificateId> {
        let all = self.organization.signed.iter().chain(&self.forged);
        let removals: Vec<_> = all.filter(|it| it.body().removal().is_some()).map(|it| it.id()).collect();
        if removals.is_empty() { None } else { Some(*dice.pick(&removals)) }
    }

    /// Whether this kind of attacker places a certificate there on its own chain.
    fn may_fork(&self, forged: &VerifiedCertificate) -> bool {
        let it = forged.certificate();
        if it.device != key("p0").device() || !matches!(self.kind, Kind::Founder | Kind::FounderForks) {
            return true;
        }
        let of_the_founder =
            self.organization.signed.iter().filter(|other| other.certificate().device == it.device);
        let last = of_the_founder.map(|other| other.certificate().seq).max().unwrap_or(0);
        match self.kind {
            Kind::Founder => it.seq > last,
            // Those whom the founder let in first are in the past of what is forged.
            _ => it.seq > 2,
        }
    }
}

fn fuzz(kind: Kind, attacks: usize, seed: u64) -> Tally {
    let mut tally = Tally::default();
    let mut dice = Dice::of(seed);
    while tally.tried < attacks {
        let mut organization = Organization::of(&mut dice, kind);
        let attackers = attackers(&mut dice, kind, &organization);
        tally.organizations += 1;
        assert!(tally.organizations < 20 + attacks, "hardly a removal is ever settled: {tally:?}");
        if !organization.remove(&mut dice, kind, &attackers) {
            tally.unsettled += 1;
            continue;
        }
        for _ in 0..ATTACKS_ON_ONE {
            let history = organization.history.clone();
            let mut attack = Attack {
                kind,
                organization: &organization,
                history,
                forged: Vec::new(),
                actors: attackers.clone(),
            };
            attack.launch(&mut dice);
            tally.tried += 1;
            if attack.history.roster() != organization.history.roster() {
                tally.changed += 1;
                let is_back = |name: &String| {
                    attack.history.roster().user(&user(name)).is_some_and(|user| user.is_active())
                };
                tally.returned += usize::from(attackers.iter().any(is_back));
                if std::env::var_os("MUSTER_SHOW").is_some() {
                    show(&organization, &attack, &attackers);
                }
            }
        }
    }
    tally
}

fn attackers(dice: &mut Dice, kind: Kind, organization: &Organization) -> Vec<String> {
    let accomplices = match kind {
        Kind::Rogue(accomplices) => accomplices,
        Kind::OfASenior => 0,
        _ => return vec!["p0".to_owned()],
    };
    let mut others: Vec<_> = (1..organization.people).map(|n| format!("p{n}")).collect();
    dice.shuffle(&mut others);
    let is_administrator = |name: &String| organization.history.roster().may_administer(&user(name)).is_ok();
    others.sort_by_key(|name| !is_administrator(name));
    let mut attackers = vec![others.remove(0)];
    dice.shuffle(&mut others);
    attackers.extend(others.into_iter().take(accomplices));
    attackers
}

/// What was held and what was forged, for a person who wants to know why.
fn show(organization: &Organization, attack: &Attack, attackers: &[String]) {
    let name = |id| {
        let people = (0..organization.people).map(|n| format!("p{n}"));
        let puppets = (0..8).map(|n| format!("q{n}"));
        people.chain(puppets).find(|name| user(name) == id).unwrap_or_default()
    };
    println!("{attackers:?} of {} changed something", organization.people);
    for it in organization.signed.iter().chain(&attack.forged) {
        let id = it.id();
        let of = attack.history.acknowledged(&id).map(|it| {
            let names = |list: &[_]| list.iter().map(|id| name(*id)).collect::<Vec<_>>().join(" ");
            format!("asked {}; did {}; settled {}", names(&it.witnesses), names(&it.by), it.settled)
        });
        println!(
            "  {} {} {} about {} upon {:?}: {:?}, was {:?} {}",
            id.short(),
            name(attack.history.author_of(&id).unwrap()),
            it.body().name(),
            it.body().removal().map(|(target, _)| name(target)).unwrap_or_default(),
            it.certificate().parents.iter().map(|id| id.short()).collect::<Vec<_>>(),
            attack.history.standing(&id),
            organization.history.standing(&id),
            of.unwrap_or_default(),
        );
    }
}

fn attacks() -> usize {
    std::env::var("MUSTER_ATTACKS").map_or(40, |many| many.parse().unwrap())
}

fn seed() -> u64 {
    std::env::var("MUSTER_SEED").map_or(3, |seed| seed.parse().unwrap())
}

fn tally(kind: Kind) -> Tally {
    let tally = fuzz(kind, attacks(), seed());
    println!(
        "{kind:?}, seed {}: {} attacks, {} changed something, {} brought an attacker back; {} of {} organizations couldn't settle it",
        seed(),
        tally.tried,
        tally.changed,
        tally.returned,
        tally.unsettled,
        tally.organizations
    );
    tally
}

#[test]
fn a_lone_rogue_changes_nothing_after_a_settled_removal() {
    assert_eq!(tally(Kind::Rogue(0)).changed, 0);
}

#[test]
fn who_was_removed_by_a_senior_changes_nothing_though_nobody_acknowledged_it() {
    assert_eq!(tally(Kind::OfASenior).changed, 0);
}

#[test]
fn a_rogue_with_an_accomplice_changes_nothing_either() {
    assert_eq!(tally(Kind::Rogue(1)).changed, 0);
}

#[test]
fn a_rogue_with_two_accomplices_changes_little() {
    let tally = tally(Kind::Rogue(2));
    assert!(tally.changed * 20 <= tally.tried + 40, "{tally:?}");
}

#[test]
fn a_founder_who_goes_on_from_their_last_certificate_changes_nothing() {
    assert_eq!(tally(Kind::Founder).changed, 0);
}

#[test]
fn a_founder_who_forks_after_the_first_guests_changes_nothing() {
    assert_eq!(tally(Kind::FounderForks).changed, 0);
}

#[test]
fn a_founder_who_forks_at_the_root_is_why_there_are_pins() {
    let tally = tally(Kind::FounderForksAtTheRoot);
    assert!(tally.changed * 100 <= tally.tried + 400, "{tally:?}");
}
