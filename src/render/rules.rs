//! The rules of findings in words: what each is about, why it matters, what to do. Views for machines list them beside what
//! was found.

use crate::model::{Finding, FindingClass, Plan, Rule};

/// A rule, for people who meet it for the first time.
pub(super) struct Explanation {
    /// A few words, as a heading.
    pub(super) title: &'static str,
    /// What it means, in one or two sentences.
    pub(super) meaning: &'static str,
    /// What to do.
    pub(super) help: &'static str,
    /// How grave a hole it may be, from 0 to 10 as GitHub reads it; `None` where it is none.
    pub(super) security_severity: Option<&'static str>,
}

pub(super) fn explanation(rule: Rule) -> Explanation {
    match rule {
        Rule::Undeclared => Explanation {
            title: "On a managed application, and declared nowhere",
            meaning: "A credential, consent or role was put on a managed application by something else than its manifest. \
                      Whoever put it there may use it.",
            help: "Find out who added it. Declare what is meant to be there; have the rest removed by hand, by a declared \
                   list that says all there is, or with `foreignCredentials: remove`.",
            security_severity: Some("8.0"),
        },
        Rule::LeftManifest => Explanation {
            title: "Left the manifest, and waits for its time to go",
            meaning: "A certificate whose keyId has our form and that is declared no more is still on its application until \
                      those that follow it have proven that they work. Nothing but its keyId says that it ever was declared.",
            help: "Nothing, if it was taken out on purpose: a later apply removes it. If not, find out whose it is.",
            security_severity: None,
        },
        Rule::OtherKeyId => Explanation {
            title: "A declared certificate under another keyId",
            meaning: "Somebody uploaded a declared certificate by hand. It is uploaded again as ours, so that it can be \
                      followed.",
            help: "Apply the plan, and leave uploading to it.",
            security_severity: None,
        },
        Rule::Disabled => Explanation {
            title: "The service principal is disabled",
            meaning: "Nobody can sign in as this application. Accredit neither disables nor enables one.",
            help: "Enable it in Entra if it is to work, or take the application out of the manifests.",
            security_severity: None,
        },
        Rule::Changed => Explanation {
            title: "A managed field is not as declared",
            meaning: "It was changed in the tenant, or in the manifest and not applied yet; without a state file nothing says \
                      which.",
            help: "Apply to put it back, or change the manifest if the tenant is right.",
            security_severity: Some("5.0"),
        },
        Rule::Gone => Explanation {
            title: "Declared, and not there",
            meaning: "Something that belongs to an application that is there was taken away, or was never made. Scripts that \
                      work with the application may fail.",
            help: "Apply to make it again, or take it out of the manifest.",
            security_severity: None,
        },
        Rule::Missing => Explanation {
            title: "A declared application of which nothing is there",
            meaning: "It was not applied yet, or is gone for good.",
            help: "Apply to make it.",
            security_severity: None,
        },
        Rule::Expires => Explanation {
            title: "A credential ends soon",
            meaning: "After its end nobody can sign in with it.",
            help: "Apply where Accredit renews it; else replace it, and tell whoever uses it.",
            security_severity: None,
        },
        Rule::Expired => Explanation {
            title: "A credential has ended",
            meaning: "Nobody can sign in with it any more, and it is still on the application.",
            help: "Remove it, or have `prune: expired` under `expiry` do so.",
            security_severity: None,
        },
        Rule::Lifetime => Explanation {
            title: "A credential is good for too long",
            meaning: "It lives longer than `expiry.maximumLifetime` allows, or has no end. Whoever copied it can use it for as \
                      long.",
            help: "Replace it by one that ends sooner, or raise the limit.",
            security_severity: Some("4.0"),
        },
        Rule::Unmanaged => Explanation {
            title: "An application of the estate in no manifest",
            meaning: "It carries the estate's tag, and no manifest declares it: it has left them, or somebody copied the tag.",
            help: "Put it back into a manifest, or apply to delete it.",
            security_severity: Some("4.0"),
        },
        Rule::Policy => Explanation {
            title: "Not in line with a policy",
            meaning: "What is declared or was found is not as a policy of the estate, or one in Rego, wants it.",
            help: "Change what the policy names; or change the policy, where it asks too much.",
            security_severity: Some("6.0"),
        },
        Rule::ApprovalNeeded => Explanation {
            title: "Somebody has to approve it",
            meaning: "A step of this plan gives what a policy of the estate wants approved by name.",
            help: "Approve it with `accredit apply --approve POLICY`, or take it out of the manifest.",
            security_severity: None,
        },
        Rule::Foreign => Explanation {
            title: "An application in no manifest",
            meaning: "It belongs to no estate that was looked at. Nothing here touches it.",
            help: "Declare it to have it managed.",
            security_severity: None,
        },
    }
}

/// Whether every plan finds such; `accredit drift` finds the others besides.
fn is_of_every_plan(rule: Rule) -> bool {
    [Rule::Undeclared, Rule::LeftManifest, Rule::OtherKeyId, Rule::Disabled].contains(&rule)
}

/// What stands over these findings of one class.
pub(super) fn heading(class: FindingClass, findings: &[&Finding]) -> &'static str {
    match class {
        FindingClass::Drift if findings.iter().all(|finding| is_of_every_plan(finding.rule)) => {
            "Found in the tenant and declared in no manifest"
        }
        FindingClass::Drift => "Not as the manifests say",
        FindingClass::Expiry => "Credentials that end, have ended or live too long",
        FindingClass::Policy => "Not in line with a policy",
        FindingClass::Inventory => "Applications in no manifest",
    }
}

/// What a plan does about a finding, where it is for a plan to do something.
pub(super) fn fate(plan: &Plan, finding: &Finding) -> Option<&'static str> {
    if plan.drift {
        return None;
    }
    match (finding.rule, finding.removed) {
        (
            Rule::Undeclared
            | Rule::LeftManifest
            | Rule::OtherKeyId
            | Rule::Disabled
            | Rule::Unmanaged
            | Rule::Expired
            | Rule::Lifetime
            | Rule::Policy,
            true,
        ) => Some("this plan removes it"),
        (Rule::Changed | Rule::Gone | Rule::Missing, true) => Some("this plan makes it as declared"),
        (Rule::Expires, true) => Some("this plan makes its successor"),
        (
            Rule::Undeclared
            | Rule::LeftManifest
            | Rule::OtherKeyId
            | Rule::Disabled
            | Rule::Unmanaged
            | Rule::Changed
            | Rule::Gone
            | Rule::Missing,
            false,
        ) => Some("this plan leaves it"),
        (Rule::Expires | Rule::Expired | Rule::Lifetime | Rule::Policy, false)
        | (Rule::ApprovalNeeded | Rule::Foreign, _) => None,
    }
}

/// A finding as one sentence that stands by itself.
pub(super) fn sentence(plan: &Plan, finding: &Finding) -> String {
    let fate = fate(plan, finding).map(|fate| format!("; {fate}")).unwrap_or_default();
    format!("{}: {}{fate}", finding.address, finding.message)
}
