//! The QR code of a link: what a telephone reads off the screen is the link, and the screen holds it.

use rqrr::PreparedImage;

use super::cli_command_line::{code, err, muster, out};
use super::control_stand_in::{LINK, StandIn};
use super::support::daemons::Machine;

/// Which modules of a drawn code are light: half blocks, or two plain characters each.
fn light(lines: &[&str]) -> Vec<Vec<bool>> {
    let is_plain = lines[0].contains('#');
    let mut rows = Vec::new();
    for line in lines {
        let characters: Vec<char> = line.chars().collect();
        if is_plain {
            rows.push(characters.chunks(2).map(|pair| pair == ['#', '#']).collect());
        } else {
            rows.push(characters.iter().map(|c| matches!(c, '█' | '▀')).collect());
            rows.push(characters.iter().map(|c| matches!(c, '█' | '▄')).collect());
        }
    }
    rows
}

/// Reads a drawn code as a telephone does, each module as a square of eight by eight points.
fn read(lines: &[&str]) -> String {
    let rows = light(lines);
    let (width, height) = (rows[0].len() * 8, rows.len() * 8);
    let shade = |x: usize, y: usize| if rows[y / 8][x / 8] { 255 } else { 0 };
    let mut image = PreparedImage::prepare_from_greyscale(width, height, shade);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one code is seen");
    grids[0].decode().unwrap().1
}

/// Words on this daemon under this locale; what was printed.
fn printed(daemon: &StandIn, line: &str, locale: &str) -> (String, String) {
    let mut command = muster(&daemon.socket, &line.split_whitespace().collect::<Vec<_>>());
    let output = command.env("LC_ALL", locale).env("NO_COLOR", "1").output().unwrap();
    assert_eq!(code(&output), 0, "{line}: {}", err(&output));
    (out(&output), err(&output))
}

fn drawn(text: &str) -> Vec<&str> {
    text.lines().filter(|line| line.starts_with('█') || line.starts_with("##")).collect()
}

#[test]
fn a_telephone_reads_the_link_off_the_screen_in_half_blocks_and_in_plain_characters() {
    let daemon = StandIn::start();
    for line in ["invite user bob@example.org --qr", "invite device --qr", "session open --qr"] {
        let (text, _) = printed(&daemon, line, "en_US.UTF-8");
        assert_eq!(read(&drawn(&text)), LINK.to_ascii_uppercase(), "{line}");
        let (text, _) = printed(&daemon, line, "C");
        assert!(text.is_ascii(), "{line}");
        assert_eq!(read(&drawn(&text)), LINK.to_ascii_uppercase(), "{line}");
    }
}

#[test]
fn programs_get_their_json_alone_and_the_terminal_the_code() {
    let daemon = StandIn::start();
    let (json, beside) = printed(&daemon, "--format json invite user bob@example.org --qr", "C.UTF-8");
    let made: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read(&drawn(&beside)), made[0]["link"].as_str().unwrap().to_ascii_uppercase());
    let (_, beside) = printed(&daemon, "--format json invite user bob@example.org", "C.UTF-8");
    assert!(drawn(&beside).is_empty());
}

#[test]
fn a_link_with_three_hints_takes_23_lines_and_leads_where_the_link_does() {
    let mut ada = Machine::off("ada", "");
    let port = ada.port();
    let mut daemon = ada.musterd();
    for last in [2, 3] {
        daemon.args(["--listen", &format!("/ip4/127.0.0.{last}/tcp/{port}")]);
    }
    ada.boot_as(daemon);
    ada.found("Field Lab", "Ada", "ada@example.org");
    let mut command = ada.command(&["invite", "user", "bob@example.org", "--qr"]);
    let output = command.env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1").output().unwrap();
    let text = out(&output);
    let link = text.lines().find_map(|line| line.trim().strip_prefix("muster:")).unwrap();
    let lines = drawn(&text);
    assert_eq!(read(&lines), format!("MUSTER:{link}"));
    assert!(lines.len() <= 23, "{} lines", lines.len());
    let parsed = muster::core::greeting::link::Link::parse(&read(&lines)).unwrap();
    assert_eq!(parsed.hosts.len(), 3);
}
