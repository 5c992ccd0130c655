//! Devices with real sockets on the loopback interface, and what tests wait for.

use std::collections::VecDeque;
use std::time::Duration;

use muster::core::node::input::{Channel, Input, Protocol};
use muster::core::primitives::address::Address;
use muster::core::primitives::ids::DeviceId;
use muster::core::primitives::keys::DeviceKey;
use muster::core::primitives::secret::Secret32;
use muster::net::{self, Advertised, Command, Company, Net, NetError, Pace, Serves, Settings, Sought};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Whatever is waited for in these tests comes within this, or not at all.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) const TCP: &str = "/ip4/127.0.0.1/tcp/0";
pub(crate) const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// A device, its handle, and what it was told.
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) net: Net,
    pub(crate) addresses: Vec<Address>,
    inputs: mpsc::Receiver<Input>,
    passed_over: VecDeque<Input>,
}

pub(crate) fn settings(person: &str, listen: &[&str]) -> Settings {
    Settings {
        key_seed: seed(person),
        listen: listen.iter().map(|address| address.parse().unwrap()).collect(),
        explicit: true,
        serve: Serves::Everybody,
        relay: false,
        calls_back: false,
        mdns: false,
        upnp: false,
        announce: Vec::new(),
        pace: Pace::default(),
    }
}

fn seed(person: &str) -> Secret32 {
    let mut seed = [0; 32];
    seed[..person.len()].copy_from_slice(person.as_bytes());
    Secret32::new(seed)
}

pub(crate) fn id_of(person: &str) -> DeviceId {
    DeviceKey::from_seed(seed(person)).device()
}

/// A device's name among libp2p's peers.
pub(crate) fn peer_of(device: DeviceId) -> libp2p::PeerId {
    let ed25519 = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];
    libp2p::PeerId::from_bytes(&[&ed25519[..], &device.0].concat()).unwrap()
}

pub(crate) fn namespace(of: &str) -> String {
    format!("{of:0>64}")
}

impl Device {
    pub(crate) async fn start(person: &str) -> Self {
        Self::start_with(settings(person, &[TCP])).await.unwrap()
    }

    pub(crate) async fn start_with(settings: Settings) -> Result<Self, NetError> {
        let id = DeviceKey::from_seed(settings.key_seed.clone()).device();
        // By default loopback is told to nobody.
        let listeners = if settings.explicit { settings.listen.len() } else { 0 };
        let (net, inputs) = net::start(settings).await?;
        let mut device = Self { id, net, addresses: Vec::new(), inputs, passed_over: VecDeque::new() };
        device.addresses = device
            .hears("where it listens", |input| match input {
                Input::Listening { addresses } if addresses.len() == listeners => Some(addresses.clone()),
                _ => None,
            })
            .await;
        Ok(device)
    }

    /// The first input that `what` recognises, those included that were passed over before.
    pub(crate) async fn hears<T>(&mut self, what: &str, recognise: impl Fn(&Input) -> Option<T>) -> T {
        self.hears_within(SOON, recognise)
            .await
            .unwrap_or_else(|| panic!("never heard {what}, but {:?}", self.passed_over))
    }

    pub(crate) async fn hears_within<T>(
        &mut self,
        span: Duration,
        recognise: impl Fn(&Input) -> Option<T>,
    ) -> Option<T> {
        if let Some(at) = self.passed_over.iter().position(|input| recognise(input).is_some()) {
            return self.passed_over.remove(at).as_ref().and_then(recognise);
        }
        let wait = async {
            while let Some(input) = self.inputs.recv().await {
                if let Some(found) = recognise(&input) {
                    return Some(found);
                }
                self.passed_over.push_back(input);
            }
            None
        };
        timeout(span, wait).await.ok().flatten()
    }

    /// Reads inputs no more: whoever speaks to this device has to wait.
    pub(crate) fn stops_listening_to_its_inputs(self) -> (Net, mpsc::Receiver<Input>) {
        (self.net, self.inputs)
    }

    pub(crate) async fn seeks(&self, whom: DeviceId, addresses: &[Address], points: &[Address]) {
        let (addresses, points) = (addresses.to_vec(), points.to_vec());
        let namespace = namespace("e1");
        self.net.perform(Command::Seek(Sought { device: whom, addresses, points, namespace })).await;
    }

    pub(crate) async fn advertises(&self, namespaces: &[&str], points: &[Address]) {
        let namespaces = namespaces.iter().copied().map(namespace).collect();
        let (brief, points) = (Vec::new(), points.to_vec());
        self.net.perform(Command::Advertise(Advertised { namespaces, brief, points })).await;
    }

    pub(crate) async fn stays_connected_with(&self, whom: &Device) {
        let contact =
            muster::core::node::output::Contact { device: whom.id, addresses: whom.addresses.clone() };
        let company = Company { contacts: vec![contact], ..Company::default() };
        self.net.perform(Command::StayConnected(company)).await;
    }

    pub(crate) async fn sends(&self, channel: Channel, frame: impl Into<Vec<u8>>) {
        self.net.perform(Command::Send { channel, frame: frame.into() }).await;
    }

    pub(crate) async fn hears_opened(&mut self, who: DeviceId) -> (Channel, bool) {
        self.hears("that a stream stands", |input| match input {
            Input::Opened { channel, peer, protocol: Protocol::Greeting, by_us, .. } if *peer == who => {
                Some((*channel, *by_us))
            }
            _ => None,
        })
        .await
    }

    pub(crate) async fn hears_frame(&mut self, on: Channel) -> Vec<u8> {
        self.hears("a frame", |input| match input {
            Input::Received { channel, frame } if *channel == on => Some(frame.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn hears_closed(&mut self, which: Channel) {
        self.hears("that the stream is closed", |input| {
            matches!(input, Input::Closed { channel } if *channel == which).then_some(())
        })
        .await;
    }

    pub(crate) async fn hears_connected(&mut self, who: DeviceId) -> Option<Address> {
        self.hears("that the other is connected", |input| match input {
            Input::Connected { peer, address, .. } if *peer == who => Some(address.clone()),
            _ => None,
        })
        .await
    }

    pub(crate) async fn hears_disconnected(&mut self, who: DeviceId) {
        self.hears("that the other is gone", |input| {
            matches!(input, Input::Disconnected { peer } if *peer == who).then_some(())
        })
        .await;
    }

    pub(crate) async fn hears_not_found(&mut self, whom: DeviceId) -> Vec<String> {
        self.hears("that nobody was found", |input| match input {
            Input::NotFound { device, tried } if *device == whom => Some(tried.clone()),
            _ => None,
        })
        .await
    }
}

/// A stream between two devices, the first of which sought the second by its addresses.
pub(crate) async fn greeted(guest: &mut Device, host: &mut Device) -> (Channel, Channel) {
    guest.seeks(host.id, &host.addresses, &[]).await;
    let (ours, by_us) = guest.hears_opened(host.id).await;
    assert!(by_us, "the guest opens the stream");
    let (theirs, by_us) = host.hears_opened(guest.id).await;
    assert!(!by_us, "the host doesn't");
    (ours, theirs)
}
