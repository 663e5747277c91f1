//! Codes of the token service that stand for none of the known failures and that somebody who signs in as an application may
//! meet. <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>

use crate::model::EntraCode;

/// Code, what it means, what to do.
const CODES: &[(u32, &str, Option<&str>)] = &[
    (
        50_012,
        "the assertion's signature, certificate or its chain was not accepted",
        Some("`accredit doctor HANDLE` compares the certificate with the application's"),
    ),
    (50_027, "the assertion is no JSON Web Token of the right form", None),
    (
        50_034,
        "there is no such user in the tenant",
        Some("an application-only sign-in has no user: give `-AppId` and a certificate"),
    ),
    (50_048, "subject and issuer of the assertion differ; both are the application's id", None),
    (
        50_055,
        "a user's password has ended",
        Some("an application-only sign-in has no user: give `-AppId` and a certificate"),
    ),
    (
        50_057,
        "the user's account is disabled",
        Some("an application-only sign-in has no user: give `-AppId` and a certificate"),
    ),
    (
        50_059,
        "the request does not say which tenant it is for",
        Some("sign in at a tenant, not at `common` or `organizations`"),
    ),
    (
        50_076,
        "a user has to show a second factor",
        Some("an application-only sign-in has no user: give `-AppId` and a certificate"),
    ),
    (
        50_079,
        "a user has to set up a second factor",
        Some("an application-only sign-in has no user: give `-AppId` and a certificate"),
    ),
    (50_105, "the application was given no role of one that wants an assignment", None),
    (
        50_126,
        "a user's name or password is wrong",
        Some("an application-only sign-in has no user: give `-AppId` and a certificate"),
    ),
    (
        500_011,
        "the tenant has no service principal of the API that a token was asked for, or that is no API",
        Some(
            "check the scope; an API that is there but was never used gets its service principal by `New-MgServicePrincipal -AppId`",
        ),
    ),
    (501_051, "the application was given no role of one that wants an assignment", None),
    (700_021, "the assertion was made for another application than `client_id`", None),
    (700_022, "the scope names more than one API", Some("ask for one `.default` at a time")),
    (
        700_023,
        "the assertion is addressed to another token service",
        Some("its audience is the address of the tenant's token endpoint in its own cloud"),
    ),
    (700_054, "the application may not be given id tokens, which only sign-ins of users use", None),
    (
        700_211,
        "no federated credential of the application has this issuer",
        Some("compare issuer, subject and audience letter by letter"),
    ),
    (
        700_212,
        "no federated credential of the application has this audience",
        Some("compare issuer, subject and audience letter by letter"),
    ),
    (
        700_213,
        "no federated credential of the application has this subject",
        Some("compare issuer, subject and audience letter by letter"),
    ),
    (700_229, "a managed identity's token is good as a federated credential for application tokens alone", None),
    (
        7_000_112,
        "the application is disabled in this tenant",
        Some(
            "somebody turned it off; turn it on under Enterprise applications, Properties, or with `Update-MgServicePrincipal -ServicePrincipalId ID -AccountEnabled:$true`",
        ),
    ),
    (
        7_000_215,
        "the client secret is wrong",
        Some("send the secret's value, not its id; Exchange's PowerShell takes a certificate and no secret"),
    ),
    (
        7_000_218,
        "the request has neither secret nor certificate",
        Some("the application was taken for a public client: give a certificate"),
    ),
    (
        7_000_222,
        "the client secret has ended",
        Some("use a certificate, which Accredit renews in time: `accredit apply`"),
    ),
    (90_006, "the service is not available just now", Some("try again later")),
    (90_014, "the request lacks a field", None),
    (90_023, "the request is none that the service takes", None),
    (90_033, "the directory behind the token service is not available just now", Some("try again later")),
    (90_090, "the service is not available just now", Some("try again later")),
    (
        900_023,
        "what stands for the tenant is neither a domain nor an id",
        Some("check `tenant:` in the manifest, or `-Organization`"),
    ),
    (900_144, "the request lacks a parameter, which the message names", None),
    (1_002_012, "the scope of an application has to end in `/.default`", None),
];

pub(super) fn find(code: u32) -> EntraCode {
    let known = CODES.iter().find(|(known, _, _)| *known == code);
    EntraCode { code, meaning: known.map(|(_, meaning, _)| *meaning), help: known.and_then(|(_, _, help)| *help) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::doctor::recognize;

    #[test]
    fn every_code_is_there_once_and_is_none_of_a_known_failure() {
        let mut seen = BTreeSet::new();
        for (code, _, _) in CODES {
            assert!(seen.insert(code), "{code} is there twice");
            let found = recognize(&format!("AADSTS{code}: something"), "HANDLE");
            assert!(found.diagnoses.is_empty(), "{code}: {:?}", found.diagnoses);
            assert_eq!(found.codes.len(), 1, "{code}");
        }
    }
}
