//! Conversations over the socket: the stream is the conversation, and both ends see it end.

use std::os::unix::process::CommandExt;
use std::process::Command;

use muster::control::{LinkText, client::Client, data::*};
use muster::core::primitives::limits;

use super::control_socket::run;
use super::control_stand_in::{LINK, StandIn};

fn client(daemon: &StandIn) -> Client {
    Client::new(daemon.socket.clone(), None)
}

#[test]
fn a_greeting_goes_step_by_step_to_its_end() {
    let daemon = StandIn::start();
    run(async {
        let client = client(&daemon);
        let mut greeting = client.greet(None, None).await.unwrap();
        let mut words = Vec::new();
        while let Some(said) = greeting.next().await.unwrap() {
            let json: serde_json::Value = serde_json::from_str(&said.json).unwrap();
            words.push(json["step"].as_str().unwrap().to_owned());
            match said.value {
                Step::EnterCode { again: None, .. } => {
                    client.answer(greeting.number, "what?").await.unwrap();
                }
                Step::EnterCode { .. } => client.answer(greeting.number, "U4SQ").await.unwrap(),
                Step::Confirm { .. } => {
                    client.answer(greeting.number, "{\"profile\":\"member\"}").await.unwrap();
                }
                _ => {}
            }
        }
        assert_eq!(words, ["waiting", "show_code", "enter_code", "enter_code", "confirm", "done"]);
        let late = client.answer(greeting.number, "more").await.unwrap_err();
        assert_eq!(late.code, "unknown_conversation");
    });
    assert_eq!(daemon.next_seen(), "came to its end");
}

#[test]
fn a_client_that_goes_away_ends_the_attempt_at_the_daemon() {
    let daemon = StandIn::start();
    run(async {
        let mut greeting = client(&daemon).greet(Some("silent".to_owned()), None).await.unwrap();
        assert!(matches!(greeting.next().await.unwrap().unwrap().value, Step::Waiting { .. }));
    });
    assert_eq!(daemon.next_seen(), "the client left");
}

#[test]
fn a_cancelled_conversation_still_hears_how_it_ended() {
    let daemon = StandIn::start();
    run(async {
        let client = client(&daemon);
        let mut greeting = client.greet(Some("silent".to_owned()), None).await.unwrap();
        greeting.next().await.unwrap();
        client.cancel(greeting.number).await.unwrap();
        let last = greeting.next().await.unwrap().unwrap().value;
        assert!(matches!(last, Step::Ended { reason: Reason::Cancelled, .. }));
    });
}

#[test]
fn a_wrong_link_is_refused_before_anything_begins() {
    let daemon = StandIn::start();
    let cut = LinkText::new(LINK[..40].to_owned());
    let refusal = run(client(&daemon).join(cut, JoinAnswers::default())).err().unwrap();
    assert_eq!((refusal.class, refusal.code.as_str()), (Class::Usage, "bad_link"));
    assert!(!format!("{:?}", LinkText::new(LINK.to_owned())).contains(&LINK[7..]));
}

#[test]
fn only_so_many_conversations_go_on_at_once() {
    let daemon = StandIn::start();
    run(async {
        let client = client(&daemon);
        let mut open = Vec::new();
        for _ in 0..limits::CONTROL_CONVERSATIONS {
            open.push(client.greet(Some("silent".to_owned()), None).await.unwrap());
        }
        let refusal = client.greet(None, None).await.err().unwrap();
        assert_eq!(refusal.code, "too_many_conversations");
        assert!(client.status().await.is_ok());
    });
}

#[test]
fn answers_that_nobody_takes_are_bounded() {
    let daemon = StandIn::start();
    run(async {
        let client = client(&daemon);
        let greeting = client.greet(Some("deaf".to_owned()), None).await.unwrap();
        let mut refused = None;
        for _ in 0..limits::CONTROL_STEPS + 10 {
            if let Err(refusal) = client.answer(greeting.number, "x").await {
                refused = Some(refusal);
                break;
            }
        }
        assert_eq!(refused.unwrap().code, "too_many_answers");
    });
}

#[test]
fn another_user_can_neither_answer_nor_cancel() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let nobody = muster::control::Access { owner: 65534, group: None };
    let daemon = StandIn::start_with(nobody);
    daemon.open_to_all();
    run(async {
        let greeting = client(&daemon).greet(Some("silent".to_owned()), None).await.unwrap();
        for method in ["POST", "DELETE"] {
            let answer = as_nobody(&daemon, method, greeting.number);
            assert!(answer.contains("foreign_conversation"), "{method}: {answer}");
        }
    });
    assert_eq!(daemon.next_seen(), "the client left");
}

/// A request to a conversation by the user `nobody`, whom this daemon admits.
fn as_nobody(daemon: &StandIn, method: &str, number: u64) -> String {
    let mut curl = Command::new("curl");
    curl.args(["-s", "-X", method, "-d", "{\"answer\":\"x\"}", "--unix-socket"]).arg(&daemon.socket);
    curl.arg(format!("http://musterd/v1/conversations/{number}")).uid(65534).gid(65534);
    String::from_utf8(curl.output().unwrap().stdout).unwrap()
}
