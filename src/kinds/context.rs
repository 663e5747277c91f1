//! What every kind looks at: the manifests and the tenant, with names resolved once.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::catalog::apis::{self, EXCHANGE_ONLINE, EXCHANGE_ONLINE_PROTECTION};
use crate::catalog::nearest;
use crate::model::{
    Address, Desired, DesiredApplication, DesiredPermission, DesiredRole, ForeignCredentials, Handle, Named,
    ObservedApi, ObservedApplication, ObservedKeyCredential, OwnerReference, PermissionType, Problem, Prune, Reason,
    SignIn, Snapshot, StoredKeys, Thumbprint, Value,
};

use super::{CertificateChain, is_made_here};

/// What a plan is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Make the tenant as the manifests say.
    Reconcile,
    /// Remove what the manifests declare.
    Destroy,
}

/// The input of every kind.
#[derive(Debug)]
pub struct Context<'a> {
    pub desired: &'a Desired,
    pub snapshot: &'a Snapshot,
    pub now: Timestamp,
    pub intent: Intent,
    permissions: BTreeMap<String, Vec<ResolvedPermission<'a>>>,
    chains: BTreeMap<String, BTreeMap<&'a str, CertificateChain<'a>>>,
}

/// A permission with the ids that this tenant has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPermission<'a> {
    pub api: &'a ObservedApi,
    pub id: &'a str,
    pub value: &'a str,
    pub permission_type: PermissionType,
    pub consent: bool,
}

impl<'a> Context<'a> {
    /// Resolves every name; what this tenant does not know becomes a problem.
    pub fn new(
        desired: &'a Desired,
        snapshot: &'a Snapshot,
        now: Timestamp,
        intent: Intent,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut context =
            Self { desired, snapshot, now, intent, permissions: BTreeMap::new(), chains: BTreeMap::new() };
        if intent == Intent::Reconcile {
            for (handle, application) in &desired.applications {
                let resolved = application.permissions.iter().flatten();
                let resolved = resolved.filter_map(|permission| {
                    resolve_permission(&snapshot.apis, permission).map_err(|problem| problems.push(problem)).ok()
                });
                context.permissions.insert(handle.to_string(), resolved.collect());
                let observed = snapshot.applications.get(handle.as_str());
                for (name, certificate) in application.certificates.iter().flatten() {
                    let keys = snapshot.keys.get(&(handle.as_str().to_owned(), name.clone()));
                    let chain = CertificateChain::new(
                        certificate,
                        &application.expiry,
                        keys.unwrap_or(&NO_KEYS),
                        observed.map_or(&[], |application| &application.key_credentials),
                        snapshot.sign_ins.get(handle.as_str()).unwrap_or(&NO_SIGN_INS),
                        now,
                    );
                    let id = observed.map(|application| application.id.as_str());
                    let created = observed.and_then(|application| application.created);
                    let chain = chain.limited(snapshot.key_policies.limit(id, created));
                    context.chains.entry(handle.to_string()).or_default().insert(name, chain);
                }
            }
        }
        context
    }

    /// Every application that is declared or was found, as declared beside as found.
    pub fn applications(
        &self,
    ) -> impl Iterator<Item = (&'a str, Option<&'a DesiredApplication>, Option<&'a ObservedApplication>)> {
        let declared = self.desired.applications.keys().map(Handle::as_str);
        // To destroy is to destroy what is declared; what has left the manifests goes by reconciling.
        let reconciled = self.intent == Intent::Reconcile && self.desired.applications_declared;
        let others = self.snapshot.applications.keys().filter(move |_| reconciled);
        let found = others.map(String::as_str);
        let is_let_go = |handle: &&str| self.desired.let_go.contains_key(*handle);
        let handles: BTreeSet<&'a str> = declared.chain(found).filter(|handle| !is_let_go(handle)).collect();
        let desired = self.desired;
        let snapshot = self.snapshot;
        let intent = self.intent;
        handles.into_iter().map(move |handle| {
            let wanted = desired.applications.get(handle).filter(|_| intent == Intent::Reconcile);
            (handle, wanted, snapshot.applications.get(handle))
        })
    }

    /// Why something of an application goes: alone, where that is declared, or else before it.
    pub(super) fn reason_to_go(&self, is_declared: bool) -> Reason {
        match (is_declared, self.intent) {
            (true, _) => Reason::Undeclared,
            (false, Intent::Reconcile) => Reason::RemovedFromManifests,
            (false, Intent::Destroy) => Reason::Destroyed,
        }
    }

    /// The name under which `handle`'s application was made, which stays what it was when the handle changes.
    pub(super) fn permanent_name<'h>(&'h self, handle: &'h str) -> &'h str {
        self.snapshot.applications.get(handle).map_or(handle, |application| &application.unique_name)
    }

    /// What the manifest says of `handle`, whatever the intent.
    pub fn declared(&self, handle: &str) -> Option<&'a DesiredApplication> {
        self.desired.applications.get(handle)
    }

    pub fn permissions(&self, handle: &str) -> &[ResolvedPermission<'a>] {
        self.permissions.get(handle).map_or(&[], Vec::as_slice)
    }

    /// The permissions of that type that `handle` is to have admin consent to.
    pub(super) fn consented(&self, handle: &str, of: PermissionType) -> impl Iterator<Item = &ResolvedPermission<'a>> {
        self.permissions(handle).iter().filter(move |permission| permission.permission_type == of && permission.consent)
    }

    pub(super) fn chain(&self, handle: &str, certificate: &str) -> Option<&CertificateChain<'a>> {
        self.chains.get(handle)?.get(certificate)
    }

    /// The key credentials that `handle` is to have for one declared certificate; `made` stands for one to be made.
    pub(super) fn key_credentials(&self, handle: &str, certificate: &str, made: Value) -> Vec<Value> {
        self.chain(handle, certificate).map_or_else(Vec::new, |chain| chain.key_credentials(made))
    }

    /// Certificates that Accredit uploaded for declarations that have left the manifest, each with the instant from which
    /// it may go: when the declared ones have stood beside it for the overlap. `None`: not yet known.
    pub(super) fn left_over(&self, handle: &str) -> Vec<(&'a ObservedKeyCredential, Named, Option<Timestamp>)> {
        let declared = self.desired.applications.get(handle).filter(|declared| declared.certificates.is_some());
        let observed = self.snapshot.applications.get(handle);
        let (Some(_), Some(observed)) = (declared, observed) else { return Vec::new() };
        let ours = self.uploaded_key_ids(handle);
        let chains: Vec<_> = self.chains.get(handle).into_iter().flat_map(BTreeMap::values).collect();
        let handed_over: Option<Vec<Timestamp>> = chains.iter().map(|chain| chain.handed_over()).collect();
        // Where none is declared there is nothing to hand over to.
        let goes = handed_over.map(|all| all.into_iter().max().unwrap_or(Timestamp::MIN));
        let credentials = observed.key_credentials.iter().filter(|credential| {
            credential.is_sign_in_certificate()
                && is_made_here(&credential.key_id)
                && !ours.contains(credential.key_id.as_str())
        });
        credentials
            .filter_map(|credential| {
                let id = credential.thumbprint.as_ref()?.to_string();
                let name = credential.display_name.clone().unwrap_or_else(|| id.clone());
                Some((credential, Named { id, name }, goes))
            })
            .collect()
    }

    /// Why the manifest has a credential removed that it does not declare; `None` where it is only reported.
    pub(super) fn removes(&self, handle: &str, end: Option<Timestamp>) -> Option<Reason> {
        let declared = self.desired.applications.get(handle)?;
        let has_ended = end.is_some_and(|end| end <= self.now);
        if declared.expiry.prune == Prune::Expired && has_ended {
            return Some(Reason::Ended);
        }
        match declared.foreign_credentials {
            ForeignCredentials::Remove => Some(Reason::Foreign),
            ForeignCredentials::Report => None,
        }
    }

    /// Certificates on the application that nobody declared and that the manifest has removed.
    pub(super) fn unwanted(&self, handle: &str) -> Vec<Named> {
        let is_removed = |credential: &&ObservedKeyCredential| {
            self.removes(handle, credential.end).is_some() && !self.goes_after_proof(handle, credential.end)
        };
        self.foreign(handle).filter(is_removed).map(unwanted).collect()
    }

    /// Whether a foreign certificate is to go and may be the one that somebody works with: it goes when one of ours has
    /// signed in.
    pub(super) fn goes_after_proof(&self, handle: &str, end: Option<Timestamp>) -> bool {
        let has_ended = end.is_some_and(|end| end <= self.now);
        let chains = self.chains.get(handle).into_iter().flat_map(BTreeMap::values);
        let waits = !has_ended && chains.clone().next().is_some() && !chains.clone().any(CertificateChain::is_proven);
        waits && self.removes(handle, end).is_some()
    }

    /// Whether a credential holds a certificate that is about to be uploaded under another `keyId`, which takes its place:
    /// Graph keeps a certificate once.
    pub(super) fn is_uploaded_anew(&self, handle: &str, credential: &ObservedKeyCredential) -> bool {
        let chains = self.chains.get(handle).into_iter().flat_map(BTreeMap::values);
        let mut coming = chains.filter_map(CertificateChain::coming_from_store);
        coming.any(|stored| credential.thumbprint.as_ref() == Some(&stored.thumbprint))
    }

    /// Whether foreign certificates are to go once one of ours has signed in.
    pub(super) fn has_foreign_that_wait(&self, handle: &str) -> bool {
        self.foreign(handle).any(|credential| self.goes_after_proof(handle, credential.end))
    }

    /// Certificates on the application that nobody declared.
    fn foreign(&self, handle: &str) -> impl Iterator<Item = &'a ObservedKeyCredential> {
        let declared = self.desired.applications.get(handle).filter(|declared| declared.certificates.is_some());
        let observed = self.snapshot.applications.get(handle).filter(|_| declared.is_some());
        let ours = self.uploaded_key_ids(handle);
        let left_over = self.left_over(handle);
        observed.into_iter().flat_map(|observed| &observed.key_credentials).filter(move |credential| {
            credential.is_sign_in_certificate()
                && !ours.contains(credential.key_id.as_str())
                && !left_over.iter().any(|(other, _, _)| other == credential)
        })
    }

    /// The declared certificate that a credential passes for by its name and the form of its `keyId` alone, where the key store
    /// of that one was read and holds keys, and not this one. An empty store says nothing: whoever only looks has none.
    pub(super) fn is_in_no_store(&self, handle: &str, credential: &ObservedKeyCredential) -> Option<&'a str> {
        let chains = self.chains.get(handle)?;
        let holds = |chain: &CertificateChain<'_>| chain.holds_key_of(credential);
        if chains.values().any(|chain| holds(chain) == Some(true)) {
            return None;
        }
        let passes_for = |(_, chain): &(&&'a str, &CertificateChain<'a>)| {
            holds(chain) == Some(false) && chain.uploaded_key_ids().any(|id| id == credential.key_id)
        };
        chains.iter().find(passes_for).map(|(name, _)| *name)
    }

    /// Whether a credential of a declared certificate is one that `handle` is to have.
    pub(super) fn stays(&self, handle: &str, credential: &ObservedKeyCredential) -> bool {
        let chains = self.chains.get(handle).into_iter().flat_map(BTreeMap::values);
        let thumbprint = credential.thumbprint.as_ref().map(Thumbprint::as_str);
        chains.flat_map(|chain| chain.key_credentials(Value::Null)).any(|value| value.id() == thumbprint)
    }

    /// The `keyId`s of the key credentials that `handle` has for its declared certificates.
    pub(super) fn uploaded_key_ids(&self, handle: &str) -> BTreeSet<&str> {
        let chains = self.chains.get(handle).into_iter().flat_map(BTreeMap::values);
        chains.flat_map(CertificateChain::uploaded_key_ids).collect()
    }

    /// The key credentials that `handle` has for its declared certificates.
    pub(super) fn uploaded(&self, handle: &str) -> Vec<Named> {
        let chains = self.chains.get(handle).into_iter().flat_map(BTreeMap::values);
        chains.flat_map(CertificateChain::uploaded).collect()
    }

    /// The appId of `handle`'s application, or a reference to it.
    pub fn app_id(&self, handle: &str) -> Value {
        self.snapshot.applications.get(handle).map_or_else(
            || Value::output(Address::new(handle, "application", ""), "appId"),
            |application| Value::text(&application.app_id),
        )
    }

    /// The object id of `handle`'s service principal, or a reference to it.
    pub fn service_principal_id(&self, handle: &str) -> Value {
        let found = self.snapshot.applications.get(handle);
        let found = found.and_then(|application| Some((application, application.service_principal.as_ref()?)));
        found.map_or_else(
            || Value::output(Address::new(handle, "servicePrincipal", ""), "id"),
            |(application, service_principal)| Value::named(&service_principal.id, &application.display_name),
        )
    }

    /// An API's display name, with its appId where another API has the same name.
    pub fn api_name(&self, api: &ObservedApi) -> String {
        let namesakes = self.snapshot.apis.iter().filter(|other| other.display_name == api.display_name).count();
        if namesakes > 1 { format!("{} ({})", api.display_name, api.app_id) } else { api.display_name.clone() }
    }

    pub fn api_by_object_id(&self, id: &str) -> Option<&'a ObservedApi> {
        self.snapshot.apis.iter().find(|api| api.id == id)
    }

    pub fn api_by_app_id(&self, app_id: &str) -> Option<&'a ObservedApi> {
        self.snapshot.apis.iter().find(|api| api.app_id == app_id)
    }

    /// A directory role by its template id under today's name.
    pub fn role(&self, role: &DesiredRole) -> Result<Value, Problem> {
        let definitions = &self.snapshot.role_definitions;
        definitions
            .iter()
            .find(|definition| definition.is_meant_by(role))
            .map(|definition| Value::named(&definition.id, &definition.display_name))
            .ok_or_else(|| {
                let names = definitions.iter().map(|definition| definition.display_name.as_str());
                Problem::error(format!("this tenant has no directory role `{}`", role.role)).at(&role.place).help(
                    did_you_mean(&role.role, names).unwrap_or_else(|| {
                        "see the roles under Roles & admins in the Microsoft Entra admin center".to_owned()
                    }),
                )
            })
    }

    /// A directory role as it was found, under its name.
    pub fn role_by_id(&self, id: &str) -> Value {
        let found = self.snapshot.role_definitions.iter().find(|definition| definition.has_id(id));
        found.map_or_else(|| Value::named(id, id), |definition| Value::named(&definition.id, &definition.display_name))
    }

    pub fn owner(&self, owner: &crate::model::DesiredOwner) -> Result<Value, Problem> {
        match &owner.owner {
            OwnerReference::User(name) => {
                self.user(name).map(|id| Value::named(id, name)).ok_or_else(|| no_such_user(name, &owner.place))
            }
            OwnerReference::ServicePrincipal(name) => {
                let found = self.snapshot.owner_service_principals.get(name).map_or(&[][..], Vec::as_slice);
                match found {
                    [one] => Ok(Value::named(&one.id, &one.name)),
                    [] => Err(Problem::error(format!("this tenant has no service principal `{name}`"))
                        .at(&owner.place)
                        .help("write its display name or its appId as the tenant has it")),
                    several => Err(Problem::error(format!(
                        "`{name}` is ambiguous: {} service principals have that name",
                        several.len()
                    ))
                    .at(&owner.place)
                    .help("write the appId of the one you mean")),
                }
            }
        }
    }

    /// The object id of a user.
    pub fn user(&self, name: &str) -> Option<&'a str> {
        self.snapshot.users.get(&name.to_lowercase()).map(String::as_str)
    }
}

static NO_SIGN_INS: BTreeMap<Thumbprint, SignIn> = BTreeMap::new();
static NO_KEYS: StoredKeys =
    StoredKeys { generations: Vec::new(), requests: Vec::new(), unusable: None, in_former: false };

/// A credential of somebody else, by its `keyId`: its thumbprint may be pretended.
pub(super) fn unwanted(credential: &ObservedKeyCredential) -> Named {
    let name = credential.display_name.clone().unwrap_or_else(|| "unnamed".to_owned());
    Named { id: credential.key_id.clone(), name }
}

pub(super) fn no_such_user(name: &str, place: &crate::model::Place) -> Problem {
    Problem::error(format!("this tenant has no user `{name}`"))
        .at(place)
        .help("users are named by their user principal name, as under Users in the Microsoft Entra admin center")
}

/// A declared permission with the ids and names that this tenant has for it.
pub fn resolve_permission<'a>(
    apis: &'a [ObservedApi],
    permission: &DesiredPermission,
) -> Result<ResolvedPermission<'a>, Problem> {
    let mut named = apis.iter().filter(|api| match &permission.api_id {
        Some(id) => api.app_id.eq_ignore_ascii_case(id),
        None => api.display_name.eq_ignore_ascii_case(&permission.api),
    });
    let api = named.next();
    // Whoever may register applications may give one an API's name.
    if named.next().is_some() {
        return Err(Problem::error(format!(
            "`{}` is ambiguous: several APIs of this tenant have that name",
            permission.api
        ))
        .at(&permission.api_place)
        .help("write the appId of the one you mean"));
    }
    let api = api.ok_or_else(|| no_such_api(permission))?;
    let offered = match permission.permission_type {
        PermissionType::Application => &api.application,
        PermissionType::Delegated => &api.delegated,
    };
    let found = offered.iter().find(|(id, value)| match &permission.permission_id {
        Some(wanted) => id.eq_ignore_ascii_case(wanted),
        None => value.eq_ignore_ascii_case(&permission.permission),
    });
    let (id, value) = found.ok_or_else(|| {
        let kind = match permission.permission_type {
            PermissionType::Application => "application",
            PermissionType::Delegated => "delegated",
        };
        let suggestion = did_you_mean(&permission.permission, offered.values().map(String::as_str));
        let problem = Problem::error(format!(
            "`{}` has no {kind} permission `{}` in this tenant",
            api.display_name, permission.permission
        ));
        problem
            .at(&permission.place)
            .help(suggestion.unwrap_or_else(|| format!("it offers {} such permissions", offered.len())))
    })?;
    Ok(ResolvedPermission { api, id, value, permission_type: permission.permission_type, consent: permission.consent })
}

/// An API without a service principal can be given no permissions of: there is nothing that they could be granted on.
fn no_such_api(permission: &DesiredPermission) -> Problem {
    let problem = Problem::error(format!("this tenant has no service principal for the API `{}`", permission.api))
        .at(&permission.api_place);
    let known = permission.api_id.as_deref().or_else(|| apis::find(&permission.api).map(|api| api.id));
    match known {
        Some(id @ (EXCHANGE_ONLINE | EXCHANGE_ONLINE_PROTECTION)) => problem.help(format!(
            "Exchange Online was never set up here: either the tenant has no licence with a mailbox, without which there is \
             nothing to connect to, or its service principal was never made. Somebody with `Application.ReadWrite.All` \
             makes it with `az ad sp create --id {id}`, or `New-MgServicePrincipal -AppId {id}`"
        )),
        Some(id) => problem.help(format!(
            "an API that the tenant has never used gets one when its service is licensed or first used; somebody with \
             `Application.ReadWrite.All` makes it with `az ad sp create --id {id}`"
        )),
        None => problem.help(
            "check the name under Enterprise applications; an API that the tenant has never used gets its service \
             principal when its service is licensed or first used",
        ),
    }
}

/// "did you mean …" with the nearest of `names`, if any is near.
fn did_you_mean<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    nearest(wanted, names).first().map(|name| format!("did you mean `{name}`?"))
}
