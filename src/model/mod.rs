//! The vocabulary: values that every other room speaks in. No I/O, no clock, no randomness.

mod address;
mod certificate;
mod desired;
mod distinguished_name;
mod inspection;
mod period;
mod place;
mod plan;
mod snapshot;
mod value;

pub use address::{Address, Handle};
pub use certificate::{
    CertificateProfile, ExportFormat, KeyAlgorithm, PfxEncryption, RequestProfile, SecretReference, StoredCertificate,
    Thumbprint, Usage,
};
pub use desired::{
    Cloud, Desired, DesiredApplication, DesiredCertificate, DesiredOwner, DesiredPermission, DesiredRole,
    DesiredUserRole, Expiry, OwnerReference, PermissionType, SignInAudience,
};
pub use distinguished_name::{DistinguishedName, InvalidDistinguishedName, NameAttribute};
pub use inspection::{
    CertificateFacts, Finding, FindingSeverity, InspectedCertificate, InspectedFile, InspectedKey, InspectedRequest,
    Inspection, KeyFacts,
};
pub use period::{InvalidPeriod, Period};
pub use place::{Place, Problem, Severity};
pub use plan::{Action, Counts, Drift, FieldChange, Plan, Reason, Step};
pub use snapshot::{
    DeletedApplication, ObservedApi, ObservedAppRoleAssignment, ObservedApplication, ObservedFederatedCredential,
    ObservedGrant, ObservedKeyCredential, ObservedOwner, ObservedPasswordCredential, ObservedPermission,
    ObservedRoleAssignment, ObservedRoleDefinition, ObservedServicePrincipal, ObservedTenant, Snapshot,
};
pub use value::{Fields, Named, Output, Value};
