//! What a token says, held against what the manifest declares and the tenant has. Functions from values to values.

use jiff::Timestamp;

use crate::catalog::roles;
use crate::model::{Cause, Check, Claims, Mismatch, Outcome, Subject};

/// Who a token has to be for and of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected<'a> {
    /// How the API may be called in a token: by its address or its appId.
    pub audiences: Vec<&'a str>,
    pub tenant_id: &'a str,
    pub app_id: &'a str,
    /// The service principal's object id, where there is one.
    pub object_id: Option<&'a str>,
}

/// What is not as it should be with whom a token is for and of, and what is only unusual.
pub fn identity(claims: &Claims, expected: &Expected<'_>, now: Timestamp) -> (Vec<Mismatch>, Vec<String>) {
    let Claims {
        audience,
        tenant,
        app_id,
        object_id,
        credential,
        identity_type,
        permissions: _,
        directory_roles: _,
        expires,
    } = claims;
    let Expected { audiences, tenant_id, app_id: own, object_id: principal } = expected;
    let mut mismatches = Vec::new();
    let mut compare = |claim, found: &Option<String>, wanted: &str, is_same: bool| {
        if !is_same {
            mismatches.push(Mismatch { claim, wanted: wanted.to_owned(), found: found.clone() });
        }
    };
    let same = |found: &Option<String>, wanted: &str| {
        found.as_ref().is_some_and(|found| found.trim_end_matches('/').eq_ignore_ascii_case(wanted))
    };
    let is_for_it = audiences.iter().any(|wanted| same(audience, wanted));
    compare("aud", audience, audiences.first().unwrap_or(&""), is_for_it);
    compare("tid", tenant, tenant_id, same(tenant, tenant_id));
    compare("appid", app_id, own, same(app_id, own));
    if let Some(wanted) = principal {
        compare("oid", object_id, wanted, same(object_id, wanted));
    }
    compare("appidacr", credential, "2", same(credential, "2"));
    let mut notes = Vec::new();
    match identity_type {
        Some(_) => compare("idtyp", identity_type, "app", same(identity_type, "app")),
        None => notes.push("`idtyp` is not in the token: its API does not ask for it".to_owned()),
    }
    if let Some(end) = expires.filter(|end| *end <= now) {
        let wanted = format!("later than {now}");
        mismatches.push(Mismatch { claim: "exp", wanted, found: Some(end.to_string()) });
    }
    (mismatches, notes)
}

/// The application permissions of one API: that all that is declared with consent is in the token, and what else is.
/// `granted` are those that Graph shows as granted, `declared` all that the manifest names.
pub(super) fn permissions(
    claims: &Claims,
    wanted: &[&str],
    declared: &[&str],
    granted: &[&str],
) -> (Outcome, Vec<String>) {
    let held = &claims.permissions;
    let missing: Vec<String> =
        wanted.iter().filter(|name| !held.iter().any(|held| held == *name)).map(|name| (*name).to_owned()).collect();
    let foreign = held.iter().filter(|held| !declared.contains(&held.as_str()));
    let notes = foreign.map(|name| format!("`{name}` is in the token and declared nowhere")).collect();
    let outcome = if missing.is_empty() {
        Outcome::Passed { evidence: if wanted.is_empty() { "none".to_owned() } else { wanted.join(", ") } }
    } else {
        let granted: Vec<String> = missing.iter().filter(|name| granted.contains(&name.as_str())).cloned().collect();
        let hint = if granted.len() == missing.len() {
            "a token keeps what it was issued with, so each try takes a new one: wait some minutes and run it again"
        } else {
            "`accredit apply` grants the consent; somebody may have revoked it"
        };
        Outcome::Failed { cause: Cause::MissingPermissions { missing, granted }, hint: Some(hint.to_owned()) }
    };
    (outcome, notes)
}

/// A declared directory role, and what Graph shows of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WantedRole {
    /// With what it is for, where that is not the whole tenant.
    pub(super) name: String,
    /// Template id and id of its definition.
    pub(super) ids: Vec<String>,
    /// Whether it is for the whole tenant.
    pub(super) is_everywhere: bool,
    /// Whether a token of whoever holds it names it. Of the others Graph's word is the proof.
    pub(super) is_in_tokens: bool,
    /// Whether Graph shows it as assigned.
    pub(super) is_assigned: bool,
}

/// The declared directory roles: in the token, or where no token shows them, assigned.
pub(super) fn directory_roles(claims: &Claims, wanted: &[WantedRole]) -> (Outcome, Vec<String>) {
    let held: Vec<&str> = claims.directory_roles.iter().map(String::as_str).filter(|id| roles::is_role(id)).collect();
    let is =
        |role: &WantedRole, id: &str| role.is_everywhere && role.ids.iter().any(|own| own.eq_ignore_ascii_case(id));
    let is_shown = |role: &&WantedRole| held.iter().any(|id| is(role, id));
    let is_proven = |role: &&WantedRole| is_shown(role) || !role.is_in_tokens && role.is_assigned;
    let name = |id: &str| roles::find(id).map_or_else(|| id.to_owned(), |role| role.name.to_owned());
    let foreign = held.iter().filter(|id| !wanted.iter().any(|role| is(role, id)));
    let notes = foreign.map(|id| format!("{} is in the token and declared nowhere", name(id))).collect();
    let missing: Vec<&WantedRole> = wanted.iter().filter(|role| !is_proven(role)).collect();
    if missing.is_empty() {
        let evidence = |role: &WantedRole| {
            if is_shown(&role) { role.name.clone() } else { format!("{} (as Graph shows it)", role.name) }
        };
        let evidence: Vec<String> = wanted.iter().map(evidence).collect();
        let evidence = if evidence.is_empty() { "none".to_owned() } else { evidence.join(", ") };
        return (Outcome::Passed { evidence }, notes);
    }
    let names = |roles: Vec<&WantedRole>| roles.into_iter().map(|role| role.name.clone()).collect::<Vec<_>>();
    let assigned = names(missing.iter().copied().filter(|role| role.is_assigned).collect());
    let hint = if assigned.len() == missing.len() {
        "a new role takes up to 15 minutes, and a token keeps what it was issued with: wait and run it again"
    } else {
        "`accredit apply` assigns it; somebody may have taken it away"
    };
    let cause = Cause::MissingDirectoryRoles { missing: names(missing), assigned };
    (Outcome::Failed { cause, hint: Some(hint.to_owned()) }, notes)
}

/// The check of whom a token is for and of.
pub(super) fn check(api: &str, claims: &Claims, expected: &Expected<'_>, now: Timestamp) -> Check {
    let (mismatches, notes) = identity(claims, expected, now);
    let mut check = if mismatches.is_empty() {
        Check::passed(Some(api), Subject::Claims, "for this API, of this application in this tenant, by certificate")
    } else {
        let hint = if mismatches.iter().any(|mismatch| mismatch.claim == "aud" || mismatch.claim == "tid") {
            "look whether `tenant` and `cloud` in the manifests are right"
        } else {
            "the token is another application's, or was not got by a certificate: run `accredit plan`"
        };
        Check::failed(Some(api), Subject::Claims, Cause::Claims { mismatches }, hint)
    };
    check.notes = notes;
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In `wids` of a token whose application has no directory role.
    const NO_ROLE: &str = "0997a1d0-0d1d-4acb-b408-d5ca73121e90";
    const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";

    fn good() -> Claims {
        let text = |text: &str| Some(text.to_owned());
        Claims {
            audience: text("https://outlook.office365.com/"),
            tenant: text("t"),
            app_id: text("A"),
            object_id: text("o"),
            credential: text("2"),
            identity_type: text("app"),
            permissions: vec!["Exchange.ManageAsApp".to_owned()],
            directory_roles: vec![EXCHANGE_ADMINISTRATOR.to_owned()],
            expires: Some(Timestamp::from_second(3600).unwrap()),
        }
    }

    fn expected() -> Expected<'static> {
        let audiences = vec!["https://outlook.office365.com", "00000002-0000-0ff1-ce00-000000000000"];
        Expected { audiences, tenant_id: "t", app_id: "a", object_id: Some("o") }
    }

    fn wrong(change: impl FnOnce(&mut Claims)) -> Vec<&'static str> {
        let mut claims = good();
        change(&mut claims);
        let (mismatches, _) = identity(&claims, &expected(), Timestamp::UNIX_EPOCH);
        mismatches.into_iter().map(|mismatch| mismatch.claim).collect()
    }

    #[test]
    fn a_token_of_this_application_for_this_api_is_good() {
        assert_eq!(identity(&good(), &expected(), Timestamp::UNIX_EPOCH), (Vec::new(), Vec::new()));
        assert!(wrong(|claims| claims.audience = Some("00000002-0000-0ff1-ce00-000000000000".to_owned())).is_empty());
    }

    #[test]
    fn each_claim_that_is_another_ones_is_named() {
        let other = || Some("other".to_owned());
        assert_eq!(wrong(|claims| claims.audience = other()), ["aud"]);
        assert_eq!(wrong(|claims| claims.tenant = other()), ["tid"]);
        assert_eq!(wrong(|claims| claims.app_id = None), ["appid"]);
        assert_eq!(wrong(|claims| claims.object_id = other()), ["oid"]);
        assert_eq!(wrong(|claims| claims.credential = Some("1".to_owned())), ["appidacr"]);
        assert_eq!(wrong(|claims| claims.identity_type = Some("user".to_owned())), ["idtyp"]);
        assert_eq!(wrong(|claims| claims.expires = Some(Timestamp::UNIX_EPOCH)), ["exp"]);
    }

    #[test]
    fn an_optional_claim_that_is_absent_is_a_note() {
        let mut claims = good();
        claims.identity_type = None;
        let (mismatches, notes) = identity(&claims, &expected(), Timestamp::UNIX_EPOCH);
        assert!(mismatches.is_empty() && notes.len() == 1, "{mismatches:?} {notes:?}");
    }

    #[test]
    fn what_is_missing_is_told_apart_by_what_graph_says() {
        let mut claims = good();
        claims.permissions = vec!["Mail.Read".to_owned()];
        let wanted = ["Exchange.ManageAsApp"];
        let cause = |granted: &[&str]| {
            let (outcome, notes) = permissions(&claims, &wanted, &wanted, granted);
            assert_eq!(notes, ["`Mail.Read` is in the token and declared nowhere"]);
            outcome.cause().cloned().unwrap()
        };
        let revoked = cause(&[]);
        assert_eq!(revoked.to_string(), "the token lacks Exchange.ManageAsApp: not granted");
        assert!(!revoked.may_be_propagation(false));
        let late = cause(&wanted);
        assert_eq!(late.to_string(), "the token lacks Exchange.ManageAsApp, though granted");
        assert!(late.may_be_propagation(false));
    }

    fn role(name: &str, is_in_tokens: bool, is_assigned: bool) -> WantedRole {
        let ids = vec![if is_in_tokens { EXCHANGE_ADMINISTRATOR.to_owned() } else { name.to_owned() }];
        WantedRole { name: name.to_owned(), ids, is_everywhere: true, is_in_tokens, is_assigned }
    }

    #[test]
    fn roles_go_by_their_names() {
        let mut claims = good();
        let wanted = [role("Exchange Administrator", true, false)];
        let (outcome, notes) = directory_roles(&claims, &wanted);
        assert_eq!(outcome, Outcome::Passed { evidence: "Exchange Administrator".to_owned() });
        assert!(notes.is_empty());
        claims.directory_roles = vec![NO_ROLE.to_owned()];
        let (outcome, notes) = directory_roles(&claims, &wanted);
        let cause = outcome.cause().unwrap();
        assert_eq!(cause.to_string(), "the token lacks Exchange Administrator: not assigned");
        assert!(notes.is_empty() && !cause.may_be_propagation(false));
        let (outcome, _) = directory_roles(&claims, &[]);
        assert_eq!(outcome, Outcome::Passed { evidence: "none".to_owned() });
    }

    #[test]
    fn what_no_token_shows_is_proven_by_graph_alone() {
        let mut claims = good();
        claims.directory_roles = vec![NO_ROLE.to_owned()];
        let (outcome, _) = directory_roles(&claims, &[role("Of our own", false, true)]);
        assert_eq!(outcome, Outcome::Passed { evidence: "Of our own (as Graph shows it)".to_owned() });
        let (outcome, _) = directory_roles(&claims, &[role("Of our own", false, false)]);
        assert_eq!(outcome.cause().unwrap().to_string(), "the token lacks Of our own: not assigned");
        // A role of a part of the tenant is not the one of the whole that a token names.
        let mut scoped = role("Exchange Administrator for /administrativeUnits/1", false, false);
        scoped.ids = vec![EXCHANGE_ADMINISTRATOR.to_owned()];
        scoped.is_everywhere = false;
        let (outcome, notes) = directory_roles(&good(), &[scoped]);
        assert!(outcome.cause().is_some() && notes.len() == 1, "{outcome:?} {notes:?}");
        // What is declared and the token names is not declared nowhere.
        claims.directory_roles = vec!["Of our own".to_owned()];
        let (outcome, notes) = directory_roles(&claims, &[role("Of our own", false, true)]);
        assert_eq!(outcome, Outcome::Passed { evidence: "Of our own".to_owned() });
        assert!(notes.is_empty(), "{notes:?}");
    }
}
