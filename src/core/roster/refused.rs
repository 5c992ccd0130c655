//! Why a certificate is refused, and why one that is kept counts nothing.

use crate::core::primitives::ids::CertificateId;

/// Why a certificate isn't one: refused for ever, by everyone, neither stored nor passed on. For
/// who is about to sign it: why it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Refused {
    /// It is of a version that this program doesn't know: an update will.
    #[error("it is of a newer version; update this daemon")]
    NewerVersion,
    /// Its bytes aren't the one encoding of a certificate.
    #[error("it is not in canonical form")]
    NotCanonical,
    /// It is over the limit of a certificate.
    #[error("it is too long")]
    TooLong,
    /// Its body isn't one of its kind.
    #[error("its body cannot be read")]
    BodyUnreadable,
    /// Its device didn't sign it.
    #[error("its signature is wrong")]
    SignatureWrong,
    /// Its parents aren't in strictly ascending order.
    #[error("its parents are not sorted")]
    ParentsUnsorted,
    /// It names more parents than may be.
    #[error("it has too many parents")]
    TooManyParents,
    /// This device knows more heads than one certificate can name: tie them first.
    #[error("too many heads are known; tie them first")]
    TooManyHeads,
    /// One of its parents is an ancestor of another: they aren't heads.
    #[error("one of its parents is an ancestor of another")]
    ParentsNotHeads,
    /// It has no parents and isn't the founding certificate.
    #[error("it has no parents")]
    NoParents,
    /// Its generation isn't one more than the highest of its parents.
    #[error("its generation is wrong")]
    WrongGeneration,
    /// It belongs to another organization.
    #[error("it belongs to another organization")]
    WrongOrganization,
    /// It founds, and isn't the organization's founding certificate.
    #[error("an organization is founded once")]
    SecondFound,
    /// Its author isn't a device of any user.
    #[error("its author is not a device of the organization")]
    StrangerAuthor,
    /// Its author was revoked, and knew.
    #[error("its author was revoked")]
    AuthorRevoked,
    /// It doesn't follow the end of its author's own chain.
    #[error("it does not follow its author's last certificate")]
    WrongChain,
    /// What it claims to act under isn't what its author acts under.
    #[error("it acts under a grant that is not its author's")]
    WrongAuth,
    /// Only an Administrator may say that.
    #[error("only an Administrator may do that")]
    NotAdministrator,
    /// Nobody removes themselves or changes their own profile.
    #[error("nobody may do that to themselves")]
    OnSelf,
    /// External is for ever, and nobody becomes it.
    #[error("nobody changes from or to External")]
    FromOrToExternal,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// That user was revoked already.
    #[error("the user was revoked already")]
    AlreadyRevoked,
    /// That user has that profile already.
    #[error("the user has that profile already")]
    SameAsNow,
    /// The cut isn't the ends of the target's chains as the author knew them, or is missing, or isn't called for.
    #[error("its cut is not where the user's acts end")]
    CutWrong,
    /// The device is one of the organization already.
    #[error("the device is known already")]
    DeviceKnown,
    /// The user is one of the organization already.
    #[error("the user is known already")]
    UserKnown,
    /// The user's id isn't derived from their first device's key.
    #[error("the user's id is not that of the device")]
    UserIdNotDerived,
    /// A founding certificate is about the device that signs it.
    #[error("the founding device is not the author")]
    FoundsForAnother,
    /// The device didn't say this.
    #[error("the device's proof is wrong")]
    ProofWrong,
    /// A key of small order, or one that isn't canonical.
    #[error("a key is not sound")]
    KeyUnsound,
    /// An invitation for a device enrols nobody.
    #[error("the invitation is of the wrong kind")]
    InvitationKindWrong,
    /// This invitation of this device has admitted its guest.
    #[error("the invitation has admitted its guest already")]
    InvitationSpent,
    /// The user has as many devices as anybody may have.
    #[error("the user has too many devices")]
    TooManyDevices,
    /// What it acknowledges isn't sorted.
    #[error("what it acknowledges is not sorted")]
    AcknowledgesUnsorted,
    /// It acknowledges nothing that its author hasn't, and ties nothing.
    #[error("there is nothing new in it")]
    NothingNew,
    /// It acknowledges what isn't a removal in its past.
    #[error("it acknowledges what is not a removal")]
    NotToAcknowledge,
    /// It acknowledges a removal of which its author isn't a witness.
    #[error("its author is not a witness of that removal")]
    NotAWitness,
    /// There is no such setting.
    #[error("there is no such setting")]
    UnknownSetting,
    /// A setting is over its limit.
    #[error("the setting is too long")]
    SettingTooLong,
    /// It would undo what this device has seen settled: only what is set aside can lead there.
    #[error("it would undo what this device has seen settled")]
    Disputed,
    /// It adopts what isn't an Enroll that counts nothing.
    #[error("it adopts what is not a void Enroll")]
    NotVoidEnroll,
}

/// What a certificate that is held counts for, among all that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It counts.
    Effective,
    /// It counts nothing as things stand; it is kept, and can count tomorrow.
    Void(Void),
}

impl Standing {
    /// Whether it counts.
    #[must_use]
    pub fn is_effective(&self) -> bool {
        *self == Self::Effective
    }
}

/// Why a certificate counts nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Void {
    /// What let its author's device in counts nothing.
    #[error("what let its author in does not count")]
    AuthorNotIn,
    /// What made its author an Administrator counts nothing.
    #[error("what its author acted under does not count")]
    GrantNotCounting,
    /// It lies beyond the cut of this removal, which is in effect.
    #[error("its author was removed by {}", .0.short())]
    BeyondCut(CertificateId),
    /// Its target is revoked already, by a removal that comes before it.
    #[error("its target is revoked already")]
    TargetRevoked,
    /// It would have left no active Administrator.
    #[error("no Administrator would remain")]
    LastAdministrator,
    /// A demotion that is concurrent with it is in effect: the lesser right wins.
    #[error("a concurrent change gives the lesser right")]
    LesserRightWins,
    /// The device came in by another certificate, which comes before it.
    #[error("the device came in otherwise")]
    DeviceTaken,
    /// The invitation had admitted somebody else.
    #[error("the invitation admitted somebody else")]
    InvitationSpent,
    /// The user had as many devices as anybody may have.
    #[error("the user has too many devices")]
    TooManyDevices,
    /// Its target isn't a user who counts.
    #[error("its target is not in")]
    TargetNotIn,
    /// It is of a kind that this version doesn't know.
    #[error("it needs a newer musterd")]
    UnknownKind,
}
