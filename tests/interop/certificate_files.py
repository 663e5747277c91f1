"""Reads a certificate file with Python's cryptography and prints its facts, or writes one of each kind.

Usage: certificate_files.py read FILE PASSWORD-FILE
       certificate_files.py write PASSWORD-FILE      (into the working directory; prints the names)
"""

import datetime
import json
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12
from cryptography.x509.oid import ExtensionOID, NameOID


def read(path, password_file):
    data = pathlib.Path(path).read_bytes()
    password = pathlib.Path(password_file).read_bytes() if password_file else None
    if path.endswith(".pfx"):
        loaded = pkcs12.load_pkcs12(data, password)
        certificate = loaded.cert.certificate
        return {
            "friendlyName": loaded.cert.friendly_name.decode("utf-8"),
            "subject": certificate.subject.rfc4514_string({}),
            "keyMatches": loaded.key.public_key() == certificate.public_key(),
        } | {"subject": ",".join(part.rfc4514_string() for part in reversed(certificate.subject.rdns))}
    if path.endswith(".csr"):
        request = x509.load_pem_x509_csr(data)
        names = request.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        return {
            "signatureHolds": request.is_signature_valid,
            "dnsNames": names.get_values_for_type(x509.DNSName),
        }
    if path.endswith(".cer"):
        certificate = x509.load_der_x509_certificate(data)
        return {"subject": ",".join(part.rfc4514_string() for part in reversed(certificate.subject.rdns))}
    key = serialization.load_pem_private_key(data[data.index(b"-----BEGIN ENC"):], password)
    return {"keySize": key.key_size}


def write(password_file):
    password = pathlib.Path(password_file).read_bytes()
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "python")])
    begin = datetime.datetime(2026, 11, 20, tzinfo=datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    written = []

    def put(file_name, data):
        pathlib.Path(file_name).write_bytes(data)
        written.append(file_name)

    builder = serialization.PrivateFormat.PKCS12.encryption_builder
    pbes = pkcs12.PBES
    for file_name, encryption in [
        ("best.pfx", serialization.BestAvailableEncryption(password)),
        ("unencrypted.pfx", serialization.NoEncryption()),
        (
            "aes.pfx",
            builder().kdf_rounds(50000).key_cert_algorithm(pbes.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256()).build(password),
        ),
        (
            "triple.pfx",
            builder().kdf_rounds(1000).key_cert_algorithm(pbes.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1()).build(password),
        ),
    ]:
        put(file_name, pkcs12.serialize_key_and_certificates("Schlüssel".encode(), key, certificate, None, encryption))
    encodings = serialization.Encoding
    pkcs8, traditional = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
    put("best.key", key.private_bytes(encodings.PEM, pkcs8, serialization.BestAvailableEncryption(password)))
    put("best-der.key", key.private_bytes(encodings.DER, pkcs8, serialization.BestAvailableEncryption(password)))
    put("unencrypted.key", key.private_bytes(encodings.DER, traditional, serialization.NoEncryption()))
    put("certificate.cer", certificate.public_bytes(encodings.DER))
    put("chain.p7b", pkcs7.serialize_certificates([certificate], encodings.DER))
    put("chain-pem.p7b", pkcs7.serialize_certificates([certificate], encodings.PEM))
    return written


print(json.dumps(read(*sys.argv[2:]) if sys.argv[1] == "read" else write(*sys.argv[2:])))
