//! The rules of findings in words: what each is about, why it matters, what to do. Views for machines list them beside what
//! was found.

use crate::model::{Finding, FindingClass, Rule};

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
            meaning: "A certificate that was declared once is still on its application until those that follow it have \
                      proven that they work.",
            help: "Nothing, if it was taken out on purpose: a later apply removes it.",
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
    }
}

/// What stands over findings of one class.
pub(super) fn heading(class: FindingClass) -> &'static str {
    match class {
        FindingClass::Drift => "Found in the tenant and declared in no manifest",
    }
}

/// What a plan does about a finding, where it is for a plan to do something.
pub(super) fn fate(finding: &Finding) -> Option<&'static str> {
    match finding.rule.class() {
        FindingClass::Drift if finding.removed => Some("this plan removes it"),
        FindingClass::Drift => Some("this plan leaves it"),
    }
}

/// A finding as one sentence that stands by itself.
pub(super) fn sentence(finding: &Finding) -> String {
    let fate = fate(finding).map(|fate| format!("; {fate}")).unwrap_or_default();
    format!("{}: {}{fate}", finding.address, finding.message)
}
