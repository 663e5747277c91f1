//! What is in a vault, and what Accredit makes of it.

use accredit::keys::{StoreError, VaultError, read};
use accredit::model::{CertificateProfile, DistinguishedName, KeyAccess, StoredKeys, VaultCertificate};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use secrecy::SecretString;
use serde_json::json;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::world::{VAULT, World, certificate, foreign, profile, told, version};

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

/// Whether the private key is in the secret that goes with the certificate.
async fn key_is_to_be_had(world: &World, name: &str) -> bool {
    let secret = world.get(&format!("/secrets/{name}")).await;
    assert_eq!(secret["contentType"], "application/x-pkcs12");
    let pfx = BASE64_STANDARD.decode(secret["value"].as_str().unwrap()).unwrap();
    let contents = read(&pfx, Some(&SecretString::from(""))).unwrap();
    assert_eq!(contents.certificates.len(), 1);
    !contents.keys.is_empty()
}

#[tokio::test]
async fn a_version_is_made_as_it_is_declared() {
    let world = World::new().await;
    let store = world.store("exo");
    assert_eq!(store.list().await.unwrap(), StoredKeys::default(), "nothing is there");
    let profile = CertificateProfile {
        subject: r#"CN=exo, OU="Ops; \"night\"", O=Contoso\, Ltd., ST=Washington, C=US"#.parse().unwrap(),
        dns_names: vec!["exo.contoso.com".to_owned(), "pre_prod.contoso.com".to_owned()],
        ..profile()
    };
    let made = store.make(&profile).await.unwrap();
    assert_eq!((&made.subject, &made.dns_names, made.key), (&profile.subject, &profile.dns_names, profile.key));
    assert_eq!(made.private_key, KeyAccess::Vault { version: version(&made).to_owned(), exportable: false });
    // The vault reckons from its own clock, which has gone on for some seconds.
    let late = |made: jiff::Timestamp, asked: jiff::Timestamp| made.duration_since(asked).as_secs();
    assert!((0..60).contains(&late(made.not_before, profile.not_before)), "{}", made.not_before);
    assert!((0..60).contains(&late(made.not_after, profile.not_after)), "{}", made.not_after);

    let (_, parsed) = X509Certificate::from_der(&made.der).unwrap();
    let usage = parsed.key_usage().unwrap().unwrap().value;
    assert!(usage.digital_signature() && usage.key_encipherment() && usage.flags == 0b101, "{usage}");
    let extended = parsed.extended_key_usage().unwrap().unwrap().value;
    assert!(extended.client_auth && !extended.server_auth && extended.other.is_empty());
    let policy = world.get("/certificates/exo/policy").await;
    assert_eq!(policy["key_props"], json!({ "exportable": false, "kty": "RSA", "key_size": 2048, "reuse_key": false }));
    assert_eq!(policy["issuer"], json!({ "name": "Self" }));
    assert_eq!(policy["x509_props"]["validity_months"], 12);
    let action = &policy["lifetime_actions"][0]["action"];
    assert_eq!(action["action_type"], "EmailContacts", "the vault does not renew by itself");
    assert!(!key_is_to_be_had(&world, "exo").await);

    // The next version has another key, and may be exported as soon as that is declared.
    let exportable = VaultCertificate { exportable: true, ..certificate("exo") };
    let next = world.vaults.certificate(VAULT, &exportable).make(&profile).await.unwrap();
    assert!(key_is_to_be_had(&world, "exo").await);
    let key = |der: &[u8]| X509Certificate::from_der(der).unwrap().1.public_key().raw.to_vec();
    assert_ne!(key(&made.der), key(&next.der));
    let listed = world.store("exo").list().await.unwrap();
    assert_eq!((listed.requests, listed.unusable), (Vec::new(), None));
    let ids: Vec<&str> = listed.generations.iter().map(version).collect();
    assert_eq!(ids, [version(&made), version(&next)], "oldest first");
    assert_eq!(listed.generations[1], next);
    assert_eq!(listed.generations[0].der, made.der);
}

#[tokio::test]
async fn a_profile_that_a_vault_cannot_keep_is_refused_before_it_is_asked() {
    let world = World::new().await;
    let days = CertificateProfile { not_after: "2026-12-31T12:00:00Z".parse().unwrap(), ..profile() };
    let error = world.store("exo").make(&days).await.unwrap_err();
    assert!(matches!(error, StoreError::Vault(VaultError::Months { .. })), "{error:?}");
    let name = CertificateProfile { subject: DistinguishedName("CN=a+OU=b".to_owned()), ..profile() };
    let error = world.store("exo").make(&name).await.unwrap_err();
    let lines = told(&error);
    assert!(lines.contains("the subject `CN=a+OU=b` cannot go into a certificate"), "{lines}");
    assert!(world.asked().await.is_empty());
}

#[tokio::test]
async fn what_somebody_else_made_is_taken_up_and_what_he_disabled_is_not_used() {
    let world = World::new().await;
    let key = rsa();
    let first = world.import("exo", &foreign(&key, 0..90)).await;
    world.later().await;
    let second = world.import("exo", &foreign(&key, 0..60)).await;
    world.later().await;
    let third = world.import("exo", &foreign(&rsa(), 0..30)).await;
    let ids = |kept: &StoredKeys| kept.generations.iter().map(|stored| version(stored).to_owned()).collect::<Vec<_>>();
    let kept = world.store("exo").list().await.unwrap();
    assert_eq!(ids(&kept), [first.clone(), second.clone(), third.clone()]);
    assert!(matches!(kept.generations[0].private_key, KeyAccess::Vault { exportable: true, .. }));
    world.disable("exo", &second).await;
    assert_eq!(ids(&world.store("exo").list().await.unwrap()), [first.clone(), third.clone()]);
    world.disable("exo", &third).await;
    assert_eq!(ids(&world.store("exo").list().await.unwrap()), std::slice::from_ref(&first));

    // A pinned version is the last, whatever came after it.
    let pinned = |version: &str| VaultCertificate { version: Some(version.to_owned()), ..certificate("exo") };
    let list = async |version: &str| world.vaults.certificate(VAULT, &pinned(version)).list().await.unwrap();
    world.later().await;
    let fourth = world.import("exo", &foreign(&key, 0..20)).await;
    assert_eq!(ids(&list(&first).await), std::slice::from_ref(&first));
    assert_eq!(ids(&list(&fourth.to_uppercase()).await), [first.clone(), fourth.clone()]);
    let none = list("00000000000000000000000000000000").await;
    assert!(none.generations.is_empty());
    let unusable = none.unusable.unwrap();
    assert_eq!(unusable.file.to_str().unwrap(), format!("{VAULT}/certificates/exo/00000000000000000000000000000000"));
    assert_eq!(unusable.reason, "the certificate has no such version");
    assert_eq!(list(&third).await.unusable.unwrap().reason, "this version is disabled");
}

#[tokio::test]
async fn a_key_that_entra_takes_no_signature_of_is_unusable_where_it_is_the_one_to_use() {
    let world = World::new().await;
    let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let odd = world.import("exo", &foreign(&curve, 0..30)).await;
    let kept = world.store("exo").list().await.unwrap();
    let unusable = kept.unusable.unwrap();
    assert_eq!(unusable.file.to_str().unwrap(), format!("{VAULT}/certificates/exo/{odd}"));
    assert!(unusable.reason.contains("the certificate's key is not RSA"), "{}", unusable.reason);
    world.later().await;
    world.import("exo", &foreign(&rsa(), 0..30)).await;
    let kept = world.store("exo").list().await.unwrap();
    assert_eq!((kept.generations.len(), kept.unusable), (1, None), "it is left out where another one follows");
}

#[tokio::test]
async fn reading_a_certificate_of_many_years_is_cheap() {
    let world = World::new().await;
    let key = rsa();
    for number in 0..30 {
        world.import("exo", &foreign(&key, -400 + number..-300 + number)).await;
    }
    world.later().await;
    let last_year = world.import("exo", &foreign(&key, -300..60)).await;
    world.later().await;
    let newest = world.import("exo", &foreign(&key, -200..-100)).await;
    world.asked().await;
    let kept = world.store("exo").list().await.unwrap();
    let ids: Vec<&str> = kept.generations.iter().map(version).collect();
    assert_eq!(ids, [&last_year, &newest], "the newest is read though it has ended");
    let asked = world.asked().await;
    assert_eq!(asked[..2], ["GET /certificates/exo/versions", "GET /certificates/exo/versions"], "two pages");
    assert_eq!(asked.len(), 4, "{asked:?}");
}

#[tokio::test]
async fn a_vault_has_certificates_of_its_own() {
    let world = World::new().await;
    world.import("exo", &foreign(&rsa(), 0..30)).await;
    let other = world.vaults.certificate("https://other.vault.azure.net/", &certificate("exo"));
    assert_eq!(other.list().await.unwrap(), StoredKeys::default());
    let here = world.vaults.certificate(&format!("{VAULT}/"), &certificate("exo"));
    assert_eq!(here.list().await.unwrap().generations.len(), 1, "a slash at the end is nothing");
    assert_eq!(world.get("/certificates").await["value"].as_array().map(Vec::len), Some(1));
}
