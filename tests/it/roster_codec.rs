//! The bytes of certificates (docs/spec/wire.md, W1): one encoding, one rule of verification.

use muster::core::primitives::codec;
use muster::core::primitives::digest::label;
use muster::core::primitives::ids::{DeviceId, Signature};
use muster::core::primitives::limits;
use muster::core::roster::body::{Body, Setting};
use muster::core::roster::{Refused, SignedCertificate};

use crate::roster_sketch::{key, sketch, user};

fn all_kinds() -> Vec<Vec<u8>> {
    let drawn = sketch(
        "ada founds -> ada enrols bob:admin -> ada adds phone -> ada enrols eve:member -> bob adds tablet -> ada makes bob member
         | ada makes eve admin -> ada revokes bob #out -> eve acknowledges out -> ada says something
         | after out: ada sets points /ip4/192.0.2.7/tcp/7733",
    );
    drawn.history.in_causal_order().map(|it| it.signed().bytes()).collect()
}

fn read(bytes: &[u8]) -> Result<SignedCertificate, Refused> {
    SignedCertificate::from_bytes(bytes)
}

#[test]
fn what_is_read_is_sent_on_byte_for_byte() {
    for bytes in all_kinds() {
        let signed = read(&bytes).unwrap();
        assert_eq!(signed.bytes(), bytes);
        assert_eq!(signed.length(), bytes.len());
        let verified = signed.clone().verify().unwrap();
        assert_eq!(verified.id(), signed.id());
        assert_eq!(verified.certificate().id(), signed.id());
        assert_eq!(verified.body().kind(), verified.certificate().kind);
        assert_eq!(verified.body().encode(), verified.certificate().body);
    }
}

#[test]
fn trailing_and_missing_bytes_are_refused() {
    for bytes in all_kinds() {
        for more in [vec![0], vec![0; 64], bytes.clone()] {
            assert!(read(&[bytes.clone(), more].concat()).is_err());
        }
        for less in [0, 1, 63, 64, 65, bytes.len() - 1] {
            assert!(read(&bytes[..less]).is_err(), "{less} bytes");
        }
    }
}

#[test]
fn every_flipped_bit_is_refused() {
    for bytes in all_kinds() {
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let taken = read(&flipped).and_then(SignedCertificate::verify);
            assert!(taken.is_err(), "bit {} of byte {at}", at % 8);
        }
    }
}

#[test]
fn a_newer_version_is_told_apart_from_garbage() {
    let mut bytes = all_kinds().remove(1);
    bytes[0] = 2;
    assert_eq!(read(&bytes), Err(Refused::NewerVersion));
    bytes[0] = 0;
    assert_eq!(read(&bytes), Err(Refused::NotCanonical));
    let drawn = sketch("ada founds");
    let newer = drawn.forge("ada", &Body::Unknown { kind: 9, bytes: Vec::new() }, |raw| raw.version = 2);
    assert_eq!(newer, Err(Refused::NewerVersion.into()));
}

#[test]
fn a_body_is_the_one_encoding_of_its_kind() {
    let drawn = sketch("ada founds -> ada enrols bob:admin");
    let body = drawn.history.revocation(&user("bob"));
    let refused =
        |alter: &dyn Fn(&mut Vec<u8>)| drawn.forge("ada", &body, |raw| alter(&mut raw.body)).unwrap_err();
    assert_eq!(refused(&|body| body.push(0)), Refused::BodyUnreadable.into());
    assert_eq!(refused(&|body| body.truncate(body.len() - 1)), Refused::BodyUnreadable.into());
    assert_eq!(refused(&Vec::clear), Refused::BodyUnreadable.into());
    // A list that says it is longer than everything that came.
    assert_eq!(refused(&|body| body[38] = 0xff), Refused::BodyUnreadable.into());
}

#[test]
fn a_certificate_has_a_longest_size() {
    let drawn = sketch("ada founds");
    let empty = drawn.raw("ada", &Body::Unknown { kind: 9, bytes: Vec::new() });
    let room = limits::CERTIFICATE - 64 - codec::encode(&empty).len();
    let of = |length| Body::Unknown { kind: 9, bytes: vec![0; length] };
    assert_eq!(drawn.forge("ada", &of(room), |_| {}), Ok(()));
    assert_eq!(drawn.forge("ada", &of(room + 1), |_| {}), Err(Refused::TooLong.into()));
    let raw = drawn.raw("ada", &of(room + 1));
    assert_eq!(read(&SignedCertificate::sign(raw, &key("ada")).bytes()), Err(Refused::TooLong));
}

#[test]
fn the_largest_cut_fits_into_a_certificate() {
    let ends = limits::DEVICES_PER_USER * limits::ENDS_PER_CUT;
    let parents = limits::PARENTS;
    let fixed = 1 + 32 + 32 + 8 + 32 + 32 + (8 + parents * 32) + 8 + 8 + 2 + 8 + 64;
    let revoke = 32 + 8 + ends * 64;
    assert!(fixed + revoke <= limits::CERTIFICATE);
}

#[test]
fn only_the_device_that_is_named_signs() {
    let drawn = sketch("ada founds -> ada enrols bob:admin");
    let body = Body::Setting(Setting { key: 1, value: Vec::new() });
    let by_bob = SignedCertificate::sign(drawn.raw("ada", &body), &key("bob"));
    assert_eq!(by_bob.verify().unwrap_err(), Refused::SignatureWrong);
    let by_ada = SignedCertificate::sign(drawn.raw("ada", &body), &key("ada"));
    assert!(by_ada.verify().is_ok());
}

/// All encodings of points of small order: eight canonical ones, then six that aren't.
pub(crate) const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

#[test]
fn keys_of_small_order_sign_anything_and_are_never_sound() {
    for device in SMALL_ORDER.map(|text| text.parse::<DeviceId>().unwrap()) {
        assert!(!device.is_sound(), "{device}");
        for commitment in SMALL_ORDER.map(|text| text.parse::<DeviceId>().unwrap()) {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&commitment.0);
            let signed = device.signed(label::CERTIFICATE_SIGNATURE, b"anything", &Signature(signature));
            assert!(signed, "ZIP 215 takes {commitment} under {device}");
        }
    }
    assert!(key("ada").device().is_sound());
}

#[test]
fn a_signature_whose_scalar_is_not_reduced_is_refused() {
    let ada = key("ada");
    let right = ada.sign(label::CERTIFICATE_SIGNATURE, b"hello");
    assert!(ada.device().signed(label::CERTIFICATE_SIGNATURE, b"hello", &right));
    let mut unreduced = right;
    let mut carry = 0;
    for (byte, order) in unreduced.0[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = (sum & 0xff) as u8;
        carry = sum >> 8;
    }
    assert!(!ada.device().signed(label::CERTIFICATE_SIGNATURE, b"hello", &unreduced));
    assert!(
        !ada.device().signed(label::PROOF_ENROLL, b"hello", &right),
        "nor does it hold under another label"
    );
}

/// The order of the group, little-endian.
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];
