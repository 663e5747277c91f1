//! What the tenant allows an application or service principal to hold: its app management policy, and the lock that an
//! application puts on its service principals. Checked whenever a credential or an identifier is added; what is there
//! already stays.

use jiff::{Span, Timestamp, tz::TimeZone};
use serde_json::Value;

use super::{
    super::{
        refusal::Refusal,
        world::{Collection, Document, text, texts},
    },
    Request, domains, policies,
};

/// The restrictions in force for an object, with the name of the policy.
struct Policy<'a> {
    name: String,
    restrictions: Value,
    object: &'a Document,
}

impl<'a> Policy<'a> {
    /// The object's own policy when it has an enabled one, which replaces the default wholly; else the default.
    fn of(request: &Request<'_>, collection: Collection, object: &'a Document) -> Option<Self> {
        let own = texts(object, policies::ASSIGNED)
            .filter_map(|id| request.world.get(Collection::AppManagementPolicies, id))
            .find(|policy| policy["isEnabled"] == true);
        let (policy, restrictions) = if let Some(own) = own {
            let mut restrictions = own["restrictions"].clone();
            let identifiers = restrictions["applicationRestrictions"]["identifierUris"].clone();
            if restrictions.is_object() {
                restrictions["identifierUris"] = identifiers;
            }
            (own.clone(), restrictions)
        } else {
            let default = policies::default(request.world);
            if default["isEnabled"] != true {
                return None;
            }
            let part = if collection == Collection::Applications {
                "applicationRestrictions"
            } else {
                "servicePrincipalRestrictions"
            };
            let restrictions = default[part].clone();
            (default, restrictions)
        };
        Some(Self { name: text(&policy, "displayName").to_owned(), restrictions, object })
    }

    fn applies(&self, restriction: &Value) -> bool {
        let created = text(self.object, "createdDateTime").parse::<Timestamp>().ok();
        let after = restriction["restrictForAppsCreatedAfterDateTime"].as_str().and_then(|at| at.parse().ok());
        restriction["state"] != "disabled"
            && after.is_none_or(|after: Timestamp| created.is_some_and(|created| created >= after))
    }

    fn in_force(&self, list: &str, kind: &str) -> Option<&Value> {
        self.restrictions[list]
            .as_array()?
            .iter()
            .find(|restriction| restriction["restrictionType"] == kind && self.applies(restriction))
    }

    fn check_lifetime(&self, restriction: &Value, credential: &Value) -> Result<(), Refusal> {
        let instant = |name: &str| credential[name].as_str().and_then(|at| at.parse::<Timestamp>().ok());
        let longest = restriction["maxLifetime"].as_str().and_then(|longest| longest.parse::<Span>().ok());
        let (Some(start), Some(end), Some(longest)) = (instant("startDateTime"), instant("endDateTime"), longest)
        else {
            return Ok(());
        };
        let latest = start.to_zoned(TimeZone::UTC).checked_add(longest).map(|at| at.timestamp());
        if latest.is_ok_and(|latest| end > latest) {
            return Err(Refusal::new(
                400,
                "CredentialInvalidLifetimeAsPerAppPolicy",
                format!("Credential lifetime exceeds the max value allowed as per assigned policy '{}'.", self.name),
            )
            .with_detail("InvalidKeyEndDate", "EndDate"));
        }
        Ok(())
    }

    fn refuse_kind(&self) -> Refusal {
        Refusal::new(
            400,
            "CredentialTypeNotAllowedAsPerAppPolicy",
            format!("Credential type not allowed as per assigned policy '{}'.", self.name),
        )
    }
}

/// Refuses credentials that may not be added to this object.
pub(super) fn check(
    request: &Request<'_>,
    collection: Collection,
    object: &Document,
    keys: &[&Value],
    passwords: &[&Value],
) -> Result<(), Refusal> {
    if !keys.is_empty() {
        check_lock(request, collection, object, "keyCredentials")?;
    }
    if !passwords.is_empty() {
        check_lock(request, collection, object, "passwordCredentials")?;
    }
    let Some(policy) = Policy::of(request, collection, object) else {
        return Ok(());
    };
    if !passwords.is_empty() && policy.in_force("passwordCredentials", "passwordAddition").is_some() {
        return Err(policy.refuse_kind());
    }
    for password in passwords {
        if let Some(restriction) = policy.in_force("passwordCredentials", "passwordLifetime") {
            policy.check_lifetime(restriction, password)?;
        }
    }
    for key in keys {
        if let Some(restriction) = policy.in_force("keyCredentials", "asymmetricKeyLifetime") {
            policy.check_lifetime(restriction, key)?;
        }
    }
    Ok(())
}

/// A service principal whose application locks this property keeps it as it is.
pub(super) fn check_lock(
    request: &Request<'_>,
    collection: Collection,
    object: &Document,
    property: &str,
) -> Result<(), Refusal> {
    if collection != Collection::ServicePrincipals {
        return Ok(());
    }
    let application = request.world.find(Collection::Applications, "appId", text(object, "appId"));
    let Some(lock) = application.map(|application| &application["servicePrincipalLockConfiguration"]) else {
        return Ok(());
    };
    let covers = ["allProperties", "credentialsWithUsageVerify"].iter().any(|part| lock[*part] == true);
    if lock["isEnabled"] == true && covers {
        return Err(Refusal::new(
            400,
            "CannotUpdateLockedServicePrincipalProperty",
            format!("Property {property} on the service principal is locked."),
        ));
    }
    Ok(())
}

/// Refuses identifiers that may not be added to this application; `after` is the application as it is to be.
pub(super) fn check_identifiers(
    request: &Request<'_>,
    before: Option<&Document>,
    after: &Document,
) -> Result<(), Refusal> {
    let had: Vec<&str> = before.map(|before| texts(before, "identifierUris").collect()).unwrap_or_default();
    let added: Vec<&str> = texts(after, "identifierUris").filter(|uri| !had.contains(uri)).collect();
    if added.is_empty() {
        return Ok(());
    }
    let Some(policy) = Policy::of(request, Collection::Applications, after) else {
        return Ok(());
    };
    let (app_id, tenant_id) = (text(after, "appId"), request.world.tenant_id());
    let is_free = |restriction: &Value| {
        let second_version = after["api"]["requestedAccessTokenVersion"] == 2;
        let saml = request
            .world
            .find(Collection::ServicePrincipals, "appId", app_id)
            .is_some_and(|principal| text(principal, "preferredSingleSignOnMode") == "saml");
        !restriction.is_object()
            || !policy.applies(restriction)
            || (second_version && restriction["excludeAppsReceivingV2Tokens"] == true)
            || (saml && restriction["excludeSaml"] == true)
    };
    let identifiers = &policy.restrictions["identifierUris"];
    for uri in added {
        let lower = uri.to_lowercase();
        let is_default = lower == format!("api://{app_id}") || lower == format!("api://{tenant_id}/{app_id}");
        if !is_default && !is_free(&identifiers["nonDefaultUriAddition"]) {
            return Err(Refusal::new(
                400,
                "NonDefaultUriNotAllowedAsPerAppPolicy",
                format!(
                    "The newly added URI {uri} must comply with the format 'api://{{appId}}' or \
                     'api://{{tenantId}}/{{appId}}' as per the policy '{}'.",
                    policy.name
                ),
            )
            .with_detail("NonDefaultUriNotAllowedAsPerAppPolicy", "identifierUris"));
        }
        let is_unique = lower.contains(app_id)
            || lower.contains(tenant_id)
            || domains::verified(request.world).any(|domain| lower.contains(domain));
        if !is_unique && !is_free(&identifiers["uriAdditionWithoutUniqueTenantIdentifier"]) {
            return Err(Refusal::new(
                400,
                "InvalidUniqueTenantIdentifierAsPerAppPolicy",
                format!(
                    "Failed to add identifier URI {uri}. All newly added URIs must contain a tenant verified domain, \
                     tenant ID, or app ID, as per the policy '{}'.",
                    policy.name
                ),
            )
            .with_detail("InvalidUniqueTenantIdentifierAsPerAppPolicy", "identifierUris"));
        }
    }
    Ok(())
}
