//! Every test of Muster that needs more than one file, in one program: it links once, and runs in parallel.
//!
//! Tests are sentences about people or about a property; helpers stand below them. Random tests print their
//! seed. What takes longer runs with `MUSTER_LONG=1` (scripts/soak).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and prints its seed"
)]

mod support;

mod cli_command_line;
mod cli_conversations;
mod cli_following;
mod cli_output;
mod cli_qr;
mod cli_revoking;
mod control_conversations;
mod control_events;
mod control_script;
mod control_socket;
mod control_stand_in;
mod daemon_config;
mod daemon_parts;
mod daemons_alone;
mod daemons_crash;
mod daemons_crowd;
mod daemons_disagreement;
mod daemons_disk;
mod daemons_following;
mod daemons_joins;
mod daemons_listen;
mod daemons_onboarding;
mod daemons_points;
mod daemons_rights;
mod daemons_roster;
mod daemons_session;
mod daemons_several;
mod daemons_told;
mod daemons_values;
mod floors;
mod floors_text;
mod greeting_attacks;
mod greeting_exchange;
mod greeting_link;
mod hostile_certificates;
mod hostile_controls;
mod hostile_external;
mod hostile_floods;
mod hostile_frames;
mod hostile_probing;
mod hostile_slow;
mod hostile_strangers;
mod lab_disturbed;
mod lab_loud_neighbour;
mod lab_nats;
mod lab_rooms;
mod lab_two_machines;
mod lab_workshop;
mod net_callbacks;
mod net_callbacks_rude;
mod net_devices;
mod net_finding;
mod net_frames;
mod net_lan;
mod net_lasting;
mod net_links;
mod net_neighbours;
mod net_outside;
mod net_point_client;
mod net_point_flood;
mod net_point_frames;
mod net_point_rude;
mod net_registrations;
mod net_registry;
mod net_relay;
mod net_relay_crowd;
mod net_swarms;
mod network_convergence;
mod node_attempts;
mod node_bounds;
mod node_disputes;
mod node_farewell;
mod node_following;
mod node_forged;
mod node_greeting;
mod node_knocking;
mod node_meeting;
mod node_names;
mod node_queue;
mod node_restoring;
mod node_roster;
mod node_sync;
mod node_told;
mod node_trickery;
mod node_words;
mod primitives_batch;
mod primitives_codec;
mod primitives_keys;
mod primitives_text;
mod privacy;
mod roster_attacks;
mod roster_chain;
mod roster_codec;
mod roster_concurrent;
mod roster_crowd;
mod roster_forged;
mod roster_forks;
mod roster_pins;
mod roster_properties;
mod roster_random;
mod roster_reconcile;
mod roster_revokes;
mod roster_rules;
mod roster_seals;
mod roster_sketch;
mod roster_small;
mod roster_table;
mod roster_vectors;
mod roster_witnesses;
mod session_clocks;
mod session_lan;
mod session_room;
mod store_child;
mod store_damage;
mod store_durability;
mod store_keeping;
mod store_original;
mod transcripts;
mod transcripts_match;
mod transcripts_player;
mod transcripts_script;
mod transcripts_terminal;
