//! What somebody can do with Accredit, as the requests that it takes.

use std::collections::BTreeSet;

use super::least_privilege::{Circumstances, Entry, all, find};
use super::powers::{Verdict, held, least_set, verdict};
use crate::model::Operator;

/// Something that Accredit does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    pub name: &'static str,
    /// Methods and paths of the table of least privilege; none stands for all that a plan reads.
    requests: &'static [(&'static str, &'static str)],
    circumstances: Circumstances,
}

const OWNED: Circumstances = Circumstances { owned: true, of_microsoft_graph: true };
const OTHER_APIS: Circumstances = Circumstances { owned: false, of_microsoft_graph: false };
const PLAIN: Circumstances = Circumstances::PLAIN;

const fn capability(
    name: &'static str,
    requests: &'static [(&'static str, &'static str)],
    circumstances: Circumstances,
) -> Capability {
    Capability { name, requests, circumstances }
}

/// In the order in which a team comes to need them.
const CAPABILITIES: &[Capability] = &[
    capability("plan: read applications, consents, roles and users", &[], PLAIN),
    capability(
        "plan: know which certificates the tenant's policies refuse",
        &[
            ("GET", "/policies/defaultAppManagementPolicy"),
            ("GET", "/policies/appManagementPolicies"),
            ("GET", "/policies/appManagementPolicies/{}/appliesTo"),
        ],
        PLAIN,
    ),
    capability(
        "make applications, and change those that it owns",
        &[("PATCH", "/applications/{}"), ("POST", "/servicePrincipals"), ("POST", "/applications/{}/owners/$ref")],
        OWNED,
    ),
    capability(
        "change and delete every application",
        &[
            ("PATCH", "/applications/{}"),
            ("DELETE", "/applications/{}"),
            ("PATCH", "/servicePrincipals/{}"),
            ("POST", "/applications/{}/owners/$ref"),
        ],
        PLAIN,
    ),
    capability(
        "grant application permissions of Exchange and other APIs",
        &[("POST", "/servicePrincipals/{}/appRoleAssignedTo")],
        OTHER_APIS,
    ),
    capability(
        "grant application permissions of Microsoft Graph",
        &[("POST", "/servicePrincipals/{}/appRoleAssignedTo")],
        PLAIN,
    ),
    capability("grant delegated permissions", &[("POST", "/oauth2PermissionGrants")], PLAIN),
    capability("give directory roles", &[("POST", "/roleManagement/directory/roleAssignments")], PLAIN),
    capability(
        "plan: read Exchange's own roles",
        &[
            ("GET", "/beta/roleManagement/exchange/roleDefinitions"),
            ("GET", "/beta/roleManagement/exchange/roleAssignments"),
            ("GET", "/beta/roleManagement/exchange/customAppScopes"),
        ],
        PLAIN,
    ),
    capability(
        "give Exchange's own roles",
        &[
            ("POST", "/beta/roleManagement/exchange/roleAssignments"),
            ("POST", "/beta/roleManagement/exchange/customAppScopes"),
        ],
        PLAIN,
    ),
];

pub fn capabilities() -> &'static [Capability] {
    CAPABILITIES
}

/// Everything that a plan may have to read of a tenant and its applications, but for policies, which it can do without, and for
/// what it reads only where roles of Exchange's own are declared.
pub fn reads_of_a_plan() -> Vec<&'static Entry> {
    const RARE: [&str; 4] =
        ["/policies/", "/groups", "/directory/administrativeUnits", "/beta/roleManagement/exchange/"];
    let is_read = |entry: &&Entry| {
        let is_rare = RARE.iter().any(|path| entry.path.starts_with(path)) || entry.path.ends_with("/ownedObjects");
        entry.method == "GET" && !is_rare
    };
    all().iter().filter(is_read).collect()
}

impl Capability {
    /// The requests that it takes.
    pub fn entries(&self) -> Vec<&'static Entry> {
        if self.requests.is_empty() {
            return reads_of_a_plan();
        }
        self.requests.iter().filter_map(|(method, path)| find(method, path)).collect()
    }
    /// The permissions that are least for it.
    pub fn least(&self) -> BTreeSet<&'static str> {
        let permissions = self.entries().into_iter().flat_map(|entry| entry.least(self.circumstances));
        least_set(&permissions.copied().collect())
    }

    /// Whether `operator` can do it, and the least that is missing.
    pub fn of(&self, operator: &Operator) -> (Verdict, BTreeSet<&'static str>) {
        let held = held(operator);
        let (mut worst, mut missing) = (Verdict::Allowed, BTreeSet::new());
        for entry in self.entries() {
            let judged = verdict(operator, entry, self.circumstances);
            if judged != Verdict::Allowed {
                worst = worst.max(judged);
                missing.extend(entry.least(self.circumstances).iter().filter(|permission| !held.has(permission)));
            }
        }
        (worst, least_set(&missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Powers;

    fn application(permissions: &[&str]) -> Operator {
        let permissions = permissions.iter().map(ToString::to_string).collect();
        Operator { powers: Powers::Application { permissions, roles: BTreeSet::new() }, ..Operator::default() }
    }

    #[test]
    fn every_request_of_a_capability_is_in_the_table() {
        for capability in CAPABILITIES {
            assert!(!capability.least().is_empty(), "{}", capability.name);
            for (method, path) in capability.requests {
                assert!(find(method, path).is_some(), "{}: {method} {path}", capability.name);
            }
        }
    }

    #[test]
    fn the_least_permissions_of_a_capability_suffice_and_none_of_them_can_go() {
        for capability in CAPABILITIES {
            let least: Vec<&str> = capability.least().into_iter().collect();
            assert_eq!(capability.of(&application(&least)).0, Verdict::Allowed, "{}", capability.name);
            for dropped in &least {
                let rest: Vec<&str> = least.iter().filter(|permission| *permission != dropped).copied().collect();
                let (judged, missing) = capability.of(&application(&rest));
                assert_eq!(judged, Verdict::Refused, "{} without {dropped}", capability.name);
                assert!(missing.len() == 1, "{} without {dropped}: {missing:?}", capability.name);
            }
        }
    }
}
