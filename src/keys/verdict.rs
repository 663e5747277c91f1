//! What Entra, Exchange and Windows would say to certificate files.

use std::path::Path;

use jiff::Timestamp;

use super::contents::{FileFormat, KeyFile};
use super::examination::Examined;
use super::inspect::InspectError;
use super::pfx::CSP_NAME;
use crate::model::{InspectedCertificate, InspectedFile, InspectedKey, KeyFacts, Remark, RemarkSeverity};

/// Whether nothing stands in the way.
pub(super) fn is_fit(findings: &[Remark]) -> bool {
    findings.iter().all(|finding| finding.severity != RemarkSeverity::Error)
}

/// Everything there is to say, worst first.
pub(super) fn findings(
    files: &[Examined<'_>],
    inspected: &[InspectedFile],
    damaged: &[(String, InspectError)],
    now: Timestamp,
) -> Vec<Remark> {
    let mut judge = Judge { findings: Vec::new(), file: String::new() };
    for (file, shown) in files.iter().zip(inspected) {
        file.name.clone_into(&mut judge.file);
        match file.contents {
            Ok(contents) => judge.file(contents, shown, now),
            Err(error) => {
                judge.error("unreadable", format!("the file cannot be used: {error}"), error.help());
            }
        }
    }
    for (file, error) in damaged {
        file.clone_into(&mut judge.file);
        judge.error("unreadable", error.to_string(), "copy it again in binary mode, or have it exported again");
    }
    judge.across(inspected);
    judge.findings.sort_by_key(|finding| finding.severity);
    judge.findings
}

struct Judge {
    findings: Vec<Remark>,
    /// What is being looked at.
    file: String,
}

impl Judge {
    fn say(&mut self, severity: RemarkSeverity, code: &'static str, message: impl Into<String>, help: &str) {
        let (file, message, help) = (self.file.clone(), message.into(), help.to_owned());
        self.findings.push(Remark { severity, code, file, message, help });
    }

    fn error(&mut self, code: &'static str, message: impl Into<String>, help: &str) {
        self.say(RemarkSeverity::Error, code, message, help);
    }

    fn warn(&mut self, code: &'static str, message: impl Into<String>, help: &str) {
        self.say(RemarkSeverity::Warning, code, message, help);
    }

    fn note(&mut self, code: &'static str, message: impl Into<String>, help: &str) {
        self.say(RemarkSeverity::Note, code, message, help);
    }

    fn file(&mut self, contents: &KeyFile, shown: &InspectedFile, now: Timestamp) {
        self.form(contents, shown);
        let leaves: Vec<&InspectedCertificate> =
            shown.certificates.iter().filter(|certificate| !certificate.issued_another).collect();
        for certificate in &leaves {
            self.certificate(certificate, now);
        }
        if leaves.len() > 1 {
            self.warn(
                "several-certificates",
                format!("the file holds {} certificates that did not issue each other", leaves.len()),
                "Entra takes one certificate from a file: give each its own",
            );
        }
        for (key, found) in shown.private_keys.iter().zip(&contents.keys) {
            // Its certificate says the same of it.
            if key.belongs_to.is_none() {
                self.key(&key.key);
            }
            self.provider(contents.format, key);
            if found.key.is_sound(key.key.bits.filter(|_| key.key.kind == "RSA")) == Some(false) {
                let help = "restore the key from a copy, or make a new one";
                self.error("key-unsound", "the numbers of the private key do not belong together", help);
            }
        }
        for request in &shown.requests {
            self.key(&request.key);
            if !request.signature_holds {
                let help = "make the request again: `accredit certificate csr --key FILE`";
                self.error("request-signature", "the request is not signed by the key that it names", help);
            }
            self.note(
                "request",
                "this is a request, which nobody can sign in with",
                "send it to the certificate authority; look at its answer together with the key: `accredit certificate inspect signed.cer private.key`",
            );
        }
    }

    /// What there is to say about the file as such.
    fn form(&mut self, contents: &KeyFile, shown: &InspectedFile) {
        for note in &contents.notes {
            self.note(
                "peculiar",
                *note,
                "most programs read it all the same; `accredit certificate export` writes it anew",
            );
        }
        let has_both = !contents.keys.is_empty() && !contents.certificates.is_empty();
        let extension = Path::new(&shown.file).extension().map(|it| it.to_string_lossy().to_lowercase());
        // `.der` is a usual name of a key alone.
        let looks_public = match extension.as_deref() {
            Some("cer" | "crt") => true,
            Some("der") => has_both,
            Some(_) | None => false,
        };
        let public_only = "upload the certificate alone: `accredit certificate export FILE --format cer`";
        if !contents.keys.is_empty() && looks_public {
            self.error(
                "private-key-in-public-file",
                "this file is named like a public one and holds the private key",
                public_only,
            );
        } else if has_both {
            self.note(
                "private-key",
                "the file holds the private key: it belongs on the machine that signs in, nowhere else",
                public_only,
            );
        }
        match contents.format {
            FileFormat::Pkcs7 => self.error(
                "pkcs7",
                "Entra takes no PKCS#7",
                "take the certificate out of it: `accredit certificate export FILE --format cer`",
            ),
            FileFormat::Pfx if contents.keys.is_empty() => self.error(
                "pfx-without-key",
                "the PFX holds no private key, so nobody can sign in with it",
                "export it on the machine that made the request, with the private key",
            ),
            FileFormat::Pfx if contents.protections.iter().any(|protection| protection.contains("RC2")) => self.note(
                "weak-encryption",
                "parts of the PFX are encrypted with RC2 of 40 bits, which protects little",
                "`accredit certificate export FILE --format pfx` writes it with AES-256",
            ),
            FileFormat::Pfx if !contents.is_legacy => self.note(
                "pfx-not-legacy",
                "Windows Server 2016 and before cannot open it, and call the password wrong",
                "for such a machine: `accredit certificate export FILE --format pfx --pfx-encryption legacy`",
            ),
            FileFormat::Pfx | FileFormat::Der | FileFormat::Pem => {}
        }
    }

    fn certificate(&mut self, certificate: &InspectedCertificate, now: Timestamp) {
        let facts = &certificate.facts;
        self.key(&facts.key);
        if facts.not_after <= now {
            let message = format!("the certificate ended on {}", facts.not_after);
            self.error("expired", message, "make or ask for a new one, and upload it beside the old one");
        } else if facts.not_before > now {
            let help = "wait until then, or look at the clock of the machine that made it";
            self.error("not-yet-valid", format!("the certificate begins on {}", facts.not_before), help);
        } else if certificate.days_left < 30 {
            let message = format!("the certificate ends in {} days", certificate.days_left);
            self.warn("ends-soon", message, "make its successor now, and upload it beside this one");
        }
        if ["MD5", "SHA-1"].iter().any(|weak| facts.signature_algorithm.starts_with(weak)) {
            let message =
                format!("the certificate is signed with {}, which policies refuse", facts.signature_algorithm);
            self.warn("weak-signature", message, "have it issued with SHA-256");
        }
        if facts.authority && facts.self_signed {
            let help = "nothing to do; it matters only where somebody would trust whatever it issues";
            self.note(
                "authority",
                "the certificate says that it may issue others, as `openssl req -x509` makes it",
                help,
            );
        } else if facts.authority {
            let help = "give the certificate of the script, not that of the authority which issued it";
            self.warn("authority", "the certificate is that of an authority, which issues others", help);
        }
        let signs = facts.key_usages.iter().any(|usage| usage == "digitalSignature");
        if !facts.key_usages.is_empty() && !signs {
            let help = "ask for the key usage digitalSignature: a sign-in is a signature";
            self.warn("key-usage", "the key usage does not allow signatures", help);
        }
        if !facts.self_signed {
            self.note(
                "authority-issued",
                "an authority issued it, which Entra neither asks for nor minds: it looks at neither chain nor revocation",
                "upload this certificate alone, not those of its authorities, and keep its private key",
            );
        }
        if !certificate.has_private_key {
            self.note(
                "public-half",
                "this is the public half: enough to upload, not to sign in with",
                "look at the key together with it: `accredit certificate inspect CERTIFICATE KEY`",
            );
        }
    }

    fn key(&mut self, key: &KeyFacts) {
        if key.kind != "RSA" {
            let message =
                format!("the key is {}: Entra's sign-in by certificate and Exchange take RSA alone", key.kind);
            self.error("key-not-rsa", message, "make or ask for a certificate with an RSA key of 2048 bits");
            return;
        }
        match key.bits {
            Some(bits) if bits < 2048 => {
                let message = format!("the RSA key has {bits} bits: Entra takes none below 2048");
                self.error("key-too-short", message, "make or ask for a certificate with a key of 2048 bits or more");
            }
            Some(2048 | 3072 | 4096) => {}
            _ => self.warn(
                "key-size",
                "the size of the RSA key is unusual: Accredit's key store keeps 2048, 3072 and 4096 bits",
                "take 2048 bits, which every program supports",
            ),
        }
    }

    /// Where Windows will keep the key.
    fn provider(&mut self, format: FileFormat, key: &InspectedKey) {
        let help = format!("`accredit certificate export FILE --format pfx` names the `{CSP_NAME}`");
        match &key.provider {
            Some(name) if name == CSP_NAME => {}
            Some(name) if is_cng(name) => {
                self.error(
                    "cng",
                    format!("Windows will keep the key in CNG (`{name}`), which Exchange refuses"),
                    &help,
                );
            }
            Some(name) => self.warn(
                "old-csp",
                format!("the key goes to the `{name}`, which may be too old to sign with SHA-256"),
                &help,
            ),
            None if format == FileFormat::Pfx => self.warn(
                "no-provider",
                "the PFX names no provider, so Windows may keep the key in CNG, which Exchange refuses",
                &format!("{help}, and `accredit certificate import-commands FILE` imports this one into it"),
            ),
            None => {}
        }
    }

    /// What shows only when all files are seen together.
    fn across(&mut self, files: &[InspectedFile]) {
        let is_alone = files.iter().all(|file| file.certificates.is_empty());
        for file in files {
            self.file.clone_from(&file.file);
            for key in file.private_keys.iter().filter(|key| key.belongs_to.is_none()) {
                if !is_alone {
                    let message = format!("the private key ({}) belongs to none of the certificates", named(&key.key));
                    let help = "find the key from which the request was made; without it, ask for a new certificate";
                    self.error("key-differs", message, help);
                } else if files.iter().all(|file| file.requests.is_empty()) {
                    let help =
                        "look at its certificate together with it: `accredit certificate inspect CERTIFICATE KEY`";
                    self.note("key-alone", "this is a private key alone", help);
                }
            }
        }
    }
}

/// Names of CNG's providers.
pub(super) fn is_cng(provider: &str) -> bool {
    provider.contains("Key Storage Provider") || provider.contains("Platform Crypto Provider")
}

fn named(key: &KeyFacts) -> String {
    key.bits.map_or_else(|| key.kind.clone(), |bits| format!("{} of {bits} bits", key.kind))
}
