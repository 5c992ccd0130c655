//! Either daemon is killed at any moment of a greeting. Afterwards both are enrolled or neither is; who was let in is
//! welcomed without a human, and until then the invitation is still good.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::chance::Chance;
use crate::support::daemons::{Conversation, LONG, Machine, agree, eventually, exchange_codes};

/// Steps of a whole greeting, both sides together.
const STEPS: u64 = 11;

#[test]
fn a_daemon_killed_in_the_middle_of_a_greeting_leaves_both_enrolled_or_neither() {
    let mut chance = Chance::from_environment();
    let mut ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let mut let_in = 0;
    let rounds = rounds();
    for round in 0..rounds {
        let guest = Machine::start("bob");
        let kill = Kill { host: chance.below(2) == 0, after: chance.below(STEPS), pause: chance.below(31) };
        let email = format!("bob{round}@example.org");
        println!("round {round}: {kill:?}");
        let_in += u32::from(play(&mut ada, guest, &email, &kill));
    }
    println!("{let_in} of {rounds} were let in before the daemon died");
}

/// Who is killed, after which step seen, and how many milliseconds later.
#[derive(Debug)]
struct Kill {
    host: bool,
    after: u64,
    pause: u64,
}

/// One greeting with a kill in it, and what must be true afterwards. Gives whether the guest was let in by then.
fn play(ada: &mut Machine, mut guest: Machine, email: &str, kill: &Kill) -> bool {
    let link = ada.link_for(email);
    let mut joins = join(&guest, email, &link);
    let mut greets = ada.converse(&["greet", email]);
    greet_until_killed(&mut greets, &mut joins, kill, [ada.pid(), guest.pid()]);
    drop((greets, joins));
    ada.kill();
    guest.kill();
    ada.boot();
    guest.boot();

    let is_in = emails(ada).iter().any(|there| there == email);
    if !is_in {
        assert!(guest.status().is_null(), "the guest thinks that they are in: {}", guest.status());
        let invitation = &ada.json(&["invite", "show", email]);
        assert!(["pending", "ready"].contains(&invitation["state"].as_str().unwrap()), "{invitation}");
        let mut joins = join(&guest, email, &link);
        let mut greets = ada.converse(&["greet", email]);
        exchange_codes(&mut greets, &mut joins);
        greets.until("confirm");
        greets.answer(r#"{"profile":"member"}"#);
        joins.until("done");
        greets.until("done");
    }
    eventually("the guest knows that they are in", || guest.status()["state"] == "active");
    agree(&[ada, &guest]);
    assert_eq!(emails(ada).iter().filter(|there| *there == email).count(), 1, "{:?}", emails(ada));
    let ended = ada.json(&["invite", "list", "--all"]);
    let ended = ended.as_array().unwrap().iter().find(|each| each["email"] == email).unwrap();
    assert_eq!(ended["state"], "finished");
    is_in
}

fn join(guest: &Machine, email: &str, link: &str) -> Conversation {
    let mut joins = guest.converse(&["join", "-", "--name", "Bob", "--email", email, "--device", "laptop"]);
    joins.answer(link);
    joins
}

/// Plays both people, until both commands end or the one whose daemon lives has nothing more to say.
fn greet_until_killed(greets: &mut Conversation, joins: &mut Conversation, kill: &Kill, pids: [u32; 2]) {
    let victim = if kill.host { pids[0] } else { pids[1] };
    let (mut people, mut seen, mut killed_at) = (People::default(), 0, None);
    let end = Instant::now() + LONG;
    let mut over = [false, false];
    while over != [true, true] {
        assert!(Instant::now() < end, "neither ended: {:?} {:?}", greets.seen, joins.seen);
        for (side, conversation) in [&mut *greets, &mut *joins].into_iter().enumerate() {
            match conversation.poll() {
                None => {}
                Some(None) => over[side] = true,
                Some(Some(step)) => {
                    people.saw(side, &step);
                    if seen == kill.after {
                        killed_at = Some(Instant::now());
                        strike(victim, Duration::from_millis(kill.pause));
                    }
                    seen += 1;
                }
            }
        }
        people.answer(greets, joins);
        // A host whose guest is gone waits for the next one.
        if killed_at.is_some_and(|at: Instant| at.elapsed() > Duration::from_millis(500)) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Two people who read their codes to each other.
#[derive(Default)]
struct People {
    codes: [Option<String>; 2],
    /// Who is asked for the other's code.
    asked: [bool; 2],
    is_asked_to_confirm: bool,
}

impl People {
    fn saw(&mut self, side: usize, step: &Value) {
        match step["step"].as_str().unwrap_or_default() {
            "show_code" => self.codes[side] = step["code"].as_str().map(str::to_owned),
            "enter_code" => self.asked[side] = true,
            "confirm" => self.is_asked_to_confirm = true,
            _ => {}
        }
    }

    fn answer(&mut self, greets: &mut Conversation, joins: &mut Conversation) {
        for (side, conversation) in [&mut *greets, joins].into_iter().enumerate() {
            if self.asked[side]
                && let Some(code) = &self.codes[1 - side]
            {
                conversation.answer(code);
                self.asked[side] = false;
            }
        }
        if std::mem::take(&mut self.is_asked_to_confirm) {
            greets.answer(r#"{"profile":"member"}"#);
        }
    }
}

/// SIGKILL, a moment later.
fn strike(pid: u32, pause: Duration) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    thread::spawn(move || {
        thread::sleep(pause);
        let _ = kill_process(pid, Signal::KILL);
    });
}

fn emails(machine: &Machine) -> Vec<String> {
    let users = machine.json(&["user", "list"]);
    users.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
}

/// `MUSTER_CRASHES` says how many; the soak plays fifty.
fn rounds() -> u32 {
    let asked = std::env::var("MUSTER_CRASHES").ok().and_then(|count| count.parse().ok());
    asked.unwrap_or(if std::env::var_os("MUSTER_LONG").is_some() { 50 } else { 5 })
}
