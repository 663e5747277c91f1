//! What certificate files hold, for people and as JSON.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::model::{
    InspectedCertificate, InspectedFile, InspectedKey, InspectedRequest, Inspection, KeyFacts, RemarkSeverity,
};

use super::paint::Paint;
use super::value::printable;

/// One JSON document, ending in a newline.
pub fn inspection_json(inspection: &Inspection) -> String {
    let text = serde_json::to_string_pretty(inspection);
    // Every key is text and nothing in it can fail to serialize.
    text.expect("an inspection is always representable as JSON") + "\n"
}

/// One block for each file, then the verdict.
pub fn inspection_text(inspection: &Inspection, paint: Paint) -> String {
    let mut out = String::new();
    for file in &inspection.files {
        file_block(&mut out, file, paint);
    }
    let judged = inspection.files.iter().any(|file| !file.certificates.is_empty());
    let verdict = if inspection.fit {
        let words = if judged { "Fit for Entra and Exchange." } else { "Readable, and nothing stands against it." };
        paint.bold(&paint.green(words))
    } else {
        paint.bold(&paint.red("Not fit for use as it is."))
    };
    let _ = writeln!(out, "{verdict}");
    for finding in &inspection.findings {
        let severity = match finding.severity {
            RemarkSeverity::Error => paint.red("error"),
            RemarkSeverity::Warning => paint.yellow("warning"),
            RemarkSeverity::Note => "note".to_owned(),
        };
        let place = if inspection.files.len() > 1 { format!("{}: ", printable(&finding.file)) } else { String::new() };
        let _ = writeln!(out, "  {severity}: {place}{}", printable(&finding.message));
        let _ = writeln!(out, "    {}", paint.dim(&printable(&finding.help)));
    }
    out
}

fn file_block(out: &mut String, file: &InspectedFile, paint: Paint) {
    let format = file.format.as_deref().unwrap_or("not readable");
    let _ = writeln!(out, "{}: {format}", paint.bold(&printable(&file.file)));
    for protection in &file.protections {
        let _ = writeln!(out, "  {}", printable(protection));
    }
    for certificate in &file.certificates {
        let _ = writeln!(out, "\n  {}", paint.bold("Certificate"));
        certificate_rows(out, certificate);
    }
    for key in &file.private_keys {
        let _ = writeln!(out, "\n  {}", paint.bold("Private key"));
        key_rows(out, key);
    }
    for request in &file.requests {
        let _ = writeln!(out, "\n  {}", paint.bold("Request"));
        request_rows(out, request);
    }
    out.push('\n');
}

fn certificate_rows(out: &mut String, certificate: &InspectedCertificate) {
    let facts = &certificate.facts;
    row(out, "Subject", &facts.subject.0);
    let signed = if facts.self_signed { " (self-signed)" } else { "" };
    row(out, "Issuer", &format!("{}{signed}", facts.issuer));
    row(out, "Serial number", &facts.serial_number);
    row(out, "Thumbprint", facts.thumbprint.as_str());
    row(out, "SHA-256", facts.thumbprint_sha256.as_str());
    row(out, "NotBefore", &instant(facts.not_before));
    row(out, "NotAfter", &format!("{} ({})", instant(facts.not_after), days(certificate.days_left)));
    row(out, "Key", &key(&facts.key));
    row(out, "Signature", &facts.signature_algorithm);
    list(out, "DNS names", &facts.dns_names);
    list(out, "Key usage", &facts.key_usages);
    list(out, "Extended usage", &facts.extended_key_usages);
    if facts.authority {
        row(out, "Authority", "yes: it may issue other certificates");
    }
    if let Some(name) = &certificate.friendly_name {
        row(out, "Friendly name", name);
    }
    row(out, "Private key", if certificate.has_private_key { "here" } else { "not among these files" });
    for issuer in &certificate.chain {
        row(out, "Issued by", &issuer.0);
    }
    if certificate.chain.is_empty() && !facts.self_signed {
        row(out, "Issued by", "nobody among these files");
    }
}

fn key_rows(out: &mut String, found: &InspectedKey) {
    let encrypted = if found.encrypted { ", encrypted" } else { ", not encrypted" };
    row(out, "Key", &format!("{}{encrypted}", key(&found.key)));
    if let Some(name) = &found.friendly_name {
        row(out, "Friendly name", name);
    }
    if let (Some(provider), Some(kind)) = (&found.provider, found.provider_kind) {
        row(out, "Provider", &format!("{provider} ({kind})"));
    }
    match &found.belongs_to {
        Some(thumbprint) => row(out, "Belongs to", thumbprint.as_str()),
        None => row(out, "Belongs to", "no certificate among these files"),
    }
}

fn request_rows(out: &mut String, request: &InspectedRequest) {
    row(out, "Subject", &request.subject.0);
    row(out, "Key", &key(&request.key));
    list(out, "DNS names", &request.dns_names);
    list(out, "Key usage", &request.key_usages);
    list(out, "Extended usage", &request.extended_key_usages);
    row(out, "Private key", if request.has_private_key { "here" } else { "not among these files" });
}

fn row(out: &mut String, label: &str, value: &str) {
    let _ = writeln!(out, "    {label:<15} {}", printable(value));
}

fn list(out: &mut String, label: &str, values: &[String]) {
    if !values.is_empty() {
        row(out, label, &values.join(", "));
    }
}

fn key(facts: &KeyFacts) -> String {
    facts.bits.map_or_else(|| facts.kind.clone(), |bits| format!("{}, {bits} bits", facts.kind))
}

/// In UTC, and said so.
fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn days(left: i64) -> String {
    match left {
        1 => "1 day left".to_owned(),
        left if left >= 0 => format!("{left} days left"),
        _ => "ended".to_owned(),
    }
}
