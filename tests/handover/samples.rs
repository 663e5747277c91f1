//! Applications to hand over.

use std::collections::BTreeSet;
use std::path::PathBuf;

use accredit::handover::{ApplicationPermission, CloudAddresses, Handover, KeyPlace, SigningCertificate, SigningFacts};
use accredit::model::{Cloud, DistinguishedName, ExportFormat, SecretReference, Thumbprint};

pub(crate) const CLOUDS: [Cloud; 5] = [Cloud::Global, Cloud::UsGovL4, Cloud::UsGovL5, Cloud::China, Cloud::Custom];

/// As somebody would call an application who wants to run something where it is read.
pub(crate) const HOSTILE: &str = "x'; Remove-Item C:\\ -Recurse #\n$(touch pwned) `touch pwned` ${{ secrets.A }}\r\nend_of_display_name\napp_id=evil \u{2019}; \"$env:A\" <<";

pub(crate) const DIRECTORY: &str = "keys/exo/main/A26EFACAA44D7A6DF43593C3F320F19C8C689FFA";

/// The application of the first article, in this cloud.
pub(crate) fn handover(cloud: Cloud) -> Handover {
    let organization = match cloud {
        Cloud::Global | Cloud::Custom => "contoso.onmicrosoft.com",
        Cloud::UsGovL4 | Cloud::UsGovL5 => "contoso.onmicrosoft.us",
        Cloud::China => "contoso.partner.onmschina.cn",
    };
    let addresses = CloudAddresses {
        login: "https://login.example".to_owned(),
        graph: "https://graph.example".to_owned(),
        exchange: "https://outlook.example".to_owned(),
        security_and_compliance: Some("https://compliance.example".to_owned()),
    };
    Handover {
        handle: "exo".to_owned(),
        display_name: "EXO PowerShell automated".to_owned(),
        app_id: "3f2db3ef-10b5-428c-8ed7-9a81478c57ed".to_owned(),
        app_object_id: "4f81c293-58a0-4d35-87c7-48a8491e4903".to_owned(),
        service_principal_object_id: Some("6a76e109-5396-451d-9100-ce653139079f".to_owned()),
        tenant_id: "2d992b96-9a03-4882-9bb0-486141b9adba".to_owned(),
        organization: organization.to_owned(),
        cloud,
        addresses: (cloud == Cloud::Custom).then_some(addresses),
        roles: vec!["Exchange Administrator".to_owned()],
        exchange_roles: Vec::new(),
        mailbox_roles: Vec::new(),
        granted: granted(&[("00000002-0000-0ff1-ce00-000000000000", "Exchange.ManageAsApp")]),
        certificate: SigningCertificate {
            name: "main".to_owned(),
            thumbprint: Thumbprint::parse("A26EFACAA44D7A6DF43593C3F320F19C8C689FFA").unwrap(),
            key_id: "c82e4775-07fc-839e-a625-37b5ed8a58c4".to_owned(),
            not_before: Some("2026-11-21T08:13:18Z".parse().unwrap()),
            not_after: Some("2027-11-21T08:23:18Z".parse().unwrap()),
            facts: Some(SigningFacts {
                thumbprint_sha256: Thumbprint::parse(&"0123456789ABCDEF".repeat(4)).unwrap(),
                subject: DistinguishedName("CN=m365info.com".to_owned()),
            }),
            key: directory(Some(SecretReference::Prompt)),
        },
    }
}

pub(crate) fn granted(permissions: &[(&str, &str)]) -> BTreeSet<ApplicationPermission> {
    permissions
        .iter()
        .map(|(api, value)| ApplicationPermission { api_id: (*api).to_owned(), value: (*value).to_owned() })
        .collect()
}

/// A key store with every export.
pub(crate) fn directory(pfx_password: Option<SecretReference>) -> KeyPlace {
    let directory = PathBuf::from(DIRECTORY);
    let file = |name: &str| directory.join(name);
    KeyPlace::Directory {
        private_key: file("private-key.pem"),
        exports: [
            (ExportFormat::Cer, "exo-main.cer"),
            (ExportFormat::Pem, "exo-main.pem"),
            (ExportFormat::Pfx, "exo-main.pfx"),
        ]
        .map(|(format, name)| (format, file(name)))
        .to_vec(),
        pfx_password,
        directory,
    }
}

/// A vault whose key can be had, or not.
pub(crate) fn vault(exportable: bool) -> KeyPlace {
    KeyPlace::KeyVault {
        vault: "https://contoso-keys.vault.azure.net".to_owned(),
        name: "exo".to_owned(),
        version: "0123456789abcdef0123456789abcdef".to_owned(),
        exportable,
    }
}
