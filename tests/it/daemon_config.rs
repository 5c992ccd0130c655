//! Where the daemon's settings come from, which of them wins, and what it says of those that can't be taken.

use std::{fs, path::Path};

use clap::Parser;
use muster::daemon::{
    WrongSetting,
    config::{Flags, Hints, Settings, default_listen},
    environment::Environment,
};
use tempfile::{TempDir, tempdir};

type Variables<'a> = &'a [(&'a str, &'a str)];

const LISTEN_1: &str = "/ip4/127.0.0.1/tcp/1";
const LISTEN_2: &str = "/ip4/127.0.0.1/tcp/2";
const LISTEN_3: &str = "/ip4/127.0.0.1/tcp/3";

#[test]
fn without_a_word_a_system_daemon_has_the_places_of_a_system_daemon() {
    let settings = Settings::gather(Flags::default(), &Environment::of(true, &[("HOME", "/root")])).unwrap();
    assert_eq!(settings.data_dir, Path::new("/var/lib/muster"));
    assert_eq!(settings.socket, Path::new("/run/muster/control.sock"));
    assert_eq!(settings.listen, default_listen());
    assert!(!settings.is_listen_chosen);
    assert_eq!((settings.serve, settings.mdns, settings.hints), (None, true, Hints::All));
}

#[test]
fn the_default_is_tcp_and_quic_on_one_port_on_every_interface() {
    let listen: Vec<_> = default_listen().iter().map(ToString::to_string).collect();
    let expected = [
        "/ip4/0.0.0.0/tcp/7733",
        "/ip4/0.0.0.0/udp/7733/quic-v1",
        "/ip6/::/tcp/7733",
        "/ip6/::/udp/7733/quic-v1",
    ];
    assert_eq!(listen, expected);
}

/// Each row: the user's variables, then data, socket, configuration file.
#[test]
fn the_places_of_a_users_daemon() {
    let rows: [(Variables, [&str; 3]); 5] = [
        (
            &[("XDG_DATA_HOME", "/d"), ("XDG_RUNTIME_DIR", "/r"), ("XDG_CONFIG_HOME", "/c")],
            ["/d/muster", "/r/muster/control.sock", "/c/muster/musterd.toml"],
        ),
        (
            &[("HOME", "/home/ada"), ("XDG_RUNTIME_DIR", "/run/user/7")],
            [
                "/home/ada/.local/share/muster",
                "/run/user/7/muster/control.sock",
                "/home/ada/.config/muster/musterd.toml",
            ],
        ),
        (
            &[("HOME", "/home/ada")],
            [
                "/home/ada/.local/share/muster",
                "/home/ada/.local/share/muster/control.sock",
                "/home/ada/.config/muster/musterd.toml",
            ],
        ),
        (
            &[("HOME", "/h"), ("XDG_DATA_HOME", "relative"), ("XDG_RUNTIME_DIR", "relative")],
            [
                "/h/.local/share/muster",
                "/h/.local/share/muster/control.sock",
                "/h/.config/muster/musterd.toml",
            ],
        ),
        (
            &[("HOME", "/h"), ("XDG_DATA_HOME", ""), ("XDG_RUNTIME_DIR", "/r")],
            ["/h/.local/share/muster", "/r/muster/control.sock", "/h/.config/muster/musterd.toml"],
        ),
    ];
    for (variables, [data, socket, config]) in rows {
        let environment = variables_of(variables);
        assert_eq!(environment.data_dir().unwrap(), Path::new(data), "{variables:?}");
        assert_eq!(environment.socket(None).unwrap(), Path::new(socket), "{variables:?}");
        assert_eq!(environment.config_file().unwrap(), Path::new(config), "{variables:?}");
    }
}

#[test]
fn who_moves_the_data_moves_the_socket_along_however_they_say_it() {
    let user = [("HOME", "/home/ada"), ("XDG_RUNTIME_DIR", "/run/user/7")];
    let moved = gather(&["--data-dir", "/elsewhere"], "", &user).unwrap();
    assert_eq!(moved.socket, Path::new("/elsewhere/control.sock"));
    let moved = gather(&[], "", &[&user[..], &[("MUSTER_DATA_DIR", "/elsewhere")]].concat()).unwrap();
    assert_eq!(moved.socket, Path::new("/elsewhere/control.sock"));
    let moved = gather(&[], r#"data_dir = "/elsewhere""#, &user).unwrap();
    assert_eq!(moved.socket, Path::new("/elsewhere/control.sock"));
    let both = gather(&["--data-dir", "/elsewhere", "--socket", "/s"], "", &user).unwrap();
    assert_eq!((both.data_dir.as_path(), both.socket.as_path()), (Path::new("/elsewhere"), Path::new("/s")));
    let system = Settings::gather(flags(&["--data-dir", "/elsewhere"]), &Environment::of(true, &[])).unwrap();
    assert_eq!(system.socket, Path::new("/elsewhere/control.sock"));
}

#[test]
fn without_a_home_the_daemon_asks_for_a_directory_and_takes_one() {
    let told = Settings::gather(Flags::default(), &Environment::of(false, &[])).unwrap_err();
    assert!(told.to_string().contains("--data-dir"), "{told}");
    let settings = Settings::gather(flags(&["--data-dir", "/d"]), &Environment::of(false, &[])).unwrap();
    assert_eq!(settings.socket, Path::new("/d/control.sock"));
}

/// Flag, variable, file: each row says which are given, and who wins.
#[test]
fn a_flag_wins_over_a_variable_which_wins_over_the_file_which_wins_over_the_default() {
    let file = format!("data_dir = '/file'\nsocket = '/file.sock'\nlisten = ['{LISTEN_3}']");
    let variables =
        [("MUSTER_DATA_DIR", "/var"), ("MUSTER_SOCKET", "/var.sock"), ("MUSTER_LISTEN", LISTEN_2)];
    let line = ["--data-dir", "/flag", "--socket", "/flag.sock", "--listen", LISTEN_1];
    let rows: [(&[&str], Variables, &str, [&str; 3]); 5] = [
        (&line, &variables, &file, ["/flag", "/flag.sock", LISTEN_1]),
        (&line, &[], &file, ["/flag", "/flag.sock", LISTEN_1]),
        (&[], &variables, &file, ["/var", "/var.sock", LISTEN_2]),
        (&[], &variables, "", ["/var", "/var.sock", LISTEN_2]),
        (&[], &[], &file, ["/file", "/file.sock", LISTEN_3]),
    ];
    for (flags, variables, file, [data, socket, listen]) in rows {
        let settings = gather(flags, file, &[&[("HOME", "/h")], variables].concat()).unwrap();
        assert_eq!(settings.data_dir, Path::new(data));
        assert_eq!(settings.socket, Path::new(socket));
        assert_eq!(settings.listen, [listen.parse().unwrap()]);
        assert!(settings.is_listen_chosen);
    }
}

#[test]
fn every_setting_can_be_given_as_a_variable_and_then_beats_the_file() {
    let file = "[rendezvous]\nserve = true\npoints = ['/dns/a/tcp/1']\n[invite]\nhints = 'all'\n\
                [lan]\nmdns = true\n[log]\nlevel = 'info'";
    let variables = [
        ("HOME", "/h"),
        ("MUSTER_RENDEZVOUS_SERVE", "false"),
        ("MUSTER_RENDEZVOUS_POINTS", "/dns/b/tcp/1, /ip6/::1/udp/2/quic-v1"),
        ("MUSTER_INVITE_HINTS", "points"),
        ("MUSTER_LAN_MDNS", "false"),
        ("MUSTER_LOG", "warn,muster=debug"),
    ];
    let settings = gather(&[], file, &variables).unwrap();
    assert_eq!((settings.serve, settings.hints, settings.mdns), (Some(false), Hints::Points, false));
    assert_eq!(settings.points, ["/dns/b/tcp/1".parse().unwrap(), "/ip6/::1/udp/2/quic-v1".parse().unwrap()]);
    assert_eq!(settings.log.as_deref(), Some("warn,muster=debug"));
    let settings = gather(&[], file, &variables[..1]).unwrap();
    assert_eq!((settings.serve, settings.hints, settings.mdns), (Some(true), Hints::All, true));
}

#[test]
fn listen_may_be_repeated_on_the_command_line() {
    let settings = gather(&["--listen", LISTEN_1, "--listen", LISTEN_2], "", &[("HOME", "/h")]).unwrap();
    assert_eq!(settings.listen, [LISTEN_1.parse().unwrap(), LISTEN_2.parse().unwrap()]);
}

/// Each row: a file, and the line it is answered with.
#[test]
fn what_cannot_be_taken_is_answered_in_one_line_that_names_the_line_and_the_setting() {
    let rows = [
        ("\n\ncolour = 'red'", "FILE:3: colour: there is no such setting"),
        ("[lan]\nmdns = true\nbonjour = true", "FILE:3: lan.bonjour: there is no such setting"),
        ("[wan]\nmdns = true", "FILE:1: wan: there is no such setting"),
        ("rendezvous = true", "FILE:1: rendezvous: is a section: [rendezvous]"),
        (
            "[nat]\nannounce = ['/ip4/0.0.0.0/tcp/1']",
            "FILE:2: nat.announce: /ip4/0.0.0.0/tcp/1 is nowhere that others could dial",
        ),
        ("[rendezvous]\nserve = 'yes'", "FILE:2: rendezvous.serve: must be true or false"),
        ("[lan]\n\nmdns = 1", "FILE:3: lan.mdns: must be true or false"),
        ("[invite]\nhints = 'some'", "FILE:2: invite.hints: must be one of all, addresses, points"),
        ("data_dir = 7", "FILE:1: data_dir: must be a path"),
        ("socket = ''", "FILE:1: socket: must be a path"),
        ("listen = '/ip4/1.2.3.4/tcp/1'", "FILE:1: listen: must be a list of texts: [\"…\", \"…\"]"),
        ("listen = [7733]", "FILE:1: listen: must be a list of texts: [\"…\", \"…\"]"),
        ("[log]\nlevel = 'loud'", "FILE:2: log.level: 'loud' is neither a level"),
        (
            "[rendezvous]\npoints = ['example.org:7733']",
            "FILE:2: rendezvous.points: 'example.org:7733' is not an",
        ),
        ("[lan]\nmdns = yes", "FILE:2: mdns: "),
        ("[lan]\nmdns = true\nmdns = true", "FILE:3: mdns: duplicate key"),
        ("[lan", "FILE:1: [lan: "),
    ];
    for (file, expected) in rows {
        let home = written(file);
        let path = home.path().join("musterd.toml").display().to_string();
        let told = from_file(&home).unwrap_err().to_string().replace(&path, "FILE");
        assert!(
            told.starts_with(expected),
            "{file:?} is answered with\n  {told}\nand not with\n  {expected}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
}

#[test]
fn a_wrong_variable_is_named() {
    let rows = [
        ("MUSTER_LAN_MDNS", "maybe", "MUSTER_LAN_MDNS: lan.mdns: must be true or false"),
        ("MUSTER_LISTEN", "7733", "MUSTER_LISTEN: listen: '7733' is not an address"),
        ("MUSTER_LOG", "loud", "MUSTER_LOG: log.level: 'loud' is neither a level"),
        ("MUSTER_INVITE_HINTS", "\u{1b}[31m", "MUSTER_INVITE_HINTS: invite.hints: must be one of"),
    ];
    for (name, value, expected) in rows {
        let told = gather(&[], "", &[("HOME", "/h"), (name, value)]).unwrap_err().to_string();
        assert!(told.starts_with(expected), "{told}");
    }
}

#[test]
fn a_file_that_somebody_named_must_be_there_and_the_default_one_need_not() {
    let told =
        Settings::gather(flags(&["--config", "/nowhere/m.toml"]), &Environment::of(false, &[("HOME", "/h")]));
    assert!(told.unwrap_err().to_string().starts_with("--config: config: /nowhere/m.toml: "));
    let named = Environment::of(false, &[("HOME", "/h"), ("MUSTER_CONFIG", "/nowhere/m.toml")]);
    assert!(Settings::gather(Flags::default(), &named).is_err());
    assert!(gather(&[], "", &[("HOME", "/h")]).is_ok());
}

#[test]
fn the_default_file_is_read_from_its_default_place() {
    let home = tempdir().unwrap();
    fs::create_dir_all(home.path().join("muster")).unwrap();
    fs::write(home.path().join("muster/musterd.toml"), "[lan]\nmdns = false").unwrap();
    let environment = variables_of(&[("HOME", "/h"), ("XDG_CONFIG_HOME", home.path().to_str().unwrap())]);
    assert!(!Settings::gather(Flags::default(), &environment).unwrap().mdns);
}

/// The file that comes with Muster lists every setting with its default: as it is, and uncommented.
#[test]
fn the_sample_says_the_truth_about_every_default() {
    let sample = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/config/musterd.toml")).unwrap();
    let uncommented: String = sample
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let defaults = Settings::gather(Flags::default(), &Environment::of(true, &[])).unwrap();
    for text in [&sample, &uncommented] {
        let home = written(text);
        let path = home.path().join("musterd.toml");
        let line = ["--config", path.to_str().unwrap()];
        let mut settings = Settings::gather(flags(&line), &Environment::of(true, &[])).unwrap();
        if text == &uncommented {
            // Two settings are undecided by default, and an address that is written down counts as chosen.
            assert_eq!((settings.serve.take(), settings.log.take()), (Some(true), Some("info".to_owned())));
            assert!(std::mem::replace(&mut settings.is_listen_chosen, false));
        }
        assert_eq!(settings, defaults);
    }
    let settings = uncommented.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
    assert_eq!(settings, 11, "a setting is missing from the sample");
}

#[test]
fn a_wrong_command_line_names_what_is_wrong() {
    for (line, named) in [(["--listen", "7733"], "--listen"), (["--port", "1"], "--port")] {
        let error = Flags::try_parse_from(["musterd"].into_iter().chain(line)).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(named), "{error}");
    }
    let version = Flags::try_parse_from(["musterd", "--version"]).unwrap_err();
    assert_eq!(version.to_string(), format!("musterd {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(version.exit_code(), 0);
}

fn flags(line: &[&str]) -> Flags {
    Flags::try_parse_from(["musterd"].iter().chain(line)).unwrap()
}

fn gather(line: &[&str], file: &str, variables: &[(&str, &str)]) -> Result<Settings, WrongSetting> {
    let home = written(file);
    let path = home.path().join("musterd.toml");
    let line = [&["--config", path.to_str().unwrap()], line].concat();
    Settings::gather(flags(&line), &variables_of(variables))
}

fn from_file(home: &TempDir) -> Result<Settings, WrongSetting> {
    let path = home.path().join("musterd.toml");
    Settings::gather(flags(&["--config", path.to_str().unwrap()]), &variables_of(&[("HOME", "/h")]))
}

fn written(text: &str) -> TempDir {
    let home = tempdir().unwrap();
    fs::write(home.path().join("musterd.toml"), text).unwrap();
    home
}

fn variables_of(variables: &[(&str, &str)]) -> Environment {
    Environment::of(false, variables)
}
