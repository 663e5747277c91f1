//! What the manifests ask for, with defaults filled in and every name that the catalog knows resolved.
//!
//! `None` means "not managed", an empty collection means "none".

use std::collections::{BTreeMap, BTreeSet};

use super::{
    AuthenticationMethod, CertificateSource, DesiredExchange, DesiredPolicy, DistinguishedName, ExportFormat, Handle,
    KeyAlgorithm, Period, PfxEncryption, Place, SecretReference, Selection, StoreReference,
};

/// A Microsoft cloud; tokens and hosts differ between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cloud {
    #[default]
    Global,
    UsGovL4,
    UsGovL5,
    China,
    /// One of which only whoever runs a command knows where it is.
    Custom,
}

/// One estate: everything that a set of manifests declares for one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    /// A domain of the tenant or its id, as written.
    pub tenant: String,
    pub cloud: Cloud,
    /// How to sign in, where it is said.
    pub authentication: Option<AuthenticationMethod>,
    /// The name by which a tag marks what these manifests manage.
    pub estate: String,
    /// Where that is said.
    pub estate_place: Option<Place>,
    pub applications: BTreeMap<Handle, DesiredApplication>,
    /// Whether any manifest has the key `applications` at all. Without it applications are not managed, and none has left
    /// the manifests.
    pub applications_declared: bool,
    /// Directory roles of users, sorted by user, role and scope.
    pub user_roles: Vec<DesiredUserRole>,
    /// Applications that got another handle, by the new one.
    pub moved: BTreeMap<Handle, Former>,
    /// Applications that are let go of and stay.
    pub let_go: BTreeMap<Handle, Place>,
    /// What is asked of all of it, by name.
    pub policies: BTreeMap<String, DesiredPolicy>,
}

/// The handle that an application had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Former {
    pub handle: Handle,
    /// Where it is said.
    pub place: Place,
}

impl Desired {
    /// The handle that an application had before, where the manifests say it.
    pub fn former(&self, handle: &str) -> Option<&Former> {
        self.moved.get(handle)
    }

    /// The handle that an application is to have which had this one, where the manifests say it.
    pub fn moved_to(&self, former: &str) -> Option<&Handle> {
        self.moved.iter().find(|(_, one)| one.handle.as_str() == former).map(|(handle, _)| handle)
    }

    /// Whether `holder` is a declared application's handle or a user who is declared to hold a role.
    pub fn declares(&self, holder: &str) -> bool {
        self.applications.contains_key(holder) || self.user_roles.iter().any(|declared| declared.user == holder)
    }

    /// All applications and users that anything is declared of.
    pub fn holders(&self) -> BTreeSet<String> {
        let users = self.user_roles.iter().map(|role| role.user.clone());
        self.applications.keys().map(ToString::to_string).chain(users).collect()
    }

    /// Leaves out what is not selected, so that it is neither read nor compared. Which handles changed remains known: what has
    /// another one by now is not taken for what has left the manifests.
    pub fn narrow(&mut self, selection: &Selection) {
        self.applications.retain(|handle, _| selection.looks_at(handle.as_str()));
        self.user_roles.retain(|role| selection.looks_at(&role.user));
        self.let_go.retain(|handle, _| selection.looks_at(handle.as_str()));
    }

    /// Where the manifests declare an application, or the first role of a user.
    pub fn place_of(&self, holder: &str) -> Option<&Place> {
        let application = self.applications.get(holder).map(|application| &application.place);
        application.or_else(|| self.user_roles.iter().find(|role| role.user == holder).map(|role| &role.user_place))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredApplication {
    pub place: Place,
    pub places: ApplicationPlaces,
    pub display_name: String,
    pub description: Option<String>,
    pub notes: Option<String>,
    pub sign_in_audience: Option<SignInAudience>,
    /// Without the tags that Accredit adds of its own.
    pub tags: Option<BTreeSet<String>>,
    pub owners: Option<Vec<DesiredOwner>>,
    pub redirect_uris: Option<BTreeSet<String>>,
    pub permissions: Option<Vec<DesiredPermission>>,
    pub certificates: Option<BTreeMap<String, DesiredCertificate>>,
    pub roles: Option<Vec<DesiredRole>>,
    pub exchange: DesiredExchange,
    pub expiry: Expiry,
    pub foreign_credentials: ForeignCredentials,
    /// Refuses every plan that would delete this application.
    pub protect: bool,
    /// What somebody else looks after once the application is there.
    pub ignore: BTreeSet<IgnoredField>,
}

/// A field of an application that somebody else may look after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IgnoredField {
    DisplayName,
    Description,
    Notes,
    SignInAudience,
    Tags,
    Owners,
    RedirectUris,
}

impl IgnoredField {
    /// As manifests call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisplayName => "displayName",
            Self::Description => "description",
            Self::Notes => "notes",
            Self::SignInAudience => "signInAudience",
            Self::Tags => "tags",
            Self::Owners => "owners",
            Self::RedirectUris => "redirectUris",
        }
    }

    /// As Graph calls it.
    pub fn property(self) -> &'static str {
        match self {
            Self::RedirectUris => "web.redirectUris",
            Self::DisplayName | Self::Description | Self::Notes | Self::SignInAudience | Self::Tags | Self::Owners => {
                self.as_str()
            }
        }
    }
}

/// Where an application's own fields are said; the application itself where they are not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationPlaces {
    pub display_name: Place,
    pub sign_in_audience: Place,
    pub tags: Place,
    pub owners: Place,
}

/// <https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignInAudience {
    #[default]
    AzureAdMyOrg,
    AzureAdMultipleOrgs,
    AzureAdAndPersonalMicrosoftAccount,
    PersonalMicrosoftAccount,
}

impl SignInAudience {
    pub const ALL: [Self; 4] = [
        Self::AzureAdMyOrg,
        Self::AzureAdMultipleOrgs,
        Self::AzureAdAndPersonalMicrosoftAccount,
        Self::PersonalMicrosoftAccount,
    ];

    /// As Graph spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AzureAdMyOrg => "AzureADMyOrg",
            Self::AzureAdMultipleOrgs => "AzureADMultipleOrgs",
            Self::AzureAdAndPersonalMicrosoftAccount => "AzureADandPersonalMicrosoftAccount",
            Self::PersonalMicrosoftAccount => "PersonalMicrosoftAccount",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredOwner {
    pub place: Place,
    pub owner: OwnerReference,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnerReference {
    /// By user principal name.
    User(String),
    /// By display name or appId.
    ServicePrincipal(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionType {
    /// An app role; Graph's `Role`.
    Application,
    /// An OAuth2 scope; Graph's `Scope`.
    Delegated,
}

/// One permission of one API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredPermission {
    /// Where the permission's name stands.
    pub place: Place,
    /// Where the API's name stands.
    pub api_place: Place,
    /// The API's display name (the catalog's spelling where it knows it) or its appId, as far as known offline.
    pub api: String,
    /// The API's appId, where the manifest or the catalog says it.
    pub api_id: Option<String>,
    pub permission_type: PermissionType,
    /// The permission's name (the catalog's spelling where it knows it) or its id, as far as known offline.
    pub permission: String,
    /// The id of the app role or scope, where the manifest or the catalog says it.
    pub permission_id: Option<String>,
    /// Whether admin consent is granted for it.
    pub consent: bool,
}

/// One directory role of the application's service principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredRole {
    pub place: Place,
    /// Today's name of the role, or what the manifest says where the catalog does not know it.
    pub role: String,
    /// The role's template id, where the catalog or the manifest says it.
    pub template_id: Option<String>,
    /// Graph's `directoryScopeId`: `/` is the whole tenant.
    pub scope: String,
    pub justification: Option<String>,
}

/// One directory role of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredUserRole {
    /// Where the user's name stands.
    pub user_place: Place,
    /// The user principal name.
    pub user: String,
    pub role: DesiredRole,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredCertificate {
    pub place: Place,
    pub source: CertificateSource,
    /// Where the source is said, or the certificate's name.
    pub source_place: Place,
    /// Where it is said how long it lives, or the certificate's name; `None` where others decide that.
    pub lifetime_place: Option<Place>,
    pub key_place: Place,
    pub rotate: Rotate,
    /// The key credential's `displayName` in Entra; tells which declared certificate it is when the key store is
    /// elsewhere.
    pub display_name: String,
    pub subject: DistinguishedName,
    /// Whether the subject was made of the handle because nothing else is said: a certificate from before a handle changed is as
    /// good.
    pub subject_by_handle: bool,
    pub dns_names: Vec<String>,
    pub key: KeyAlgorithm,
    pub valid_for: Period,
    /// The PKCS#12 friendly name.
    pub friendly_name: Option<String>,
    pub store: StoreReference,
    pub export: BTreeSet<ExportFormat>,
    /// Always there when `export` has [`ExportFormat::Pfx`].
    pub pfx_password: Option<SecretReference>,
    pub pfx_encryption: PfxEncryption,
    /// The machines and services that sign in with it, in the words of whoever runs them.
    pub hosts: Vec<String>,
}

/// What `accredit rotate` asks of a certificate, beyond what its dates ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rotate {
    /// Nothing: it is renewed when it is due.
    #[default]
    WhenDue,
    /// Its successor is made now.
    Now,
    /// Those that it followed are removed now, whether or not the overlap has passed.
    Finish,
}

/// What becomes of credentials that somebody else put on a managed application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForeignCredentials {
    #[default]
    Report,
    Remove,
}

/// What is done about a certificate that has ended already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExpired {
    /// It is renewed as one that ends soon is.
    #[default]
    Renew,
    /// It is reported and left alone.
    Warn,
    /// There is no plan until somebody has decided.
    Refuse,
}

/// Which credentials are removed although nobody asked for it one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prune {
    #[default]
    Nothing,
    /// Those that have ended, whoever put them there.
    Expired,
}

/// When certificates are renewed and how long they may live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// A certificate is renewed this long before its end. Default: 30 days.
    pub renew_before: Period,
    /// A renewed certificate stays usable this long beside its successor. Default: 14 days.
    pub overlap: Period,
    /// No certificate may be declared to live longer. Default: 1 year.
    pub maximum_lifetime: Period,
    /// A certificate that nobody has renewed is warned of this long before its end. Default: 30 days.
    pub warn_before: Period,
    pub on_expired: OnExpired,
    pub prune: Prune,
}
