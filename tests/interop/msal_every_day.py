"""Sign in to the emulator with Python's real MSAL, as often as it is asked to, at whatever instant it is told.

Arguments: HTTPS-URL TENANT CA-FILE [OPERATOR-CLIENT-ID]

Each line of the input is a JSON object with `now` (seconds since 1970), `client_id` and one of

- `pem`: a file with a private key and its certificate,
- `key` and `certificate`: the two in files of their own,
- `vault_key`, `certificate`: the address of a key that stays in a vault, whose own client signs the assertion for MSAL;
  the certificate is a DER file.

Each answer is a line with a JSON object: `token` is true, or `refused` says why not. The operator's secret for the vault
is in OPERATOR_SECRET.
"""

import base64
import hashlib
import json
import os
import re
import sys
import time
import uuid
from pathlib import Path

import msal
import requests
from azure.core.credentials import AccessToken
from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives import serialization

SCOPE = "https://graph.microsoft.com/.default"
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.+?-----END [A-Z ]*PRIVATE KEY-----", re.S)
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.S)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Operator:
    """Tokens of the operator, as Azure's clients want them."""

    def __init__(self, session, url, tenant, client_id, secret):
        self.session, self.address = session, f"{url}/{tenant}/oauth2/v2.0/token"
        self.form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}

    def get_token(self, *scopes, **_):
        answer = self.session.post(self.address, data={**self.form, "scope": scopes[0]}).json()
        return AccessToken(answer["access_token"], int(time.time()) + answer["expires_in"])


def assertion(order, audience, operator):
    """What MSAL sends as it is: signed by the vault, which alone has the key."""
    certificate = x509.load_der_x509_certificate(Path(order["certificate"]).read_bytes())
    der = certificate.public_bytes(serialization.Encoding.DER)
    header = {"alg": "PS256", "typ": "JWT", "x5t#S256": encoded(hashlib.sha256(der).digest())}
    now = int(time.time())
    claims = {
        "aud": audience,
        "iss": order["client_id"],
        "sub": order["client_id"],
        "jti": str(uuid.uuid4()),
        "nbf": now,
        "exp": now + 600,
    }
    signed = ".".join(encoded(json.dumps(part).encode()) for part in (header, claims))
    client = CryptographyClient(order["vault_key"], operator)
    digest = hashlib.sha256(signed.encode()).digest()
    return f"{signed}.{encoded(client.sign(SignatureAlgorithm.ps256, digest).signature)}"


def credential(order, audience, operator):
    if "vault_key" in order:
        return {"client_assertion": assertion(order, audience, operator)}
    text = Path(order["pem"]).read_text() if "pem" in order else "".join(
        Path(order[name]).read_text() for name in ("key", "certificate")
    )
    return {
        "private_key": PRIVATE_KEY.search(text).group(0),
        "public_certificate": CERTIFICATE.search(text).group(0),
    }


def main(arguments):
    url, tenant, ca_file = arguments[:3]
    session = requests.Session()
    session.verify, session.trust_env = ca_file, False
    operator = None
    if len(arguments) > 3:
        operator = Operator(session, url, tenant, arguments[3], os.environ["OPERATOR_SECRET"])
    # MSAL and the tokens' makers have to agree on what time it is.
    clock = {"now": time.time()}
    time.time = lambda: clock["now"]
    applications = {}
    for line in sys.stdin:
        order = json.loads(line)
        clock["now"] = float(order["now"])
        authority = f"{url}/{tenant}"
        try:
            # Reading a private key takes longer than all the rest; an assertion of the vault is good for one sign-in.
            kept = order.get("pem") or order.get("key")
            application = applications.get(kept) or msal.ConfidentialClientApplication(
                order["client_id"],
                authority=authority,
                client_credential=credential(order, f"{authority}/oauth2/v2.0/token", operator),
                instance_discovery=False,
                http_client=session,
            )
            if kept:
                applications[kept] = application
            application.remove_tokens_for_client()
            answer = application.acquire_token_for_client(scopes=[SCOPE])
            result = {"token": True} if "access_token" in answer else {"refused": answer.get("error_description")}
        except Exception as error:  # whatever it is, the test that asks has to see it
            result = {"refused": f"{type(error).__name__}: {error}"}
        print(json.dumps(result), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
