//! What a user writes about certificates, where their keys lie and when they are renewed.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

/// One certificate and its private key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct CertificateSpecification {
    /// Who makes it: `selfSigned`, `csr`, `keyVault`, or `{ file: path }`. Default: `selfSigned`, or `keyVault` where the
    /// store is a vault.
    #[schemars(example = &"selfSigned", example = &"csr", example = json!({"file": "certs/exo.cer"}))]
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
    /// `expiry.maximumLifetime` to say so. With `csr` and `file` others decide it.
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
    pub pfx_password: Option<PasswordSpecification>,
    /// How the `.pfx` is encrypted. Default: `modern`.
    pub pfx_encryption: Option<PfxEncryptionSpecification>,
    /// Machines and services that sign in with it, in your own words. A plan that renews it names them.
    #[schemars(example = json!(["EXO-JOB-01", "Azure Automation: mail-jobs"]))]
    pub hosts: Option<Vec<String>>,
}

/// Where a certificate comes from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum SourceSpecification {
    Name(SourceName),
    Details(Box<SourceDetails>),
}

// No comments on the variants: with them the schema is a choice of constants, which the check of shapes does not take for
// text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum SourceName {
    SelfSigned,
    Csr,
    KeyVault,
}

/// A source with its details: exactly one of the three.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub(super) struct SourceDetails {
    /// Accredit makes the key and a request; a certificate authority signs it. The signed certificate is put beside the
    /// request.
    pub csr: Option<RequestSpecification>,
    /// A certificate that somebody else made, with or without its key.
    pub file: Option<FileSpecification>,
    /// A certificate that is kept in a vault.
    pub key_vault: Option<VaultCertificateSpecification>,
}

/// What a certificate authority is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct RequestSpecification {
    /// Extended key usages. Default: `[clientAuth]`. Some authorities issue nothing without `serverAuth`.
    pub usages: Option<Vec<UsageSpecification>>,
}

/// An extended key usage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum UsageSpecification {
    /// To sign in as a client.
    ClientAuth,
    /// To answer as a server.
    ServerAuth,
}

/// The path of a file, or the path with the password that opens it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum FileSpecification {
    Path(String),
    Details(FileDetails),
}

/// A certificate file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct FileDetails {
    /// A `.cer`, `.crt`, `.der`, `.pem`, `.p7b` or `.pfx`, relative to the manifest.
    #[schemars(example = &"certs/exo.pfx")]
    pub path: String,
    /// What opens it: a reference, never the password itself.
    #[schemars(extend("x-secret" = true))]
    pub password: Option<PasswordSpecification>,
}

/// A certificate in the vault that `store` names.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct VaultCertificateSpecification {
    /// Its name in the vault. Default: the handle and the certificate's name here, such as `exo-automation-main`.
    #[schemars(example = &"exo-automation", extend("pattern" = "^[0-9A-Za-z-]{1,127}$"))]
    pub name: Option<String>,
    /// One version, and no other. Default: the newest that is enabled.
    #[schemars(extend("pattern" = "^[0-9a-f]{32}$"))]
    pub version: Option<String>,
    /// Whether the private key may leave the vault. Default: `false`.
    pub exportable: Option<bool>,
    /// `false`: Accredit makes no versions, and takes up those that others make. Default: `true`, or `false` with
    /// `version`.
    pub create: Option<bool>,
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

/// Where private keys lie: in a directory or in a vault.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub(super) struct StoreSpecification {
    /// A directory, relative to the file that says it. It is made, readable by its owner alone, when it is missing.
    #[schemars(example = &"../.accredit/keys")]
    pub directory: Option<String>,
    /// Public keys of age. Private keys are encrypted to them, so that the directory may be kept in git.
    #[schemars(example = json!(["age1kv3l8tnully0fla9cal7hyua6runnecjaevxlx3papdkk7w4t4nsels59n"]))]
    pub recipients: Option<Vec<String>>,
    /// A vault by name or address.
    #[schemars(example = &"contoso", example = &"https://contoso.vault.azure.net")]
    pub key_vault: Option<String>,
}

/// Where a password is to be had: exactly one of these.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1, "x-secret" = true))]
pub(super) struct PasswordSpecification {
    /// The name of an environment variable that holds it.
    #[schemars(example = &"EXO_PFX_PASSWORD", extend("pattern" = "^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub env: Option<String>,
    /// A file whose first line it is, relative to the manifest.
    pub file: Option<String>,
    /// A command whose output's first line it is. It is run by `apply` alone.
    #[schemars(example = &"pass show exo/pfx")]
    pub command: Option<String>,
    /// `true` asks whoever runs `apply`.
    #[schemars(extend("const" = true))]
    pub prompt: Option<bool>,
    /// `true` makes one at random and keeps it beside the `.pfx`, readable by its owner alone.
    #[schemars(extend("const" = true))]
    pub generate: Option<bool>,
    /// A secret of a vault, as `vault/name` or by its address. It is made at random and put there when it is missing.
    #[schemars(example = &"contoso/exo-pfx-password")]
    pub key_vault: Option<String>,
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
    /// A certificate that nobody has renewed is warned of this long before its end. Default: `30d`.
    #[schemars(example = &"60d")]
    pub warn_before: Option<String>,
    /// What is done about a certificate that has ended already. Default: `renew`.
    pub on_expired: Option<OnExpiredSpecification>,
    /// Which credentials are removed although nobody asked for it one by one. Default: `nothing`.
    pub prune: Option<PruneSpecification>,
}

/// What is done about a certificate that has ended already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum OnExpiredSpecification {
    /// It is renewed.
    Renew,
    /// It is reported and left alone.
    Warn,
    /// There is no plan until somebody has decided.
    Refuse,
}

/// Which credentials are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum PruneSpecification {
    /// None.
    Nothing,
    /// Certificates and secrets that have ended, whoever put them there.
    Expired,
}

/// What becomes of credentials that somebody else put on an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum ForeignCredentialsSpecification {
    /// They are reported in every plan.
    Report,
    /// They are removed: certificates, secrets and federated credentials.
    Remove,
}
