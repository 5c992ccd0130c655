//! What a node wants done, in order.

use std::collections::VecDeque;

use super::conversation::Step;
use super::event::{Event, Happening};
use super::input::{Channel, ConversationId};
use super::output::{Batch, Output};
use crate::core::greeting::Ended;
use crate::core::primitives::ids::OrganizationId;
use crate::core::primitives::time::Moment;

/// The queue of outputs, with a word for each that is often said.
#[derive(Default)]
pub(super) struct Outbox(VecDeque<Output>);

impl Outbox {
    pub(super) fn next(&mut self) -> Option<Output> {
        self.0.pop_front()
    }

    pub(super) fn push(&mut self, output: Output) {
        self.0.push_back(output);
    }

    pub(super) fn commit(&mut self, batch: Batch) {
        if !batch.changes.is_empty() {
            self.push(Output::Commit(batch));
        }
    }

    pub(super) fn send(&mut self, channel: Channel, frame: Vec<u8>) {
        self.push(Output::Send { channel, frame });
    }

    pub(super) fn hang_up(&mut self, channel: Channel) {
        self.push(Output::HangUp { channel });
    }

    /// A last word, then the end of the stream.
    pub(super) fn part(&mut self, channel: Channel, frame: Vec<u8>) {
        self.send(channel, frame);
        self.hang_up(channel);
    }

    pub(super) fn say(&mut self, conversation: ConversationId, step: Step) {
        self.push(Output::Say { conversation, step });
    }

    pub(super) fn end(&mut self, conversation: ConversationId, ended: Ended) {
        let Ended { reason, by } = ended;
        self.end_saying(conversation, ended, reason.sentence(by));
    }

    pub(super) fn end_saying(&mut self, conversation: ConversationId, ended: Ended, message: String) {
        self.say(conversation, Step::Ended { reason: ended.reason, by: ended.by, message });
    }

    pub(super) fn notify(&mut self, organization: OrganizationId, at: Moment, what: Happening) {
        self.push(Output::Notify(Event { what, at, organization_id: Some(organization) }));
    }
}
