//! The host's person confirms: the certificate and the spent invitation in one batch, then the welcome. If
//! anything breaks after that, the guest's device comes back and is welcomed again, without a person.

use super::super::Mind;
use super::super::conversation::{Confirmation, Step};
use super::super::event::Happening;
use super::super::input::{Channel, ConversationId};
use super::super::invitation::How;
use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::records;
use super::Member;
use super::doorway::Visit;
use super::hosting::Stage;
use crate::core::greeting::host::{AwaitingConfirmation, Knocking, Welcoming};
use crate::core::greeting::message::{Details, Person, WelcomeHead};
use crate::core::greeting::{Ended, Reason};
use crate::core::primitives::codec;
use crate::core::primitives::entropy::Entropy;
use crate::core::primitives::ids::{DeviceId, InvitationId, UserId};
use crate::core::primitives::kind::Kind;
use crate::core::primitives::limits;
use crate::core::primitives::text::{Email, FieldError, Label, Name};
use crate::core::roster::body::{AddDevice, Enroll};
use crate::core::roster::proof::Claim;
use crate::core::roster::seal::{Field, Opening};
use crate::core::roster::{Body, Profile};

/// What the certificate is to say, checked.
struct Admission {
    body: Body,
    openings: Vec<Opening>,
    user: UserId,
    profile: Profile,
}

impl Member {
    /// The guest said who they are. Whether its device proved what it asks for is checked before anybody is asked.
    pub(super) fn details_came(
        &mut self,
        channel: Channel,
        stage: AwaitingConfirmation,
        details: Details,
        mind: &Mind,
        out: &mut Outbox,
    ) {
        let proved =
            self.claim_of(channel, &details).is_some_and(|(claim, peer)| claim.holds(&peer, &details.proof));
        if let Some(guest) = self.door.guests.get_mut(&channel) {
            guest.stage = Some(Stage::Confirm(stage, Box::new(details)));
            guest.deadline = mind.now + limits::HUMAN_STEP;
        }
        if !proved {
            return self.end_guest(channel, Ended::by_guest(Reason::BadMessage), mind.now, out);
        }
        if let (Some(conversation), Some(step)) =
            (self.door.guests.get(&channel).and_then(|g| g.conversation), self.confirm_step(channel, None))
        {
            out.say(conversation, step);
        }
    }

    /// What the guest's device must have signed: that it comes in here, by this invitation, as this user.
    fn claim_of(&self, channel: Channel, details: &Details) -> Option<(Claim, DeviceId)> {
        let guest = self.door.guests.get(&channel)?;
        let kind = self.invitations.get(&guest.invitation)?.kind;
        if (kind == Kind::Device) != details.person.is_none() {
            return None;
        }
        let (user, user_key) = match kind {
            Kind::Device => (self.me()?.id, self.me()?.key),
            Kind::User | Kind::Session => (UserId::of_first_device(&guest.peer), details.user_key),
        };
        let claim = Claim {
            organization: self.organization(),
            host: self.key.device(),
            kind,
            invitation: guest.named,
            user,
            user_key,
        };
        Some((claim, guest.peer))
    }

    fn confirm_step(&self, channel: Channel, again: Option<String>) -> Option<Step> {
        let guest = self.door.guests.get(&channel)?;
        let Some(Stage::Confirm(_, details)) = &guest.stage else { return None };
        Some(Step::Confirm {
            name: details.person.as_ref().map(|person| person.name.as_str().to_owned()),
            email: details.person.as_ref().map(|person| person.email.as_str().to_owned()),
            invited_email: self.invited_email(&guest.invitation),
            profile: self.sessions.get(&guest.invitation).and_then(|session| session.profile),
            device: details.device.as_str().to_owned(),
            again,
        })
    }

    /// The host's person answered.
    pub(super) fn confirmed(
        &mut self,
        channel: Channel,
        conversation: ConversationId,
        line: &str,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        if line.trim().eq_ignore_ascii_case("refuse") {
            return self.end_guest(channel, Ended::by_host(Reason::Refused), mind.now, out);
        }
        let admission = serde_json::from_str::<Confirmation>(line)
            .map_err(|_| {
                "answer {\"profile\":\"member\"} with external, member or administrator, or refuse".to_owned()
            })
            .and_then(|confirmation| self.admit(channel, &confirmation, &mut mind.entropy));
        match admission {
            Ok(admission) => self.enrol(channel, conversation, admission, mind, out),
            Err(why) => {
                if let Some(step) = self.confirm_step(channel, Some(why.clone())) {
                    self.ask_again(conversation, |_| step, &why, mind, out);
                }
            }
        }
    }

    fn admit(
        &self,
        channel: Channel,
        said: &Confirmation,
        entropy: &mut Entropy,
    ) -> Result<Admission, String> {
        let gone = || "the guest is gone".to_owned();
        let guest = self.door.guests.get(&channel).ok_or_else(gone)?;
        let Some(Stage::Confirm(_, details)) = &guest.stage else { return Err(gone()) };
        let wrong = |error: FieldError| format!("{}: {}", error.field, error.problem);
        let device = match &said.device {
            Some(text) => Label::parse(text).map_err(wrong)?,
            None => details.device.clone(),
        };
        let (invitation, proof) = (guest.named, details.proof);
        let Some(person) = &details.person else {
            let me = self.me().ok_or_else(gone)?;
            let label = Opening::new(me.id, Field::Label, device.as_str(), entropy.draw()).map_err(wrong)?;
            let seal = label.seal(self.organization());
            let body = Body::AddDevice(AddDevice { device: guest.peer, label: seal, invitation, proof });
            return Ok(Admission { body, openings: vec![label], user: me.id, profile: me.profile });
        };
        let profile: Profile = match &said.profile {
            Some(text) => {
                text.parse().map_err(|error: crate::core::roster::profile::NotAProfile| error.to_string())?
            }
            None if self.default_profile(&guest.invitation).is_some() => {
                self.default_profile(&guest.invitation).ok_or_else(gone)?
            }
            None => return Err("profile: say which: external, member or administrator".to_owned()),
        };
        self.is_the_invited_or_corrected(&guest.invitation, &person.email, said)?;
        let person = corrected(person, said).map_err(wrong)?;
        if self.active_user_of(&person.email).is_some() {
            return Err("email: it is the email of an active user; correct it, or refuse".to_owned());
        }
        let kind = self.invitations.get(&guest.invitation).map(|i| i.kind).ok_or_else(gone)?;
        let user = UserId::of_first_device(&guest.peer);
        let mut openings = Vec::new();
        for (field, value) in [
            (Field::Name, person.name.as_str()),
            (Field::Email, person.email.as_str()),
            (Field::Label, device.as_str()),
        ] {
            openings.push(Opening::new(user, field, value, entropy.draw()).map_err(wrong)?);
        }
        let seals: Vec<_> = openings.iter().map(|opening| opening.seal(self.organization())).collect();
        let body = Body::Enroll(Enroll {
            user,
            profile,
            user_key: details.user_key,
            device: guest.peer,
            name: seals[0],
            email: seals[1],
            label: seals[2],
            invitation,
            kind,
            proof,
        });
        Ok(Admission { body, openings, user, profile })
    }

    /// The invitation was made for one email: another one comes in only by the host's own word about it (G6.5).
    fn is_the_invited_or_corrected(
        &self,
        id: &InvitationId,
        said: &Email,
        confirmation: &Confirmation,
    ) -> Result<(), String> {
        let invited = self.invitations.get(id).and_then(|invitation| invitation.email.as_ref());
        match invited {
            Some(invited) if confirmation.email.is_none() && !invited.same_as(said) => Err(format!(
                "email: {} was invited, and the guest says {}; answer with the \"email\" that is to count, or refuse",
                invited.as_str(),
                said.as_str()
            )),
            _ => Ok(()),
        }
    }

    /// Signs, writes the certificate and the spent invitation in one batch, and only then welcomes.
    fn enrol(
        &mut self,
        channel: Channel,
        conversation: ConversationId,
        admission: Admission,
        mind: &mut Mind,
        out: &mut Outbox,
    ) {
        let mut batch = Batch::default();
        let new = match self.sign(admission.body, mind.now, &mut batch) {
            Ok(new) => new,
            Err(refused) => {
                let reason = Reason::NotAllowed;
                self.greets.remove(&conversation);
                out.end_saying(conversation, Ended::by_host(reason), refused.to_string());
                if let Some(guest) = self.door.guests.get_mut(&channel) {
                    guest.conversation = None;
                }
                return self.end_guest(channel, Ended::by_host(reason), mind.now, out);
            }
        };
        self.take_openings(admission.openings, &mut batch);
        let Some(guest) = self.door.guests.get_mut(&channel) else { return };
        let (id, peer, ticket) = (guest.invitation, guest.peer, guest.ticket.to_string());
        let Some(Stage::Confirm(stage, _)) = guest.stage.take() else { return };
        let mut welcoming = stage.welcome();
        guest.conversation = None;
        guest.deadline = mind.now + limits::WELCOME;
        let by = self.me().map(|me| me.id);
        let is_session = self.sessions.contains_key(&id);
        let is_over = !is_session || self.take_a_seat(&id, peer, mind.now, &mut batch);
        if let Some(invitation) = self.invitations.get_mut(&id).filter(|_| !is_session) {
            invitation.end(How::Finished { enrolled: peer, acknowledged: false }, mind.now, by);
            batch.put(records::invitation(&id), &*invitation);
        }
        self.publish(batch, &new, mind.now, out);
        self.send_welcome(channel, &mut welcoming, &peer, out);
        if let Some(guest) = self.door.guests.get_mut(&channel) {
            guest.stage = Some(Stage::Welcoming(welcoming));
        }
        self.greets.remove(&conversation);
        out.say(
            conversation,
            Step::Done {
                user_id: admission.user,
                device_id: peer,
                profile: admission.profile,
                organization: self.organization_name().map(str::to_owned),
                organization_id: self.organization(),
            },
        );
        let ended = Happening::GreetingEnded { invitation_id: id, ticket, reason: None, by: None };
        self.notify(mind.now, ended, out);
        if is_over {
            self.invitation_did_its_work(id, mind.now, out);
        }
    }

    fn send_welcome(&self, channel: Channel, welcoming: &mut Welcoming, peer: &DeviceId, out: &mut Outbox) {
        let Some(device) = self.roster().device(peer) else { return };
        let own = self.me().zip(self.roster().user_of(peer)).is_some_and(|(me, user)| me.id == user.id);
        let head = WelcomeHead {
            certificate: device.added,
            members_secret: self.membership.members_secret.clone(),
            user_secret: own.then(|| self.membership.user_secret.clone()),
            points: self.points(),
            addresses: self.listening.clone(),
        };
        let certificates = self.history.in_causal_order().map(|c| c.signed().bytes()).collect();
        let visible = self.openings.values().filter(|opening| self.may_have(peer, opening));
        for frame in welcoming.parcel(head, certificates, visible.map(codec::encode).collect()) {
            out.send(channel, frame);
        }
    }

    /// A device that this invitation let in, and that hasn't said that it knows, came back.
    pub(super) fn welcome_back(
        &mut self,
        visit: Visit,
        id: (InvitationId, InvitationId),
        knocking: Knocking,
        mind: &Mind,
        out: &mut Outbox,
    ) {
        let (mut welcoming, frame) = knocking.welcome(self.organization());
        out.send(visit.channel, frame);
        self.send_welcome(visit.channel, &mut welcoming, &visit.peer, out);
        self.queued(visit, id, Stage::Welcoming(welcoming), None, mind.now, out);
    }

    /// The welcome is on the new device's disk, or its stream says something else; enrolled it is all the same.
    pub(super) fn acknowledged(
        &mut self,
        channel: Channel,
        said: Result<(), Ended>,
        mind: &Mind,
        out: &mut Outbox,
    ) {
        let Some(guest) = self.door.guests.remove(&channel) else { return };
        out.hang_up(channel);
        if said.is_ok() {
            self.knows_it_is_in(&guest.peer, out);
        }
        self.meet(&guest.peer, mind.now, out);
    }

    /// Writes down that a device knows: it is never welcomed by an invitation again.
    pub(super) fn knows_it_is_in(&mut self, peer: &DeviceId, out: &mut Outbox) {
        let mut batch = Batch::default();
        for invitation in self.invitations.values_mut().filter(|i| i.unacknowledged() == Some(*peer)) {
            if let Some(ending) = &mut invitation.ended {
                ending.how = How::Finished { enrolled: *peer, acknowledged: true };
            }
            batch.put(records::invitation(&invitation.keys.id), &*invitation);
        }
        self.knows_its_seat(peer, &mut batch);
        out.commit(batch);
    }
}

fn corrected(person: &Person, said: &Confirmation) -> Result<Person, FieldError> {
    Ok(Person {
        name: said.name.as_deref().map_or_else(|| Ok(person.name.clone()), Name::parse)?,
        email: said.email.as_deref().map_or_else(|| Ok(person.email.clone()), Email::parse)?,
    })
}
