//! The manual, which is a test: every session in `tests/transcripts` is played between real daemons and real terminals,
//! and each line has to be as it is written there. `transcripts_script.rs` says how they are written.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::transcripts_player::play;

/// One test for each file, so that they run side by side.
macro_rules! transcripts {
    ($($test:ident: $file:literal;)*) => {
        $(#[test]
        fn $test() {
            play($file);
        })*

        #[test]
        fn every_session_of_the_manual_is_played() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
            let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
            let written: BTreeSet<String> = files.filter(|file| file != "README.md").collect();
            assert_eq!(written, BTreeSet::from([$($file),*].map(str::to_owned)));
        }
    };
}

transcripts! {
    founding_an_organization: "1-founding.md";
    inviting_a_colleague: "2-inviting.md";
    a_wrong_code: "3-a-wrong-code.md";
    an_external_sees_no_names: "4-an-external.md";
    changing_profiles: "5-changing-profiles.md";
    revoking_and_coming_back: "6-revoking.md";
    a_second_device: "7-a-second-device.md";
    invitations: "8-invitations.md";
    following_events: "9-events.md";
    what_goes_wrong: "10-what-goes-wrong.md";
    two_who_remove_each_other: "11-removing-each-other.md";
    a_workshop: "12-a-workshop.md";
}
