//! What the status advises, and what it warns of: removals that aren't settled, two people with one email, devices whose
//! chain forked, disputes.

use std::collections::{BTreeMap, BTreeSet};

use super::super::request::{DisputeAnswer, UnsettledAnswer};
use super::Member;
use super::telling::target_of;
use crate::core::primitives::ids::{DeviceId, UserId};
use crate::core::primitives::limits;
use crate::core::roster::{Dispute, User};

impl Member {
    pub(super) fn advice(&self, unsettled: &[UnsettledAnswer]) -> Vec<String> {
        if self.me().is_some_and(|me| !me.is_active()) {
            return vec![
                "you were revoked from this organization; muster org forget wipes what is left here"
                    .to_owned(),
            ];
        }
        let mut advice: Vec<String> = self.more_administrators().into_iter().collect();
        advice.extend(unsettled.iter().map(|removal| self.not_settled(removal)));
        advice.extend(self.two_with_one_email());
        advice.extend(self.forked_devices());
        advice.extend(self.set_aside());
        advice
    }

    fn more_administrators(&self) -> Option<String> {
        let advice = match self.roster().active_administrators().count() {
            1 => {
                "there is one Administrator: make a second one, who can revoke the first and invite them anew if their device is stolen"
            }
            2 => {
                "there are two Administrators: make a third one, who bears witness should one of them have to remove the other"
            }
            _ => return None,
        };
        Some(advice.to_owned())
    }

    /// Removals in effect that aren't settled, the latest first: those that somebody is asked about, and those that were
    /// answered in kind.
    pub(super) fn unsettled(&self) -> Vec<UnsettledAnswer> {
        let mut void_between: BTreeSet<(UserId, UserId)> = BTreeSet::new();
        let mut unsettled = Vec::new();
        for id in self.history.removals() {
            let Some(certificate) = self.history.get(&id) else { continue };
            let Some(target) = target_of(certificate.body()) else { continue };
            let by = self.author(&certificate);
            let stands = self.history.standing(&id).is_some_and(|standing| standing.is_effective());
            let Some(how_far) = self.history.acknowledged(&id) else { continue };
            if !stands {
                void_between.insert((by, target));
            } else if !how_far.settled {
                unsettled.push(UnsettledAnswer {
                    certificate_id: id,
                    kind: certificate.body().name().to_owned(),
                    user: target,
                    by,
                    time: certificate.certificate().time,
                    witnesses: how_far.witnesses.len(),
                    acknowledged: how_far.by.len(),
                    contested: false,
                });
            }
        }
        for removal in &mut unsettled {
            removal.contested = void_between.contains(&(removal.user, removal.by));
        }
        unsettled.retain(|removal| removal.contested || removal.witnesses > 0);
        unsettled.sort_by_key(|removal| std::cmp::Reverse((removal.time, removal.certificate_id)));
        unsettled.truncate(limits::UNSETTLED_SHOWN);
        unsettled
    }

    /// `Bob was revoked by Ada on 3 May 2026: not settled yet: 1 of 3 witnesses have seen it; …`
    fn not_settled(&self, removal: &UnsettledAnswer) -> String {
        let words = self.removal_in_words(&removal.certificate_id);
        let what = words.map_or_else(|| removal.certificate_id.short().to_string(), |(what, _)| what);
        let contested = match removal.contested {
            true => {
                let (target, by) = (self.person(&removal.user), self.person(&removal.by));
                format!(", and {target} removed {by} as well (contested)")
            }
            false => String::new(),
        };
        let how_far = match removal.witnesses {
            0 => "it stays unsettled, since nobody could bear witness: make a third Administrator".to_owned(),
            all => format!(
                "not settled yet: {} of {all} witnesses have seen it; it settles by itself as more of them come online",
                removal.acknowledged
            ),
        };
        format!("{what}{contested}: {how_far}")
    }

    fn two_with_one_email(&self) -> Vec<String> {
        let mut by_email: BTreeMap<String, Vec<User>> = BTreeMap::new();
        for user in self.roster().users().filter(|user| user.is_active()) {
            if let Some(email) = self.opened(&user.email) {
                by_email.entry(email.to_lowercase()).or_default().push(user);
            }
        }
        let shared = by_email.into_iter().filter(|(_, users)| users.len() > 1).take(limits::DISPUTES);
        let sentence = |(email, users): (String, Vec<User>)| {
            let named: Vec<String> = users
                .iter()
                .map(|user| format!("{} (user {})", self.person(&user.id), user.id.short()))
                .collect();
            format!(
                "{} active users have the email {email}: {}; keep one, and revoke the others by their ids",
                users.len(),
                named.join(", ")
            )
        };
        shared.map(sentence).collect()
    }

    fn forked_devices(&self) -> Vec<String> {
        let forked = self.history.forked().into_iter().map(|(device, ..)| device);
        let of_active = forked.filter_map(|device| {
            self.roster().user_of(&device).filter(|user| user.is_active()).map(|user| (device, user))
        });
        let sentence = |(device, user): (DeviceId, User)| {
            let label = self.roster().device(&device).and_then(|device| self.opened(&device.label));
            let label = label.map_or_else(String::new, |label| format!(" ({label})"));
            let person = self.person(&user.id);
            format!(
                "device {}{label} of {person} went two ways at one point of its past: a backup of it was restored, or \
                 somebody else has its key; unless you know why, revoke {person} and invite them anew",
                device.short()
            )
        };
        of_active.map(sentence).collect()
    }

    fn set_aside(&self) -> Option<String> {
        let (count, verb) = match self.disputes.noted.len() {
            0 => return None,
            1 => ("a certificate was".to_owned(), "it"),
            many => (format!("{many} certificates were"), "they"),
        };
        Some(format!(
            "{count} set aside, since {verb} would undo what this device has seen for itself: muster roster verify"
        ))
    }

    /// What `verify` says of a dispute: what it would undo, and the proof.
    pub(super) fn dispute_in_words(&self, dispute: &Dispute) -> String {
        let undone = |id| match self.removal_in_words(id) {
            Some((words, _)) => format!("that {words}"),
            None => format!("certificate {}", id.short()),
        };
        let undoes: Vec<String> = dispute.undoes.iter().map(undone).collect();
        let proof = match dispute.proof {
            Some((one, other)) => format!("the proof that a device forked: {one} and {other}"),
            None => "no device forked on the way to it".to_owned(),
        };
        format!(
            "dispute: certificate {} was set aside, since it would undo {}; {proof}",
            dispute.certificate,
            undoes.join(" and ")
        )
    }
}

impl From<&Dispute> for DisputeAnswer {
    fn from(dispute: &Dispute) -> Self {
        let Dispute { certificate, undoes, proof } = dispute.clone();
        Self { certificate_id: certificate, undoes, proof }
    }
}
