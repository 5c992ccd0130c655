//! How the first device comes to be, how a welcomed one does, and how a stored one comes back.

use std::collections::BTreeMap;

use super::super::output::Batch;
use super::super::records::{self, Damaged, Records};
use super::super::request::{Class, Refusal};
use super::super::{Mind, Settings};
use super::{
    Member, Membership, announcing, around, doorway, farewell, introducing, keeping, meeting, taking,
    witnessing,
};
use crate::core::primitives::address::Address;
use crate::core::primitives::ids::{CertificateId, DeviceId, InvitationId, OrganizationId, UserId};
use crate::core::primitives::keys::{DeviceKey, UserSecret};
use crate::core::primitives::text::{Email, Label, Name};
use crate::core::roster::body::Found;
use crate::core::roster::seal::{Field, Opening};
use crate::core::roster::{History, Pins, VerifiedCertificate};

/// What an organization begins with: all of it was typed by its founder.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    /// The organization's name.
    pub name: Name,
    /// The founder's name.
    pub person: Name,
    /// The founder's email.
    pub email: Email,
    /// The label of the founder's device.
    pub device: Label,
}

impl Member {
    /// Founds an organization: gives its first member, and what is to be written down.
    pub(in super::super) fn found(
        key: DeviceKey,
        new: &NewOrganization,
        settings: Settings,
        mind: &mut Mind,
    ) -> Result<(Self, Batch), Refusal> {
        let user = UserId::of_first_device(&key.device());
        let user_secret = UserSecret::new(mind.entropy.secret());
        let sealed = [
            (Field::OrganizationName, new.name.as_str()),
            (Field::Name, new.person.as_str()),
            (Field::Email, new.email.as_str()),
            (Field::Label, new.device.as_str()),
        ];
        let mut openings = Vec::new();
        for (field, value) in sealed {
            openings.push(Opening::new(user, field, value, mind.entropy.draw())?);
        }
        let seals: Vec<_> = openings.iter().map(|opening| opening.seal(OrganizationId::NONE)).collect();
        let found = Found {
            organization_name: seals[0],
            user,
            user_key: user_secret.public(),
            device: key.device(),
            name: seals[1],
            email: seals[2],
            label: seals[3],
            recovery: [0; 32],
        };
        let unexpected = |_| Refusal::new(Class::Failed, "internal", "org create: the founding was refused");
        let found = History::found(&key, found, mind.now).map_err(unexpected)?;
        let membership = Membership {
            organization: found.id().into(),
            user_secret,
            members_secret: mind.entropy.secret(),
            points: Vec::new(),
        };
        let mut batch = Batch::default();
        let member = Self::enter(key, membership, settings, vec![found], openings, &mut batch)
            .ok_or_else(|| Refusal::new(Class::Failed, "internal", "org create: the founding was refused"))?;
        Ok((member, batch))
    }

    /// A member that holds exactly this; none where the certificates don't follow from each other.
    pub(in super::super) fn enter(
        key: DeviceKey,
        membership: Membership,
        settings: Settings,
        certificates: Vec<VerifiedCertificate>,
        openings: Vec<Opening>,
        batch: &mut Batch,
    ) -> Option<Self> {
        batch.put(records::DEVICE_KEY, key.seed());
        batch.put(records::MEMBERSHIP, &membership);
        let mut member = Self::blank(key, membership, settings);
        for certificate in certificates {
            keeping::write_down(&certificate, batch);
            member.history.add(certificate).ok()?;
        }
        member.take_openings(openings, batch);
        Some(member)
    }

    /// A member as the store has it. Signatures were verified when they came, and aren't again.
    pub(in super::super) fn restore(
        key: DeviceKey,
        membership: Membership,
        settings: Settings,
        records: &Records,
        certificates: impl Iterator<Item = Result<VerifiedCertificate, Damaged>>,
    ) -> Result<Self, Damaged> {
        let mut member = Self::blank(key, membership, settings);
        member.history.reserve(records.count_certificates());
        for certificate in certificates {
            member.history.add(certificate?).map_err(|_| Damaged("certificate".to_owned()))?;
        }
        let mut pins = Pins::default();
        for pin in records.all::<bool>(b'p') {
            let (id, is_enrolment) = pin?;
            let id = CertificateId(id.try_into().map_err(|_| Damaged("pin".to_owned()))?);
            if is_enrolment {
                pins.enrolment = Some(id);
            } else {
                pins.settled.insert(id);
            }
        }
        // What is in the store was taken in with them in mind.
        member.history.set_pins(pins);
        for opening in records.all::<Opening>(b'o') {
            let (_, opening) = opening?;
            if let Some(seal) = member.roster().opened_by(&opening) {
                member.openings.insert(seal, opening);
            }
        }
        for invitation in records.all::<super::Invitation>(b'i') {
            let (_, invitation) = invitation?;
            member.invitations.insert(invitation.keys.id, invitation);
        }
        for session in records.all::<super::Session>(b's') {
            let (id, session) = session?;
            let id = InvitationId(id.try_into().map_err(|_| Damaged("session".to_owned()))?);
            member.sessions.insert(id, session);
        }
        for reached in records.all::<Vec<Address>>(b'a') {
            let (device, addresses) = reached?;
            if let Ok(device) = device.try_into() {
                member.reached.insert(DeviceId(device), addresses);
            }
        }
        Ok(member)
    }

    fn blank(key: DeviceKey, membership: Membership, settings: Settings) -> Self {
        Self {
            key,
            settings,
            history: History::new(membership.organization),
            membership,
            openings: BTreeMap::new(),
            invitations: BTreeMap::new(),
            sessions: BTreeMap::new(),
            around: around::Asking::default(),
            reached: BTreeMap::new(),
            learned: 0,
            listening: Vec::new(),
            out_of_reach: BTreeMap::new(),
            connections: meeting::Connections::default(),
            syncs: BTreeMap::new(),
            door: doorway::Door::default(),
            greets: BTreeMap::new(),
            efforts: taking::Efforts::default(),
            quota: taking::Quota::default(),
            strangers: introducing::Strangers::default(),
            farewells: farewell::Farewells::default(),
            witness: witnessing::Witness::default(),
            disputes: witnessing::Disputes::default(),
            changes: None,
            announced: announcing::Announced::default(),
        }
    }
}
