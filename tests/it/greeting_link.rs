//! Links: what people paste, and what becomes of it on the way.

use muster::core::greeting::link::{Link, LinkError};
use muster::core::primitives::kind::Kind;
use muster::core::primitives::secret::Token;
use muster::core::primitives::time::Moment;

use crate::support::{device, pair::ORGANIZATION};

fn link() -> Link {
    Link {
        kind: Kind::User,
        organization: ORGANIZATION.prefix(),
        token: Token::new([9; 16]),
        host: device("ada").device(),
        expires: Moment(1_800_000_000_000),
        hosts: ["/ip4/192.168.1.4/tcp/7733", "/ip4/192.168.1.4/udp/7733/quic-v1", "/ip4/10.0.0.4/tcp/7733"]
            .map(|a| a.parse().unwrap())
            .to_vec(),
        points: vec!["/ip4/203.0.113.9/tcp/7733".parse().unwrap()],
    }
}

#[test]
fn a_link_says_again_what_was_put_into_it() {
    let named = Link {
        kind: Kind::Device,
        hosts: vec!["/ip6/2001:db8::7/udp/1/quic-v1".parse().unwrap()],
        points: vec!["/dns/point.example.org/tcp/7733".parse().unwrap()],
        ..link()
    };
    for link in [link(), named, Link { hosts: vec![], points: vec![], ..link() }] {
        assert_eq!(Link::parse(&link.text()), Ok(link));
    }
}

#[test]
fn a_link_with_three_hints_fits_a_qr_code_of_23_lines() {
    let text = link().text();
    assert!(text.len() <= 195, "{} characters", text.len());
    let alphanumeric = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ':';
    assert!(text.to_ascii_uppercase().chars().all(alphanumeric));
}

#[test]
fn a_link_survives_copy_and_paste() {
    let text = link().text().to_string();
    let body = text.strip_prefix("muster:").unwrap();
    let wrapped: String = body
        .as_bytes()
        .chunks(60)
        .map(|line| format!("{}\r\n  ", std::str::from_utf8(line).unwrap()))
        .collect();
    for pasted in [
        format!("  {text}\n"),
        text.to_uppercase(),
        text.to_lowercase(),
        format!("muster:{wrapped}"),
        format!("https://example.org/join#{text}"),
    ] {
        assert_eq!(Link::parse(&pasted), Ok(link()), "{pasted}");
    }
}

#[test]
fn a_link_that_was_cut_off_anywhere_is_named_as_such() {
    let text = link().text();
    for length in "muster:".len()..text.len() {
        assert_eq!(Link::parse(&text[..length]), Err(LinkError::CutOff), "the first {length} characters");
    }
}

#[test]
fn a_link_with_any_one_letter_changed_is_refused() {
    let text = link().text();
    for place in "muster:".len()..text.len() {
        for letter in ["A", "Z", "7", "1", "!", "é"] {
            let mut changed = text.to_string();
            changed.replace_range(place..=place, letter);
            if changed != *text {
                let error = Link::parse(&changed).unwrap_err();
                // A changed length reads like a missing end; whatever else is changed is told by the checksum.
                let length_field = ("muster:".len()..="muster:".len() + 4).contains(&place);
                assert!(
                    error == LinkError::Altered || (length_field && error == LinkError::CutOff),
                    "{letter} at {place}: {error:?}"
                );
            }
        }
    }
}

#[test]
fn what_is_not_a_link_is_told_in_one_line() {
    let appended = format!("{}AA", *link().text());
    for (text, error) in [
        ("", LinkError::Empty),
        ("   \n", LinkError::Empty),
        ("parsec://example.org/x", LinkError::Scheme),
        ("https://example.org/join", LinkError::Scheme),
        ("muster:", LinkError::CutOff),
        (&"A".repeat(10_240), LinkError::TooLong),
        (&appended, LinkError::Altered),
    ] {
        assert_eq!(Link::parse(text), Err(error), "{text}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn a_link_of_a_later_version_is_told_apart_from_an_altered_one() {
    let text = link().text();
    let body = text.strip_prefix("muster:").unwrap();
    let mut bytes = data_encoding::BASE32_NOPAD.decode(body.as_bytes()).unwrap();
    bytes.truncate(bytes.len() - 4);
    bytes[0] = 2;
    let sum = blake3::derive_key("muster link checksum 1", &bytes);
    bytes.extend_from_slice(&sum[..4]);
    let later = format!("muster:{}", data_encoding::BASE32_NOPAD.encode(&bytes));
    assert_eq!(Link::parse(&later), Err(LinkError::OtherVersion));
}

#[test]
fn a_link_never_shows_its_token_in_debug_output() {
    assert!(format!("{:?}", link()).contains("Secret(…)"));
    assert!(!format!("{:?}", link()).contains("9, 9, 9"));
}
