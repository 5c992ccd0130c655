//! The one who listens, asks and answers. What somebody else sends costs it a look at the sender; of one sender so many
//! packets are read, and of all together so many more.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use libp2p::PeerId;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::super::links::{self, Interface, Links};
use super::Seen;
use super::counts::{Counts, Voice};
use super::ends::Ends;
use super::words::{self, Here, Said};
use crate::core::primitives::address::{Address, Place};
use crate::core::primitives::limits;

/// The first pause between two questions, the longest while somebody waits for an answer, and the longest of all.
const ASK: (Duration, Duration, Duration) =
    (Duration::from_millis(500), Duration::from_secs(4), Duration::from_secs(5 * 60));

/// So long somebody waits who asked: questions and answers may be lost, in a loud room many of them.
const WAITED_FOR: Duration = limits::REACH;

/// Between two answers, in the long run: a room that asks at one moment is answered once.
const ANSWER: Duration = Duration::from_millis(100);

/// So many follow each other at once after a silence: of a daemon that was just started, and of the join that begins at it.
const ANSWERS_AT_ONCE: u32 = 4;

/// How often it is looked which links there are.
const LOOK: Duration = Duration::from_secs(5);

/// The largest packet of DNS by multicast.
const PACKET: usize = 9000;

pub(super) struct Ear {
    peer: PeerId,
    name: [u8; 16],
    /// For IPv4 and for IPv6, as far as the machine speaks them.
    ends: [Option<Ends>; 2],
    links: Links,
    ours: watch::Receiver<Vec<Address>>,
    asked: Arc<Notify>,
    tell: mpsc::Sender<Seen>,
    ask_at: Instant,
    pause: Duration,
    /// Until then somebody waits.
    waits_until: Instant,
    answer_at: Option<Instant>,
    /// When there would be silence again, were each answer as long as the pause after it.
    answered_until: Instant,
    look_at: Instant,
    counts: Counts,
}

impl Ear {
    pub(super) fn new(
        peer: PeerId,
        name: [u8; 16],
        ends: [Option<Ends>; 2],
        ours: watch::Receiver<Vec<Address>>,
        asked: Arc<Notify>,
        tell: mpsc::Sender<Seen>,
    ) -> Self {
        let now = Instant::now();
        let links = Links::default();
        let (ask_at, look_at, answered_until, waits_until) = (now, now, now, now);
        let (pause, answer_at, counts) = (ASK.0, None, Counts::default());
        #[rustfmt::skip]
        let ear = Self {
            peer, name, ends, links, ours, asked, tell, ask_at, pause, waits_until, answer_at, answered_until, look_at,
            counts,
        };
        ear
    }

    /// Goes on until nobody wants to hear of it.
    pub(super) async fn listen(mut self) {
        let (mut packet_4, mut packet_6) = (vec![0; PACKET], vec![0; PACKET]);
        loop {
            self.do_what_is_due(Instant::now());
            let next = self.answer_at.map_or(self.ask_at, |at| at.min(self.ask_at)).min(self.look_at);
            let [ends_4, ends_6] = &self.ends;
            let heard = tokio::select! {
                (length, from) = hear(ends_4.as_ref(), &mut packet_4) => Some((&packet_4[..length], from)),
                (length, from) = hear(ends_6.as_ref(), &mut packet_6) => Some((&packet_6[..length], from)),
                changed = self.ours.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    self.look_at = Instant::now();
                    self.answer_soon();
                    None
                }
                () = self.asked.notified() => {
                    (self.ask_at, self.pause) = (Instant::now(), ASK.0);
                    self.waits_until = self.ask_at + WAITED_FOR;
                    None
                }
                () = sleep_until(next) => None,
            };
            if let Some((packet, from)) = heard {
                self.take(packet, from);
            }
        }
    }

    fn take(&mut self, packet: &[u8], from: IpAddr) {
        // What comes from beyond our own links came by no multicast.
        if !self.links.hold(from) {
            return;
        }
        let Some(voice) = self.counts.another(from, Instant::now()) else { return };
        match words::read(packet) {
            Some(Said::Question) => self.answer_soon(),
            Some(Said::Here(here)) if here.peer != self.peer => self.pass_on(here, from, voice),
            _ => {}
        }
    }

    /// Whoever says that they are elsewhere than where they speak is believed only of their port; but an address of a link
    /// alone leads nowhere, and who has but that to speak from is believed altogether.
    fn pass_on(&self, Here { peer, mut addresses, life }: Here, from: IpAddr, voice: Voice) {
        // Half of the places are for those who say little.
        if voice == Voice::Loud && self.tell.capacity() <= super::SIGHTINGS / 2 {
            return;
        }
        let is_bare = matches!(from, IpAddr::V6(ip) if ip.is_unicast_link_local());
        if !is_bare {
            let place = match from {
                IpAddr::V4(ip) => Place::Ip4(ip),
                IpAddr::V6(ip) => Place::Ip6(ip),
            };
            addresses.iter_mut().for_each(|address| address.place = place.clone());
        }
        addresses.dedup();
        // Where the driver has no time for it, it will be said again.
        let _ = self.tell.try_send(Seen { peer, addresses, from, life });
    }

    fn answer_soon(&mut self) {
        let now = Instant::now();
        let ahead = self.answered_until.saturating_duration_since(now);
        self.answer_at.get_or_insert(now + ahead.saturating_sub(ANSWER * (ANSWERS_AT_ONCE - 1)));
    }

    fn do_what_is_due(&mut self, now: Instant) {
        if self.look_at <= now {
            self.look_at = now + LOOK;
            let interfaces: Vec<Interface> = links::interfaces();
            for ends in self.ends.iter_mut().flatten() {
                if ends.set(&interfaces) {
                    (self.ask_at, self.pause) = (now, ASK.0);
                }
            }
        }
        if self.ask_at <= now {
            self.ask_at = now + self.pause;
            let longest = if now < self.waits_until { ASK.1 } else { ASK.2 };
            self.pause = (self.pause * 2).min(longest);
            self.ends.iter().flatten().for_each(|ends| ends.say(|_| Some(words::question())));
        }
        if self.answer_at.is_some_and(|at| at <= now) {
            (self.answer_at, self.answered_until) = (None, self.answered_until.max(now) + ANSWER);
            self.ends.iter().flatten().for_each(|ends| ends.say(|ip| self.here(ip)));
        }
    }

    /// On each link the addresses that lead there.
    fn here(&self, ip: IpAddr) -> Option<Vec<u8>> {
        let ours = self.ours.borrow();
        let there: Vec<Address> = ours.iter().filter(|address| address.ip() == Some(ip)).cloned().collect();
        (!there.is_empty()).then(|| words::here(&self.peer, &there, &self.name))
    }
}

async fn hear(ends: Option<&Ends>, packet: &mut [u8]) -> (usize, IpAddr) {
    match ends {
        Some(ends) => ends.hear(packet).await,
        None => std::future::pending().await,
    }
}
