//! A transcript as steps: what is typed at whose terminal, and what is then to be seen there.
//!
//! Only blocks marked `console` count; all else is prose. In them:
//!
//! ```text
//! ada$ muster user list         Ada runs this; the lines below, up to the next prompt, are all that it says
//! [exit 3]                      … and this its exit code, where it isn't 0
//! bob$ muster join              Bob runs this and goes on talking with it, even across blocks:
//! bob| Your name:               … this is the next line on his screen,
//! bob> Bob Builder              … this is what he types,
//! bob| [exit 7]                 … and so it ends.
//! ada-2$ muster events          a second terminal of Ada's
//! eve$ systemctl stop musterd   Eve's daemon stops; everybody else goes on
//! ```
//!
//! Where the story begins in the middle, the file says so to the test in a comment: `<!-- before: bob joins as member -->`
//! lets Ada found Field Lab, and Bob join it, beforehand.
//!
//! In expected lines `[..]` stands for anything, a line `...` for any lines, and `[NAME]` for what differs from run to
//! run: the first `[NAME]` takes it, every later one must be the same, typed lines and commands included. A
//! `[…-CODE]` is four characters, spaced or not.

use std::collections::BTreeSet;

/// One thing that happens, and the line of the file that says so.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) line: usize,
    /// Whose terminal: `ada`, or `ada-2`.
    pub(crate) terminal: String,
    pub(crate) what: What,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// A command that runs to its end.
    Runs { words: Vec<String>, expected: Vec<String>, exit: i32 },
    /// A command that is talked with.
    Begins { words: Vec<String> },
    /// The next line on the screen.
    Sees(String),
    /// A line, or `^C`.
    Types(String),
    /// It ends so.
    Ends(i32),
}

/// Who joined before the story begins, and as what; none where nothing was founded yet.
pub(crate) fn before(text: &str) -> Option<Vec<(String, String)>> {
    let said = text.lines().find_map(|line| line.strip_prefix("<!-- before: ")?.strip_suffix(" -->"))?;
    let joined = said.split(", ").map(|one| {
        let (person, profile) = one.split_once(" joins as ").expect("a person joins as something");
        (person.to_owned(), profile.to_owned())
    });
    Some(joined.collect())
}

/// Reads all steps of a file.
pub(crate) fn read(text: &str) -> Vec<Step> {
    let lines: Vec<(usize, &str)> = console_lines(text);
    let talks = talking(&lines);
    let mut steps: Vec<Step> = Vec::new();
    for (at, (line, text)) in lines.iter().enumerate() {
        let Some((terminal, mark, rest)) = prompt(text) else {
            let what = steps.last_mut().map(|step| &mut step.what);
            let Some(What::Runs { expected, exit, .. }) = what else {
                panic!("line {line}: output that no command before it has: {text}");
            };
            match exit_code(text) {
                Some(code) => *exit = code,
                None => expected.push((*text).to_owned()),
            }
            continue;
        };
        let what = match mark {
            '$' if talks.contains(&at) => What::Begins { words: words(rest) },
            '$' => What::Runs { words: words(rest), expected: Vec::new(), exit: 0 },
            '|' => exit_code(rest).map_or_else(|| What::Sees(rest.to_owned()), What::Ends),
            _ => What::Types(rest.to_owned()),
        };
        steps.push(Step { line: *line, terminal: terminal.to_owned(), what });
    }
    steps
}

/// The lines inside `console` blocks, with their numbers; a block of another kind is skipped whole.
fn console_lines(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut open: Option<bool> = None;
    for (at, line) in text.lines().enumerate() {
        match (line.strip_prefix("```"), open) {
            (Some(kind), None) => open = Some(kind == "console"),
            (Some(_), Some(_)) => open = None,
            (None, Some(true)) => found.push((at + 1, line)),
            (None, _) => {}
        }
    }
    assert_eq!(open, None, "a block is never closed");
    found
}

/// Which of the commands are talked with: those whose terminal goes on with `|` or `>`.
fn talking(lines: &[(usize, &str)]) -> BTreeSet<usize> {
    let goes_on = |at: usize, terminal: &str| {
        let rest = lines[at + 1..].iter();
        let mut next = rest.filter_map(|(_, text)| prompt(text)).filter(|(other, ..)| *other == terminal);
        next.next().is_some_and(|(_, mark, _)| mark != '$')
    };
    let commands = lines.iter().enumerate().filter_map(|(at, (_, text))| match prompt(text) {
        Some((terminal, '$', _)) if goes_on(at, terminal) => Some(at),
        _ => None,
    });
    commands.collect()
}

/// `ada$ rest`, `ada| rest` or `ada> rest`.
fn prompt(line: &str) -> Option<(&str, char, &str)> {
    let end = line.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'))?;
    let mark = line[end..].chars().next().filter(|mark| "$|>".contains(*mark))?;
    let rest = &line[end + 1..];
    (end > 0 && (rest.is_empty() || rest.starts_with(' '))).then(|| {
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        (&line[..end], mark, rest)
    })
}

fn exit_code(line: &str) -> Option<i32> {
    line.strip_prefix("[exit ")?.strip_suffix(']')?.parse().ok()
}

/// A command's words, as a shell splits them: at spaces, but not in double quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in command.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    assert!(!quoted, "a quotation without an end: {command}");
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn a_transcript_is_read_as_people_read_it() {
    let text = "Prose.\n```console\nada$ muster org create \"Field Lab\"\nField Lab\n[exit 3]\nbob$ muster join\n```\n\
                More prose.\n```sh\nbob$ nothing\n```\n```console\nbob| Your name:\nbob> Bob\nbob| [exit 7]\n```\n";
    let steps = read(text);
    let runs = What::Runs {
        words: ["muster", "org", "create", "Field Lab"].map(str::to_owned).into(),
        expected: vec!["Field Lab".to_owned()],
        exit: 3,
    };
    let begins = What::Begins { words: ["muster", "join"].map(str::to_owned).into() };
    let (sees, types) = (What::Sees("Your name:".to_owned()), What::Types("Bob".to_owned()));
    let whats: Vec<What> = steps.into_iter().map(|step| step.what).collect();
    assert_eq!(whats, [runs, begins, sees, types, What::Ends(7)]);
}
