//! The brakes between a plan and its execution. [`Approved`] can be had from [`approve`] alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Action, Address, Plan, Rights, Rule, Severity, Step, Value};

use super::risk::is_takeover;

/// Fewer deletions than this are never a mistake of scale.
const BRAKE_FROM: usize = 3;
/// Of the estate's applications, or of what they hold, in percent.
const BRAKE_ABOVE_PERCENT: usize = 30;
/// Fewer consents and roles than this are taken away on an ordinary day.
const REVOCATIONS_BRAKE_FROM: usize = 10;

/// The kinds of what somebody holds.
const HELD: [&str; 5] = [
    "appRoleAssignment",
    "oauth2PermissionGrant",
    "roleAssignment",
    "exchangeRoleAssignment",
    "exchangeRoleGroupMember",
];

/// What a run may do. Every field stands for a flag by which the operator said what is allowed.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The number of applications that may be deleted.
    pub allow_deletes: Option<usize>,
    /// The number of consents and roles that may be taken away.
    pub allow_revocations: Option<usize>,
    /// The permissions and roles of the tenant-takeover class that may be given, by name.
    pub allow_privileged: Vec<String>,
    /// Whether the operator may take its own access away.
    pub allow_self_removal: bool,
    /// The policies whose approval is given, by name.
    pub approved: Vec<String>,
    /// Whether a plan may be tried although the operator lacks what it needs.
    pub despite_missing_rights: bool,
}

/// A plan that may be carried out.
#[derive(Clone, Debug)]
pub struct Approved(Plan);

impl Approved {
    pub fn plan(&self) -> &Plan {
        &self.0
    }

    pub fn steps(&self) -> &[Step] {
        &self.0.steps
    }
}

/// Why a plan is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the operator lacks {} for this plan", quoted(.permissions))]
    MissingRights { permissions: Vec<String> },
    #[error("{} {} this plan", policies_in_words(.policies), verb(.policies, "denies", "deny"))]
    Denied { policies: BTreeSet<String> },
    #[error("{} {} approval of this plan: {}", policies_in_words(.policies), verb(.policies, "wants", "want"), list(.steps))]
    NotApproved { policies: BTreeSet<String>, steps: BTreeSet<Address> },
    #[error(
        "this plan deletes {deletes} of the estate's {applications} applications, more than {BRAKE_ABOVE_PERCENT} %"
    )]
    TooManyDeletes { deletes: usize, applications: usize },
    #[error("`--allow-deletes {allowed}` was given, but this plan deletes {deletes} applications")]
    OtherNumberOfDeletes { deletes: usize, allowed: usize },
    #[error(
        "this plan takes {revocations} of {held} consents and roles away from applications and users that stay, more than \
         {BRAKE_ABOVE_PERCENT} %"
    )]
    TooManyRevocations { revocations: usize, held: usize },
    #[error("`--allow-revocations {allowed}` was given, but this plan takes {revocations} consents and roles away")]
    OtherNumberOfRevocations { revocations: usize, allowed: usize },
    #[error("this plan gives what amounts to the whole tenant: {}", powers_in_words(.powers))]
    Privileged {
        /// By name: the steps that give it, or give a way to use it.
        powers: BTreeMap<String, BTreeSet<Address>>,
    },
    #[error("this plan takes from the operator what it reads and writes with: {}", list(.steps))]
    RemovesOperator { steps: BTreeSet<Address> },
}

fn quoted<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

fn verb(names: &BTreeSet<String>, of_one: &'static str, of_several: &'static str) -> &'static str {
    if names.len() == 1 { of_one } else { of_several }
}

fn policies_in_words(names: &BTreeSet<String>) -> String {
    format!("the {} {}", if names.len() == 1 { "policy" } else { "policies" }, quoted(names))
}

/// How many addresses are named before the rest is counted.
const MOST_NAMED: usize = 5;

fn list(addresses: &BTreeSet<Address>) -> String {
    let mut named: Vec<String> = addresses.iter().take(MOST_NAMED).map(ToString::to_string).collect();
    if addresses.len() > MOST_NAMED {
        named.push(format!("and {} more", addresses.len() - MOST_NAMED));
    }
    named.join(", ")
}

fn powers_in_words(powers: &BTreeMap<String, BTreeSet<Address>>) -> String {
    let named: Vec<String> = powers.iter().map(|(name, steps)| format!("`{name}` ({})", list(steps))).collect();
    named.join(", ")
}

/// A word as a shell takes it in one piece.
fn argument(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn flags<'a>(flag: &str, words: impl IntoIterator<Item = &'a String>) -> String {
    let flags: Vec<String> = words.into_iter().map(|word| format!("{flag} {}", argument(word))).collect();
    flags.join(" ")
}

impl Refusal {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::MissingRights { .. } => "have them granted, as `accredit plan` shows, and sign in again; \
                                           `--skip-rights-check` tries it all the same"
                .to_owned(),
            Self::Denied { .. } => {
                "bring what the findings name in line with the policy; no flag lets it through".to_owned()
            }
            Self::NotApproved { policies, .. } => {
                format!("whoever may approve it adds `{}`", flags("--approve", policies))
            }
            Self::TooManyDeletes { deletes, .. } => format!(
                "check that the right manifests were given; if all of these are to go, add `--allow-deletes {deletes}`"
            ),
            Self::OtherNumberOfDeletes { deletes, .. } => {
                format!("read the plan again; if all of these are to go, say `--allow-deletes {deletes}`")
            }
            Self::TooManyRevocations { revocations, .. } => format!(
                "check that the right manifests were given; if all of these are to go, add `--allow-revocations {revocations}`"
            ),
            Self::OtherNumberOfRevocations { revocations, .. } => {
                format!("read the plan again; if all of these are to go, say `--allow-revocations {revocations}`")
            }
            Self::Privileged { powers } => {
                format!("if that is meant, add `{}`", flags("--allow-privileged", powers.keys()))
            }
            Self::RemovesOperator { .. } => {
                "have another operator do it; or, if that is meant, add `--allow-self-removal`".to_owned()
            }
        }
    }
}

/// Lets a plan through unless it has steps that are sure to be refused, a policy denies it, or it does what takes a flag that was
/// not given.
///
/// # Errors
/// Every reason at once.
pub fn approve(plan: Plan, limits: &Limits) -> Result<Approved, Vec<Refusal>> {
    let refusals: Vec<Refusal> = [
        missing_rights(&plan, limits),
        denied(&plan),
        not_approved(&plan, limits),
        deletes(&plan, limits),
        revocations(&plan, limits),
        privileged(&plan, limits),
        self_removal(&plan, limits),
    ]
    .into_iter()
    .flatten()
    .collect();
    if refusals.is_empty() { Ok(Approved(plan)) } else { Err(refusals) }
}

fn missing_rights(plan: &Plan, limits: &Limits) -> Option<Refusal> {
    let missing = plan.rights.iter().flat_map(Rights::certainly_missing);
    let permissions: Vec<String> = missing.map(str::to_owned).collect();
    (!permissions.is_empty() && !limits.despite_missing_rights).then_some(Refusal::MissingRights { permissions })
}

fn denied(plan: &Plan) -> Option<Refusal> {
    let denied = plan
        .findings
        .iter()
        .filter(|finding| finding.rule == Rule::Policy && finding.severity == Severity::Error && !finding.removed);
    let policies: BTreeSet<String> = denied.map(|finding| finding.subject.clone()).collect();
    (!policies.is_empty()).then_some(Refusal::Denied { policies })
}

fn not_approved(plan: &Plan, limits: &Limits) -> Option<Refusal> {
    let wanted = plan.findings.iter().filter(|finding| finding.rule == Rule::ApprovalNeeded);
    let (mut policies, mut steps) = (BTreeSet::new(), BTreeSet::new());
    for finding in wanted.filter(|finding| !limits.approved.contains(&finding.subject)) {
        policies.insert(finding.subject.clone());
        steps.insert(finding.address.clone());
    }
    (!policies.is_empty()).then_some(Refusal::NotApproved { policies, steps })
}

/// Whether so many of all there are would be gone that it looks like a mistake.
fn is_too_much(gone: usize, from: usize, all: usize) -> bool {
    gone >= from && gone * 100 > all * BRAKE_ABOVE_PERCENT
}

fn deletes(plan: &Plan, limits: &Limits) -> Option<Refusal> {
    let gone = plan.steps.iter().filter(|step| step.action.is_delete() && step.address.kind == "application");
    let (deletes, applications) = (gone.count(), plan.applications);
    match limits.allow_deletes {
        Some(allowed) => (allowed != deletes).then_some(Refusal::OtherNumberOfDeletes { deletes, allowed }),
        None => {
            is_too_much(deletes, BRAKE_FROM, applications).then_some(Refusal::TooManyDeletes { deletes, applications })
        }
    }
}

/// What goes with a deleted application is counted there: it comes back with it.
fn revocations(plan: &Plan, limits: &Limits) -> Option<Refusal> {
    let is_held = |address: &Address| HELD.contains(&address.kind.as_str());
    let of_held = plan.steps.iter().filter(|step| is_held(&step.address));
    let (gone, come): (Vec<&Step>, Vec<&Step>) = of_held.partition(|step| step.action.is_delete());
    let changed = come.iter().filter(|step| plan.observed.contains_key(&step.address)).count();
    // A grant that stays may lose nearly all of what it allows.
    let (mut lost, mut allowed_before) = (0, 0);
    for step in come.iter().filter(|step| step.address.kind == "oauth2PermissionGrant") {
        let Action::Update { id: _, changes, after: _ } = &step.action else { continue };
        for change in changes.iter().filter(|change| change.path == "scope") {
            let after: BTreeSet<&Value> = change.after.members().collect();
            allowed_before += change.before.members().count();
            lost += change.before.members().filter(|scope| !after.contains(scope)).count();
        }
    }
    let revocations = gone.len() + lost;
    let held = gone.len() + changed + allowed_before + plan.unchanged.iter().filter(|address| is_held(address)).count();
    match limits.allow_revocations {
        Some(allowed) => (allowed != revocations).then_some(Refusal::OtherNumberOfRevocations { revocations, allowed }),
        None => is_too_much(revocations, REVOCATIONS_BRAKE_FROM, held)
            .then_some(Refusal::TooManyRevocations { revocations, held }),
    }
}

fn privileged(plan: &Plan, limits: &Limits) -> Option<Refusal> {
    let is_allowed = |power: &String| limits.allow_privileged.iter().any(|allowed| allowed.eq_ignore_ascii_case(power));
    let mut powers: BTreeMap<String, BTreeSet<Address>> = BTreeMap::new();
    for step in plan.steps.iter().filter(|step| is_takeover(step)) {
        for power in step.risk.iter().flat_map(|risk| &risk.powers).filter(|power| !is_allowed(power)) {
            powers.entry(power.clone()).or_default().insert(step.address.clone());
        }
    }
    (!powers.is_empty()).then_some(Refusal::Privileged { powers })
}

fn self_removal(plan: &Plan, limits: &Limits) -> Option<Refusal> {
    let removing = plan.steps.iter().filter(|step| step.removes_operator && !limits.allow_self_removal);
    let steps: BTreeSet<Address> = removing.map(|step| step.address.clone()).collect();
    (!steps.is_empty()).then_some(Refusal::RemovesOperator { steps })
}
