//! A session with a crowd before the door: everybody is told a place at once, and a script greets one after the other. The
//! same with a thousand guests, and what it takes, is measured by `scripts/bench load`.

use crate::support::crowd::Crowd;
use crate::support::daemons::Machine;

const GUESTS: usize = 60;

#[test]
fn sixty_guests_come_at_once_each_hears_its_place_and_a_script_greets_them_one_after_the_other() {
    let ada = Machine::start("ada");
    ada.found("Field Lab", "Ada", "ada@example.org");
    let seats = GUESTS.to_string();
    let session = ada.json(&["session", "open", "--profile", "member", "--seats", &seats]);
    let mut crowd = Crowd::gathers(GUESTS, &ada.address(), session["link"].as_str().unwrap());
    let told = crowd.all_wait();
    let in_order: Vec<(u32, u32)> = (1..).map(|n| (n, n)).take(GUESTS).collect();
    assert_eq!(
        told,
        in_order,
        "who came n-th is n-th in the queue, after {} tries more",
        crowd.tries_again()
    );
    assert_eq!(ada.json(&["session", "list"])[0]["waiting"], GUESTS);

    for (ticket, _) in told {
        let mut greets = ada.converse(&["greet", "--guest", &ticket.to_string()]);
        let code = greets.until("show_code")["code"].as_str().unwrap().to_owned();
        let answer = crowd.exchanges(ticket, &code);
        greets.until("enter_code");
        greets.answer(&answer);
        greets.until("confirm");
        greets.answer("{}");
        greets.until("done");
        // Those who came before, and the founder.
        assert_eq!(crowd.is_in(ticket), 1 + usize::try_from(ticket).unwrap());
    }
    assert_eq!(ada.active().len(), 1 + GUESTS);
    assert!(ada.json(&["session", "list"]).as_array().unwrap().is_empty(), "the last seat ended it");
}
