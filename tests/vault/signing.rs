//! Signatures by keys that never leave the vault.

use accredit::keys::JwsAlgorithm;
use accredit::model::{KeyAccess, StoredCertificate};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters, UnparsedPublicKey};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use secrecy::ExposeSecret as _;
use serde_json::{Value as Json, json};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::world::{World, profile, told, version};

fn verify(stored: &StoredCertificate, jwt: &str, how: &'static RsaParameters) -> Json {
    let (signed, signature) = jwt.rsplit_once('.').unwrap();
    let (_, certificate) = X509Certificate::from_der(&stored.der).unwrap();
    let key = UnparsedPublicKey::new(how, certificate.public_key().subject_public_key.data.to_vec());
    key.verify(signed.as_bytes(), &BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    let head = BASE64_URL_SAFE_NO_PAD.decode(signed.split('.').next().unwrap()).unwrap();
    serde_json::from_slice(&head).unwrap()
}

#[tokio::test]
async fn signatures_of_both_kinds_hold_with_the_certificates_key() {
    let world = World::new().await;
    let store = world.store("exo");
    let first = store.make(&profile()).await.unwrap();
    let second = store.make(&profile()).await.unwrap();
    world.asked().await;
    for stored in [&first, &second] {
        let signer = store.signer(stored).unwrap();
        let ps = signer.jwt(JwsAlgorithm::Ps256, &json!({ "iss": "exo" })).await.unwrap();
        assert_eq!(verify(stored, ps.expose_secret(), &RSA_PSS_2048_8192_SHA256)["alg"], "PS256");
        let rs = signer.jwt(JwsAlgorithm::Rs256, &json!({ "iss": "exo" })).await.unwrap();
        assert_eq!(verify(stored, rs.expose_secret(), &RSA_PKCS1_2048_8192_SHA256)["alg"], "RS256");
    }
    let sign = |stored| format!("POST /keys/exo/{}/sign", version(stored));
    assert_eq!(world.asked().await, [sign(&first), sign(&first), sign(&second), sign(&second)]);
    assert_eq!(format!("{:?}", store.signer(&first).unwrap()).matches("Vaults").count(), 1);

    // What is switched off signs no more, and it is said how to switch it on.
    world.disable("exo", version(&second)).await;
    let error = store.signer(&second).unwrap().jwt(JwsAlgorithm::Ps256, &json!({})).await.unwrap_err();
    let lines = told(&error);
    assert!(lines.contains("signing with `https://team.vault.azure.net/keys/exo/"), "{lines}");
    assert!(lines.contains("Forbidden (KeyDisabled): Operation sign is not allowed on a disabled key."), "{lines}");
    let accredit::keys::SignError::Vault(error) = error else { panic!("{error:?}") };
    let help = error.help().unwrap();
    let command = "az keyvault certificate set-attributes --vault-name team --name exo --version ";
    assert!(help.contains(command) && help.contains("--enabled true"), "{help}");
}

#[tokio::test]
async fn a_certificate_of_no_vault_signs_nothing_there() {
    let world = World::new().await;
    let store = world.store("exo");
    let made = store.make(&profile()).await.unwrap();
    let elsewhere = StoredCertificate { private_key: KeyAccess::Absent, ..made };
    let error = store.signer(&elsewhere).unwrap_err();
    let lines = told(&error);
    assert!(lines.contains("https://team.vault.azure.net/certificates/exo"), "{lines}");
}
