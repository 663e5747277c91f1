//! One folder per kind of resource: which resources are wanted and found, and the requests that write one.
//!
//! A kind compares nothing, decides nothing and sends nothing. It projects what was declared and what was observed into
//! [`Fields`], and turns a step that was planned into [`Write`]s, which are values.

mod app_role_assignment;
mod application;
mod certificate;
mod certificate_keys;
mod certificate_request;
mod context;
mod exchange_access;
mod exchange_role_assignment;
mod exchange_role_group_member;
mod exchange_scope;
mod exchange_service_principal;
mod federated_identity_credential;
mod password_credential;
mod permission_grant;
mod role_assignment;
mod service_principal;
mod sign_in;
mod write;

pub use certificate::{CertificateChain, Choice};
pub use context::{Context, Intent, ResolvedPermission, resolve_permission};
pub use exchange_access::{DeclaredExchangeAccess, declared_exchange_access, exchanges_own, mailbox_roles};
pub use exchange_scope::filter as recipient_filter;
pub use write::{
    Certificates, Cmdlet, CmdletLook, KeyCredentialsChange, Look, Request, Write, is_made_here, key_id, uploaded_from,
};

pub use application::{ESTATE_TAG, HANDLE_TAG, PROTECTED_TAG, estate_tag};

/// What Graph returns, kind by kind, as the snapshot holds it.
pub mod wire {
    pub use super::app_role_assignment::app_role_assignment;
    pub use super::application::{
        application, deleted_application, federated_credential, key_credentials, key_policy, owner,
    };
    pub use super::exchange_role_assignment::{
        exchange_role_assignment, exchange_role_assignments_of, is_exchange_role_of, named,
    };
    pub use super::exchange_scope::exchange_scope;
    pub use super::permission_grant::permission_grant;
    pub use super::role_assignment::{role_assignment, role_definition};
    pub use super::service_principal::{api, service_principal};
}

use std::collections::BTreeSet;

use crate::model::{Address, CertificateLife, Fields, Finding, Problem, Reason, Rotation, Step};

/// A kind of resource.
pub trait Kind: Sync {
    /// In Graph's own terms; the middle part of an address.
    fn name(&self) -> &'static str;

    /// Fields that cannot be changed in place, so that a change of them makes a successor.
    fn forces_replacement(&self) -> &'static [&'static str] {
        &[]
    }

    /// Every resource of this kind that is declared or found.
    fn resources(&self, context: &Context<'_>, survey: &mut Survey);

    /// The writes that carry out one step whose references are all resolved, in order.
    fn writes(&self, step: &Step, certificates: &Certificates) -> Vec<Write>;
}

/// All kinds, each after those it refers to. This list is the registry.
pub const KINDS: [&dyn Kind; 15] = [
    &certificate_keys::CertificateKeys,
    &certificate_request::CertificateRequest,
    &certificate::Certificate,
    &application::Application,
    &service_principal::ServicePrincipal,
    &app_role_assignment::AppRoleAssignment,
    &permission_grant::PermissionGrant,
    &role_assignment::RoleAssignment,
    // Scopes go after the roles that hold for them, and all of it before the application: whoever is deleted for a while may still
    // count as a use, and of what is gone for good nobody would find its scopes.
    &exchange_scope::Scope,
    &exchange_role_assignment::ExchangeRoleAssignment,
    &exchange_service_principal::ExchangeServicePrincipal,
    &exchange_role_group_member::ExchangeRoleGroupMember,
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
pub struct Survey {
    pub resources: Vec<Resource>,
    pub findings: Vec<Finding>,
    pub rotations: Vec<Rotation>,
    pub certificates: Vec<CertificateLife>,
    pub problems: Vec<Problem>,
    /// What to know besides, one sentence each.
    pub notices: Vec<String>,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::catalog::least_privilege;
    use crate::model::{Action, FieldChange, StoredCertificate, Thumbprint, Value};

    use super::*;

    const SHA1: &str = "D3083EC9CF8AEE4BD3428D8C8A6A228CB3383B6E";

    /// Every field that a kind makes requests of.
    fn fields(holder: &str) -> Fields {
        let text = |name: &str| (name.to_owned(), Value::text("1"));
        let named = |name: &str, ids: Vec<String>| {
            (name.to_owned(), Value::set(ids.into_iter().map(|id| Value::named(id, "name"))))
        };
        let single = ["uniqueName", "displayName", "appId", "principalId", "resourceId", "appRoleId", "clientId"];
        let more = ["roleDefinitionId", "directoryScopeId", "application", "thumbprint"];
        let mut fields: Fields = single.into_iter().chain(more).map(text).collect();
        fields.insert("holder".to_owned(), Value::text(holder));
        fields.extend([
            named("keyCredentials", vec![SHA1.to_owned()]),
            named("owners", (0..23).map(|owner| format!("owner-{owner}")).collect()),
            named("scope", vec!["User.Read".to_owned()]),
        ]);
        fields
    }

    fn certificates() -> Certificates {
        let instant = |text: &str| text.parse().unwrap();
        let stored = StoredCertificate {
            thumbprint: Thumbprint::parse(SHA1).unwrap(),
            thumbprint_sha256: Thumbprint::parse(&"0123456789ABCDEF".repeat(4)).unwrap(),
            subject: crate::model::DistinguishedName("CN=exo".to_owned()),
            dns_names: Vec::new(),
            key: crate::model::KeyAlgorithm::Rsa2048,
            not_before: instant("2026-01-01T00:00:00Z"),
            not_after: instant("2027-01-01T00:00:00Z"),
            der: Vec::new(),
            exports: BTreeSet::new(),
            asked: None,
            follows: BTreeSet::new(),
            private_key: crate::model::KeyAccess::Plain,
        };
        let now = instant("2026-02-01T00:00:00Z");
        Certificates { stored: [(stored.thumbprint.clone(), stored)].into(), kept: BTreeMap::new(), now }
    }

    fn actions(fields: &Fields) -> Vec<Action> {
        let change = |appears: bool| {
            let changes = fields.iter().map(|(path, value)| {
                let none = if let Value::Set(_) = value { Value::set([]) } else { Value::Null };
                let (before, after) = if appears { (none, value.clone()) } else { (value.clone(), none) };
                FieldChange { path: path.clone(), before, after, forces_replacement: false }
            });
            Action::Update { id: "id".to_owned(), changes: changes.collect(), after: fields.clone() }
        };
        vec![
            Action::Create { after: fields.clone() },
            change(true),
            change(false),
            Action::Renew { id: "id".to_owned(), changes: Vec::new(), after: fields.clone() },
            Action::Prove { after: fields.clone() },
            Action::Delete { id: "id".to_owned(), before: fields.clone() },
        ]
    }

    /// What a plan needs is looked up for its requests: one that the table does not know would pass for allowed.
    #[test]
    fn every_request_of_every_kind_is_in_the_table_of_least_privilege_and_every_write_there_is_sent() {
        let mut sent = BTreeSet::new();
        for kind in KINDS {
            for fields in [fields("/applications/1"), fields("/servicePrincipals/1"), Fields::new()] {
                for action in actions(&fields) {
                    let step = Step::new(Address::new("exo", kind.name(), ""), action, Reason::Missing);
                    for (method, path) in kind.writes(&step, &certificates()).iter().flat_map(Write::requests) {
                        let holder_unknown = fields.is_empty() && kind.name() == "passwordCredential";
                        let entry = least_privilege::find(method, &path);
                        assert!(entry.is_some() || holder_unknown, "{}: {method} {path}", kind.name());
                        sent.extend(entry.map(|entry| (entry.method, entry.path)));
                    }
                }
            }
        }
        // `accredit restore` is no plan.
        let writes = least_privilege::all()
            .iter()
            .filter(|entry| entry.method != "GET" && entry.path != "/directory/deletedItems/{}/restore");
        for entry in writes {
            assert!(sent.contains(&(entry.method, entry.path)), "nobody sends {} {}", entry.method, entry.path);
        }
    }
}
