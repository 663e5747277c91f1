//! `/domains`: the tenant's initial domain, and those that were added and verified.
//!
//! The tenant's own document holds the added ones. Nothing is looked up in any DNS: `verify` always succeeds.

use serde_json::{Value, json};

use super::{
    super::{
        odata,
        refusal::Refusal,
        tables::DOMAIN,
        world::{Change, Collection, Document, World, list, text},
    },
    Answer, Request,
    access::{READ_DOMAINS, WRITE_DOMAINS},
    with_context,
};

const ADDED: &str = "~domains";

fn domain(name: &str, is_initial: bool, is_verified: bool) -> Document {
    let services: &[&str] = if is_verified { &["Email", "OfficeCommunicationsOnline"] } else { &[] };
    let domain = json!({
        "authenticationType": "Managed",
        "availabilityStatus": null,
        "id": name,
        "isAdminManaged": true,
        "isDefault": is_initial,
        "isInitial": is_initial,
        "isRoot": true,
        "isVerified": is_verified,
        "supportedServices": services,
        "passwordValidityPeriodInDays": 2_147_483_647,
        "passwordNotificationWindowInDays": 14,
        "state": null,
    });
    domain.as_object().cloned().unwrap_or_default()
}

/// Every domain; the initial one is the default unless another is.
fn all(world: &World) -> Vec<Document> {
    let tenant = world.tenant();
    let added: Vec<Document> =
        tenant.map_or(&[][..], |tenant| list(tenant, ADDED)).iter().filter_map(Value::as_object).cloned().collect();
    let mut initial = domain(world.domain(), true, true);
    let another_is_default = added.iter().any(|domain| domain["isDefault"] == true);
    initial.insert("isDefault".into(), (!another_is_default).into());
    let mut domains = vec![initial];
    domains.extend(added);
    domains.sort_by(|left, right| text(left, "id").cmp(text(right, "id")));
    domains
}

/// The names that objects of the tenant may use.
pub(super) fn verified(world: &World) -> impl Iterator<Item = &str> {
    let added = world.tenant().map_or(&[][..], |tenant| list(tenant, ADDED)).iter();
    let added = added.filter(|domain| domain["isVerified"] == true).filter_map(|domain| domain["id"].as_str());
    std::iter::once(world.domain()).chain(added)
}

/// The verified domains as `/organization` has them.
pub(super) fn of_organization(world: &World) -> Value {
    let verified = all(world).into_iter().filter(|domain| domain["isVerified"] == true);
    verified
        .map(|domain| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": domain["isDefault"],
                "isInitial": domain["isInitial"],
                "name": domain["id"],
                "type": "Managed",
            })
        })
        .collect()
}

pub(super) fn collection(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_DOMAINS)?;
            request.query.allow(&["$select"])?;
            let domains = all(request.world);
            let body =
                request.listing(&DOMAIN, "domains").page(&request.query, domains.iter(), |document, selected| {
                    odata::project(&DOMAIN, document, selected)
                })?;
            Ok(Answer::ok(body))
        }
        "POST" => create(request),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn create(request: &Request<'_>) -> Result<Answer, Refusal> {
    request.query.allow(&[])?;
    request.caller.needs(WRITE_DOMAINS)?;
    let sent = request.object()?;
    if let Some(other) = sent.keys().find(|name| *name != "id" && *name != "@odata.type") {
        return Err(Refusal::bad_request(format!("Property '{other}' is read-only and cannot be set.")));
    }
    let name = text(sent, "id").to_lowercase();
    let labels: Vec<&str> = name.split('.').collect();
    let fits =
        |label: &&str| !label.is_empty() && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if labels.len() < 2 || !labels.iter().all(fits) || name.ends_with(".onmicrosoft.com") {
        return Err(Refusal::bad_request("Invalid value specified for property 'id' of resource 'Domain'."));
    }
    if all(request.world).iter().any(|domain| text(domain, "id") == name) {
        return Err(Refusal::bad_request(
            "A conflicting object with one or more of the specified property values is present in the directory.",
        ));
    }
    let made = domain(&name, false, false);
    let body = with_context(&request.context("domains/$entity"), made.clone());
    let location = format!("{}/domains/{name}", request.base());
    let mut added = added(request.world);
    added.push(made);
    Ok(Answer::created(body, location, vec![with_added(request.world, added)]))
}

fn added(world: &World) -> Vec<Document> {
    let stored = world.tenant().map_or(&[][..], |tenant| list(tenant, ADDED));
    stored.iter().filter_map(Value::as_object).cloned().collect()
}

fn with_added(world: &World, domains: Vec<Document>) -> Change {
    let mut tenant = world.tenant().cloned().unwrap_or_default();
    let domains: Vec<Value> = domains.into_iter().map(Value::Object).collect();
    tenant.insert(ADDED.into(), domains.into());
    Change::put(Collection::Tenant, tenant)
}

fn find(request: &Request<'_>) -> Result<Document, Refusal> {
    all(request.world)
        .into_iter()
        .find(|domain| text(domain, "id").eq_ignore_ascii_case(request.segment(1)))
        .ok_or_else(|| Refusal::not_found(request.segment(1)))
}

pub(super) fn one(request: &Request<'_>) -> Result<Answer, Refusal> {
    match request.method {
        "GET" => {
            request.caller.needs(READ_DOMAINS)?;
            request.entity(&DOMAIN, "domains", &find(request)?)
        }
        "PATCH" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_DOMAINS)?;
            let domain = find(request)?;
            let sent = request.object()?;
            let becomes_default = sent.get("isDefault") == Some(&Value::Bool(true));
            if sent.keys().any(|name| name != "isDefault") || !becomes_default || domain["isVerified"] != true {
                return Err(Refusal::bad_request("One or more property values specified are invalid."));
            }
            let mut after = added(request.world);
            for other in &mut after {
                let is_it = text(other, "id") == text(&domain, "id");
                other.insert("isDefault".into(), is_it.into());
            }
            Ok(Answer::no_content(vec![with_added(request.world, after)]))
        }
        "DELETE" => {
            request.query.allow(&[])?;
            request.caller.needs(WRITE_DOMAINS)?;
            let domain = find(request)?;
            let name = text(&domain, "id");
            let used = request.world.all(Collection::Users).any(|user| {
                text(user, "userPrincipalName").split_once('@').is_some_and(|(_, host)| host.eq_ignore_ascii_case(name))
            });
            if domain["isInitial"] == true || domain["isDefault"] == true || used {
                return Err(Refusal::bad_request(
                    "The domain cannot be deleted: it is the initial or the default one, or objects use it.",
                ));
            }
            let after = added(request.world).into_iter().filter(|other| text(other, "id") != name).collect();
            Ok(Answer::no_content(vec![with_added(request.world, after)]))
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}

/// `/domains/{id}/verify`.
pub(super) fn verify(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "POST" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    request.caller.needs(WRITE_DOMAINS)?;
    let before = find(request)?;
    let mut after = domain(text(&before, "id"), before["isInitial"] == true, true);
    after.insert("isDefault".into(), before["isDefault"].clone());
    let mut domains = added(request.world);
    for other in domains.iter_mut().filter(|other| text(other, "id") == text(&before, "id")) {
        other.clone_from(&after);
    }
    let body = with_context(&request.context("domains/$entity"), after);
    Ok(Answer { changes: vec![with_added(request.world, domains)], ..Answer::ok(body) })
}

/// `/domains/{id}/verificationDnsRecords`: the records that would prove the domain.
pub(super) fn verification_records(request: &Request<'_>) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.query.allow(&[])?;
    request.caller.needs(READ_DOMAINS)?;
    let domain = find(request)?;
    let name = text(&domain, "id");
    // The proof follows from the tenant, so that it is the same whenever it is asked for.
    let digits: String = request.world.tenant_id().chars().filter(char::is_ascii_digit).take(8).collect();
    let record = |kind: &str| {
        json!({
            "@odata.type": format!("#microsoft.graph.domainDns{kind}Record"),
            "isOptional": false,
            "label": name,
            "recordType": kind,
            "supportedService": "null",
            "ttl": 3600,
        })
    };
    let mut text_record = record("Txt");
    text_record["text"] = format!("MS=ms{digits}").into();
    let mut mail_record = record("Mx");
    mail_record["mailExchange"] = format!("ms{digits}.msv1.invalid").into();
    mail_record["preference"] = json!(32767);
    let body = json!({
        "@odata.context": request.context(&format!("domains('{name}')/verificationDnsRecords")),
        "value": [text_record, mail_record],
    });
    Ok(Answer::ok(body))
}
