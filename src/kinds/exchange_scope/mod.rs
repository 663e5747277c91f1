//! `exchangeScope`: a filter of recipients under a name, which Graph calls `customAppScope` and Exchange management scope. Accredit
//! makes one for each filter that an application's roles are declared with.

pub mod filter;
mod wire;

pub use wire::exchange_scope;

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::model::{Action, Address, DesiredApplication, ExchangeScope, Fields, ObservedExchangeScope, Step, Value};

use super::write::{Certificates, Request, Write};
use super::{Context, Kind, Resource, Survey};

pub(super) struct Scope;

const NAME: &str = "exchangeScope";
const PATH: &str = "/beta/roleManagement/exchange/customAppScopes";

/// <https://learn.microsoft.com/powershell/module/exchangepowershell/new-managementscope>
const LONGEST_NAME: usize = 64;

/// Hexadecimal digits at the end of a name.
const DIGITS: usize = 12;

/// What is left for a handle.
const LONGEST_HANDLE: usize = LONGEST_NAME - "accredit  ".len() - DIGITS;

const DISPLAY_NAME: &str = "displayName";
const RECIPIENT_FILTER: &str = "customAttributes.RecipientFilter";
const EXCLUSIVE: &str = "customAttributes.Exclusive";

impl Kind for Scope {
    fn name(&self) -> &'static str {
        NAME
    }

    fn resources(&self, context: &Context<'_>, survey: &mut Survey) {
        if let Some(unread) = &context.snapshot.exchange.roles_unread {
            survey.notices.push(unread.notice());
            return;
        }
        for (handle, desired, _) in context.applications() {
            // Not declared is not managed; of an application that goes nothing is declared any more.
            if desired.is_some_and(|desired| desired.exchange.roles.is_none()) {
                continue;
            }
            // A scope keeps the name that it was made with, whatever the handle has become.
            let called = context.permanent_name(handle);
            let mut declared = BTreeSet::new();
            for filter in desired.into_iter().flat_map(filters).collect::<BTreeSet<_>>() {
                let found = find(context, handle, filter);
                let name = name(called, filter);
                let actual = found.map(|found| (found.id.clone(), observed(found, filter)));
                let address = address(context, handle, filter);
                if declared.insert(name.clone()) {
                    survey.resources.push(Resource::new(address, Some(fields(&name, filter)), actual));
                }
            }
            let left = context
                .snapshot
                .exchange
                .scopes
                .iter()
                .filter(|found| is_ours(called, found) && !declared.contains(&found.display_name));
            for found in left {
                let fields = observed(found, &found.recipient_filter);
                let address = Address::new(handle, NAME, &found.display_name);
                let mut resource = Resource::new(address, None, Some((found.id.clone(), fields)));
                resource.reason = Some(context.reason_to_go(desired.is_some()));
                survey.resources.push(resource);
            }
        }
    }

    fn writes(&self, step: &Step, _: &Certificates) -> Vec<Write> {
        let text = |fields: &Fields, name: &str| fields.get(name).and_then(Value::id).unwrap_or_default().to_owned();
        let attributes = |fields: &Fields| {
            json!({
                "Exclusive": text(fields, EXCLUSIVE) == "true",
                "RecipientFilter": text(fields, RECIPIENT_FILTER),
            })
        };
        match &step.action {
            Action::Create { after } => {
                let name = text(after, DISPLAY_NAME);
                let body = json!({
                    "type": "RecipientScope",
                    DISPLAY_NAME: name,
                    "customAttributes": attributes(after),
                });
                // The name holds a digest of the filter.
                let request =
                    Request::post(PATH.to_owned(), body).or_look(PATH.to_owned(), json!({ DISPLAY_NAME: name }));
                vec![Write::Graph(request)]
            }
            Action::Update { id, changes: _, after } => {
                let body = Map::from_iter([("customAttributes".to_owned(), attributes(after))]);
                vec![Write::Graph(Request::patch(format!("{PATH}/{id}"), Json::Object(body)))]
            }
            Action::Delete { id, before: _ } => vec![Write::Graph(Request::delete(format!("{PATH}/{id}")))],
            Action::Renew { .. } | Action::Prove { .. } => Vec::new(),
        }
    }
}

fn filters(declared: &DesiredApplication) -> impl Iterator<Item = &str> {
    declared.exchange.roles.iter().flatten().filter_map(|role| match &role.scope {
        ExchangeScope::RecipientFilter(filter) => Some(filter.as_str()),
        ExchangeScope::Organization
        | ExchangeScope::AdministrativeUnit(_)
        | ExchangeScope::Group(_)
        | ExchangeScope::User(_) => None,
    })
}

/// The name of the scope that is made for a filter of one application's roles.
fn name(handle: &str, filter: &str) -> String {
    let digest = Sha256::digest(format!("{handle}\n{}", filter::normalized(filter)));
    let number = digest.iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let digest = format!("{number:012x}");
    // Handles are ASCII.
    format!("accredit {} {digest}", &handle[..handle.len().min(LONGEST_HANDLE)])
}

/// Whether Accredit made a scope for this application, by its name alone: somebody may have changed its filter, and Exchange may
/// write filters in its own way.
pub(super) fn is_ours(handle: &str, scope: &ObservedExchangeScope) -> bool {
    let is_digest = |rest: &str| {
        rest.len() == DIGITS && rest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    // Of a handle that is too long to stand there whole, only the digest tells whose it is.
    scope.display_name == name(handle, &scope.recipient_filter)
        || (handle.len() <= LONGEST_HANDLE
            && scope.display_name.strip_prefix(&format!("accredit {handle} ")).is_some_and(is_digest))
}

/// The scope that was made for a filter, whatever its filter has become.
fn find<'a>(context: &Context<'a>, handle: &str, filter: &str) -> Option<&'a ObservedExchangeScope> {
    let name = name(context.permanent_name(handle), filter);
    context.snapshot.exchange.scopes.iter().find(|scope| scope.display_name == name)
}

fn address(context: &Context<'_>, handle: &str, filter: &str) -> Address {
    Address::new(handle, NAME, name(context.permanent_name(handle), filter))
}

/// The id of the scope for a filter, or a reference to it.
pub(super) fn id(context: &Context<'_>, handle: &str, filter: &str) -> Value {
    find(context, handle, filter).map_or_else(
        || Value::output(address(context, handle, filter), "id"),
        |found| Value::named(&found.id, &found.display_name),
    )
}

fn fields(name: &str, filter: &str) -> Fields {
    Fields::from([
        (DISPLAY_NAME.to_owned(), Value::text(name)),
        (RECIPIENT_FILTER.to_owned(), Value::text(filter)),
        (EXCLUSIVE.to_owned(), Value::text("false")),
    ])
}

/// A scope as it was found. A filter that only looks different is shown as `declared` writes it.
fn observed(found: &ObservedExchangeScope, declared: &str) -> Fields {
    let is_same = filter::normalized(&found.recipient_filter) == filter::normalized(declared);
    let filter = if is_same { declared } else { &found.recipient_filter };
    let mut fields = fields(&found.display_name, filter);
    fields.insert(EXCLUSIVE.to_owned(), Value::text(found.is_exclusive.to_string()));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::write::writes;

    #[test]
    fn a_name_is_short_the_same_each_time_and_tells_applications_and_filters_apart() {
        let one = name("reports", "CustomAttribute1 -eq 'reports'");
        assert_eq!(one, name("reports", "{ (CustomAttribute1  -eq 'reports') }"));
        assert!(one.starts_with("accredit reports ") && one.len() == "accredit reports ".len() + 12, "{one}");
        assert_ne!(one, name("reports", "CustomAttribute1 -eq 'other'"));
        assert_ne!(one[one.len() - 12..], name("others", "CustomAttribute1 -eq 'reports'")["accredit others ".len()..]);
        assert_eq!(name(&"x".repeat(64), "Title -eq 'VP'").len(), LONGEST_NAME);
    }

    #[test]
    fn ours_is_what_is_named_so_whatever_its_filter_has_become() {
        let mut scope = ObservedExchangeScope {
            id: "1".to_owned(),
            display_name: name("reports", "Title -eq 'VP'"),
            recipient_filter: "(Title -eq 'VP')".to_owned(),
            is_exclusive: false,
        };
        assert!(is_ours("reports", &scope) && !is_ours("other", &scope));
        scope.recipient_filter = "Title -like '*'".to_owned();
        assert!(is_ours("reports", &scope) && !is_ours("report", &scope));
        for foreign in ["accredit reports", "accredit reports of ours", "accredit reports 0123456789AB", "reports"] {
            scope.display_name = foreign.to_owned();
            assert!(!is_ours("reports", &scope), "{foreign}");
        }
        // Two long handles may begin alike, and then the digest decides.
        let (one, other) = ("x".repeat(50), "x".repeat(60));
        scope.display_name = name(&one, &scope.recipient_filter);
        assert!(is_ours(&one, &scope) && !is_ours(&other, &scope));
    }

    #[test]
    fn a_scope_is_posted_patched_and_deleted_below_beta() {
        let after = fields("accredit reports 1", "Title -eq 'VP'");
        let attributes = json!({ "Exclusive": false, "RecipientFilter": "Title -eq 'VP'" });
        let sent = writes(&Scope, Action::Create { after: after.clone() });
        let [Write::Graph(post)] = sent.as_slice() else { panic!("one request") };
        assert_eq!((post.method, post.path.as_str()), ("POST", "/beta/roleManagement/exchange/customAppScopes"));
        let name = "accredit reports 1";
        let body = json!({ "type": "RecipientScope", "displayName": name, "customAttributes": attributes });
        assert_eq!(post.body, Some(body));
        assert_eq!(post.look.as_ref().map(|look| look.having.clone()), Some(json!({ "displayName": name })));
        let update = Action::Update { id: "7".to_owned(), changes: Vec::new(), after: after.clone() };
        let one = "/beta/roleManagement/exchange/customAppScopes/7".to_owned();
        let change = Request::patch(one.clone(), json!({ "customAttributes": attributes }));
        assert_eq!(writes(&Scope, update), [Write::Graph(change)]);
        let delete = Action::Delete { id: "7".to_owned(), before: after };
        assert_eq!(writes(&Scope, delete), [Write::Graph(Request::delete(one))]);
    }
}
