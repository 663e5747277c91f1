//! `/policies/defaultAppManagementPolicy` and `/policies/appManagementPolicies`: what is allowed to be added to
//! applications and service principals. `credential_rules` holds them against what is added.

use jiff::Span;
use serde_json::{Value, json};

use super::{
    super::{
        identifiers, odata,
        refusal::Refusal,
        schema::invalid,
        tables::{APP_MANAGEMENT_POLICY, DEFAULT_APP_MANAGEMENT_POLICY},
        world::{Change, Collection, Document, View, World, text, texts},
    },
    Answer, Request,
    access::{READ_APPLICATIONS, READ_POLICIES, WRITE_POLICIES},
    owners,
    secrets::holder,
    segments, with_context,
};

/// Where an application or service principal keeps the id of its policy.
pub(super) const ASSIGNED: &str = "~appManagementPolicies";
const DEFAULT_ID: &str = "00000000-0000-0000-0000-000000000000";
const NAME: &str = "policies/appManagementPolicies";

/// The default policy, which is always there and restricts nothing until somebody enables it.
pub(super) fn default(world: &World) -> Document {
    filled(world.get(Collection::AppManagementPolicies, DEFAULT_ID))
}

fn filled(stored: Option<&Document>) -> Document {
    stored.cloned().unwrap_or_else(|| {
        let default = json!({
            "id": DEFAULT_ID,
            "displayName": "Default app management tenant policy",
            "description": "Holds for applications and service principals that have no policy of their own.",
            "isEnabled": false,
        });
        DEFAULT_APP_MANAGEMENT_POLICY.fill(default.as_object().unwrap_or(&Document::new()))
    })
}

/// `/policies/defaultAppManagementPolicy`.
pub(super) fn the_default(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_POLICIES)?;
            request.entity(
                &DEFAULT_APP_MANAGEMENT_POLICY,
                "policies/defaultAppManagementPolicy",
                &filled(request.by_id.get(Collection::AppManagementPolicies, DEFAULT_ID)),
            )
        }
        "PATCH" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_POLICIES)?;
            let sent = request.object()?;
            DEFAULT_APP_MANAGEMENT_POLICY.check(sent, false)?;
            let after = DEFAULT_APP_MANAGEMENT_POLICY.merge(&default(request.world), sent);
            for part in ["applicationRestrictions", "servicePrincipalRestrictions"] {
                check_restrictions(&after[part])?;
            }
            Ok(Answer::no_content(vec![Change::put(Collection::AppManagementPolicies, after)]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// A lifetime has a duration, and anything else has none.
fn check_restrictions(restrictions: &Value) -> Result<(), Refusal> {
    for list in ["passwordCredentials", "keyCredentials"] {
        let mut kinds = Vec::new();
        for restriction in restrictions[list].as_array().into_iter().flatten() {
            let kind = restriction["restrictionType"].as_str().unwrap_or_default();
            let longest = restriction["maxLifetime"].as_str();
            let fits = match longest {
                Some(longest) => {
                    kind.ends_with("Lifetime") && longest.parse::<Span>().is_ok_and(|span| !span.is_negative())
                }
                None => !kind.is_empty() && (!kind.ends_with("Lifetime") || restriction["state"] == "disabled"),
            };
            if !fits || kinds.contains(&kind) {
                return Err(invalid(list, "appManagementPolicy"));
            }
            kinds.push(kind);
        }
    }
    Ok(())
}

/// The custom policies.
fn custom<'a>(request: &Request<'a>) -> impl Iterator<Item = &'a Document> + use<'a> {
    request.lists.all(Collection::AppManagementPolicies).filter(|policy| text(policy, "id") != DEFAULT_ID)
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_POLICIES)?;
            request.query.allow(&["$select", "$filter", "$top"])?;
            let body = request.listing(&APP_MANAGEMENT_POLICY, NAME).page(
                &request.query,
                custom(request),
                |document, selected| odata::project(&APP_MANAGEMENT_POLICY, document, selected),
            )?;
            Ok(Answer::ok(body))
        }
        "POST" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_POLICIES)?;
            let sent = request.object()?;
            APP_MANAGEMENT_POLICY.check(sent, true)?;
            if text(sent, "displayName").is_empty() || !sent.contains_key("restrictions") {
                return Err(Refusal::bad_request(
                    "A value is required for property 'displayName' and 'restrictions' of resource \
                     'AppManagementPolicy'.",
                ));
            }
            let mut policy = APP_MANAGEMENT_POLICY.fill(sent);
            check_restrictions(&policy["restrictions"])?;
            let id = identifiers::guid();
            policy.insert("id".into(), id.clone().into());
            let body = with_context(&request.context(&format!("{NAME}/$entity")), policy.clone());
            let location = format!("{}/{NAME}/{id}", request.base());
            Ok(Answer::created(body, location, vec![Change::put(Collection::AppManagementPolicies, policy)]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn find<'a>(request: &Request<'a>) -> Result<&'a Document, Refusal> {
    request
        .by_id
        .get(Collection::AppManagementPolicies, &request.segment(2).to_lowercase())
        .filter(|policy| text(policy, "id") != DEFAULT_ID)
        .ok_or_else(|| Refusal::not_found(request.segment(2)))
}

fn holders<'a>(seen: View<'a>, id: &str) -> impl Iterator<Item = (Collection, &'a Document)> {
    [Collection::Applications, Collection::ServicePrincipals].into_iter().flat_map(move |collection| {
        let held = seen.find_all(collection, ASSIGNED, id);
        held.map(move |object| (collection, object))
    })
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_POLICIES)?;
            request.entity(&APP_MANAGEMENT_POLICY, NAME, find(request)?)
        }
        "PATCH" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_POLICIES)?;
            let before = request.truth(Collection::AppManagementPolicies, find(request)?)?;
            let sent = request.object()?;
            APP_MANAGEMENT_POLICY.check(sent, false)?;
            let after = APP_MANAGEMENT_POLICY.merge(before, sent);
            check_restrictions(&after["restrictions"])?;
            Ok(Answer::no_content(vec![Change::put(Collection::AppManagementPolicies, after)]))
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_POLICIES)?;
            let id = text(find(request)?, "id");
            let truth = [Collection::Applications, Collection::ServicePrincipals].into_iter().flat_map(|collection| {
                let holders = request.world.find_all(collection, ASSIGNED, id);
                holders.map(move |object| (collection, object))
            });
            let mut changes: Vec<Change> = truth.map(|(collection, object)| with(collection, object, &[])).collect();
            changes.push(Change::remove(Collection::AppManagementPolicies, id));
            Ok(Answer::no_content(changes))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn with(collection: Collection, object: &Document, policies: &[&str]) -> Change {
    let mut after = object.clone();
    after.insert(ASSIGNED.into(), policies.into());
    Change::put(collection, after)
}

/// `/policies/appManagementPolicies/{id}/appliesTo`.
pub(super) fn applies_to(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_POLICIES)?;
    let ids = holders(request.lists, text(find(request)?, "id")).map(|(_, object)| text(object, "id"));
    owners::mixed(request, ids, 4)
}

/// `/applications/{id}/appManagementPolicies`.
pub(super) fn of_object(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_POLICIES)?;
    request.query.allow(&["$select", "$top"])?;
    let (_, object) = holder(request)?;
    let assigned = texts(object, ASSIGNED).filter_map(|id| request.lists.get(Collection::AppManagementPolicies, id));
    let body = request.listing(&APP_MANAGEMENT_POLICY, "appManagementPolicies").page(
        &request.query,
        assigned,
        |document, selected| odata::project(&APP_MANAGEMENT_POLICY, document, selected),
    )?;
    Ok(Answer::ok(body))
}

fn may_assign(request: &Request<'_>) -> Result<(), Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_POLICIES)?;
    request.caller.needs(READ_APPLICATIONS)
}

/// `/applications/{id}/appManagementPolicies/$ref`.
pub(super) fn assign(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    may_assign(request)?;
    let (collection, object) = holder(request)?;
    let body = request.object()?;
    super::only(body, &["@odata.id"], "ReferenceCreate")?;
    let misshapen = || Refusal::bad_request("Invalid URL format specified in the reference property.");
    let address = text(body, "@odata.id");
    let path = address.split_once("://").map_or(address, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let (_, parts) = segments(path).ok_or_else(misshapen)?;
    let [.., set, policy] = parts.as_slice() else {
        return Err(misshapen());
    };
    if !set.text.eq_ignore_ascii_case("appManagementPolicies") {
        return Err(misshapen());
    }
    let id = policy.text.to_lowercase();
    if id == DEFAULT_ID || request.references.get(Collection::AppManagementPolicies, &id).is_none() {
        return Err(Refusal::not_found(&policy.text));
    }
    let mut assigned = texts(object, ASSIGNED);
    match assigned.next() {
        Some(other) if other == id => Err(Refusal::bad_request(
            "One or more added object references already exist for the following modified properties: \
             'appManagementPolicies'.",
        )),
        Some(_) => Err(Refusal::bad_request("Only one app management policy can be assigned to an object.")),
        None => Ok(Answer::no_content(vec![with(collection, object, &[&id])])),
    }
}

/// `/applications/{id}/appManagementPolicies/{id}/$ref`.
pub(super) fn withdraw(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "DELETE" {
        return Err(Refusal::method_not_allowed());
    }
    may_assign(request)?;
    let (collection, object) = holder(request)?;
    let leaving = request.segment(3).to_lowercase();
    if !texts(object, ASSIGNED).any(|policy| policy == leaving) {
        return Err(Refusal::not_found(request.segment(3)));
    }
    Ok(Answer::no_content(vec![with(collection, object, &[])]))
}
