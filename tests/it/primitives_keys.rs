//! Keys that are taken and keys that aren't.

use muster::core::primitives::digest::label;
use muster::core::primitives::ids::{DeviceId, Signature, UserId, UserKey};
use muster::core::primitives::keys::UserSecret;

use crate::roster_codec::SMALL_ORDER;
use crate::support::{device, secret};

#[test]
fn a_signature_holds_for_its_key_its_label_and_its_message_alone() {
    let ada = device("ada");
    let signature = ada.sign(label::CERTIFICATE_SIGNATURE, b"message");
    let holds = |device: DeviceId, label, message: &[u8]| device.signed(label, message, &signature);
    assert!(holds(ada.device(), label::CERTIFICATE_SIGNATURE, b"message"));
    assert!(!holds(ada.device(), label::PROOF_ENROLL, b"message"));
    assert!(!holds(ada.device(), label::CERTIFICATE_SIGNATURE, b"massage"));
    assert!(!holds(device("bob").device(), label::CERTIFICATE_SIGNATURE, b"message"));
    assert!(!ada.device().signed(label::CERTIFICATE_SIGNATURE, b"message", &Signature([0; 64])));
}

#[test]
fn a_device_key_of_small_order_or_in_a_longer_form_is_unsound() {
    let hex = |text: &str| -> DeviceId { text.parse().unwrap() };
    for unsound in SMALL_ORDER {
        assert!(!hex(unsound).is_sound(), "{unsound}");
        assert!(!hex(unsound).is_sound_having_signed(), "{unsound}");
    }
    assert!(device("ada").device().is_sound());
}

#[test]
fn of_a_device_key_that_is_a_point_the_bytes_tell_whether_it_is_sound() {
    let torsion = curve25519_dalek::constants::EIGHT_TORSION.map(|point| point.compress().0);
    let longer = (0..19_u8).map(|beyond| {
        let mut bytes = [0xff; 32];
        (bytes[0], bytes[31]) = (0xed + beyond, 0x7f);
        bytes
    });
    let keys = (0..32_u8).map(|n| device(&format!("key {n}")).device().0);
    let of_either_sign = |mut bytes: [u8; 32]| {
        let one = bytes;
        bytes[31] ^= 0x80;
        [one, bytes]
    };
    let mut points = 0;
    for bytes in torsion.into_iter().chain(longer).chain(keys).flat_map(of_either_sign) {
        if curve25519_dalek::edwards::CompressedEdwardsY(bytes).decompress().is_some() {
            points += 1;
            assert_eq!(DeviceId(bytes).is_sound_having_signed(), DeviceId(bytes).is_sound(), "{bytes:?}");
        }
    }
    assert!(points > 16 + 64, "{points} points");
}

#[test]
fn a_user_key_of_small_order_or_in_a_longer_form_is_unsound() {
    let mut prime = [0xff; 32];
    prime[0] = 0xed;
    prime[31] = 0x7f;
    let mut one = [0; 32];
    one[0] = 1;
    let mut high_bit = UserSecret::new(secret("ada")).public().0;
    assert!(UserKey(high_bit).is_sound());
    high_bit[31] |= 0x80;
    for unsound in [[0; 32], one, prime, [0xff; 32], high_bit] {
        assert!(!UserKey(unsound).is_sound(), "{unsound:?}");
    }
}

#[test]
fn a_device_key_is_unsound_in_its_longer_form_though_its_order_is_large() {
    let mut points = 0;
    for beyond in 2..19_u8 {
        let mut longer = [0xff; 32];
        (longer[0], longer[31]) = (0xed + beyond, 0x7f);
        let point = curve25519_dalek::edwards::CompressedEdwardsY(longer).decompress();
        points += u32::from(point.is_some_and(|point| !point.is_small_order()));
        assert!(!DeviceId(longer).is_sound(), "{longer:?}");
    }
    assert!(points > 0, "some of them are points of large order");
}

#[test]
fn a_user_key_is_sound_exactly_if_an_exchange_with_it_gives_a_secret() {
    let mut keys: Vec<[u8; 32]> =
        (0..16_u8).map(|n| secret(&format!("key {n}"))).map(|it| UserSecret::new(it).public().0).collect();
    // Every point of small order on the curve, as the other curve of the same field has it.
    for text in SMALL_ORDER {
        let bytes: DeviceId = text.parse().unwrap();
        let point = curve25519_dalek::edwards::CompressedEdwardsY(bytes.0).decompress();
        keys.extend(point.map(|point| point.to_montgomery().to_bytes()));
    }
    // And around the ends of the field, where the twist has its own.
    for near in 0..=3_u8 {
        let (mut low, mut high) = ([0; 32], [0xff; 32]);
        low[0] = near;
        (high[0], high[31]) = (0xec - near, 0x7f);
        keys.extend([low, high]);
    }
    let mut unsound = std::collections::BTreeSet::new();
    for key in keys {
        let any = x25519_dalek::StaticSecret::from([1; 32]);
        let contributes = any.diffie_hellman(&x25519_dalek::PublicKey::from(key)).was_contributory();
        assert_eq!(UserKey(key).is_sound(), contributes, "{key:?}");
        unsound.extend((!contributes).then_some(key));
    }
    assert_eq!(unsound.len(), 5, "0, 1, -1, and two of order eight");
}

#[test]
fn a_peer_id_is_what_libp2p_makes_of_the_same_key() {
    for name in ["ada", "bob"] {
        let key = device(name);
        let ours = key.device().peer_id();
        let keypair = libp2p::identity::Keypair::ed25519_from_bytes(*key.seed().expose()).unwrap();
        assert_eq!(ours, keypair.public().to_peer_id().to_string());
    }
}

#[test]
fn a_user_id_follows_from_the_first_device_and_is_not_its_key() {
    let device = device("ada").device();
    let user = UserId::of_first_device(&device);
    assert_ne!(user.as_bytes(), device.as_bytes());
    assert_eq!(user, UserId::of_first_device(&device));
}

#[test]
fn keys_never_show_in_debug_output() {
    let key = device("ada");
    let seed = data_encoding::HEXLOWER.encode(key.seed().expose());
    let shown = format!("{key:?} {:?}", UserSecret::new(secret("ada")));
    assert!(!shown.contains(&seed[..8]));
    assert!(shown.contains("Secret(…)"));
    assert!(serde_json::to_string(key.seed()).is_err(), "no secret is written as text");
}
