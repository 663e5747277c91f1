//! What a type of object may hold, as a table of properties, and the three things done with such a table: check what
//! a client sends, fill in what it did not send, and merge a change.
//!
//! The tables themselves are in `tables`. Nothing here knows any particular type.

use jiff::{Timestamp, civil};
use serde_json::{Value, json};

use super::{identifiers, refusal::Refusal, world::Document};

/// The form of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    Text,
    /// A text that must be a GUID, where the published type is `Edm.String`.
    Id,
    Guid,
    Boolean,
    Integer,
    Instant,
    Binary,
    OneOf(&'static [&'static str]),
    Object(&'static [Property]),
    List(&'static Self),
}

/// When a client may set a property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Always,
    AtCreation,
    Never,
}

/// One row of a type's table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) nullable: bool,
    pub(crate) access: Access,
    /// What queries may do with it: the words `eq`, `ge`, `le`, `startswith`, `any`, `null`, `orderby` and `search`,
    /// separated by blanks. A word after `+` is for advanced queries only. `ne`, `not` and `in` follow `eq`.
    pub(crate) filter: &'static str,
    /// Returned only when `$select` names it.
    pub(crate) on_select: bool,
    /// A truth value that is true when nobody has set it.
    pub(crate) true_unset: bool,
}

/// A writable property that may be null; a list or object that is empty instead.
pub(crate) const fn property(name: &'static str, shape: Shape) -> Property {
    Property {
        name,
        shape,
        nullable: !matches!(shape, Shape::List(_) | Shape::Object(_)),
        access: Access::Always,
        filter: "",
        on_select: false,
        true_unset: false,
    }
}

impl Property {
    pub(crate) const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.nullable = false;
        self
    }

    pub(crate) const fn fixed(mut self) -> Self {
        self.access = Access::Never;
        self
    }

    pub(crate) const fn at_creation(mut self) -> Self {
        self.access = Access::AtCreation;
        self
    }

    pub(crate) const fn filter(mut self, operators: &'static str) -> Self {
        self.filter = operators;
        self
    }

    pub(crate) const fn on_select(mut self) -> Self {
        self.on_select = true;
        self
    }

    pub(crate) const fn true_unset(mut self) -> Self {
        self.true_unset = true;
        self
    }

    /// What the property holds when nobody has set it.
    pub(super) fn empty(&self) -> Value {
        if self.nullable {
            return Value::Null;
        }
        match self.shape {
            Shape::List(_) => json!([]),
            Shape::Object(members) => Value::Object(fill_inner(members, &Document::new())),
            Shape::Boolean => json!(self.true_unset),
            Shape::Text
            | Shape::Id
            | Shape::Guid
            | Shape::Integer
            | Shape::Instant
            | Shape::Binary
            | Shape::OneOf(_) => Value::Null,
        }
    }
}

/// A type of directory object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    /// `application`: the type is `microsoft.graph.application`.
    pub(crate) name: &'static str,
    pub(crate) properties: &'static [Property],
}

impl Kind {
    /// Finds a property by its name in any case, as `$select` and `$filter` do.
    pub(crate) fn property(&self, name: &str) -> Option<&'static Property> {
        self.properties.iter().find(|property| property.name.eq_ignore_ascii_case(name))
    }

    /// Refuses what the type does not know, what has the wrong form, and what clients may not set.
    pub(crate) fn check(&self, sent: &Document, creating: bool) -> Result<(), Refusal> {
        check_members(self.name, self.properties, sent, creating)
    }

    /// What a client sends, with the names of properties as the type has them: the service takes them in any case.
    pub(crate) fn spelled(&self, sent: Document) -> Document {
        let names: Vec<String> = sent.keys().cloned().collect();
        let own = |name: String| match self.property(&name) {
            Some(property) if !names.iter().any(|other| other == property.name) => property.name.to_owned(),
            _ => name,
        };
        sent.into_iter().map(|(name, value)| (own(name), value)).collect()
    }

    /// A whole object in the type's own order, with everything that was not sent filled in.
    pub(crate) fn fill(&self, sent: &Document) -> Document {
        fill(self.properties, sent)
    }

    /// The object after a change: members that were not sent keep their values, at every level of single objects;
    /// collections are replaced whole.
    pub(crate) fn merge(&self, before: &Document, sent: &Document) -> Document {
        let mut after = merge(self.properties, before, sent);
        for (name, value) in before.iter().filter(|(name, _)| name.starts_with('~')) {
            after.insert(name.clone(), value.clone());
        }
        after
    }
}

fn check_members(
    type_name: &str,
    members: &'static [Property],
    sent: &Document,
    creating: bool,
) -> Result<(), Refusal> {
    for (name, value) in sent {
        // Clients may name types, of the object or of a member, and send back what an answer said about itself.
        if let Some((of, annotation)) = name.split_once("@odata.")
            && ["type", "context", "id", "etag"].contains(&annotation)
            && (of.is_empty() || members.iter().any(|property| property.name == of))
        {
            continue;
        }
        let Some(property) = members.iter().find(|property| property.name == name) else {
            return Err(Refusal::malformed(format!(
                "The property '{name}' does not exist on type 'microsoft.graph.{type_name}'. Make sure to only use \
                 property names that are defined by the type or mark the type as open type."
            )));
        };
        let writable = match property.access {
            Access::Always => true,
            Access::AtCreation => creating,
            Access::Never => false,
        };
        if !writable {
            return Err(Refusal::bad_request(format!("Property '{name}' is read-only and cannot be set.")));
        }
        if value.is_null() {
            // A single object that is set to null is empty afterwards.
            if property.nullable || matches!(property.shape, Shape::Object(_)) {
                continue;
            }
            return Err(invalid(name, type_name));
        }
        check_value(name, type_name, property.shape, value, creating)?;
    }
    Ok(())
}

/// The last day of the year 9999 is one too, although it is beyond what can be reckoned with.
fn is_instant(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
        || text.strip_suffix('Z').is_some_and(|text| text.parse::<civil::DateTime>().is_ok())
}

fn check_value(name: &str, type_name: &str, shape: Shape, value: &Value, creating: bool) -> Result<(), Refusal> {
    let (fits, edm) = match shape {
        Shape::Text => (value.is_string(), "Edm.String"),
        Shape::Id | Shape::Guid => (value.as_str().is_some_and(identifiers::is_guid), "Edm.Guid"),
        Shape::Boolean => (value.is_boolean(), "Edm.Boolean"),
        Shape::Integer => (value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()), "Edm.Int32"),
        Shape::Instant => (value.as_str().is_some_and(is_instant), "Edm.DateTimeOffset"),
        Shape::Binary => (value.is_string(), "Edm.Binary"),
        Shape::OneOf(choices) => {
            if value.is_string() && !value.as_str().is_some_and(|text| choices.contains(&text)) {
                return Err(invalid(name, type_name));
            }
            (value.is_string(), "Edm.String")
        }
        Shape::Object(members) => match value.as_object() {
            Some(object) => return check_members(complex_type(type_name, name), members, object, creating),
            None => (false, "an object"),
        },
        Shape::List(element) => match value.as_array() {
            Some(elements) => {
                return elements.iter().try_for_each(|value| check_value(name, type_name, *element, value, creating));
            }
            None => (false, "a collection"),
        },
    };
    if fits {
        Ok(())
    } else {
        Err(Refusal::malformed(format!("Cannot convert the value of property '{name}' to the expected type '{edm}'.")))
    }
}

/// The published type of a property that holds objects, by the names of the type it belongs to and of its own.
pub(crate) fn complex_type<'n>(parent: &str, name: &'n str) -> &'n str {
    match name {
        "excludeActors" => return "appManagementPolicyActorExemptions",
        "nonDefaultUriAddition" | "uriAdditionWithoutUniqueTenantIdentifier" => return "identifierUriRestriction",
        _ => {}
    }
    if parent.to_ascii_lowercase().contains("appmanagement") {
        return restriction_type(parent, name);
    }
    match name {
        "accessToken" | "idToken" | "saml2Token" => "optionalClaim",
        "addIns" => "addIn",
        "api" => "apiApplication",
        "appRoles" => "appRole",
        "assignedLabels" => "assignedLabel",
        "assignedLicenses" => "assignedLicense",
        "assignedPlans" => "assignedPlan",
        "identities" => "objectIdentity",
        "info" => "informationalUrl",
        "keyCredentials" => "keyCredential",
        "oauth2PermissionScopes" => "permissionScope",
        "claimsMatchingExpression" => "federatedIdentityExpression",
        "onPremisesProvisioningErrors" => "onPremisesProvisioningError",
        "passwordCredentials" => "passwordCredential",
        "preAuthorizedApplications" => "preAuthorizedApplication",
        "properties" => "keyValue",
        "provisionedPlans" => "provisionedPlan",
        "publicClient" => "publicClientApplication",
        "resourceSpecificApplicationPermissions" => "resourceSpecificPermission",
        "rolePermissions" => "unifiedRolePermission",
        "serviceProvisioningErrors" => "serviceProvisioningError",
        "spa" => "spaApplication",
        "state" => "domainState",
        "verifiedDomains" => "verifiedDomain",
        "web" => "webApplication",
        // The others are called as the property is.
        other => other,
    }
}

/// The same among the policies for applications.
fn restriction_type<'n>(parent: &str, name: &'n str) -> &'n str {
    match (parent, name) {
        ("tenantAppManagementPolicy", "applicationRestrictions") => "appManagementApplicationConfiguration",
        ("tenantAppManagementPolicy", _) => "appManagementServicePrincipalConfiguration",
        ("appManagementPolicy", _) => "customAppManagementConfiguration",
        (_, "applicationRestrictions") => "customAppManagementApplicationConfiguration",
        (_, "passwordCredentials") => "passwordCredentialConfiguration",
        (_, "keyCredentials") => "keyCredentialConfiguration",
        (_, "identifierUris") => "identifierUriConfiguration",
        (_, "customSecurityAttributes") => "customSecurityAttributeExemption",
        (_, other) => other,
    }
}

/// The directory's answer to a value that it cannot take.
pub(crate) fn invalid(name: &str, type_name: &str) -> Refusal {
    let resource = match type_name {
        "application" => "Application",
        "servicePrincipal" => "ServicePrincipal",
        "user" => "User",
        other => other,
    };
    Refusal::bad_request(format!("Invalid value specified for property '{name}' of resource '{resource}'."))
}

fn fill(members: &'static [Property], sent: &Document) -> Document {
    members
        .iter()
        .map(|property| {
            let sent = sent.get(property.name).filter(|value| property.nullable || !value.is_null());
            let value = sent.map(|value| normal(property.shape, value));
            (property.name.to_owned(), value.unwrap_or_else(|| property.empty()))
        })
        .collect()
}

/// The same inside an object, where what only a selection shows is not there before somebody sets it.
fn fill_inner(members: &'static [Property], sent: &Document) -> Document {
    let mut filled = fill(members, sent);
    filled.retain(|name, _| {
        sent.contains_key(name) || !members.iter().any(|member| member.on_select && member.name == name)
    });
    filled
}

fn normal(shape: Shape, value: &Value) -> Value {
    match (shape, value) {
        (Shape::Object(members), Value::Object(object)) => Value::Object(fill_inner(members, object)),
        (Shape::List(element), Value::Array(values)) => values.iter().map(|value| normal(*element, value)).collect(),
        (_, value) => value.clone(),
    }
}

fn merge(members: &'static [Property], before: &Document, sent: &Document) -> Document {
    members
        .iter()
        .map(|property| {
            let had = before.get(property.name);
            let value = match (property.shape, had, sent.get(property.name)) {
                (Shape::Object(members), Some(Value::Object(had)), Some(Value::Object(object))) => {
                    Value::Object(merge(members, had, object))
                }
                (_, _, Some(Value::Null)) if !property.nullable => property.empty(),
                (shape, _, Some(value)) => normal(shape, value),
                (_, Some(had), None) => had.clone(),
                (_, None, None) => property.empty(),
            };
            (property.name.to_owned(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::tables::APPLICATION;

    fn refused(body: &Value) -> Option<String> {
        APPLICATION.check(body.as_object().unwrap(), true).err().map(|refusal| refusal.message)
    }

    #[test]
    fn types_and_names_are_checked_at_every_depth() {
        for (body, said) in [
            (
                json!({ "web": { "implicitGrantSettings": { "x": true } } }),
                "'x' does not exist on type 'microsoft.graph.implicitGrantSettings'",
            ),
            (
                json!({ "api": { "oauth2PermissionScopes": [{ "isEnabled": "yes" }] } }),
                "'isEnabled' to the expected type 'Edm.Boolean'",
            ),
            (json!({ "api": { "requestedAccessTokenVersion": 5_000_000_000_i64 } }), "'Edm.Int32'"),
            (json!({ "api": { "knownClientApplications": ["x"] } }), "'Edm.Guid'"),
            (json!({ "keyCredentials": [{ "endDateTime": "tomorrow" }] }), "'Edm.DateTimeOffset'"),
            (json!({ "keyCredentials": { "key": "x" } }), "a collection"),
            (
                json!({ "optionalClaims": { "idToken": [{ "name": "a", "source": 7 }] } }),
                "'source' to the expected type 'Edm.String'",
            ),
            (json!({ "optionalClaims": { "idToken": [{ "name": null }] } }), "'name'"),
            (json!({ "info": { "logoUrl": "x" } }), "'logoUrl' is read-only"),
            (json!({ "certification": {} }), "'certification' is read-only"),
            (
                json!({ "requestSignatureVerification": { "isSignedRequestRequired": true, "allowedWeakAlgorithms": "md5" } }),
                "'allowedWeakAlgorithms'",
            ),
            (json!({ "nonsense@odata.type": "#x" }), "'nonsense@odata.type' does not exist"),
            (json!({ "tags@odata.bind": [] }), "'tags@odata.bind' does not exist"),
        ] {
            let refusal = refused(&body).unwrap_or_else(|| panic!("{body} was taken"));
            assert!(refusal.contains(said), "{body}: {refusal}");
        }
        let annotated = json!({
            "@odata.type": "#microsoft.graph.application", "@odata.context": "x", "tags@odata.type": "#Collection(String)",
            "tags": [], "web": { "@odata.type": "#microsoft.graph.webApplication", "homePageUrl": null },
        });
        assert_eq!(refused(&annotated), None);
    }
}
