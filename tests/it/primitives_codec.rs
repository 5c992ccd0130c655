//! One value, one byte string.

use muster::core::primitives::codec::{NotCanonical, decode, encode};
use muster::core::primitives::ids::{CertificateId, Signature};
use muster::core::primitives::text::Name;
use proptest::prelude::*;

type Everything = (u8, bool, Option<u64>, Vec<CertificateId>, String);

proptest! {
    #[test]
    fn what_was_encoded_decodes_to_the_same(
        value in any::<(u8, bool, Option<u64>, Vec<[u8; 32]>, String)>()
    ) {
        let (a, b, c, ids, s) = value;
        let value: Everything = (a, b, c, ids.into_iter().map(CertificateId).collect(), s);
        prop_assert_eq!(decode::<Everything>(&encode(&value)), Ok(value));
    }

    #[test]
    fn whatever_decodes_is_what_would_have_been_encoded(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(value) = decode::<Everything>(&bytes) {
            prop_assert_eq!(encode(&value), bytes);
        }
    }
}

#[test]
fn trailing_bytes_missing_bytes_and_odd_booleans_are_refused() {
    let bytes = encode(&(true, 7u16));
    assert_eq!(bytes, [1, 7, 0]);
    assert_eq!(decode::<(bool, u16)>(&[1, 7, 0, 0]), Err(NotCanonical));
    assert_eq!(decode::<(bool, u16)>(&[1, 7]), Err(NotCanonical));
    assert_eq!(decode::<(bool, u16)>(&[2, 7, 0]), Err(NotCanonical));
}

#[test]
fn a_length_that_claims_more_than_is_there_takes_no_memory() {
    let mut bytes = vec![0xff; 8];
    bytes.extend_from_slice(&[0; 8]);
    assert_eq!(decode::<Vec<CertificateId>>(&bytes), Err(NotCanonical));
    assert_eq!(decode::<String>(&bytes), Err(NotCanonical));
}

#[test]
fn ids_are_bytes_on_the_wire_and_hex_in_json() {
    let id = CertificateId([0xab; 32]);
    assert_eq!(encode(&id), [0xab; 32]);
    assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{}\"", "ab".repeat(32)));
    assert_eq!("ab".repeat(32).parse(), Ok(id));
    assert_eq!(encode(&Signature([1; 64])).len(), 64);
}

#[test]
fn a_text_that_its_own_rules_refuse_does_not_decode() {
    assert!(decode::<Name>(&encode("Ada")).is_ok());
    for name in ["", " Ada", "A\u{202e}da", "A\nda", &"x".repeat(129)] {
        assert_eq!(decode::<Name>(&encode(name)), Err(NotCanonical), "{name:?}");
    }
}
