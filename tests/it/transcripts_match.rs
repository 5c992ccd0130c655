//! Expected lines against real ones: `[..]`, `...` and `[NAME]`.

use std::collections::BTreeMap;

/// What the names stand for, as far as the transcript has come.
pub(crate) type Names = BTreeMap<String, String>;

/// A piece of an expected line.
enum Piece {
    Text(String),
    Anything,
    Name(String),
}

/// Whether the lines are as expected; on success the names that they gave are kept.
pub(crate) fn lines(expected: &[String], seen: &[String], names: &mut Names) -> bool {
    let mut found = names.clone();
    let fits = lines_from(expected, seen, &mut found);
    if fits {
        *names = found;
    }
    fits
}

fn lines_from(expected: &[String], seen: &[String], names: &mut Names) -> bool {
    match (expected.split_first(), seen.split_first()) {
        (None, None) => true,
        (Some((dots, rest)), _) if dots == "..." => {
            (0..=seen.len()).any(|skipped| lines(rest, &seen[skipped..], names))
        }
        (Some((first, expected)), Some((line, seen))) => {
            one(first, line, names) && lines_from(expected, seen, names)
        }
        _ => false,
    }
}

/// Whether one line is as expected; on success the names that it gave are kept. Spaces at the end don't count.
pub(crate) fn one(expected: &str, seen: &str, names: &mut Names) -> bool {
    let mut found = names.clone();
    let fits = pieces_from(&pieces(expected.trim_end()), seen.trim_end(), &mut found);
    if fits {
        *names = found;
    }
    fits
}

/// A text with every name put in; one that nothing has given yet stays as it is.
pub(crate) fn filled(text: &str, names: &Names) -> String {
    let put = |piece: Piece| match piece {
        Piece::Text(text) => text,
        Piece::Anything => "[..]".to_owned(),
        Piece::Name(name) => names.get(&name).cloned().unwrap_or(format!("[{name}]")),
    };
    pieces(text).into_iter().map(put).collect()
}

fn pieces(line: &str) -> Vec<Piece> {
    let (mut found, mut rest) = (Vec::new(), line);
    while let Some((before, inside, after)) = bracket(rest) {
        found.push(Piece::Text(before.to_owned()));
        found.push(if inside == ".." { Piece::Anything } else { Piece::Name(inside.to_owned()) });
        rest = after;
    }
    found.push(Piece::Text(rest.to_owned()));
    found
}

/// The first `[..]` or `[NAME]`, and what is around it.
fn bracket(line: &str) -> Option<(&str, &str, &str)> {
    let is_name = |text: &str| {
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-';
        text == ".." || (text.len() > 1 && text.chars().all(upper))
    };
    line.match_indices('[').find_map(|(start, _)| {
        let end = start + line[start..].find(']')?;
        let inside = &line[start + 1..end];
        is_name(inside).then(|| (&line[..start], inside, &line[end + 1..]))
    })
}

fn pieces_from(expected: &[Piece], seen: &str, names: &mut Names) -> bool {
    let Some((first, rest)) = expected.split_first() else { return seen.is_empty() };
    match first {
        Piece::Text(text) => seen.strip_prefix(text).is_some_and(|seen| pieces_from(rest, seen, names)),
        Piece::Anything => ends(seen).any(|end| pieces_from(rest, &seen[end..], &mut *names)),
        Piece::Name(name) => ends(seen).any(|end| {
            let Some(value) = value_of(name, &seen[..end]) else { return false };
            let known = names.get(name).cloned();
            if known.as_ref().is_some_and(|known| *known != value) {
                return false;
            }
            names.insert(name.clone(), value);
            let fits = pieces_from(rest, &seen[end..], names);
            if !fits && known.is_none() {
                names.remove(name);
            }
            fits
        }),
    }
}

/// Every place where a piece of the line may end, the longest first, so that a name takes all of a word.
fn ends(seen: &str) -> impl Iterator<Item = usize> {
    let mut all: Vec<usize> = seen.char_indices().map(|(at, _)| at).chain([seen.len()]).collect();
    all.reverse();
    all.into_iter()
}

/// What a name takes: a word; a code with or without the spaces between its characters.
fn value_of(name: &str, text: &str) -> Option<String> {
    if name.ends_with("-CODE") {
        let code: String = text.split("  ").collect();
        let spaced = code.chars().map(String::from).collect::<Vec<_>>().join("  ");
        return (code.len() == 4 && code.is_ascii() && (text == code || text == spaced)).then_some(code);
    }
    (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned())
}

/// The two, line by line, with what is missing and what is too much.
pub(crate) fn difference(expected: &[String], seen: &[String], names: &Names) -> String {
    let mut names = names.clone();
    let (mut text, mut from) = (String::new(), 0);
    for line in expected {
        let found = if line == "..." {
            Some(from)
        } else {
            (from..seen.len()).find(|at| one(line, &seen[*at], &mut names))
        };
        let Some(at) = found else {
            text.push_str(&format!("  - {}\n", filled(line, &names)));
            continue;
        };
        let mark = if line == "..." { ' ' } else { '+' };
        seen[from..at].iter().for_each(|extra| text.push_str(&format!("  {mark} {extra}\n")));
        text.push_str(&format!("    {}\n", if line == "..." { "..." } else { &seen[at] }));
        from = if line == "..." { at } else { at + 1 };
    }
    seen[from..].iter().for_each(|extra| text.push_str(&format!("  + {extra}\n")));
    text
}

#[test]
fn a_name_is_the_same_wherever_it_stands_again() {
    let mut names = Names::new();
    assert!(one("user [BOB-ID] of [..]", "user 3fa2b1c0 of Field Lab", &mut names));
    assert!(one("[BOB-ID]  member", "3fa2b1c0  member  ", &mut names));
    assert!(!one("[BOB-ID]  member", "3fa2b1c1  member", &mut names));
    assert!(one("│   [ADA-CODE]   │", "│   T  P  9  W   │", &mut names));
    assert_eq!(filled("[ADA-CODE] and [NOT-YET] (y/n) [n]", &names), "TP9W and [NOT-YET] (y/n) [n]");
    let text = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert!(lines(&text(&["a", "...", "d"]), &text(&["a", "b", "c", "d"]), &mut names));
    assert!(!lines(&text(&["a", "...", "d"]), &text(&["a", "b", "c"]), &mut names));
    assert!(!lines(&text(&["a"]), &text(&["a", "b"]), &mut names), "all that was said has to be there");
}
