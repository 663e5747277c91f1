//! The certificate and its key: where they are kept, and on the application.

use crate::doctor::failure::{KnownFailure, ManifestLines, Variant, advice};
use crate::doctor::sign::{code, says};
use crate::model::{FailureNumber, Stage};

pub(super) const NOT_REGISTERED: KnownFailure = KnownFailure {
    number: FailureNumber(8),
    title: "Entra does not know the certificate",
    stage: Stage::KeyCredential,
    variants: &[
        Variant {
            cause: "the certificate that signed is not on this application: never uploaded, removed, replaced by another one, or uploaded to another application. A trusted issuer is no registration",
            signs: &[
                code(700_027).and(&["key was not found"]),
                code(700_027).and(&["not registered on application"]),
                says(&["Client assertion", "The key was not found", "Thumbprint of key used by client"]),
                code(700_027).unless(&["expired", "not yet valid", "did not match"]).likely(),
            ],
            remedy: advice(
                "Compare the thumbprint in the message with those that `accredit doctor HANDLE` shows; `accredit apply` uploads the declared certificate. On Windows list what is there",
            )
            .run(&[
                "accredit apply",
                "Get-ChildItem Cert:\\CurrentUser\\My, Cert:\\LocalMachine\\My | Format-Table Thumbprint, Subject, NotAfter, HasPrivateKey",
            ]),
        },
        Variant {
            cause: "Entra knows the certificate, but the signature is not by its key: the private key belongs to another certificate, or the program names the certificate wrongly (`x5t#S256` is base64url of SHA-256 over the DER)",
            signs: &[code(700_027).and(&["signature value did not match"])],
            remedy: advice("Look at certificate and key together; a pair that is none is made anew by a rotation")
                .run(&["accredit certificate inspect CERTIFICATE KEY", "accredit rotate HANDLE"]),
        },
    ],
};

/// A certificate by which a server or proxy shows who it is.
const OF_A_SERVER: &[&str] = &[
    "remote certificate",
    "server certificate",
    "NotTimeValid",
    "SSL connection",
    "SSL certificate",
    "SSL routines",
    "SSL/TLS",
    "TLS handshake",
    "TLS connection",
    "certificate verify failed",
    "CERT_HAS_EXPIRED",
    "failed to verify certificate",
];

pub(super) const NOT_IN_TIME: KnownFailure = KnownFailure {
    number: FailureNumber(9),
    title: "The certificate has ended, or a clock is wrong",
    stage: Stage::LocalCertificate,
    variants: &[
        Variant {
            cause: "the certificate's end has passed. Tokens from before live out their hour, which is why it stops a little later",
            signs: &[
                code(700_027).and(&["key used is expired"]),
                says(&["Client assertion", "The key used is expired"]),
                says(&[])
                    .with_any_of(&["certificate has expired", "certificate is expired", "certificate expired"])
                    .unless(OF_A_SERVER)
                    .likely(),
            ],
            remedy: advice(
                "`accredit apply` makes and uploads a successor where the certificate is Accredit's; `accredit rotate` does so at once. Then the machines that connect take the new one",
            )
            .run(&["accredit apply", "accredit rotate HANDLE"]),
        },
        Variant {
            cause: "the certificate's beginning lies ahead: the clock of this machine or of the one that made it is wrong",
            signs: &[code(700_027).and(&["key used is not yet valid"])],
            remedy: advice("Set the clocks, or wait until the certificate begins").run(&["w32tm /resync"]),
        },
        Variant {
            cause: "the clock of the machine that signs is minutes off, so what it signed is not valid yet or no more",
            signs: &[code(700_024), says(&["Client assertion is not within its valid time range"])],
            remedy: advice("Set the clock and have it kept by a time server").run(&["w32tm /resync", "timedatectl"]),
        },
    ],
};

pub(super) const KEY_NOT_THERE: KnownFailure = KnownFailure {
    number: FailureNumber(16),
    title: "\"Keyset does not exist\": the private key is not there",
    stage: Stage::LocalCertificate,
    variants: &[
        Variant {
            cause: "the certificate is there and its key is not to be had: it lies in LocalMachine and the account has no right to read it, it was lost or imported into another store, or .NET deleted it with the X509Certificate2 that was loaded from the PFX",
            signs: &[
                says(&["Keyset does not exist"]),
                says(&["0x80090016"]),
                says(&["NTE_BAD_KEYSET"]),
                says(&["Schlüsselsatz nicht vorhanden"]),
                says(&["Le jeu de clés n'existe pas"]),
                says(&["El conjunto de claves no existe"]),
            ],
            remedy: advice(
                "Import the PFX again for the account that runs the job, and give it the right to read the key. `import-commands` prints all lines for a machine",
            )
            .run(&[
                "accredit certificate import-commands HANDLE --account 'CONTOSO\\service-account'",
                "$certificate = Get-Item Cert:\\LocalMachine\\My\\THUMBPRINT",
                "icacls \"$env:ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys\\$($certificate.PrivateKey.CspKeyContainerInfo.UniqueKeyContainerName)\" /grant 'CONTOSO\\service-account:R'",
            ]),
        },
        Variant {
            cause: "the program looked for the certificate in a store where it is not: CurrentUser is another one for each account, also for the one of a scheduled task",
            signs: &[
                says(&["certificate with thumbprint", "not found"]).likely(),
                says(&["Cannot find path", "Cert:"]).likely(),
                says(&["certificate was not found or has expired"]).likely(),
            ],
            remedy: advice("Import it for the account that runs the job, or into LocalMachine with a right to the key")
                .run(&["accredit certificate import-commands HANDLE --account 'CONTOSO\\service-account'"]),
        },
    ],
};

pub(super) const KEY_IN_CNG: KnownFailure = KnownFailure {
    number: FailureNumber(17),
    title: "The key cannot sign: it is kept in CNG",
    stage: Stage::LocalCertificate,
    variants: &[Variant {
        cause: "Windows keeps the key in CNG, which Exchange's module calls unsupported; New-SelfSignedCertificate without `-KeySpec` and many templates of authorities make such keys",
        signs: &[
            says(&["Could not use the certificate for signing"]),
            says(&["Invalid provider type specified"]),
            says(&["0x80090014"]),
            says(&["SHA256Cng"]),
            says(&["non-CNG certificate"]),
        ],
        remedy: advice(
            "Import the PFX into a CSP: files that Accredit exports name one, and `import-commands` prints the lines. For a key that cannot be exported make a new certificate",
        )
        .run(&[
            "accredit certificate import-commands HANDLE",
            "New-SelfSignedCertificate -Subject 'CN=HANDLE' -KeySpec KeyExchange -KeyLength 2048 -HashAlgorithm SHA256 -CertStoreLocation Cert:\\CurrentUser\\My",
        ]),
    }],
};

pub(super) const PFX_TOO_NEW: KnownFailure = KnownFailure {
    number: FailureNumber(22),
    title: "The PFX's password is called wrong",
    stage: Stage::LocalCertificate,
    variants: &[Variant {
        cause: "Windows Server 2016 and before cannot open a PFX that is encrypted with AES-256 and call its password wrong; elsewhere the password is wrong indeed",
        signs: &[
            says(&["network password is not correct"]).with_any_of(&["PFX", "X509Certificate", "certificate"]),
            says(&["network password is not correct"]).likely(),
            says(&["0x80070056"]).likely(),
            says(&["PFX", "requires either a different password"]),
            says(&["PFX", "password you entered is incorrect"]).likely(),
            says(&["PFX"]).with_any_of(&["password is incorrect", "password is wrong", "incorrect password"]).likely(),
            says(&["Netzwerkkennwort ist falsch"]).likely(),
        ],
        remedy: advice(
            "For such a machine export the certificate once more with TripleDES; declare it, so that the next ones are made like that",
        )
        .declare(ManifestLines::Application(
            "certificates:\n  main:\n    export: [pfx]\n    pfxPassword: { env: EXO_PFX_PASSWORD }\n    pfxEncryption: legacy",
        ))
        .run(&["accredit certificate export HANDLE --format pfx --pfx-encryption legacy"]),
    }],
};
