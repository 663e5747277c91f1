"""Sign in to the emulator with MSAL for Python and azure-identity, by every kind of credential.

The one argument is a JSON file: `url` (HTTPS), `ca` (a file), `tenant`, `client`, `secret`, `pem` (a file with key and
certificate), `expired` (a client id whose credential for the same certificate is over), `subject` (of the federated
credential that trusts the emulator's own issuer at `issuer_url`). The output is one JSON object: by the name of each
way the claims of its token, or the error codes with which it was refused.
"""

import base64
import json
import os
import re
import sys
import tempfile
import urllib.request
from pathlib import Path

import msal
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    WorkloadIdentityCredential,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

GRAPH = "https://graph.microsoft.com/.default"


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def by_msal(facts, client, credential):
    application = msal.ConfidentialClientApplication(
        client,
        authority=f"{facts['url']}/{facts['tenant']}",
        client_credential=credential,
        instance_discovery=False,
        verify=facts["ca"],
    )
    answer = application.acquire_token_for_client(scopes=[GRAPH])
    return {"claims": claims(answer["access_token"])} if "access_token" in answer else {"refused": answer["error_codes"]}


def by_identity(credential):
    try:
        return {"claims": claims(credential.get_token(GRAPH).token)}
    except ClientAuthenticationError as error:
        return {"refused": [int(code) for code in re.findall(r"AADSTS(\d+)", str(error))[:1]]}


def federated_token(facts, subject):
    body = json.dumps({"subject": subject, "audience": "api://AzureADTokenExchange"}).encode()
    request = urllib.request.Request(f"{facts['issuer_url']}/_emulator/oidc/token", data=body, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request) as answer:
        return json.load(answer)["token"]


def main(path):
    # requests would let these override the authority and the route that the facts name.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        os.environ.pop(name, None)
    facts = json.loads(Path(path).read_text())
    pem = Path(facts["pem"]).read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    certificate = x509.load_pem_x509_certificate(pem)
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    directory = Path(tempfile.mkdtemp())
    pfx = directory / "client.pfx"
    password = serialization.BestAvailableEncryption(b"password")
    pfx.write_bytes(pkcs12.serialize_key_and_certificates(b"client", key, certificate, None, password))
    token_file = directory / "token"
    token_file.write_text(federated_token(facts, facts["subject"]))
    by_thumbprint = {"private_key": private_key, "thumbprint": certificate.fingerprint(hashes.SHA1()).hex()}
    whole = {
        "private_key": private_key,
        "public_certificate": certificate.public_bytes(serialization.Encoding.PEM).decode(),
    }
    client, tenant = facts["client"], facts["tenant"]
    options = {"authority": facts["url"], "connection_verify": facts["ca"], "disable_instance_discovery": True}
    wrong = "repo:somebody/else:ref:refs/heads/main"
    answers = {
        "msal secret": by_msal(facts, client, facts["secret"]),
        "msal wrong secret": by_msal(facts, client, "wrong"),
        "msal thumbprint": by_msal(facts, client, by_thumbprint),
        "msal certificate": by_msal(facts, client, whole),
        "msal pfx": by_msal(facts, client, {"private_key_pfx_path": str(pfx), "passphrase": "password"}),
        "msal expired certificate": by_msal(facts, facts["expired"], whole),
        "msal federated": by_msal(facts, client, {"client_assertion": federated_token(facts, facts["subject"])}),
        "msal wrong subject": by_msal(facts, client, {"client_assertion": federated_token(facts, wrong)}),
        "identity secret": by_identity(ClientSecretCredential(tenant, client, facts["secret"], **options)),
        "identity pem": by_identity(CertificateCredential(tenant, client, facts["pem"], **options)),
        "identity pfx": by_identity(CertificateCredential(tenant, client, str(pfx), password="password", **options)),
        "identity expired certificate": by_identity(
            CertificateCredential(tenant, facts["expired"], facts["pem"], **options)
        ),
        "identity assertion": by_identity(
            ClientAssertionCredential(tenant, client, lambda: federated_token(facts, facts["subject"]), **options)
        ),
        "identity workload": by_identity(
            WorkloadIdentityCredential(
                tenant_id=tenant, client_id=client, token_file_path=str(token_file), **options
            )
        ),
        "identity wrong subject": by_identity(
            ClientAssertionCredential(tenant, client, lambda: federated_token(facts, wrong), **options)
        ),
    }
    print(json.dumps(answers, indent=2))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
