"""Azure's own clients for Key Vault, unmodified, against the emulator.

Usage: OPERATOR_SECRET=… key_vault.py URL TENANT CLIENT_ID CERTIFICATE_CLIENT_ID CERTIFICATE.pem CA.pem

Signs in with a secret and with a certificate, creates, imports, merges and renews certificates, downloads their secrets,
checks with `cryptography` that certificate and key belong together, signs and verifies, and takes secrets and keys
through their lives. Fails with a traceback at the first thing that is not as with the real service.
"""

import base64
import datetime
import hashlib
import os
import socket
import sys

for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
    os.environ.pop(name, None)

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import CertificateCredential, ClientSecretCredential
from azure.keyvault.certificates import (
    CertificateClient,
    CertificateContentType,
    CertificatePolicy,
    KeyCurveName,
    KeyUsageType,
    WellKnownIssuerNames,
)
from azure.keyvault.keys import JsonWebKey, KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

url, tenant, client_id, certificate_client_id, certificate_file, authority_file = sys.argv[1:]
port = url.rsplit(":", 1)[1]
ours = {"authority": url, "disable_instance_discovery": True, "connection_verify": authority_file}
with_secret = ClientSecretCredential(tenant, client_id, os.environ["OPERATOR_SECRET"], **ours)
with_certificate = CertificateCredential(tenant, certificate_client_id, certificate_file, **ours)


def client(kind, credential=with_secret, vault=url, **more):
    more.setdefault("verify_challenge_resource", False)
    return kind(vault, credential, connection_verify=authority_file, **more)


def public_bytes(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def refused(kind, code, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except kind as error:
        assert error.error.code == code, error
        return error
    raise AssertionError(f"{code} was expected")


def issued(key, subject, authority_key=None, issuer=None):
    """A certificate for `key`, by itself or by another key."""
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer or subject)])
    public = key.public_key() if hasattr(key, "public_key") else key
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=400))
    return builder.sign(authority_key or key, hashes.SHA256())


def certificates_are_created():
    certificates = client(CertificateClient)
    policy = CertificatePolicy(
        issuer_name=WellKnownIssuerNames.self,
        subject="CN=automation, O=Contoso",
        san_dns_names=["automation.contoso.com"],
        exportable=True,
        key_type="RSA",
        key_size=2048,
        reuse_key=False,
        content_type=CertificateContentType.pkcs12,
        key_usage=[KeyUsageType.digital_signature, KeyUsageType.key_encipherment],
        validity_in_months=6,
    )
    poller = certificates.begin_create_certificate("automation", policy, tags={"team": "identity"}, _polling_interval=0)
    made = poller.result()
    assert made.name == "automation" and made.properties.enabled and made.properties.tags == {"team": "identity"}
    content = x509.load_der_x509_certificate(made.cer)
    assert content.subject.rfc4514_string() == "CN=automation,O=Contoso", content.subject.rfc4514_string()
    assert content.fingerprint(hashes.SHA1()) == made.properties.x509_thumbprint
    names = content.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["automation.contoso.com"]
    assert made.policy.validity_in_months == 6 and made.policy.key_size == 2048
    assert certificates.get_certificate_operation("automation").status == "completed"

    secret = client(SecretClient).get_secret("automation")
    assert secret.properties.managed and secret.properties.content_type == "application/x-pkcs12"
    for password in (None, b""):
        key, own, chain = pkcs12.load_key_and_certificates(base64.b64decode(secret.value), password)
        assert own == content and not chain
        assert public_bytes(key.public_key()) == public_bytes(content.public_key())

    signer = client(lambda vault, credential, **more: CryptographyClient(made.key_id, credential, **more))
    digest = hashlib.sha256(b"message").digest()
    signature = signer.sign(SignatureAlgorithm.rs256, digest).signature
    content.public_key().verify(signature, b"message", padding.PKCS1v15(), hashes.SHA256())

    again = certificates.begin_create_certificate("automation", policy, _polling_interval=0).result()
    versions = [version.version for version in certificates.list_properties_of_certificate_versions("automation")]
    assert versions == [made.properties.version, again.properties.version], versions
    old = certificates.get_certificate_version("automation", made.properties.version)
    assert old.cer == made.cer and certificates.get_certificate("automation").cer == again.cer
    changed = certificates.update_certificate_properties("automation", enabled=False, tags={"a": "b"})
    assert not changed.properties.enabled and changed.properties.tags == {"a": "b"}
    assert refused(HttpResponseError, "Forbidden", client(SecretClient).get_secret, "automation").status_code == 403
    policy = certificates.get_certificate_policy("automation")
    policy._validity_in_months = 24
    assert certificates.update_certificate_policy("automation", policy).validity_in_months == 24


def certificates_are_elliptic():
    certificates = client(CertificateClient)
    policy = CertificatePolicy(
        issuer_name=WellKnownIssuerNames.self,
        subject="CN=curve",
        key_type="EC",
        key_curve_name=KeyCurveName.p_256,
        content_type=CertificateContentType.pem,
    )
    made = certificates.begin_create_certificate("curve", policy, _polling_interval=0).result()
    assert made.policy.key_type == "EC" and made.policy.key_curve_name == "P-256"
    content = x509.load_der_x509_certificate(made.cer)
    text = client(SecretClient).get_secret("curve").value.encode()
    key = serialization.load_pem_private_key(text, None)
    assert public_bytes(key.public_key()) == public_bytes(content.public_key())
    signer = client(lambda vault, credential, **more: CryptographyClient(made.key_id, credential, **more))
    digest = hashlib.sha256(b"message").digest()
    raw = signer.sign(SignatureAlgorithm.es256, digest).signature
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    content.public_key().verify(signature, digest, ec.ECDSA(Prehashed(hashes.SHA256())))
    own = issued(key, "imported")
    file = pkcs12.serialize_key_and_certificates(b"x", key, own, None, serialization.NoEncryption())
    assert certificates.import_certificate("curve-imported", file).policy.key_curve_name == "P-256"


def certificates_are_merged():
    certificates = client(CertificateClient)
    policy = CertificatePolicy(issuer_name=WellKnownIssuerNames.unknown, subject="CN=outside")
    pending = certificates.begin_create_certificate("outside", policy, _polling_interval=0).result()
    assert pending.status == "inProgress"
    request = x509.load_der_x509_csr(pending.csr)
    assert request.is_signature_valid and request.subject.rfc4514_string() == "CN=outside"
    refused(ResourceExistsError, "Conflict", certificates.begin_create_certificate, "outside", policy)
    authority = rsa.generate_private_key(65537, 2048)
    wrong = issued(authority, "outside").public_bytes(serialization.Encoding.DER)
    refused(HttpResponseError, "BadParameter", certificates.merge_certificate, "outside", [wrong])
    signed = issued(request.public_key(), "outside", authority, "Test authority")
    merged = certificates.merge_certificate("outside", [signed.public_bytes(serialization.Encoding.DER)])
    assert merged.cer == signed.public_bytes(serialization.Encoding.DER)
    assert certificates.get_certificate_operation("outside").status == "completed"

    certificates.begin_create_certificate("given-up", policy, _polling_interval=0).result()
    assert certificates.cancel_certificate_operation("given-up").cancellation_requested
    certificates.delete_certificate_operation("given-up")
    refused(ResourceNotFoundError, "PendingCertificateNotFound", certificates.get_certificate_operation, "given-up")
    names = [item.name for item in certificates.list_properties_of_certificates()]
    assert "given-up" not in names
    assert "given-up" in [item.name for item in certificates.list_properties_of_certificates(include_pending=True)]


def old(password):
    """How .NET protects a PFX file: triple DES under SHA-1."""
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    return builder.build(password.encode())


def certificates_are_imported():
    certificates = client(CertificateClient, with_certificate)
    secrets = client(SecretClient, with_certificate)
    key = rsa.generate_private_key(65537, 2048)
    own = issued(key, "imported")
    for name, password, protection in (
        ("imported-locked", "pass word €", serialization.BestAvailableEncryption("pass word €".encode())),
        ("imported-open", None, serialization.NoEncryption()),
        ("imported-old", "pass word €", old("pass word €")),
    ):
        file = pkcs12.serialize_key_and_certificates(b"imported", key, own, None, protection)
        made = certificates.import_certificate(name, file, password=password)
        assert made.cer == own.public_bytes(serialization.Encoding.DER)
        assert made.policy.subject == "CN=imported" and made.policy.issuer_name == "Unknown", made.policy
        assert made.policy.validity_in_months == 13, made.policy.validity_in_months
        found, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(secrets.get_secret(name).value), None)
        assert certificate == own and found.private_numbers() == key.private_numbers()
    locked = pkcs12.serialize_key_and_certificates(b"x", key, own, None, serialization.BestAvailableEncryption(b"yes"))
    refused(HttpResponseError, "BadParameter", certificates.import_certificate, "wrong", locked, password="no")
    refused(HttpResponseError, "BadParameter", certificates.import_certificate, "wrong", b"nothing of the sort")

    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    policy = CertificatePolicy(
        issuer_name=WellKnownIssuerNames.unknown,
        content_type=CertificateContentType.pem,
        key_type="RSA",
        exportable=False,
    )
    pem = private + own.public_bytes(serialization.Encoding.PEM)
    made = certificates.import_certificate("imported-pem", pem, policy=policy)
    text = secrets.get_secret("imported-pem").value
    assert x509.load_pem_x509_certificate(text.encode()) == own and "PRIVATE" not in text

    deleted = certificates.begin_delete_certificate("imported-pem").result()
    assert deleted.scheduled_purge_date - deleted.deleted_on == datetime.timedelta(days=90)
    refused(ResourceNotFoundError, "CertificateNotFound", certificates.get_certificate, "imported-pem")
    refused(ResourceNotFoundError, "SecretNotFound", secrets.get_secret, "imported-pem")
    refused(ResourceExistsError, "Conflict", certificates.import_certificate, "imported-pem", pem, policy=policy)
    listed = [item.name for item in certificates.list_deleted_certificates()]
    assert listed == ["imported-pem"], listed
    recovered = certificates.begin_recover_deleted_certificate("imported-pem").result()
    assert recovered.name == "imported-pem", recovered
    certificates.begin_delete_certificate("imported-pem").result()
    certificates.purge_deleted_certificate("imported-pem")
    refused(ResourceNotFoundError, "CertificateNotFound", certificates.get_deleted_certificate, "imported-pem")


def secrets_live():
    secrets = client(SecretClient)
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    first = secrets.set_secret("password", "one", content_type="text/plain", not_before=start, tags={"a": "b"})
    second = secrets.set_secret("password", "two")
    assert secrets.get_secret("password").value == "two"
    assert secrets.get_secret("password", first.properties.version).value == "one"
    assert first.properties.not_before == start and first.properties.recovery_level == "Recoverable+Purgeable"
    versions = [item.version for item in secrets.list_properties_of_secret_versions("password")]
    assert versions == [first.properties.version, second.properties.version]
    changed = secrets.update_secret_properties("password", content_type="text/other", enabled=False)
    assert changed.content_type == "text/other" and not changed.enabled
    refused(HttpResponseError, "Forbidden", secrets.get_secret, "password")
    for number in range(30):
        secrets.set_secret(f"many-{number:02}", str(number))
    listed = [item.name for item in secrets.list_properties_of_secrets(max_page_size=7)]
    assert [name for name in listed if name.startswith("many")] == [f"many-{number:02}" for number in range(30)]
    secrets.begin_delete_secret("password").result()
    refused(ResourceNotFoundError, "SecretNotFound", secrets.get_secret, "password")
    refused(ResourceExistsError, "Conflict", secrets.set_secret, "password", "three")
    assert [item.name for item in secrets.list_deleted_secrets()] == ["password"]
    secrets.begin_recover_deleted_secret("password").result()
    assert secrets.get_secret("password", first.properties.version).value == "one"
    secrets.begin_delete_secret("password").result()
    secrets.purge_deleted_secret("password")
    refused(ResourceNotFoundError, "SecretNotFound", secrets.get_deleted_secret, "password")
    assert secrets.set_secret("password", "three").value == "three"


def json_web_key(key):
    """A private key as a client sends it."""
    def number(value):
        return value.to_bytes((value.bit_length() + 7) // 8, "big")

    numbers = key.private_numbers()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        public = numbers.public_numbers
        return JsonWebKey(
            kty="EC", crv="P-384", x=number(public.x), y=number(public.y), d=number(numbers.private_value)
        )
    public = numbers.public_numbers
    return JsonWebKey(
        kty="RSA", n=number(public.n), e=number(public.e), d=number(numbers.d), p=number(numbers.p),
        q=number(numbers.q), dp=number(numbers.dmp1), dq=number(numbers.dmq1), qi=number(numbers.iqmp),
    )


def keys_live():
    keys = client(KeyClient)
    made = keys.create_rsa_key("signing", size=3072)
    crypto = client(lambda vault, credential, **more: CryptographyClient(made, credential, **more))
    assert len(made.key.n) == 384
    for algorithm, digest in (
        ("RS256", hashlib.sha256), ("RS384", hashlib.sha384), ("RS512", hashlib.sha512),
        ("PS256", hashlib.sha256), ("PS384", hashlib.sha384), ("PS512", hashlib.sha512),
    ):
        value = digest(b"message").digest()
        signature = crypto.sign(SignatureAlgorithm(algorithm), value).signature
        assert crypto.verify(SignatureAlgorithm(algorithm), value, signature).is_valid, algorithm
    for algorithm in (EncryptionAlgorithm.rsa_oaep, EncryptionAlgorithm.rsa_oaep_256, EncryptionAlgorithm.rsa1_5):
        secret = crypto.encrypt(algorithm, b"plain").ciphertext
        assert crypto.decrypt(algorithm, secret).plaintext == b"plain", algorithm
    wrapped = crypto.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"k" * 32).encrypted_key
    assert crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped).key == b"k" * 32
    for name, algorithm, digest in (
        ("P-256", "ES256", hashlib.sha256), ("P-384", "ES384", hashlib.sha384), ("P-521", "ES512", hashlib.sha512),
    ):
        made = keys.create_ec_key(f"curve-{name}", curve=name)
        crypto = client(lambda vault, credential, **more: CryptographyClient(made.id, credential, **more))
        value = digest(b"message").digest()
        signature = crypto.sign(SignatureAlgorithm(algorithm), value).signature
        assert crypto.verify(SignatureAlgorithm(algorithm), value, signature).is_valid, algorithm
    for private in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())):
        imported = keys.import_key("imported", json_web_key(private))
        refused(ResourceNotFoundError, "KeyNotFound", keys.get_key, "imported", "0" * 32)
        assert imported.key.d is None and keys.get_key("imported").id == imported.id
    rotated = keys.rotate_key("signing")
    assert rotated.properties.version != made.properties.version
    assert len(list(keys.list_properties_of_key_versions("signing"))) == 2
    keys.update_key_properties("signing", key_operations=["sign"])
    assert keys.get_key("signing").key_operations == ["sign"]
    keys.begin_delete_key("signing").result()
    keys.begin_recover_deleted_key("signing").result()
    keys.begin_delete_key("signing").result()
    keys.purge_deleted_key("signing")
    refused(ResourceNotFoundError, "KeyNotFound", keys.get_key, "signing")


def vaults_have_names():
    """Clients of `NAME.vault.HOST` need not be told to leave the challenge's resource alone."""
    resolve = socket.getaddrinfo
    # Not every system resolves names below localhost, though all should (RFC 6761).
    local = lambda host, *rest, **named: resolve(
        "localhost" if isinstance(host, str) and host.endswith(".localhost") else host, *rest, **named
    )
    socket.getaddrinfo = local
    vault = f"https://team.vault.localhost:{port}"
    secrets = client(SecretClient, vault=vault, verify_challenge_resource=True)
    assert secrets.set_secret("only-here", "x").id.startswith(f"{vault}/secrets/only-here/")
    assert [item.name for item in secrets.list_properties_of_secrets()] == ["only-here"]
    refused(ResourceNotFoundError, "SecretNotFound", client(SecretClient).get_secret, "only-here")
    socket.getaddrinfo = resolve


for step in (
    certificates_are_created,
    certificates_are_elliptic,
    certificates_are_merged,
    certificates_are_imported,
    secrets_live,
    keys_live,
    vaults_have_names,
):
    step()
    print(step.__name__.replace("_", " "))
print("all steps passed")
