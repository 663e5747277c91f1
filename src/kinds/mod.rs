//! One folder per kind of resource: which resources are wanted and found, and the requests that write one.
//!
//! A kind compares nothing, decides nothing and sends nothing. It projects what was declared and what was observed into
//! [`Fields`], and turns a step that was planned into [`Write`]s, which are values.

mod app_role_assignment;
mod application;
mod certificate;
mod certificate_request;
mod context;
mod federated_identity_credential;
mod password_credential;
mod permission_grant;
mod role_assignment;
mod service_principal;
mod sign_in;
mod write;

pub use certificate::{CertificateChain, Choice};
pub use context::{Context, Intent, ResolvedPermission};
pub use write::{Certificates, KeyCredentialsChange, Look, Request, Write, is_made_here, key_id, uploaded_from};

pub use application::{ESTATE_TAG, PROTECTED_TAG, estate_tag};

/// What Graph returns, kind by kind, as the snapshot holds it.
pub mod wire {
    pub use super::app_role_assignment::app_role_assignment;
    pub use super::application::{
        application, deleted_application, federated_credential, key_credentials, key_policy, owner,
    };
    pub use super::permission_grant::permission_grant;
    pub use super::role_assignment::{role_assignment, role_definition};
    pub use super::service_principal::{api, service_principal};
}

use std::collections::BTreeSet;

use crate::model::{Address, Drift, Fields, Problem, Reason, Rotation, Step};

/// A kind of resource.
pub trait Kind: Sync {
    /// In Graph's own terms; the middle part of an address.
    fn name(&self) -> &'static str;

    /// Fields that cannot be changed in place, so that a change of them makes a successor.
    fn forces_replacement(&self) -> &'static [&'static str] {
        &[]
    }

    /// Every resource of this kind that is declared or found.
    fn resources(&self, context: &Context<'_>, findings: &mut Findings);

    /// The writes that carry out one step whose references are all resolved, in order.
    fn writes(&self, step: &Step, certificates: &Certificates) -> Vec<Write>;
}

/// All kinds, each after those it refers to. This list is the registry.
pub const KINDS: [&dyn Kind; 10] = [
    &certificate_request::CertificateRequest,
    &certificate::Certificate,
    &application::Application,
    &service_principal::ServicePrincipal,
    &app_role_assignment::AppRoleAssignment,
    &permission_grant::PermissionGrant,
    &role_assignment::RoleAssignment,
    &sign_in::SignIn,
    &password_credential::PasswordCredential,
    &federated_identity_credential::FederatedIdentityCredential,
];

/// The kind called `name`, with its place in the order of dependencies.
pub fn kind(name: &str) -> Option<(usize, &'static dyn Kind)> {
    KINDS.into_iter().enumerate().find(|(_, kind)| kind.name() == name)
}

/// What the kinds have to say about a tenant.
#[derive(Debug, Default)]
pub struct Findings {
    pub resources: Vec<Resource>,
    pub drift: Vec<Drift>,
    pub rotations: Vec<Rotation>,
    pub problems: Vec<Problem>,
}

/// One resource, as declared beside as found.
#[derive(Debug)]
pub struct Resource {
    pub address: Address,
    /// `None`: it is not to be there.
    pub desired: Option<Fields>,
    /// Its id and its fields; `None`: it is not there.
    pub actual: Option<(String, Fields)>,
    pub how: How,
    /// What must be done before, beyond that which its fields refer to.
    pub needs: BTreeSet<Address>,
    /// Why, where it is for another reason than that declared and found differ.
    pub reason: Option<Reason>,
    pub notes: Vec<String>,
}

impl Resource {
    pub fn new(address: Address, desired: Option<Fields>, actual: Option<(String, Fields)>) -> Self {
        Self { address, desired, actual, how: How::Write, needs: BTreeSet::new(), reason: None, notes: Vec::new() }
    }
}

/// In what way a resource becomes as declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is made, changed or deleted.
    Write,
    /// A successor is made; what is there stays beside it for a while.
    Renew,
    /// Nothing is written: it is tried.
    Prove,
}
