//! A large tenant by a number: so many finished applications, each with certificate, service principal, consent, role,
//! owner, tags and unique name.
//!
//! All of them share one RSA key, because making ten thousand would take an hour; each has a certificate of its own,
//! signed by a small authority, which is fast.

use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize,
    SerialNumber,
};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::super::{
    certificates::Certificate,
    clock,
    graph::new_service_principal,
    identifiers,
    seed::SHARED_KEY,
    tables::{APP_ROLE_ASSIGNMENT, APPLICATION, ROLE_ASSIGNMENT},
    trouble::chance::{Chance, settled},
    world::{Change, Collection, Document, OWNERS, World, list, text},
};

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
const MANAGE_AS_APP: &str = "dc50a0fb-09a3-484d-be87-e023b12c6440";
const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
const MOST: usize = 100_000;

struct Estate {
    tenant_id: String,
    domain: String,
    now: Timestamp,
    exchange: Document,
    people: Vec<String>,
    key: KeyPair,
    authority: Issuer<'static, KeyPair>,
    chance: Chance,
}

/// Adds the applications to a tenant.
pub(crate) fn plant(world: &mut World, count: usize, now: Timestamp, random_seed: u64) -> Result<(), String> {
    if count > MOST {
        return Err(format!("{count} applications are too many: at most {MOST}"));
    }
    let failed = |error: rcgen::Error| error.to_string();
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(failed)?;
    let mut parameters = CertificateParams::new(Vec::new()).map_err(failed)?;
    parameters.distinguished_name = named("Accredit emulator seed");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = Issuer::new(parameters, KeyPair::generate().map_err(failed)?);
    let mut tenant = world.tenant().cloned().unwrap_or_default();
    tenant.insert(SHARED_KEY.into(), key.serialize_pem().into());
    let exchange = world.find(Collection::ServicePrincipals, "appId", EXCHANGE).cloned();
    let mut estate = Estate {
        tenant_id: world.tenant_id().to_owned(),
        domain: world.domain().to_owned(),
        now,
        exchange: exchange.ok_or("the tenant has no service principal of Exchange Online")?,
        people: world.all(Collection::Users).map(|user| text(user, "id").to_owned()).collect(),
        key,
        authority,
        chance: Chance::new(settled(&[random_seed, 2])),
    };
    world.apply(vec![Change::put(Collection::Tenant, tenant)]);
    for number in 0..count {
        let changes = estate.application(number).map_err(failed)?;
        world.apply(changes);
        world.tidy();
    }
    Ok(())
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn object(value: Value) -> Document {
    match value {
        Value::Object(object) => object,
        _ => Document::new(),
    }
}

impl Estate {
    fn guid(&mut self) -> String {
        let (high, low) = (self.chance.draw().to_be_bytes(), self.chance.draw().to_be_bytes());
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&high);
        bytes[8..].copy_from_slice(&low);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    fn certificate(&mut self, name: &str, number: usize) -> Result<Value, rcgen::Error> {
        let mut parameters = CertificateParams::new(Vec::new())?;
        parameters.distinguished_name = named(name);
        parameters.serial_number = Some(SerialNumber::from(number as u64 + 1));
        let day =
            |at: Timestamp| OffsetDateTime::from_unix_timestamp(at.as_second()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        parameters.not_before = day(self.now - SignedDuration::from_hours(24));
        parameters.not_after = day(self.now + SignedDuration::from_hours(24 * 365));
        let certificate = parameters.signed_by(&self.key, &self.authority)?;
        let der = certificate.der().to_vec();
        let Some(read) = Certificate::from_der(&der) else {
            return Err(rcgen::Error::CouldNotParseCertificate);
        };
        Ok(json!({
            "customKeyIdentifier": read.thumbprint(),
            "displayName": read.subject,
            "endDateTime": clock::ticks(read.not_after),
            "key": BASE64_STANDARD.encode(&der),
            "keyId": self.guid(),
            "startDateTime": clock::ticks(read.not_before),
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
        }))
    }

    fn application(&mut self, number: usize) -> Result<Vec<Change>, rcgen::Error> {
        let name = format!("seeded-{number:05}");
        let display_name = format!("Seeded application {number:05}");
        let created = clock::seconds(self.now);
        let owner = self.people.get(number % self.people.len().max(1)).cloned();
        let certificate = self.certificate(&name, number)?;
        let mut application = APPLICATION.fill(&object(json!({
            "id": self.guid(),
            "appId": self.guid(),
            "createdDateTime": created,
            "displayName": display_name,
            "publisherDomain": self.domain,
            "signInAudience": "AzureADMyOrg",
            "uniqueName": name,
            "tags": ["seeded", format!("group-{:02}", number % 100)],
            "parentalControlSettings": { "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow" },
            "keyCredentials": [certificate],
            "requiredResourceAccess": [
                { "resourceAppId": EXCHANGE, "resourceAccess": [{ "id": MANAGE_AS_APP, "type": "Role" }] }
            ],
        })));
        let owners: Vec<String> = owner.into_iter().collect();
        application.insert(OWNERS.into(), json!(owners));
        let mut principal = new_service_principal(&application, &self.tenant_id, &created);
        let principal_id = self.guid();
        principal.insert("id".into(), principal_id.clone().into());
        principal.insert(OWNERS.into(), json!(owners));
        let assignment = APP_ROLE_ASSIGNMENT.fill(&object(json!({
            "id": identifiers::app_role_assignment(&principal_id),
            "appRoleId": MANAGE_AS_APP,
            "createdDateTime": created,
            "principalDisplayName": display_name,
            "principalId": principal_id,
            "principalType": "ServicePrincipal",
            "resourceDisplayName": self.exchange["displayName"],
            "resourceId": self.exchange["id"],
        })));
        let role = ROLE_ASSIGNMENT.fill(&object(json!({
            "id": identifiers::role_assignment(EXCHANGE_ADMINISTRATOR, &principal_id, None),
            "principalId": principal_id,
            "directoryScopeId": "/",
            "roleDefinitionId": EXCHANGE_ADMINISTRATOR,
        })));
        debug_assert!(!list(&application, "keyCredentials").is_empty());
        Ok(vec![
            Change::put(Collection::Applications, application),
            Change::put(Collection::ServicePrincipals, principal),
            Change::put(Collection::AppRoleAssignments, assignment),
            Change::put(Collection::RoleAssignments, role),
        ])
    }
}
