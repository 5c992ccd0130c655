//! What can't be undone: a person is asked, and a script has to say `--yes`.

use super::failure::Failure;
use super::prompt::Lines;
use super::screen::Screen;

/// Whether it may go on at all: it was agreed to beforehand, or there is somebody to ask. `command` is as it is typed.
pub(super) fn can_be_agreed(screen: &Screen, command: &str, verb: &str) -> Result<(), Failure> {
    if screen.yes || screen.interactive {
        return Ok(());
    }
    let why = format!("{command}: it can't be undone, and nobody is here to confirm it");
    Err(Failure::usage(why).hint(format!("to {verb} without being asked: --yes")))
}

/// Asks, unless that was agreed to beforehand.
pub(super) async fn be_sure(
    screen: &Screen,
    lines: &mut Lines,
    command: &str,
    question: &str,
) -> Result<(), Failure> {
    if screen.yes {
        return Ok(());
    }
    match lines.confirm(&format!("{question} It can't be undone")).await {
        Some(true) => Ok(()),
        _ => Err(Failure::failed(format!("{command}: not confirmed, nothing was done"))),
    }
}
