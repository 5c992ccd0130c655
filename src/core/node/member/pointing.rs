//! Rendezvous points: those that the organization has set for everybody (docs/spec/roster.md, R2.9), and those that this
//! device knows from elsewhere.

use std::collections::BTreeSet;

use super::super::outbox::Outbox;
use super::super::output::Batch;
use super::super::request::{Answer, Class, PointAnswer, PointSource, Refusal};
use super::Member;
use super::changing::class_of;
use crate::core::primitives::address::Address;
use crate::core::primitives::limits;
use crate::core::primitives::time::Moment;
use crate::core::roster::Body;
use crate::core::roster::body::{Setting, setting};

impl Member {
    /// All that are known, without repetition.
    pub(super) fn points(&self) -> Vec<Address> {
        self.point_answers().into_iter().map(|point| point.address).collect()
    }

    pub(super) fn list_points(&self) -> Answer {
        Answer::Points(self.point_answers())
    }

    fn point_answers(&self) -> Vec<PointAnswer> {
        let sources = [
            (PointSource::Organization, self.roster().rendezvous_points()),
            (PointSource::Configuration, self.settings.points.clone()),
            (PointSource::Invitation, self.membership.points.clone()),
        ];
        let mut seen = BTreeSet::new();
        let all = sources.into_iter().flat_map(|(source, points)| {
            points.into_iter().map(move |address| {
                let problem = self.out_of_reach.get(&address).cloned();
                PointAnswer { address, source, problem }
            })
        });
        all.filter(|point| seen.insert(point.address.clone())).collect()
    }

    /// Adds one to the organization's. It is in links and comes to every member.
    pub(super) fn add_point(
        &mut self,
        point: Address,
        now: Moment,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_administrator("org rendezvous add")?;
        let mut points = self.roster().rendezvous_points();
        if points.contains(&point) {
            return Ok(self.list_points());
        }
        if points.len() >= limits::ORGANIZATION_POINTS {
            let why = format!("org rendezvous add: there are {} points already", limits::ORGANIZATION_POINTS);
            return Err(Refusal::new(Class::State, "too_many_points", why)
                .hint("muster org rendezvous remove takes one away"));
        }
        points.push(point);
        self.set_points(&points, now, out)
    }

    /// Takes one from the organization's. Who knows it from elsewhere goes on using it.
    pub(super) fn remove_point(
        &mut self,
        point: &Address,
        now: Moment,
        out: &mut Outbox,
    ) -> Result<Answer, Refusal> {
        self.require_administrator("org rendezvous remove")?;
        let mut points = self.roster().rendezvous_points();
        let before = points.len();
        points.retain(|known| known != point);
        if points.len() == before {
            let why = format!("org rendezvous remove: {point} is none of the organization's points");
            return Err(Refusal::new(Class::NotFound, "not_found", why)
                .hint("muster org rendezvous list shows them; those of musterd.toml are changed there"));
        }
        self.set_points(&points, now, out)
    }

    fn set_points(&mut self, points: &[Address], now: Moment, out: &mut Outbox) -> Result<Answer, Refusal> {
        let body = Body::Setting(Setting::of_addresses(setting::RENDEZVOUS_POINTS, points));
        let (mut batch, mut new) = (Batch::default(), Vec::new());
        let signed = match self.sign_what_is_owed(now, &mut batch, &mut new) {
            Ok(()) => self.sign(body, now, &mut batch),
            Err(refused) => Err(refused),
        };
        let refused = signed.map(|ids| new.extend(ids)).err();
        self.publish(batch, &new, now, out);
        match refused {
            None => Ok(self.list_points()),
            Some(refused) => {
                Err(Refusal::new(class_of(refused), "not_set", format!("org rendezvous: {refused}")))
            }
        }
    }
}
