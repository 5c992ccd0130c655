//! A small daemon for the tests of both ends of the socket: the real server, and a desk that answers calls
//! from a script. It knows Ada (the Administrator), Bob, and an External whose name nobody here sees.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use muster::control::{Access, Call, StatusReport, bind, data::*, serve};
use muster::core::node::request::{Answer, Request, StatusAnswer};
use muster::core::primitives::limits;
use tempfile::TempDir;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::control_script::converse;

/// A running stand-in; stopped when dropped.
pub(crate) struct StandIn {
    pub(crate) socket: PathBuf,
    pub(crate) events: broadcast::Sender<Event>,
    /// How conversations ended, as the daemon saw it, and what was asked.
    pub(crate) seen: std_mpsc::Receiver<String>,
    _dir: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    pub(crate) fn start() -> Self {
        Self::start_with(Access::private())
    }

    pub(crate) fn start_with(access: Access) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("control.sock");
        let (events, _) = broadcast::channel(limits::PENDING_EVENTS);
        let (stop, stopped) = oneshot::channel();
        let (saw, seen) = std_mpsc::channel();
        let (ready, is_ready) = std_mpsc::channel();
        let thread = std::thread::spawn({
            let (socket, events) = (socket.clone(), events.clone());
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let listener = bind(&socket, access).unwrap();
                    ready.send(()).unwrap();
                    let (calls, desk) = mpsc::channel(16);
                    tokio::spawn(answer_all(desk, saw));
                    serve(listener, access, calls, events, async {
                        let _ = stopped.await;
                    })
                    .await;
                });
            }
        });
        is_ready.recv().unwrap();
        Self { socket, events, seen, _dir: dir, stop: Some(stop), thread: Some(thread) }
    }

    /// Opens folder and socket to every user of the machine, so that only the server's own check is left.
    pub(crate) fn open_to_all(&self) {
        let folder = self.socket.parent().unwrap();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        std::fs::set_permissions(&self.socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    }

    /// The next thing that the daemon noted.
    pub(crate) fn next_seen(&self) -> String {
        self.seen.recv_timeout(Duration::from_secs(10)).unwrap()
    }

    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) const ADA: UserId = UserId([0xad; 32]);
pub(crate) const BOB: UserId = UserId([0xb0; 32]);
pub(crate) const CYD: UserId = UserId([0xcd; 32]);
pub(crate) const STRANGER: UserId = UserId([0x3f; 32]);
pub(crate) const ACME: OrganizationId = OrganizationId([0xac; 32]);
pub(crate) const INVITATION: InvitationId = InvitationId([0x12; 16]);
pub(crate) const LINK: &str =
    "muster:AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QCCIRDEQSSMJZIFEVCWLBNFYXTAMJSGM2DKNRX";

/// A user about whom the stand-in thinks for ever.
pub(crate) const PONDERED: &str = "the-meaning-of-life";

async fn answer_all(mut desk: mpsc::Receiver<Call>, saw: std_mpsc::Sender<String>) {
    let mut never_answered = Vec::new();
    while let Some(call) = desk.recv().await {
        match call {
            Call::Ask { request: Request::ShowUser { user }, reply, .. } if user == PONDERED => {
                let _ = saw.send("ponders".to_owned());
                never_answered.push(reply);
            }
            Call::Status { reply } => {
                let waiting = vec![WaitingAnswer {
                    invitation_id: INVITATION,
                    email: Some("bob@example.org".to_owned()),
                    guests: 1,
                    since: Moment(1_700_000_000_000),
                    organization_id: ACME,
                }];
                let membership = StatusAnswer { organization: acme(), waiting };
                let _ = reply.send(StatusReport::new("0.1.0", [membership]));
            }
            Call::Create { name, person, email, device, reply } => {
                let _ = saw.send(format!("create {name}/{person}/{email}/{device:?}"));
                let _ = reply.send(Ok(acme()));
            }
            Call::Organizations { reply } => {
                let _ = reply.send(vec![acme()]);
            }
            Call::Forget { reply, .. } => {
                let refusal = Refusal::new(Class::State, "still_active", "org forget: you are still in");
                let _ = reply.send(Err(refusal.hint("ask an Administrator to revoke you")));
            }
            Call::Ask { organization, request, reply } => {
                let _ = saw.send(format!("{organization:?} {request:?}"));
                let _ = reply.send(ask(organization.as_deref(), request));
            }
            Call::Converse { about, steps, answers, reply, .. } => {
                tokio::spawn(converse(about, steps, answers, reply, saw.clone()));
            }
        }
    }
}

fn ask(organization: Option<&str>, request: Request) -> Result<Answer, Refusal> {
    if organization.is_some_and(|name| name != "Acme") {
        return Err(Refusal::new(Class::NotFound, "no_such_organization", "--org: there is no such one"));
    }
    Ok(match request {
        Request::Status | Request::ShowOrganization => Answer::Organization(Box::new(acme())),
        Request::InviteUsers { emails, .. } => match emails.iter().find(|email| !email.contains('@')) {
            None => Answer::Invited(emails.into_iter().map(|email| invited(Some(email))).collect()),
            Some(email) => {
                let refusal = Refusal::new(Class::Usage, "bad_value", format!("email: '{email}' has no @"));
                return Err(Refusal { field: Some("email".to_owned()), ..refusal });
            }
        },
        Request::InviteDevice { .. } => Answer::Invited(vec![invited(None)]),
        Request::ListInvitations { .. } => Answer::Invitations(vec![invitation(None)]),
        Request::ShowInvitation { .. } => Answer::Invitation(Box::new(invitation(Some(LINK.to_owned())))),
        Request::CancelInvitation { .. } => Answer::Invitation(Box::new(invitation(None))),
        Request::OpenSession { .. } | Request::CloseSession { .. } => {
            Answer::Session(Box::new(session(Some(LINK.to_owned()))))
        }
        Request::ListSessions => Answer::Sessions(vec![session(None)]),
        Request::ListUsers { .. } => Answer::Users(vec![ada(), stranger(), cyd()]),
        Request::ShowUser { user } if user == "ada@example.org" => Answer::User(Box::new(ada())),
        Request::ShowUser { user } if user == "boss" => Answer::User(Box::new(bob())),
        Request::ShowUser { user } if user == CYD.to_string() => Answer::User(Box::new(cyd())),
        Request::ShowUser { user } => {
            let why = format!("user: nobody here is called '{user}'");
            return Err(Refusal::new(Class::NotFound, "no_such_user", why));
        }
        Request::RevokeUsers { users } => Answer::Changes(users.into_iter().map(change).collect()),
        Request::SetProfiles { users, .. } => Answer::Changes(users.into_iter().map(change).collect()),
        Request::ListDevices { .. } => Answer::Devices(ada().devices),
        Request::RosterLog => Answer::Log(vec![certificate("found"), certificate("enroll")]),
        Request::LogChanges { since } => Answer::LogChanges(log_changes(since.as_deref())),
        Request::AdoptEnroll { .. } => Answer::Log(vec![certificate("enroll")]),
        Request::ListPoints | Request::AddPoint { .. } | Request::RemovePoint { .. } => {
            Answer::Points(vec![PointAnswer {
                address: "/ip4/192.0.2.7/tcp/7733".parse().unwrap(),
                source: PointSource::Organization,
                problem: None,
            }])
        }
        Request::VerifyRoster => Answer::Verified(VerifyAnswer {
            certificates: 2,
            effective: 1,
            void: 1,
            roster_digest: "00".repeat(32),
            problems: vec!["a certificate \u{1b}[31mlies".to_owned()],
            disputes: Vec::new(),
        }),
    })
}

fn acme() -> OrganizationAnswer {
    OrganizationAnswer {
        organization_id: ACME,
        name: Some("Acme".to_owned()),
        user_id: ADA,
        device_id: DeviceId([0xde; 32]),
        peer_id: "12D3KooW".to_owned(),
        addresses: Vec::new(),
        profile: Profile::Administrator,
        state: UserState::Active,
        users: 2,
        connected: 1,
        roster_digest: "00".repeat(32),
        advice: vec!["appoint a second Administrator".to_owned()],
        unsettled: Vec::new(),
    }
}

fn ada() -> UserAnswer {
    UserAnswer {
        user_id: ADA,
        // What a peer supplies may hold anything.
        name: Some("Ada\u{1b}[2J\u{202e}".to_owned()),
        email: Some("ada@example.org".to_owned()),
        profile: Profile::Administrator,
        state: UserState::Active,
        enrolled_at: Moment(1_700_000_000_000),
        enrolled_by: ADA,
        appointed_by: None,
        devices: vec![DeviceAnswer {
            device_id: DeviceId([0xde; 32]),
            label: Some("lap\u{7}top".to_owned()),
            peer_id: "12D3KooW".to_owned(),
            user_id: ADA,
            connected: true,
        }],
    }
}

fn bob() -> UserAnswer {
    let (name, email) = (Some("Bob".to_owned()), Some("bob@example.org".to_owned()));
    UserAnswer { user_id: BOB, name, email, devices: Vec::new(), ..ada() }
}

/// Whom Bob made an Administrator.
fn cyd() -> UserAnswer {
    let (name, email) = (Some("Cyd".to_owned()), Some("cyd@example.org".to_owned()));
    UserAnswer { user_id: CYD, name, email, appointed_by: Some(BOB), ..bob() }
}

fn stranger() -> UserAnswer {
    UserAnswer {
        user_id: STRANGER,
        name: None,
        email: None,
        profile: Profile::External,
        devices: Vec::new(),
        ..ada()
    }
}

fn invited(email: Option<String>) -> InvitedAnswer {
    InvitedAnswer {
        invitation_id: INVITATION,
        email,
        link: LINK.to_owned(),
        expires_at: Moment(4_000_000_000_000),
        state: InvitationState::Pending,
        sent: "no".to_owned(),
        error: None,
    }
}

fn invitation(link: Option<String>) -> InvitationAnswer {
    InvitationAnswer {
        invitation_id: INVITATION,
        kind: Kind::User,
        email: Some("bob@example.org".to_owned()),
        created_by: ADA,
        created_at: Moment(1_700_000_000_000),
        expires_at: Moment(4_000_000_000_000),
        state: InvitationState::Ready,
        waiting: 1,
        ended_by: None,
        ended_at: None,
        attempts: 0,
        link,
    }
}

/// What becomes of a user is in the name, as `bob`, `already`, `self`, `external`, anything else.
fn session(link: Option<String>) -> SessionAnswer {
    SessionAnswer {
        invitation_id: INVITATION,
        lan_id: InvitationId([0x34; 16]),
        profile: Some(Profile::Member),
        seats: 40,
        taken: 7,
        show_name: false,
        created_at: Moment(1_700_000_000_000),
        expires_at: Moment(4_000_000_000_000),
        state: InvitationState::Ready,
        waiting: 3,
        link,
    }
}

fn change(user: String) -> ChangeAnswer {
    let (result, exit) = match user.as_str() {
        "bob" | "boss" => (ChangeResult::Changed, None),
        id if id == CYD.to_string() => (ChangeResult::Changed, None),
        "already" => (ChangeResult::Unchanged, None),
        "self" => (ChangeResult::Refused, Some(3)),
        "external" => (ChangeResult::Refused, Some(5)),
        _ => (ChangeResult::NotFound, Some(4)),
    };
    let reason = exit.map(|code| format!("the reason of {code}"));
    ChangeAnswer { user, user_id: Some(BOB), email: None, result, reason, exit }
}

/// One certificate at first; then another, beside the first once more; then nothing.
fn log_changes(since: Option<&str>) -> LogChangesAnswer {
    let another = LogAnswer { certificate_id: CertificateId([0xcf; 32]), ..certificate("revoke") };
    let (revision, changed) = match since {
        None => ("aa", vec![certificate("found")]),
        Some("aa") => ("bb", vec![another, certificate("found")]),
        Some(_) => ("bb", Vec::new()),
    };
    LogChangesAnswer { revision: revision.to_owned(), changed }
}

fn certificate(kind: &str) -> LogAnswer {
    LogAnswer {
        certificate_id: CertificateId([0xce; 32]),
        kind: kind.to_owned(),
        author_user: ADA,
        author_device: DeviceId([0xde; 32]),
        subject: vec![BOB.to_string()],
        time: Moment(1_700_000_000_000),
        standing: "effective".to_owned(),
        reason: None,
        by: "Ada".to_owned(),
        about: "Bob\u{202e}".to_owned(),
    }
}
