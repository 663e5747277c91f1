//! The vocabulary: values that every other room speaks in. No I/O, no clock, no randomness.

mod acceptance;
mod address;
mod authentication;
mod certificate;
mod desired;
mod diagnosis;
mod digest;
mod distinguished_name;
mod exchange;
mod finding;
mod inspection;
mod key_policy;
mod key_store;
mod listed;
mod operator;
mod period;
mod place;
mod plan;
mod policy;
mod rights;
mod risk;
mod rotation;
mod selection;
mod snapshot;
mod stored;
mod value;
mod verification;

pub use acceptance::{Acceptance, BaselineEntry, Terms};
pub use address::{Address, Handle, InvalidAddress, InvalidHandle};
pub use authentication::{AuthenticationMethod, UnknownAuthenticationMethod};
pub use certificate::{
    CertificateProfile, ExportFormat, KeyAlgorithm, PfxEncryption, RequestProfile, Thumbprint, Usage,
};
pub use desired::{
    ApplicationPlaces, Cloud, Desired, DesiredApplication, DesiredCertificate, DesiredOwner, DesiredPermission,
    DesiredRole, DesiredUserRole, Expiry, ForeignCredentials, Former, IgnoredField, OnExpired, OwnerReference,
    PermissionType, Prune, Rotate, SignInAudience,
};
pub use diagnosis::{
    Certainty, Diagnosis, EntraCode, Examination, ExaminationState, ExaminedApplication, FailureNumber, Recognition,
    Remedy, Stage,
};
pub use digest::sha256;
pub use distinguished_name::{DistinguishedName, InvalidDistinguishedName, NameAttribute};
pub use exchange::{
    Denial, DesiredExchange, DesiredExchangeRole, DesiredRoleGroup, ExchangeScope, ObservedExchange,
    ObservedExchangeRoleAssignment, ObservedExchangeScope, ObservedExchangeServicePrincipal, ObservedOrganization,
    ObservedRoleGroup, ObservedScope, Unread,
};
pub use finding::{Circumstances, Finding, FindingClass, Rule, UnknownClass};
pub use inspection::{
    CertificateFacts, InspectedCertificate, InspectedFile, InspectedKey, InspectedRequest, Inspection, KeyFacts,
    Remark, RemarkSeverity,
};
pub use key_policy::{KeyLimit, KeyPolicies, KeyPolicy};
pub use key_store::{CertificateSource, SecretReference, StoreReference, VaultCertificate};
pub use listed::{ListedApplication, ListedCredential};
pub use operator::{Operator, Powers};
pub use period::{InvalidPeriod, Period};
pub use place::{Place, Problem, Severity};
pub use plan::{Action, Counts, FieldChange, Observed, Plan, Reason, Step};
pub use policy::{DesiredPolicy, PolicyLevel, PolicyRule};
pub use rights::{ExchangeRights, MissingRight, Right, Rights};
pub use risk::{Risk, RiskClass};
pub use rotation::{CertificateLife, Generation, GenerationState, Rotation};
pub use selection::{InvalidPattern, Pattern, Selection};
pub use snapshot::{
    DeletedApplication, HeldPermission, ObservedApi, ObservedAppRoleAssignment, ObservedApplication,
    ObservedFederatedCredential, ObservedGrant, ObservedKeyCredential, ObservedOwner, ObservedPasswordCredential,
    ObservedPermission, ObservedRoleAssignment, ObservedRoleDefinition, ObservedServicePrincipal, ObservedTenant,
    SignIn, Snapshot,
};
pub use stored::{
    AskedFor, KeyAccess, SignedCertificate, StoreTrouble, StoredCertificate, StoredKeys, StoredRequest,
    UnreadableStore, UnusableFile,
};
pub use value::{Fields, Named, Output, Value};
pub use verification::{Cause, Check, Claims, Mismatch, Outcome, Subject, Tally, Verification, VerifiedApplication};
