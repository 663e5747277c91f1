//! What a user writes about certificates, where their keys lie and when they are renewed.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// One certificate and its private key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct CertificateSpecification {
    /// Where the certificate comes from. Default: `selfSigned`.
    #[schemars(extend("x-notYet" = json!(["csr", "pfx", "pem", "keyVault", "existing"])))]
    pub source: Option<SourceSpecification>,
    /// The description that Entra shows beside it. Default: the certificate's name here.
    #[schemars(example = &"EXO Automated Scripts")]
    pub display_name: Option<String>,
    /// The subject: a distinguished name, or bare text for a common name. Default: the first DNS name, else the
    /// application's handle.
    #[schemars(example = &"CN=m365info.com, O=Contoso", example = &"EXOcertificate")]
    pub subject: Option<String>,
    /// DNS names (subject alternative names).
    #[schemars(example = json!(["m365info.com"]))]
    pub dns_names: Option<Vec<String>>,
    /// How long it is valid, by the calendar: `1y`, `6mo`, `90d`, `P1Y6M`. Default: `1y`. More than a year needs
    /// `expiry.maximumLifetime` to say so.
    #[schemars(example = &"1y")]
    pub valid_for: Option<String>,
    /// The kind and size of the key. Default: `rsa-2048`.
    pub key: Option<KeySpecification>,
    /// The friendly name inside the `.pfx`.
    #[schemars(example = &"EXO automated scripts")]
    pub friendly_name: Option<String>,
    /// Where the private key lies.
    pub store: Option<StoreSpecification>,
    /// Files to make beside the key.
    #[schemars(example = json!(["cer", "pfx"]))]
    pub export: Option<Vec<ExportSpecification>>,
    /// The password of the `.pfx`: a reference to it, never the password itself.
    #[schemars(extend("x-secret" = true))]
    pub pfx_password: Option<PfxPasswordSpecification>,
    /// How the `.pfx` is encrypted. Default: `modern`.
    pub pfx_encryption: Option<PfxEncryptionSpecification>,
}

/// Where a certificate comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum SourceSpecification {
    /// Made here, signed by its own key.
    SelfSigned,
}

/// RSA and its size in bits. Exchange Online and Entra's sign-in by certificate both want RSA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub(super) enum KeySpecification {
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    #[serde(rename = "rsa-3072")]
    Rsa3072,
    #[serde(rename = "rsa-4096")]
    Rsa4096,
}

/// A file made from a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum ExportSpecification {
    /// The certificate alone, DER.
    Cer,
    /// The certificate and its private key, PEM.
    Pem,
    /// The certificate and its private key under a password, PKCS#12.
    Pfx,
}

/// How a `.pfx` is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum PfxEncryptionSpecification {
    /// AES-256 and SHA-256: Windows 10 1709, Server 2019 and later.
    Modern,
    /// TripleDES and SHA-1: Windows Server 2016 and before, which call every other password wrong.
    Legacy,
}

/// Where private keys lie.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schemars(extend("x-notYet" = json!(["keyVault"])))]
pub(super) struct StoreSpecification {
    /// A directory, relative to the file that says it. It is made, readable by its owner alone, when it is missing.
    #[schemars(example = &"../.accredit/keys")]
    pub directory: String,
}

/// Where a password is to be had: exactly one of the three.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1, "x-secret" = true))]
pub(super) struct PfxPasswordSpecification {
    /// The name of an environment variable that holds it.
    #[schemars(example = &"EXO_PFX_PASSWORD", extend("pattern" = "^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub env: Option<String>,
    /// A file whose first line it is, relative to the manifest.
    pub file: Option<String>,
    /// `true` makes one at random and keeps it beside the `.pfx`, readable by its owner alone.
    #[schemars(extend("const" = true))]
    pub generate: Option<bool>,
}

/// When certificates are renewed and how long they may live.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct ExpirySpecification {
    /// A certificate is renewed this long before its end. Default: `30d`.
    #[schemars(example = &"30d")]
    pub renew_before: Option<String>,
    /// A renewed certificate stays usable this long beside its successor. Default: `14d`.
    #[schemars(example = &"14d")]
    pub overlap: Option<String>,
    /// No certificate may be declared to live longer. Default: `1y`; to let one live longer, say so here.
    #[schemars(example = &"1y")]
    pub maximum_lifetime: Option<String>,
}
