//! A whole organization in a world: many machines that lose each other, crash, act apart and meet again, and some that
//! do whatever harm the protocol lets them. Which input comes next is drawn: messages overtake each other, to different
//! machines as on different streams to one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use muster::core::node::input::{Channel, Input, Protocol};
use muster::core::node::request::{Answer, Request};
use muster::core::primitives::codec;
use muster::core::primitives::ids::CertificateId;
use muster::core::roster::reconcile::{Range, What, Word};

use super::forgers::Forgers;
use super::speech::Says;
use super::world::{World, email};
use crate::roster_random::Dice;

/// What lies on everybody's disk after all were let in, by the number of people.
type Disks = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

/// So many people, let in by Ada one after another: every fifth an Administrator, every seventh an External. It takes a
/// while, and is done once.
fn founded(people: usize) -> Arc<Disks> {
    static FOUNDED: Mutex<BTreeMap<usize, Arc<Disks>>> = Mutex::new(BTreeMap::new());
    let mut founded = FOUNDED.lock().unwrap();
    let made = founded.entry(people).or_insert_with(|| {
        let mut world = World::new("an organization");
        world.found("ada");
        for n in 1..people {
            let profile = match n {
                _ if n % 5 == 0 => "administrator",
                _ if n % 7 == 0 => "external",
                _ => "member",
            };
            world.enrol("ada", &name(n), profile);
        }
        Arc::new(world.machines.into_iter().map(|(name, machine)| (name, machine.disk)).collect())
    });
    Arc::clone(made)
}

/// Names without digits, which would make them further machines of one person.
fn name(n: usize) -> String {
    let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
    match n {
        0 => "ada".to_owned(),
        _ => format!("p{}{}", letter(n / 26), letter(n)),
    }
}

/// More inputs than any network of ours takes.
const ENDLESS: usize = 2_000_000;

/// An organization that was just founded, and whom of it not to trust.
pub(crate) struct Network {
    pub(crate) world: World,
    pub(crate) honest: Vec<String>,
    hostile: Vec<String>,
    /// Whether the hostile also sign.
    forges: bool,
    /// What came to each machine and it hasn't taken yet.
    waiting: BTreeMap<String, VecDeque<Input>>,
    /// Those who are cut off from all others; nobody, while the network is whole.
    island: BTreeSet<String>,
    forgers: Forgers,
}

impl Network {
    /// These of so many people are hostile, by their number.
    pub(crate) fn new(seed: u64, people: usize, hostile: &[usize], forges: bool) -> Self {
        let mut world = World::new(&format!("network {seed}"));
        world.is_recorded = false;
        world.scatter();
        for (name, disk) in founded(people).iter() {
            let machine = world.machines.entry(name.clone()).or_default();
            machine.disk.clone_from(disk);
        }
        let hostile: Vec<String> = hostile.iter().map(|n| name(*n)).collect();
        let honest: Vec<String> =
            world.machines.keys().filter(|name| !hostile.contains(name)).cloned().collect();
        let forgers = Forgers::new(world.history("ada"), &hostile);
        for name in &honest {
            world.restart(name);
        }
        Self { world, honest, hostile, forges, waiting: BTreeMap::new(), island: BTreeSet::new(), forgers }
    }

    /// Everything that is under way happens, in an order that is drawn; at most so many inputs.
    pub(crate) fn run(&mut self, dice: &mut Dice, at_most: usize) {
        for _ in 0..at_most {
            for (to, input) in self.world.inputs.drain(..) {
                self.waiting.entry(to).or_default().push_back(input);
            }
            // Somebody's turn.
            let Some(to) = self.waiting.keys().nth(dice.below(self.waiting.len().max(1))).cloned() else {
                return;
            };
            let Some(input) = self.waiting.get_mut(&to).and_then(|queue| next(queue, dice)) else {
                self.waiting.remove(&to);
                continue;
            };
            match self.hostile.contains(&to) {
                true => self.harm(&to, input, dice),
                false => self.take(&to, input),
            }
        }
        assert!(at_most < ENDLESS, "it never ends");
    }

    /// An honest device takes an input; where it crashes over it, what else came to it is lost with it.
    fn take(&mut self, name: &str, input: Input) {
        let would_crash = self.world.machines[name].crash_at.is_some();
        self.world.take(name, input);
        if would_crash && self.world.machines[name].crash_at.is_none() {
            self.waiting.remove(name);
        }
    }

    /// A hostile device answers whatever comes with whatever may do harm.
    fn harm(&mut self, name: &str, input: Input, dice: &mut Dice) {
        let channel = match input {
            Input::Opened { channel, protocol: Protocol::Sync, .. } => channel,
            Input::Received { channel, frame } => {
                if self.forges {
                    self.forgers.hear(&frame);
                }
                channel
            }
            _ => return,
        };
        if dice.below(3) == 0 {
            return;
        }
        let Some(to) = self.world.other_end(name, channel) else { return };
        let forged = if self.forges && dice.below(3) == 0 { self.forgers.forge(dice) } else { None };
        if let Some(forged) = forged {
            let frame = codec::encode(&Says::Certificates(vec![forged.signed().bytes()]));
            return self.world.transmit(channel, name, &to, frame);
        }
        let said = self.something(dice);
        let frame = match dice.below(8) {
            0 => (0..dice.below(200)).map(|_| dice.below(256) as u8).collect(),
            _ => codec::encode(&said),
        };
        self.world.transmit(channel, name, &to, frame);
    }

    fn something(&self, dice: &mut Dice) -> Says {
        let known = self.forgers.known();
        let ids: Vec<CertificateId> = known.in_causal_order().map(|it| it.id()).collect();
        let some = |dice: &mut Dice| -> Vec<CertificateId> {
            (0..dice.below(9)).map(|_| ids[dice.below(ids.len())]).collect()
        };
        let strange = CertificateId([dice.below(256) as u8; 32]);
        match dice.below(12) {
            0 => Says::hello_of(Vec::new()),
            1 | 2 => Says::hello(known),
            3 => Says::Taken,
            4 => Says::Want(some(dice)),
            5 => Says::Offer([some(dice), vec![strange]].concat()),
            6 => Says::Reconcile(Word::Between(ids[0], ids[dice.below(ids.len())])),
            7 => Says::Reconcile(Word::Finer(some(dice))),
            8 => Says::Reconcile(Word::Compare),
            9 => {
                let end = (dice.below(60) as u64, strange);
                let what = match dice.below(3) {
                    0 => What::Print([0; 16]),
                    1 => What::Ids(some(dice)),
                    _ => What::Wanted(some(dice)),
                };
                Says::Reconcile(Word::Ranges(vec![Range { end, what }]))
            }
            10 => {
                let one = known.get(&ids[dice.below(ids.len())]).unwrap();
                Says::Certificates(vec![one.signed().bytes()])
            }
            _ => Says::Revoked(strange),
        }
    }

    /// Somebody does something, breaks, comes back, or meets another.
    pub(crate) fn something_happens(&mut self, dice: &mut Dice) {
        let one = self.honest[dice.below(self.honest.len())].clone();
        let other = self.anybody(dice);
        match dice.below(14) {
            0..=3 => self.meet(&one, &other),
            4 | 5 => self.world.disconnect(&one, &other),
            6 => {
                // What came to it and wasn't taken is lost with it.
                self.waiting.remove(&one);
                self.world.crash(&one);
            }
            // After any of the next outputs: between a commit and what follows from it, or half way through an answer.
            7 | 8 => {
                let machine = self.world.machines.get_mut(&one).unwrap();
                machine.crash_at = Some(machine.outputs + 1 + dice.below(6));
            }
            9 => self.part(dice),
            10 => self.island.clear(),
            11 => self.act(dice, Request::RevokeUsers { users: vec![email(&other)] }),
            _ => {
                let profile = ["administrator", "member"][dice.below(2)].parse().unwrap();
                self.act(dice, Request::SetProfiles { profile, users: vec![email(&other)] });
            }
        }
    }

    fn meet(&mut self, one: &str, other: &str) {
        if self.island.contains(one) == self.island.contains(other) {
            self.world.connect(one, other);
        }
    }

    /// Half of all lose the other half, until the network is whole again or parts otherwise.
    fn part(&mut self, dice: &mut Dice) {
        let all = self.honest.iter().chain(&self.hostile);
        self.island = all.filter(|_| dice.below(2) == 0).cloned().collect();
        for (one, other) in self.world.connections.clone() {
            if self.island.contains(&one) != self.island.contains(&other) {
                self.world.disconnect(&one, &other);
            }
        }
    }

    /// One of those who were Administrators at first.
    fn act(&mut self, dice: &mut Dice, request: Request) {
        let who = match dice.below(4) {
            0 => "ada".to_owned(),
            _ => name(dice.below((self.honest.len() + self.hostile.len()) / 5) * 5),
        };
        if self.honest.contains(&who) {
            self.world.request(&who, request);
        }
    }

    fn anybody(&self, dice: &mut Dice) -> String {
        let all = self.honest.len() + self.hostile.len();
        match dice.below(all) {
            n if n < self.honest.len() => self.honest[n].clone(),
            n => self.hostile[n - self.honest.len()].clone(),
        }
    }

    /// Those honest devices that are in, as they know themselves.
    pub(crate) fn who_is_in(&self) -> Vec<String> {
        self.honest.iter().filter(|name| self.world.is_member(name)).cloned().collect()
    }

    /// The honest devices meet, each with two neighbours and somebody else. Who is hostile goes on as before.
    pub(crate) fn all_meet(&mut self, dice: &mut Dice) {
        self.island.clear();
        self.world.machines.values_mut().for_each(|machine| machine.crash_at = None);
        for _ in 0..3 {
            let all = self.who_is_in();
            for (n, one) in all.iter().enumerate() {
                for other in [n + 1, dice.below(all.len())] {
                    self.world.connect(one, &all[other % all.len()]);
                }
            }
            self.run(dice, ENDLESS);
            self.world.pass(std::time::Duration::from_secs(400));
            self.run(dice, ENDLESS);
            self.the_others_are_told(dice);
        }
    }

    /// Honest devices that broke a sync with an honest one off, as with a liar.
    pub(crate) fn who_took_an_honest_device_for_a_liar(&self) -> Vec<&(String, String)> {
        let honest =
            |(one, other): &&(String, String)| self.honest.contains(one) && self.honest.contains(other);
        self.world.breaks.without_a_reason.iter().filter(honest).collect()
    }

    /// Whether this device has set something aside that would undo what it saw settled.
    pub(crate) fn is_in_dispute(&mut self, name: &str) -> bool {
        match self.world.ask(name, Request::VerifyRoster) {
            Ok(Answer::Verified(verified)) => !verified.disputes.is_empty(),
            other => panic!("{other:?}"),
        }
    }

    /// Those honest devices that were revoked, as this one sees it.
    pub(crate) fn who_is_out(&self, as_seen_by: &str) -> Vec<String> {
        let history = self.world.history(as_seen_by);
        let is_out = |name: &&String| {
            history.roster().user_of(&self.world.device_of(name)).is_none_or(|user| !user.is_active())
        };
        self.honest.iter().filter(is_out).cloned().collect()
    }

    /// Every honest device that is out, or thinks that it is, meets one that is in.
    fn the_others_are_told(&mut self, dice: &mut Dice) {
        let inside = self.who_is_in();
        let out = self.who_is_out(&inside[0]);
        let others = self.honest.iter().filter(|name| out.contains(name) || !inside.contains(name));
        for name in others.cloned().collect::<Vec<_>>() {
            self.world.connect(&inside[dice.below(inside.len())], &name);
            self.run(dice, ENDLESS);
        }
        self.world.pass(std::time::Duration::from_secs(10));
        self.run(dice, ENDLESS);
    }

    /// How much of what the hostile signed counts for a device.
    pub(crate) fn forgeries(&self, name: &str) -> usize {
        self.forgers.counts_for(&self.world.history(name))
    }

    /// What a device holds, as its disk has it.
    pub(crate) fn heads(&self, name: &str) -> Vec<CertificateId> {
        self.world.history(name).heads()
    }
}

/// What a device takes next of what came to it: of one stream in its order, of different streams in any. Connections
/// come and go in their order with all else.
fn next(queue: &mut VecDeque<Input>, dice: &mut Dice) -> Option<Input> {
    let streams: Vec<Channel> = queue.iter().map_while(stream).collect();
    let at = match streams.len() {
        0 => 0,
        many => {
            let drawn = streams[dice.below(many)];
            streams.iter().position(|stream| *stream == drawn)?
        }
    };
    queue.remove(at)
}

fn stream(input: &Input) -> Option<Channel> {
    match input {
        Input::Opened { channel, .. } | Input::Received { channel, .. } | Input::Closed { channel } => {
            Some(*channel)
        }
        _ => None,
    }
}
