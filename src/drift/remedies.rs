//! What to do next about a finding, where nothing better is known of it.

use crate::model::{Finding, Rule};

pub(super) fn of(finding: &Finding) -> String {
    let text = match (finding.rule, finding.removed) {
        (Rule::Undeclared, true) => "`accredit apply` removes it; declare it if it is to stay",
        (Rule::Undeclared, false) => {
            "find out whose it is; `foreignCredentials: remove` has `accredit apply` remove it, a baseline accepts it"
        }
        (Rule::LeftManifest, _) => {
            "if you took it out of the manifest or renamed it lately, wait; if not, find out whose it is and delete it by its keyId"
        }
        (Rule::OtherKeyId, _) => "`accredit apply` uploads it under the keyId by which Accredit knows it",
        (Rule::Disabled, _) => {
            "find out who disabled it and why; it is enabled under Enterprise applications, Properties"
        }
        (Rule::Changed, _) => {
            "`accredit apply` puts it back to what is declared; if the tenant is right, change the manifest"
        }
        (Rule::Gone, _) => "`accredit apply` makes it again; take it out of the manifest if it is to be gone",
        (Rule::Missing, _) => "`accredit apply` makes it; nothing says whether it was ever there",
        (Rule::Expires, _) => "replace it, or tell whoever uses it, before it ends",
        (Rule::Expired, _) => "remove it, or have `prune: expired` under `expiry` remove what has ended",
        (Rule::Lifetime, _) => "replace it by one that ends sooner, or raise `expiry.maximumLifetime`",
        (Rule::Unmanaged, true) => "`accredit apply` deletes it; put it back into a manifest if it is to stay",
        (Rule::Unmanaged, false) => "put it into a manifest, or take the estate's tag off it",
        (Rule::Policy, _) => "change what the policy names, or the policy where it asks too much",
        (Rule::ApprovalNeeded, _) => "`accredit apply --approve POLICY` approves it",
        (Rule::Foreign, _) => "declare it to have it managed; nothing here touches it",
    };
    text.to_owned()
}
