//! What there is to type after `accredit certificate`.

mod conversion;

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::commands::certificate::Period;

#[derive(Debug, Subcommand)]
pub(super) enum CertificateVerb {
    /// Make a key and a self-signed certificate.
    #[command(
        after_help = "Examples:\n  accredit certificate new --dns-name m365info.com --format cer,pfx --generate-password\n  accredit certificate new --subject \"CN=EXO, O=Contoso\" --days 180 --key-size 3072 --out keys/ --name exo\n  accredit certificate new --handle exo-automation --store .accredit/keys"
    )]
    New(NewArguments),
    /// Make a key and the request by which a certificate authority certifies it.
    #[command(
        after_help = "Examples:\n  accredit certificate csr --subject \"CN=EXO, O=Contoso\" --dns-name m365info.com\n  accredit certificate csr --subject CN=EXO --key exo.key --name exo-2027"
    )]
    Csr(RequestArguments),
    /// Show what a file is, and what Entra and Exchange would say to it. Exits with 0 when it is readable and fit, else 1.
    #[command(
        after_help = "Examples:\n  accredit certificate inspect exo.pfx --password-file exo.pfx-password\n  accredit certificate inspect signed.cer private.key      # do they belong together?\n  accredit certificate inspect --json chain.p7b | jq .findings"
    )]
    Inspect(InspectArguments),
    /// Write a certificate, with its key where it has one, in another format.
    #[command(
        after_help = "Examples:\n  accredit certificate export signed.p7b private.key --format pfx --generate-password\n  accredit certificate export exo.pfx --format cer --password-env EXO_PFX_PASSWORD\n  accredit certificate export exo.pfx --format pfx --pfx-encryption legacy --out exo-2016.pfx\n  accredit certificate export exo-automation --store .accredit/keys --format key --new-password-file secret.txt"
    )]
    Export(ExportArguments),
    /// Print the lines that import a PFX where it shall be used. Nothing is run, and no password is in them.
    #[command(
        after_help = "Examples:\n  accredit certificate import-commands exo.pfx --to local-machine --account 'CONTOSO\\exo-script'\n  accredit certificate import-commands exo-automation > import.ps1"
    )]
    ImportCommands(ImportCommandsArguments),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum KeySizeArgument {
    #[value(name = "2048")]
    Rsa2048,
    #[value(name = "3072")]
    Rsa3072,
    #[value(name = "4096")]
    Rsa4096,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormatArgument {
    /// The certificate alone, DER.
    Cer,
    /// The certificate, its issuers and its private key, PEM.
    Pem,
    /// The private key alone, PKCS#8 PEM.
    Key,
    /// Everything under a password, PKCS#12.
    Pfx,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PfxEncryptionArgument {
    /// AES-256 and SHA-256: Windows 10 1709, Server 2019 and later.
    Modern,
    /// `TripleDES` and SHA-1: Windows Server 2016 and before.
    Legacy,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum UsageArgument {
    ClientAuth,
    /// Some authorities issue nothing without it.
    ServerAuth,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TargetArgument {
    CurrentUser,
    LocalMachine,
    Linux,
    Macos,
}

/// Where the password is; never what it is.
#[derive(Debug, Args)]
#[group(multiple = false)]
#[expect(clippy::struct_field_names, reason = "they are the names of the options")]
struct PasswordArguments {
    /// The password of a PFX or encrypted key is in this environment variable.
    #[arg(long, value_name = "NAME")]
    password_env: Option<String>,
    /// It is the first line of this file; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// It is the first line that this command prints, for example a password manager's.
    #[arg(long, value_name = "COMMAND")]
    password_command: Option<String>,
}

/// Where the password of what is written is.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct NewPasswordArguments {
    /// The password of the file to write is in this environment variable. Without any of these it is that of what was
    /// read.
    #[arg(long, value_name = "NAME")]
    new_password_env: Option<String>,
    /// It is the first line of this file; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,
    /// It is the first line that this command prints.
    #[arg(long, value_name = "COMMAND")]
    new_password_command: Option<String>,
    /// Make one, and keep it beside the file, readable by you alone.
    #[arg(long)]
    generate_password: bool,
}

#[derive(Debug, Args)]
pub(super) struct NewArguments {
    /// The subject, such as `CN=EXO, O=Contoso`. Without it: the first DNS name, else the handle.
    #[arg(long)]
    subject: Option<String>,
    /// A DNS name; may be given several times.
    #[arg(long = "dns-name", value_name = "NAME")]
    dns_names: Vec<String>,
    /// How long it is valid, by the calendar: `1y`, `6mo`, `90d`.
    #[arg(long, value_name = "PERIOD", default_value = "1y")]
    valid_for: Period,
    /// The same in days.
    #[arg(long, value_name = "NUMBER", conflicts_with = "valid_for", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: Option<u32>,
    /// Bits of the RSA key.
    #[arg(long, value_enum, default_value_t = KeySizeArgument::Rsa2048)]
    key_size: KeySizeArgument,
    /// The name that Windows shows, inside the PFX.
    #[arg(long, value_name = "NAME")]
    friendly_name: Option<String>,
    /// Write the files into this directory.
    #[arg(long, value_name = "DIRECTORY", default_value = ".", conflicts_with = "handle")]
    out: PathBuf,
    /// What the files are called, without extension. Default: the common name.
    #[arg(long, conflicts_with = "handle")]
    name: Option<String>,
    /// Keep it in a key store instead, for the application of this handle, as `apply` does.
    #[arg(long)]
    handle: Option<String>,
    /// The key store's directory.
    #[arg(long, value_name = "DIRECTORY", default_value = ".accredit/keys", requires = "handle")]
    store: PathBuf,
    /// The name that the certificate has in the manifest.
    #[arg(long, value_name = "NAME", default_value = "main", requires = "handle")]
    certificate: String,
    /// The files to make. The key is written as `.key` where none of them holds it.
    #[arg(long = "format", value_enum, value_delimiter = ',', default_value = "cer")]
    formats: Vec<OutputFormatArgument>,
    #[arg(long, value_enum, default_value_t = PfxEncryptionArgument::Modern)]
    pfx_encryption: PfxEncryptionArgument,
    #[command(flatten)]
    password: PasswordArguments,
    /// Make a password for the PFX, and keep it beside it, readable by you alone.
    #[arg(long, conflicts_with_all = ["password_env", "password_file", "password_command"])]
    generate_password: bool,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
    /// Reckon as if it were this instant (RFC 3339).
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(super) struct RequestArguments {
    /// The subject, such as `CN=EXO, O=Contoso`. Without it: the first DNS name.
    #[arg(long)]
    subject: Option<String>,
    /// A DNS name; may be given several times.
    #[arg(long = "dns-name", value_name = "NAME")]
    dns_names: Vec<String>,
    /// What the certificate shall be used for; Entra and Exchange ask for nothing in particular.
    #[arg(long = "usage", value_enum, value_delimiter = ',', default_value = "client-auth")]
    usages: Vec<UsageArgument>,
    /// Use the key in this file instead of making one.
    #[arg(long, value_name = "FILE", conflicts_with = "key_size")]
    key: Option<PathBuf>,
    /// Bits of the RSA key.
    #[arg(long, value_enum, default_value_t = KeySizeArgument::Rsa2048)]
    key_size: KeySizeArgument,
    /// Write the files into this directory.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    out: PathBuf,
    /// What the files are called, without extension. Default: the common name.
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    password: PasswordArguments,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct InspectArguments {
    /// Certificates, keys, requests, PKCS#7 and PFX files; several are looked at together.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Reckon as if it were this instant (RFC 3339).
    #[arg(long, value_name = "INSTANT")]
    now: Option<Timestamp>,
    #[command(flatten)]
    password: PasswordArguments,
}

#[derive(Debug, Args)]
struct ShelfArguments {
    /// The key store's directory, where the source is a handle.
    #[arg(long, value_name = "DIRECTORY", default_value = ".accredit/keys")]
    store: PathBuf,
    /// Which of the application's certificates.
    #[arg(long, value_name = "NAME")]
    certificate: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// Files that together hold the certificate and its key, or the handle of an application.
    #[arg(required = true, value_name = "FILE|HANDLE")]
    sources: Vec<PathBuf>,
    #[command(flatten)]
    shelf: ShelfArguments,
    #[arg(long, value_enum)]
    format: OutputFormatArgument,
    /// The file to write. Default: the first source, with the format as its extension.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[arg(long, value_enum, default_value_t = PfxEncryptionArgument::Modern)]
    pfx_encryption: PfxEncryptionArgument,
    /// The name that Windows shows, inside the PFX. Default: that of what was read.
    #[arg(long, value_name = "NAME")]
    friendly_name: Option<String>,
    #[command(flatten)]
    password: PasswordArguments,
    #[command(flatten)]
    new_password: NewPasswordArguments,
    /// Replace files that are there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(super) struct ImportCommandsArguments {
    /// A PFX, or the handle of an application.
    #[arg(value_name = "FILE|HANDLE")]
    source: PathBuf,
    #[command(flatten)]
    shelf: ShelfArguments,
    /// Where the key shall be used. Default: all.
    #[arg(long = "to", value_enum, value_delimiter = ',')]
    targets: Vec<TargetArgument>,
    /// The account that the script runs as.
    #[arg(long)]
    account: Option<String>,
    #[command(flatten)]
    password: PasswordArguments,
}
