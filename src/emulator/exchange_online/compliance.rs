//! Security & Compliance: the same endpoint at a host of its own, which leads to a region's; with roles of its own.

use std::collections::BTreeSet;

use super::{
    super::clouds::region_at,
    ExchangeRefusal, Output,
    cmdlets::{Cmdlet, optional},
    parameters::{Call, Form},
};

/// Its host in the public cloud.
pub(crate) const HOST: &str = "ps.compliance.protection.outlook.com";

/// The audiences of tokens that it takes.
pub(crate) const AUDIENCES: [&str; 2] =
    ["https://ps.compliance.protection.outlook.com", "https://ps.compliance.protection.outlook.com/"];

/// The one region that every tenant is in.
const REGION: &str = "eur01b";

/// The directory roles that it accepts of an application. What each may do there is not published; here all may read.
const DIRECTORY_ROLES: [&str; 5] = [
    "62e90394-69f5-4237-9190-012177145e10",
    "17315797-102d-40b4-93e0-432062caca18",
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451",
    "194ae4cb-b126-40b2-bd5b-6091b380977d",
    "5d6b6bb7-de71-4623-b4af-96380a352509",
];
const READER: &str = "View-Only Retention Management";

/// Where a request that came to the front has to go: to the region's port for PowerShell, whose first label is the region.
pub(crate) fn location(origin: &str, path: &str) -> Option<String> {
    let (label, host) = region_at(origin, HOST)?;
    let host = host.replacen("ps.compliance", &format!("{REGION}.admin"), 1);
    label.is_empty().then(|| format!("https://{host}:446{path}"))
}

/// The roles that directory roles amount to here.
pub(super) fn held(directory_roles: &[String]) -> BTreeSet<String> {
    let accepted = directory_roles.iter().any(|role| DIRECTORY_ROLES.contains(&role.as_str()));
    accepted.then(|| READER.to_owned()).into_iter().collect()
}

/// Every cmdlet, by name.
pub(super) const CMDLETS: &[Cmdlet] = &[Cmdlet {
    name: "Get-RetentionCompliancePolicy",
    roles: &[READER],
    parameters: &[
        optional("Identity", Form::Text),
        optional("DistributionDetail", Form::Flag),
        optional("RetentionRuleTypes", Form::Flag),
    ],
    customizes: false,
    run: retention_policies,
}];

/// `Get-RetentionCompliancePolicy`: a new tenant has none.
fn retention_policies(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    match call.text("Identity") {
        Some(identity) => Err(ExchangeRefusal::not_found(identity)),
        None => Ok(Output::default()),
    }
}
