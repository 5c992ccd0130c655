//! Rust as text, as far as the floors need it: code without comments and strings, and the paths that it names.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A path that a line names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) path: String,
}

/// The text with comments, strings and characters blanked; its lines keep their numbers.
pub(crate) fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = blank_length(rest);
        if length == 0 {
            code.push(first);
            // The end of a word must not be taken for the `r` of a raw string.
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            code.push_str(&rest[first.len_utf8()..word.max(first.len_utf8())]);
            rest = &rest[word.max(first.len_utf8())..];
        } else {
            code.push(' ');
            code.extend(rest[..length].chars().filter(|c| *c == '\n'));
            rest = &rest[length..];
        }
    }
    code
}

/// How long the comment, string or character is that begins here; 0 if none does.
fn blank_length(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    let unprefixed = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - unprefixed.len();
    let fence = unprefixed.len() - unprefixed.trim_start_matches('#').len();
    if prefix <= 2 && unprefixed[fence..].starts_with('"') {
        let is_raw = text[..prefix].contains('r');
        let begin = prefix + fence + 1;
        if is_raw {
            let close = format!("\"{}", "#".repeat(fence));
            return text[begin..].find(&close).map_or(text.len(), |end| begin + end + close.len());
        }
        if fence == 0 {
            return begin + quoted_length(&text[begin..], '"');
        }
    }
    // A lifetime has no closing quote after its first character.
    let mut characters = text.chars();
    match (characters.next(), characters.next(), characters.next()) {
        (Some('\''), Some('\\'), _) => 1 + quoted_length(&text[1..], '\''),
        (Some('\''), Some(inside), Some('\'')) => 2 + inside.len_utf8(),
        _ => 0,
    }
}

fn quoted_length(text: &str, close: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        if character == close && !is_escaped {
            return at + 1;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    text.len()
}

/// Every path in the code, those in braces written out: `a::{b, c::d}` is `a::b` and `a::c::d`.
pub(crate) fn paths_in(code: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let starts = rest.starts_with(is_word) && !code[..at].ends_with(is_word);
        // A field or a method isn't a path's first part.
        if starts && !code[..at].ends_with('.') {
            at += take_path(code, at, String::new(), &mut found);
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    // `use name;` names a crate too; a lone word elsewhere is a variable.
    found.retain(|line| line.path.contains("::") || line.path.starts_with("use "));
    for line in &mut found {
        line.path = line.path.trim_start_matches("use ").to_owned();
    }
    found
}

/// Reads one path, or the group at its end; gives how much was read.
fn take_path(code: &str, start: usize, above: String, found: &mut Vec<Line>) -> usize {
    let number = code[..start].matches('\n').count() + 1;
    let (mut at, mut path) = (start, above);
    loop {
        let word: String = code[at..].chars().take_while(|c| is_word(*c)).collect();
        at += word.len();
        path.push_str(&word);
        if word == "use" && path == "use" {
            path.push(' ');
            at += code[at..].len() - code[at..].trim_start_matches([' ', '\n', ':']).len();
            if !code[at..].starts_with(is_word) {
                return at - start;
            }
            continue;
        }
        let Some(after) = code[at..].strip_prefix("::") else { break };
        if after.starts_with('{') {
            let group = take_group(code, at + 3, &format!("{path}::"), found);
            return at + 3 + group - start;
        }
        if !after.starts_with(is_word) {
            break;
        }
        path.push_str("::");
        at += 2;
    }
    found.push(Line { number, path });
    at - start
}

fn take_group(code: &str, start: usize, above: &str, found: &mut Vec<Line>) -> usize {
    let mut at = start;
    while let Some(next) = code[at..].chars().next() {
        if next == '}' {
            return at + 1 - start;
        }
        if is_word(next) {
            at += take_path(code, at, above.to_owned(), found);
            // `as name` renames what was read.
            let renamed = code[at..].trim_start().starts_with("as ");
            if renamed {
                at += code[at..].find([',', '}']).unwrap_or(code.len() - at);
            }
        } else {
            at += next.len_utf8();
        }
    }
    at - start
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Every file below a directory, in order.
pub(crate) fn file_paths(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { file_paths(&path) } else { vec![path] }).collect()
}

#[test]
fn comments_and_strings_are_blanked_and_lines_stay() {
    let text = "a // b\n\"c\\\"d\" e /* f\ng */ h r#\"i\"j\"# 'k' '\\'' &'l m";
    let code = code_of(text);
    let words: Vec<&str> = code.split_whitespace().collect();
    assert_eq!(words, ["a", "e", "h", "&'l", "m"]);
    assert_eq!(code.matches('\n').count(), 2);
}

#[test]
fn paths_are_written_out() {
    let code = "use a::{b, c::{self, d as e}};\nuse f;\nlet g = h::i(j.k::<l::m>());";
    let paths: Vec<String> =
        paths_in(code).into_iter().map(|line| format!("{} {}", line.number, line.path)).collect();
    assert_eq!(paths, ["1 a::b", "1 a::c::self", "1 a::c::d", "2 f", "3 h::i", "3 l::m"]);
}
