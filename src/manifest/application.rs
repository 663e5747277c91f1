//! Lowers one application: what is written, with the estate's defaults, becomes what is desired.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::catalog::clouds::CloudFacts;
use crate::model::{
    ApplicationPlaces, Cloud, DesiredApplication, DesiredOwner, ForeignCredentials, Handle, IgnoredField,
    OwnerReference, Place, SignInAudience, StoreReference,
};

use super::certificates::{self, Surroundings};
use super::cursor::At;
use super::expiry::{self, Declared};
use super::findings::Findings;
use super::specification::{
    ApplicationSpecification, IgnoredSpecification, OwnerSpecification, SignInAudienceSpecification,
};
use super::specification_certificate::ForeignCredentialsSpecification;
use super::{exchange, permissions, roles, texts};

/// <https://learn.microsoft.com/entra/identity-platform/supported-accounts-validation>
const MAXIMUM_DESCRIPTION: usize = 1024;
const MAXIMUM_NAME: usize = 120;
const MAXIMUM_NAME_PERSONAL: usize = 90;
/// <https://learn.microsoft.com/entra/identity/users/directory-service-limits-restrictions>
const MAXIMUM_OWNERS: usize = 100;

/// What an application takes from the estate around it.
pub(super) struct Estate<'a> {
    pub cloud: &'static CloudFacts,
    pub expiry: Declared<'a>,
    pub store: Option<&'a StoreReference>,
    pub foreign_credentials: Option<ForeignCredentialsSpecification>,
    pub sign_in_audience: Option<SignInAudienceSpecification>,
    pub owners: Option<(&'a [OwnerSpecification], At<'a>)>,
}

/// One application as it is written.
pub(super) struct Written<'a> {
    pub handle: &'a Handle,
    pub specification: &'a ApplicationSpecification,
    pub at: At<'a>,
    /// Where the relative paths of its file begin.
    pub directory: &'a Path,
    /// Keys that are there and were refused for their shape: they are not absent, only wrong.
    pub refused: BTreeSet<&'a str>,
}

pub(super) fn lower(written: &Written<'_>, estate: &Estate<'_>, findings: &mut Findings) -> DesiredApplication {
    let Written { handle, specification, at, directory, ref refused } = *written;
    let sign_in_audience = specification.sign_in_audience.or(estate.sign_in_audience).map(audience);
    check_audience(sign_in_audience, at, estate.cloud, findings);
    let display_name = specification.display_name.clone().unwrap_or_default();
    check_name(&display_name, sign_in_audience, at, findings);
    check_length(specification.description.as_deref(), MAXIMUM_DESCRIPTION, at.key("description"), findings);
    let terms = expiry::merge((specification.expiry.as_ref(), at.key("expiry")), estate.expiry, findings);
    let surroundings = Surroundings { handle, terms, cloud: estate.cloud, default_store: estate.store, directory };
    let permissions = specification
        .permissions
        .as_ref()
        .map(|it| permissions::lower(it, at.key("permissions"), sign_in_audience, findings));
    let before = findings.problems.len();
    let desired_roles = specification.roles.as_ref().map(|it| roles::lower(it, at.key("roles"), findings));
    let exchange =
        specification.exchange.as_ref().map(|it| exchange::lower(it, at.key("exchange"), findings)).unwrap_or_default();
    // Where a role is misspelt it cannot be told whether it would have been accepted.
    let roles_are_sound =
        findings.problems.len() == before && !refused.contains("roles") && !refused.contains("exchange");
    if let Some(permissions) = permissions.as_ref().filter(|_| roles_are_sound) {
        roles::check_exchange(permissions, desired_roles.as_deref(), &exchange, at, estate.cloud, findings);
    }
    let owners = match (&specification.owners, estate.owners) {
        (Some(own), _) => Some(owners(own, at.key("owners"), findings)),
        (None, Some((defaults, at))) if !refused.contains("owners") => Some(owners(defaults, at, findings)),
        (None, _) => None,
    };
    DesiredApplication {
        place: at.name().clone(),
        places: ApplicationPlaces {
            display_name: at.key("displayName").place().clone(),
            sign_in_audience: at.key("signInAudience").place().clone(),
            tags: at.key("tags").place().clone(),
            owners: at.key("owners").place().clone(),
        },
        display_name,
        description: specification.description.clone(),
        notes: specification.notes.clone(),
        sign_in_audience,
        tags: specification.tags.as_ref().map(|it| set(it, at.key("tags"), ("a tag", "the tag"), texts::tag, findings)),
        owners,
        redirect_uris: specification.web.as_ref().and_then(|web| web.redirect_uris.as_ref()).map(|it| {
            let at = at.key("web").key("redirectUris");
            set(it, at, ("a redirect URI", "the redirect URI"), texts::redirect_uri, findings)
        }),
        permissions,
        certificates: specification
            .certificates
            .as_ref()
            .map(|it| certificates::lower(it, at.key("certificates"), &surroundings, findings)),
        roles: desired_roles,
        exchange,
        expiry: terms.expiry(),
        foreign_credentials: match specification.foreign_credentials.or(estate.foreign_credentials) {
            None | Some(ForeignCredentialsSpecification::Report) => ForeignCredentials::Report,
            Some(ForeignCredentialsSpecification::Remove) => ForeignCredentials::Remove,
        },
        protect: specification.protect.unwrap_or(false),
        ignore: ignored(specification.ignore.as_deref().unwrap_or_default(), at.key("ignore"), findings),
    }
}

fn ignored(specifications: &[IgnoredSpecification], at: At<'_>, findings: &mut Findings) -> BTreeSet<IgnoredField> {
    let mut seen: BTreeMap<IgnoredField, &Place> = BTreeMap::new();
    for (index, specification) in specifications.iter().enumerate() {
        let field = match specification {
            IgnoredSpecification::DisplayName => IgnoredField::DisplayName,
            IgnoredSpecification::Description => IgnoredField::Description,
            IgnoredSpecification::Notes => IgnoredField::Notes,
            IgnoredSpecification::SignInAudience => IgnoredField::SignInAudience,
            IgnoredSpecification::Tags => IgnoredField::Tags,
            IgnoredSpecification::Owners => IgnoredField::Owners,
            IgnoredSpecification::RedirectUris => IgnoredField::RedirectUris,
        };
        let place = at.index(index).place();
        if let Some(first) = seen.insert(field, place) {
            findings.twice(format!("`{}` is here twice", field.as_str()), place, first);
        }
    }
    seen.into_keys().collect()
}

fn audience(specification: SignInAudienceSpecification) -> SignInAudience {
    match specification {
        SignInAudienceSpecification::MyOrg => SignInAudience::AzureAdMyOrg,
        SignInAudienceSpecification::MultipleOrgs => SignInAudience::AzureAdMultipleOrgs,
        SignInAudienceSpecification::AndPersonalMicrosoftAccount => SignInAudience::AzureAdAndPersonalMicrosoftAccount,
        SignInAudienceSpecification::PersonalMicrosoftAccount => SignInAudience::PersonalMicrosoftAccount,
    }
}

fn check_audience(audience: Option<SignInAudience>, at: At<'_>, cloud: &CloudFacts, findings: &mut Findings) {
    if audience.is_some_and(permissions::admits_personal_accounts) && cloud.cloud != Cloud::Global {
        let message = format!("there are no personal Microsoft accounts in the cloud `{}`", cloud.name);
        findings.error(message, at.key("signInAudience").place());
    }
}

fn check_name(name: &str, audience: Option<SignInAudience>, at: At<'_>, findings: &mut Findings) {
    let at = at.key("displayName");
    let personal = audience.is_some_and(permissions::admits_personal_accounts);
    let most = if personal { MAXIMUM_NAME_PERSONAL } else { MAXIMUM_NAME };
    let length = name.chars().count();
    if at.exists() && name.trim().is_empty() {
        findings.error("`displayName` is empty", at.place());
    } else if name.chars().any(char::is_control) {
        findings.error("`displayName` has a line break or another control character", at.place());
    } else if length > most {
        findings.error(format!("`displayName` has {length} characters, and Entra allows {most}"), at.place());
    }
}

/// Texts that are too long for where they are kept.
pub(super) fn check_length(text: Option<&str>, most: usize, at: At<'_>, findings: &mut Findings) {
    let length = text.map_or(0, |text| text.chars().count());
    if length > most {
        findings.error(format!("it has {length} characters, and at most {most} are kept"), at.place());
    }
}

/// A list whose order does not matter and whose items must each have a certain shape and be there once.
fn set(
    items: &[String],
    at: At<'_>,
    (a_thing, the_thing): (&str, &str),
    check: fn(&str) -> Result<(), &'static str>,
    findings: &mut Findings,
) -> BTreeSet<String> {
    let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
    for (index, item) in items.iter().enumerate() {
        let place = at.index(index).place();
        if let Err(reason) = check(item) {
            findings.error(format!("`{item}` cannot be {a_thing}: {reason}"), place);
        }
        if let Some(first) = seen.insert(item, place) {
            findings.twice(format!("{the_thing} `{item}` is here twice"), place, first);
        }
    }
    items.iter().cloned().collect()
}

fn owners(specifications: &[OwnerSpecification], at: At<'_>, findings: &mut Findings) -> Vec<DesiredOwner> {
    let mut lowered = Vec::new();
    let mut seen: BTreeMap<OwnerReference, &Place> = BTreeMap::new();
    for (index, specification) in specifications.iter().enumerate() {
        let at = at.index(index);
        let (owner, place) = match specification {
            OwnerSpecification::Text(user) => (OwnerReference::User(user.clone()), at.place()),
            OwnerSpecification::Reference(it) => match (&it.user, &it.service_principal) {
                (Some(user), _) => (OwnerReference::User(user.clone()), at.key("user").place()),
                (None, Some(name)) => {
                    (OwnerReference::ServicePrincipal(name.clone()), at.key("servicePrincipal").place())
                }
                (None, None) => continue,
            },
        };
        let (text, key) = match &owner {
            OwnerReference::User(user) => {
                if let Err(reason) = texts::user_principal_name(user) {
                    let message = format!("`{user}` cannot be a user principal name: {reason}");
                    let help = "an owner that is no user is written `servicePrincipal: name`";
                    findings.error_with_help(message, place, help);
                }
                (user, OwnerReference::User(user.to_lowercase()))
            }
            OwnerReference::ServicePrincipal(name) => {
                if name.trim().is_empty() || texts::is_broken_guid(name) {
                    let help = "write its display name, or its appId as 8-4-4-4-12 hexadecimal digits";
                    findings.error_with_help(format!("`{name}` cannot be a service principal"), place, help);
                }
                (name, OwnerReference::ServicePrincipal(name.to_lowercase()))
            }
        };
        if let Some(first) = seen.insert(key, place) {
            findings.twice(format!("the owner `{text}` is here twice"), place, first);
        }
        lowered.push(DesiredOwner { place: place.clone(), owner });
    }
    if lowered.len() > MAXIMUM_OWNERS {
        findings.error(format!("{} owners, and Entra allows {MAXIMUM_OWNERS}", lowered.len()), at.name());
    }
    lowered.sort_by(|one, other| one.owner.cmp(&other.owner));
    lowered
}
