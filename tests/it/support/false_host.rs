//! A host that isn't one: it has a link that it made itself, speaks the greeting with its own hands, and hears
//! everything that the guest's node says.

use muster::core::greeting::code::Codes;
use muster::core::greeting::link::Link;
use muster::core::greeting::message::{FirstAnswer, GuestSays, HostSays, Introduction, Opening, Reception};
use muster::core::greeting::noise::{Cipher, Responder};
use muster::core::node::conversation::Step;
use muster::core::node::input::{Channel, ConversationId};
use muster::core::primitives::codec;
use muster::core::primitives::ids::OrganizationId;
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Token;
use muster::core::primitives::time::Moment;

use super::outsider::prologue;
use super::world::World;
use super::{device, entropy};

/// A link as `host` would make one: nobody can see from a link who made it.
pub(crate) fn link_by(host: &str, organization: OrganizationId, kind: Kind) -> Link {
    let token = Token::new([23; 16]);
    let (hosts, points) = (Vec::new(), Vec::new());
    let expires = Moment(1_900_000_000_000);
    Link {
        kind,
        organization: organization.prefix(),
        token,
        host: device(host).device(),
        expires,
        hosts,
        points,
    }
}

/// One stream of a guest, as the false host holds it.
pub(crate) struct FalseHost {
    name: String,
    channel: Channel,
    cipher: Cipher,
    /// How many frames were read.
    read: usize,
}

impl FalseHost {
    /// Answers the first message of a guest who came.
    pub(crate) fn receives(
        world: &mut World,
        host: &str,
        guest: &str,
        link: &Link,
        said: &Reception,
    ) -> Self {
        let channel = world.latest_stream(guest, host);
        let first = world.heard(host, channel).remove(0);
        let opening = Opening::read(&first).unwrap();
        let mut entropy = entropy("a false host");
        let (noise, _) =
            Responder::read(&link.keys().psk, &prologue(link, guest), opening.message, &mut entropy).unwrap();
        let (cipher, message) = noise.answer(&codec::encode(said));
        world.say(host, channel, FirstAnswer::noise(&message));
        Self { name: host.to_owned(), channel, cipher, read: 1 }
    }

    pub(crate) fn says(&mut self, world: &mut World, said: &HostSays) {
        let frame = self.cipher.seal(&codec::encode(said));
        world.say(&self.name, self.channel, frame);
    }

    /// What the guest's node said since the last time.
    pub(crate) fn hears(&mut self, world: &World) -> Vec<GuestSays> {
        self.hears_bytes(world).iter().map(|plain| codec::decode(plain).unwrap()).collect()
    }

    pub(crate) fn hears_bytes(&mut self, world: &World) -> Vec<Vec<u8>> {
        let frames = world.heard(&self.name, self.channel).split_off(self.read);
        self.read += frames.len();
        frames.iter().map(|frame| self.cipher.open(frame).unwrap()).collect()
    }

    pub(crate) fn hangs_up(&self, world: &mut World) {
        world.hang_up(&self.name, self.channel);
    }

    /// Plays an honest greeting up to the moment in which both codes matched and the guest is told what it is about: two
    /// people who know each other's voices can be brought so far by whoever made the link.
    pub(crate) fn is_trusted(
        &mut self,
        world: &mut World,
        (guest, join): (&str, ConversationId),
        introduction: Introduction,
    ) {
        let nonce = [5; 32];
        self.says(world, &HostSays::Nonce(nonce));
        let [GuestSays::Reveal(revealed)] = self.hears(world)[..] else { panic!("a reveal") };
        let codes = Codes::of(self.cipher.handshake_hash(), &nonce, &revealed);
        world.answer(guest, join, &codes.host.reveal());
        assert!(matches!(self.hears(world)[..], [GuestSays::CodeMatches]));
        assert!(matches!(world.last(guest, join), Some(Step::ShowCode { .. })));
        self.says(world, &HostSays::Trusted(introduction));
    }
}
