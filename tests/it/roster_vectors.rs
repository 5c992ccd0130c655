//! The vectors in tests/vectors: what another implementation has to come to. They are written by the code
//! (`MUSTER_WRITE_VECTORS=1 cargo test --test it vectors`), and a change of theirs is a change of format.

use std::fmt::Write;
use std::path::PathBuf;

use muster::core::primitives::ids::{DeviceId, OrganizationId, Signature};
use muster::core::primitives::kind::Kind;
use muster::core::roster::proof::Claim;
use muster::core::roster::seal::{Field, Opening};
use muster::core::roster::{Body, History, Refused, SignedCertificate};

use crate::roster_codec::SMALL_ORDER;
use crate::roster_sketch::{Drawn, invitation, key, sketch, user, user_secret};

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

fn unhex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// Compares what the code says with what the file says.
fn holds(name: &str, introduction: &str, vectors: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    let introduction: String = introduction.lines().map(|line| format!("# {}\n", line.trim())).collect();
    let expected = format!("{introduction}\n{}\n", vectors.trim_end());
    if std::env::var_os("MUSTER_WRITE_VECTORS").is_some() {
        std::fs::write(&path, &expected).unwrap();
    }
    let file = std::fs::read_to_string(&path).unwrap();
    assert!(file == expected, "{name} isn't what the code comes to");
    file
}

/// The values of a key, in the order of the file.
fn values<'a>(file: &'a str, key: &str) -> Vec<&'a str> {
    file.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(": ")).collect()
}

fn people() -> Drawn {
    sketch(
        "ada founds -> ada enrols bob:admin -> ada adds phone -> ada enrols eve:member -> ada@phone enrols zoe:external
         ada makes eve admin -> ada sets points /ip4/192.0.2.7/tcp/7733 -> bob says something
         | ada makes bob member #down -> eve acknowledges down
         | bob enrols tom:member #tom
         ada adopts tom -> eve revokes ada",
    )
}

#[test]
fn vectors_of_certificates() {
    let drawn = people();
    let mut text = format!("organization: {}\n", drawn.history.organization());
    for certificate in drawn.history.in_causal_order() {
        let signed = certificate.signed();
        let standing = drawn.history.standing(&certificate.id()).unwrap();
        let counts = if standing.is_effective() { "effective" } else { "void" };
        write!(
            text,
            "\nkind: {} ({})\nsent: {}\nid: {}\nstanding: {counts}\n",
            certificate.body().kind(),
            certificate.body().name(),
            hex(&signed.bytes()),
            certificate.id(),
        )
        .unwrap();
    }
    write!(text, "\nroster: {}\n", hex(&drawn.history.roster().digest())).unwrap();
    let file = holds(
        "certificates.txt",
        "One small organization in causal order: what is sent (certificate and signature), its id, and what
         becomes of it once all are held. The last line is the digest of the roster.",
        &text,
    );

    let organization: OrganizationId = values(&file, "organization")[0].parse().unwrap();
    let mut history = History::new(organization);
    for (sent, id) in values(&file, "sent").into_iter().zip(values(&file, "id")) {
        let verified = SignedCertificate::from_bytes(&unhex(sent)).unwrap().verify().unwrap();
        assert_eq!(verified.id().to_string(), id);
        history.add(verified).unwrap();
    }
    assert_eq!(hex(&history.roster().digest()), values(&file, "roster")[0]);
}

#[test]
fn vectors_of_what_is_refused_for_its_form() {
    let drawn = sketch("ada founds -> ada enrols bob:admin");
    let right = drawn.raw("ada", &drawn.history.revocation(&user("bob")));
    let sent = SignedCertificate::sign(right.clone(), &key("ada")).bytes();
    let signed = |alter: &dyn Fn(&mut muster::core::roster::Certificate)| {
        let mut raw = right.clone();
        alter(&mut raw);
        SignedCertificate::sign(raw, &key("ada")).bytes()
    };
    let head = right.parents[0];
    let vectors = [
        ("a byte behind the body", [&sent[..sent.len() - 64], &[0], &sent[sent.len() - 64..]].concat()),
        ("the signature cut short", sent[..sent.len() - 1].to_vec()),
        ("version 2", signed(&|raw| raw.version = 2)),
        ("one parent twice", signed(&|raw| raw.parents = vec![head, head])),
        ("a byte behind the body's own", signed(&|raw| raw.body.push(0))),
        ("a body of another kind", signed(&|raw| raw.kind = 2)),
        ("signed by another device", SignedCertificate::sign(right.clone(), &key("bob")).bytes()),
        ("empty", Vec::new()),
    ];
    let mut text = String::new();
    for (name, bytes) in vectors {
        let why = SignedCertificate::from_bytes(&bytes).and_then(SignedCertificate::verify).unwrap_err();
        write!(text, "case: {name}\nsent: {}\nrefused: {why:?}\n\n", hex(&bytes)).unwrap();
    }
    let file = holds("refused.txt", "What is refused whatever else is held, and why.", &text);
    let reasons = values(&file, "refused");
    assert!(reasons.iter().all(|why| *why != format!("{:?}", Refused::TooLong)), "{reasons:?}");
    assert_eq!(reasons.len(), 8);
}

#[test]
fn vectors_of_seals() {
    let organization = people().history.organization();
    let mut text = String::new();
    for (number, (field, value)) in [
        (Field::OrganizationName, "Analytical Engines"),
        (Field::Name, "Ada Lovelace"),
        (Field::Name, "Åsa Öberg 王"),
        (Field::Email, "ada@example.org"),
        (Field::Label, "laptop"),
    ]
    .into_iter()
    .enumerate()
    {
        let opening = Opening::new(user("ada"), field, value, [number as u8 + 1; 32]).unwrap();
        for organization in [OrganizationId::NONE, organization] {
            write!(
                text,
                "salt: {}\norganization: {organization}\nuser: {}\nfield: {} ({field:?})\nvalue: {value}\nseal: {}\n\n",
                hex(&opening.salt),
                opening.user,
                field as u8,
                opening.seal(organization),
            )
            .unwrap();
        }
    }
    holds("seals.txt", "Openings and the seals that they open. The value is UTF-8.", &text);
}

#[test]
fn vectors_of_ids_and_proofs() {
    let organization = people().history.organization();
    let mut text = String::new();
    for name in ["ada", "bob"] {
        let device = key(name).device();
        let key_of_user = user_secret(name).public();
        let user = user(name);
        let seed = hex(key(name).seed().expose());
        write!(text, "seed: {seed}\ndevice: {device}\npeer_id: {}\nuser: {user}\n", device.peer_id())
            .unwrap();
        for kind in [Kind::User, Kind::Device, Kind::Session] {
            let claim = Claim {
                organization,
                host: key("host").device(),
                kind,
                invitation: invitation("link"),
                user,
                user_key: key_of_user,
            };
            let proof = claim.prove(&key(name));
            assert!(claim.holds(&device, &proof));
            write!(
                text,
                "\norganization: {organization}\nhost: {}\nkind: {} ({kind:?})\ninvitation: {}\nuser_key: {}\nproof: {proof}\n",
                claim.host, kind as u8, claim.invitation, claim.user_key
            )
            .unwrap();
        }
        text.push('\n');
    }
    let introduction = "Device keys from Ed25519 seeds, the ids that follow from them, and their proofs.";
    holds("ids.txt", introduction, &text);
}

#[test]
fn vectors_of_signatures() {
    let message = b"muster";
    let mut text = String::new();
    for (at, device) in SMALL_ORDER.iter().enumerate() {
        let device: DeviceId = device.parse().unwrap();
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&unhex(SMALL_ORDER[(at * 5 + 3) % SMALL_ORDER.len()]));
        let signature = Signature(signature);
        let holds = device.signed("muster certificate signature 1", message, &signature);
        write!(
            text,
            "device: {device}\nsignature: {signature}\nholds: {holds}\nsound: {}\n\n",
            device.is_sound()
        )
        .unwrap();
    }
    let ada = key("ada");
    let right = ada.sign("muster certificate signature 1", message);
    let mut wrong = right;
    wrong.0[63] |= 0x20;
    for signature in [right, wrong] {
        let holds = ada.device().signed("muster certificate signature 1", message, &signature);
        let sound = ada.device().is_sound();
        write!(text, "device: {}\nsignature: {signature}\nholds: {holds}\nsound: {sound}\n\n", ada.device())
            .unwrap();
    }
    let file = holds(
        "signatures.txt",
        "Signatures over the six bytes 'muster' under the label 'muster certificate signature 1', by the rule of
         ZIP 215; and whether the key may enter the roster.",
        &text,
    );
    assert_eq!(values(&file, "holds").iter().filter(|holds| **holds == "true").count(), 15);
    assert_eq!(values(&file, "sound").iter().filter(|sound| **sound == "true").count(), 2);
}

#[test]
fn a_body_survives_its_encoding() {
    for certificate in people().history.in_causal_order() {
        let again = Body::decode(certificate.certificate().kind, &certificate.certificate().body);
        assert_eq!(again.as_ref(), Some(certificate.body()));
    }
}
