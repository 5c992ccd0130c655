//! What people type, and what is shown of what strangers typed.

use muster::core::primitives::address::Address;
use muster::core::primitives::text::{Email, Label, Name, shown};
use muster::core::primitives::time::Moment;

#[test]
fn a_field_that_cannot_be_taken_is_named_in_one_line() {
    let long = "x".repeat(300) + "@example.org";
    let cases = [
        Name::parse("").map(|_| ()),
        Name::parse("A\u{7}da").map(|_| ()),
        Name::parse("A\u{202e}da").map(|_| ()),
        Name::parse("A\u{2028}da").map(|_| ()),
        Name::parse(&"é".repeat(65)).map(|_| ()),
        Email::parse("ada.example.org").map(|_| ()),
        Email::parse("ada@").map(|_| ()),
        Email::parse("@example.org").map(|_| ()),
        Email::parse("ada@b@example.org").map(|_| ()),
        Email::parse("ada@example..org").map(|_| ()),
        Email::parse("ada lovelace@example.org").map(|_| ()),
        Email::parse("Ada <ada@example.org>").map(|_| ()),
        Email::parse(&long).map(|_| ()),
        Label::parse(&"x".repeat(65)).map(|_| ()),
    ];
    for (at, case) in cases.into_iter().enumerate() {
        let error = case.unwrap_err();
        assert!(["name", "email", "device"].contains(&error.field), "case {at}");
        assert_eq!(error.to_string().lines().count(), 1, "case {at}: {error}");
    }
}

#[test]
fn names_of_the_whole_world_are_taken() {
    for name in ["Ada Lovelace", "José Ñandú", "山田 太郎", "Zoë 🦊", "می‌نویسم", "O'Brien-Smith, Jr."]
    {
        assert_eq!(Name::parse(&format!("  {name} ")).unwrap().as_str(), name);
    }
    for email in ["ada@example.org", "a+b@x.y", "ada@localhost", "ünï@exämple.org"] {
        assert!(Email::parse(email).is_ok(), "{email}");
    }
}

#[test]
fn two_addresses_that_differ_in_case_alone_are_one() {
    let ada = Email::parse("Ada@Example.ORG").unwrap();
    assert!(ada.same_as(&Email::parse("ada@example.org").unwrap()));
    assert!(!ada.same_as(&Email::parse("eda@example.org").unwrap()));
}

#[test]
fn what_a_stranger_typed_cannot_move_the_cursor_or_turn_the_line() {
    assert_eq!(
        shown("a\u{1b}[31mb\u{202e}c\r\nd\u{200b}e"),
        "a\\u{1b}[31mb\\u{202e}c\\u{d}\\u{a}d\\u{200b}e"
    );
    assert_eq!(shown("Zoë 🦊"), "Zoë 🦊");
}

#[test]
fn addresses_are_read_in_the_forms_that_links_carry_and_no_others() {
    for text in
        ["/ip4/192.0.2.7/tcp/7733", "/ip6/2001:db8::1/udp/7733/quic-v1", "/dns/point.example.org/tcp/443"]
    {
        let address: Address = text.parse().unwrap();
        assert_eq!(address.to_string(), text);
    }
    let with_peer: Address = "/ip4/192.0.2.7/tcp/1/p2p/12D3KooWA".parse().unwrap();
    assert_eq!(with_peer.to_string(), "/ip4/192.0.2.7/tcp/1");
    for text in [
        "",
        "192.0.2.7:7733",
        "/ip4/192.0.2/tcp/1",
        "/ip4/192.0.2.7/tcp/70000",
        "/ip4/192.0.2.7/udp/1",
        "/ip4/192.0.2.7/tcp/1/ws",
        "/dns/a b/tcp/1",
        "/ip4/192.0.2.7/tcp/1/p2p/12D3KooWA/p2p-circuit",
    ] {
        assert!(text.parse::<Address>().is_err(), "{text}");
    }
}

#[test]
fn a_moment_is_shown_as_rfc_3339_whatever_a_peer_claims() {
    assert_eq!(Moment(1_763_000_000_000).to_string(), "2025-11-13T02:13:20Z");
    assert_eq!(Moment(u64::MAX).to_string(), "9999-12-31T23:59:59Z");
    let json = serde_json::to_string(&Moment(1_763_000_000_000)).unwrap();
    assert_eq!(serde_json::from_str::<Moment>(&json).unwrap(), Moment(1_763_000_000_000));
}
