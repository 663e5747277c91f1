//! An application's secret or certificate.

use std::path::Path;

use accredit::keys::{Bundle, KeyPair, OutputFormat, self_signed};
use accredit::model::AuthenticationMethod::Environment;
use accredit::model::{CertificateProfile, KeyAlgorithm, PfxEncryption};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::scene::*;

fn key_pair() -> KeyPair {
    self_signed(&CertificateProfile {
        subject: "CN=operator".parse().unwrap(),
        dns_names: Vec::new(),
        key: KeyAlgorithm::Rsa2048,
        not_before: "2026-11-01T00:00:00Z".parse().unwrap(),
        not_after: "2027-11-01T00:00:00Z".parse().unwrap(),
    })
    .unwrap()
}

const PASSWORD: &str = "canary-of-a-password";

fn pfx(pair: &KeyPair) -> Vec<u8> {
    let password = PASSWORD.into();
    let bundle = Bundle::of_pair(pair.clone(), None);
    bundle.encode(OutputFormat::Pfx, Some(&password), PfxEncryption::default()).unwrap().bytes.to_vec()
}

/// The client id of a new application that has the certificate.
async fn application_with(scene: &Scene, certificate: &[u8]) -> String {
    let key = json!({"type": "AsymmetricX509Cert", "usage": "Verify", "key": STANDARD.encode(certificate)});
    scene.application(json!({"displayName": "Operator", "keyCredentials": [key]})).await.1
}

#[tokio::test]
async fn a_client_secret_signs_in_by_the_names_of_azure_and_of_terraform() {
    let mut scene = Scene::new().await;
    let (id, secret) = (scene.emulator.operator().client_id.clone(), scene.emulator.operator().client_secret.clone());
    for [client_id, client_secret] in
        [["AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"], ["ARM_CLIENT_ID", "ARM_CLIENT_SECRET"]]
    {
        scene.set(client_id, &id).set(client_secret, &secret);
        let operator = scene.sign_in().await.unwrap();
        assert_eq!(operator.method(), Environment);
        let expected = format!(
            "to `{TENANT}` as application {id} with a client secret, from {client_id} and {client_secret} (environment)"
        );
        assert_eq!(operator.description(), expected);
        assert_eq!(claims(&token_of(&operator, GRAPH).await)["appid"], id);
        assert_eq!(claims(&token_of(&operator, KEY_VAULT).await)["aud"], KEY_VAULT);
        assert_eq!(operator.holder().object_id.as_deref(), claims(&token_of(&operator, GRAPH).await)["oid"].as_str());
        assert!(!format!("{operator:?}").contains(&secret));
        scene.unset(client_id).unset(client_secret);
    }
    let (id_file, secret_file) =
        (scene.file("id", format!("{id}\n").as_bytes()), scene.file("secret", format!("{secret}\n").as_bytes()));
    scene.set("ARM_CLIENT_ID_FILE_PATH", id_file.to_str().unwrap());
    scene.set("ARM_CLIENT_SECRET_FILE_PATH", secret_file.to_str().unwrap());
    scene.sign_in().await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_ends_the_search_and_is_not_shown() {
    let mut scene = Scene::new().await;
    scene.set_secret().set("AZURE_CLIENT_SECRET", "canary-of-a-secret");
    // Somebody else is signed in here, who is not meant.
    scene.set("ACTIONS_ID_TOKEN_REQUEST_URL", "https://issuer.example/token");
    let error = scene.sign_in().await.unwrap_err();
    let said = told(&error);
    assert!(said.contains("signing in to `contoso.onmicrosoft.com` by environment failed: AADSTS7000215"), "{said}");
    assert!(said.contains("hint: give the secret's value and not its id"), "{said}");
    assert!(!said.contains("Trace ID"), "{said}");
    assert!(!said.contains("canary") && !format!("{error:?}").contains("canary"), "{error:?}");
}

#[tokio::test]
async fn half_a_setting_is_an_error_and_not_passed_over() {
    let mut scene = Scene::new().await;
    scene.set("AZURE_CLIENT_SECRET", "canary");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("AZURE_CLIENT_SECRET is set, and AZURE_CLIENT_ID is not"), "{error}");
    assert!(!error.contains("canary"));

    // A client id alone is what federation and managed identities have too.
    scene.unset("AZURE_CLIENT_SECRET").set("AZURE_CLIENT_ID", "7d0e");
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("environment: AZURE_CLIENT_ID is set, but neither AZURE_CLIENT_SECRET nor"), "{error}");
}

#[tokio::test]
async fn a_certificate_signs_in_from_pem_and_from_pfx() {
    let mut scene = Scene::new().await;
    let pair = key_pair();
    let client_id = application_with(&scene, &pair.certificate).await;
    let pem = scene.file("operator.pem", pair.bundle_pem().expose_secret().as_bytes());
    let pfx_file = scene.file("operator.pfx", &pfx(&pair));
    let by = |operator: &accredit::identity::Operator| operator.description();

    scene.set("AZURE_CLIENT_ID", &client_id).set("AZURE_CLIENT_CERTIFICATE_PATH", pem.to_str().unwrap());
    let operator = scene.sign_in().await.unwrap();
    assert!(by(&operator).contains("with a certificate, from AZURE_CLIENT_ID and AZURE_CLIENT_CERTIFICATE_PATH"));
    assert_eq!(claims(&token_of(&operator, GRAPH).await)["appidacr"], "2");

    scene.set("AZURE_CLIENT_CERTIFICATE_PATH", pfx_file.to_str().unwrap());
    let error = scene.refused(Environment).await;
    assert!(error.contains("hint: set AZURE_CLIENT_CERTIFICATE_PASSWORD to the file's password"), "{error}");
    scene.set("AZURE_CLIENT_CERTIFICATE_PASSWORD", "canary-of-a-wrong-one");
    let error = scene.refused(Environment).await;
    assert!(error.contains("the password is wrong") && !error.contains("canary"), "{error}");
    scene.set("AZURE_CLIENT_CERTIFICATE_PASSWORD", PASSWORD);
    scene.sign_in().await.unwrap();

    scene.unset("AZURE_CLIENT_ID").unset("AZURE_CLIENT_CERTIFICATE_PATH").unset("AZURE_CLIENT_CERTIFICATE_PASSWORD");
    scene.set("ARM_CLIENT_ID", &client_id).set("ARM_CLIENT_CERTIFICATE_PASSWORD", PASSWORD);
    let lines: Vec<String> =
        STANDARD.encode(pfx(&pair)).as_bytes().chunks(64).map(|line| String::from_utf8(line.into()).unwrap()).collect();
    scene.set("ARM_CLIENT_CERTIFICATE", &lines.join("\n"));
    let operator = scene.sign_in().await.unwrap();
    assert!(by(&operator).contains("from ARM_CLIENT_ID and ARM_CLIENT_CERTIFICATE"), "{}", by(&operator));
}

#[tokio::test]
async fn a_certificate_that_nobody_uploaded_is_refused_with_what_helps() {
    let mut scene = Scene::new().await;
    let client_id = application_with(&scene, &key_pair().certificate).await;
    let other = scene.file("other.pem", key_pair().bundle_pem().expose_secret().as_bytes());
    scene.set("AZURE_CLIENT_ID", &client_id).set("AZURE_CLIENT_CERTIFICATE_PATH", other.to_str().unwrap());
    let error = told(&scene.sign_in().await.unwrap_err());
    assert!(error.contains("AADSTS700027") && error.contains("hint: upload the certificate"), "{error}");
}

#[tokio::test]
async fn files_that_are_no_certificate_with_a_key_are_refused_by_name() {
    let mut scene = Scene::new().await;
    scene.set("AZURE_CLIENT_ID", "7d0e").set("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere/operator.pem");
    let error = scene.refused(Environment).await;
    assert!(error.contains("the file that AZURE_CLIENT_CERTIFICATE_PATH names could not be read"), "{error}");

    let public = scene.file("operator.cer", key_pair().certificate_pem().as_bytes());
    scene.set("AZURE_CLIENT_CERTIFICATE_PATH", public.to_str().unwrap());
    let error = scene.refused(Environment).await;
    assert!(error.contains("it holds no private key"), "{error}");
}

fn openssl(directory: &Path, arguments: &[&str]) {
    let output = std::process::Command::new("openssl").current_dir(directory).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
#[ignore = "needs the openssl command; .ci/run has it"]
async fn files_of_openssl_sign_in() {
    // Commands of OpenSSL date certificates from today on.
    let mut scene = Scene::at("2030-01-01T00:00:00Z".parse().unwrap()).await;
    let directory = scene.directory.path().to_owned();
    let made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "certificate.pem"];
    let dated = ["-subj", "/CN=operator", "-days", "3650"];
    openssl(&directory, &[made.as_slice(), &dated].concat());
    openssl(&directory, &["x509", "-in", "certificate.pem", "-outform", "DER", "-out", "certificate.cer"]);
    let packed = ["pkcs12", "-export", "-inkey", "key.pem", "-in", "certificate.pem", "-out", "operator.pfx"];
    openssl(&directory, &[packed.as_slice(), &["-passout", &format!("pass:{PASSWORD}")]].concat());
    let both = [std::fs::read(directory.join("certificate.pem")), std::fs::read(directory.join("key.pem"))];
    scene.file("operator.pem", &both.map(Result::unwrap).concat());

    let certificate = std::fs::read(directory.join("certificate.cer")).unwrap();
    let client_id = application_with(&scene, &certificate).await;
    scene.set("AZURE_CLIENT_ID", &client_id).set("AZURE_CLIENT_CERTIFICATE_PASSWORD", PASSWORD);
    for file in ["operator.pem", "operator.pfx"] {
        scene.set("AZURE_CLIENT_CERTIFICATE_PATH", directory.join(file).to_str().unwrap());
        scene.sign_in().await.unwrap();
    }
}
