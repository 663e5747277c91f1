"""Sign in to the emulator with Python's real MSAL, and print what the tokens say.

Arguments: HTTPS-URL TENANT CLIENT-ID PEM PFX PFX-PASSWORD-FILE CA-FILE [SCOPE]

PEM holds the private key and the certificate. Three sign-ins are made: key with SHA-1 thumbprint, key with the
certificate (MSAL then takes the SHA-256 thumbprint and PS256), and the PFX. The output is one JSON object with the
claims of each token; the exit code is 1 when any sign-in was refused.
"""

import base64
import json
import os
import re
import sys
from pathlib import Path

import msal
from cryptography import x509
from cryptography.hazmat.primitives import hashes


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def sign_in(url, tenant, client_id, credential, ca_file, scope):
    application = msal.ConfidentialClientApplication(
        client_id,
        authority=f"{url}/{tenant}",
        client_credential=credential,
        instance_discovery=False,
        verify=ca_file,
    )
    answer = application.acquire_token_for_client(scopes=[scope])
    if "access_token" not in answer:
        return {"refused": answer}
    again = application.acquire_token_for_client(scopes=[scope])
    return {"claims": claims(answer["access_token"]), "cached": again.get("token_source") == "cache"}


def main(arguments):
    # requests would let these override the authority and the route that the arguments name.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        os.environ.pop(name, None)
    url, tenant, client_id, pem_path, pfx_path, password_file, ca_file = arguments[:7]
    scope = arguments[7] if len(arguments) > 7 else "https://graph.microsoft.com/.default"
    pem = Path(pem_path).read_text()
    private_key = re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", pem, re.S)
    certificate = re.search(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", pem, re.S)
    parsed = x509.load_pem_x509_certificate(certificate.group(0).encode())
    credentials = {
        "thumbprint": {
            "private_key": private_key.group(0),
            "thumbprint": parsed.fingerprint(hashes.SHA1()).hex().upper(),
        },
        "certificate": {
            "private_key": private_key.group(0),
            "public_certificate": certificate.group(0),
        },
        "pfx": {
            "private_key_pfx_path": pfx_path,
            "passphrase": Path(password_file).read_text().rstrip("\n"),
        },
    }
    results = {
        name: sign_in(url, tenant, client_id, credential, ca_file, scope) for name, credential in credentials.items()
    }
    print(json.dumps(results, indent=2))
    return 1 if any("refused" in result for result in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
