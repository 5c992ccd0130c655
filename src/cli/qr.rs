//! A link as a QR code, for a telephone that looks at the screen or at the projector.
//!
//! What the code's light modules are is drawn, since most terminals are dark: two rows of modules in one line of half
//! blocks, or each module as two plain characters where the terminal shows no UTF-8. On a terminal with colours both
//! colours are said, so that a light one shows the same.

use qrcodegen::{QrCode, QrCodeEcc};

/// Light modules around the code. Readers ask for four and make do with two, and the screen has few lines.
const MARGIN: i32 = 2;

/// White on black.
const COLOURS: (&str, &str) = ("\x1b[97;40m", "\x1b[0m");

/// Draws a link; nothing, where it is too long for any code. The scheme and all else become upper case: letters,
/// digits and a colon take the least room.
pub(super) fn draw(link: &str, unicode: bool, colours: bool) -> Option<String> {
    let code = QrCode::encode_text(&link.to_ascii_uppercase(), QrCodeEcc::Low).ok()?;
    let (start, end) = if colours { COLOURS } else { ("", "") };
    let side = -MARGIN..code.size() + MARGIN;
    // Outside the code every module is light.
    let is_light = |x, y| !code.get_module(x, y);
    let step = if unicode { 2 } else { 1 };
    let mut text = String::new();
    for y in side.clone().step_by(step) {
        text.push_str(start);
        for x in side.clone() {
            text.push_str(match (is_light(x, y), is_light(x, y + 1)) {
                (true, _) if !unicode => "##",
                (false, _) if !unicode => "  ",
                (true, true) => "█",
                (true, false) => "▀",
                (false, true) => "▄",
                (false, false) => " ",
            });
        }
        text.push_str(end);
        text.push('\n');
    }
    Some(text)
}

/// Whether the terminal shows UTF-8, as the environment has it: the first of these that is set decides.
pub(super) fn terminal_has_unicode() -> bool {
    let said = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    said.is_some_and(|value| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}
