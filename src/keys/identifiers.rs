//! The object identifiers of certificates, keys, PKCS#7 and PKCS#12.

pub(super) const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
pub(super) const SIGNED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 2];
pub(super) const ENVELOPED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 3];
pub(super) const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 6];

pub(super) const KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 1];
pub(super) const SHROUDED_KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 2];
pub(super) const CERTIFICATE_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 3];
pub(super) const NESTED_BAGS: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 6];
pub(super) const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113_549, 1, 9, 22, 1];

pub(super) const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];
pub(super) const LOCAL_KEY_ID: &[u64] = &[1, 2, 840, 113_549, 1, 9, 21];
/// Microsoft's name of the provider that keeps the key: a CSP, or CNG's key storage provider.
pub(super) const PROVIDER_NAME: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 17, 1];

pub(super) const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
pub(super) const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
pub(super) const HMAC_WITH_SHA1: &[u64] = &[1, 2, 840, 113_549, 2, 7];
pub(super) const HMAC_WITH_SHA256: &[u64] = &[1, 2, 840, 113_549, 2, 9];
pub(super) const HMAC_WITH_SHA384: &[u64] = &[1, 2, 840, 113_549, 2, 10];
pub(super) const HMAC_WITH_SHA512: &[u64] = &[1, 2, 840, 113_549, 2, 11];
pub(super) const AES_128_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 2];
pub(super) const AES_192_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 22];
pub(super) const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];
pub(super) const TRIPLE_DES_CBC: &[u64] = &[1, 2, 840, 113_549, 3, 7];

/// PKCS#12's own schemes, each a key derivation with SHA-1 and a cipher.
pub(super) const PBE_TRIPLE_DES: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 3];
pub(super) const PBE_TRIPLE_DES_TWO_KEYS: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 4];
pub(super) const PBE_RC2_128: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 5];
pub(super) const PBE_RC2_40: &[u64] = &[1, 2, 840, 113_549, 1, 12, 1, 6];

pub(super) const SHA_1: &[u64] = &[1, 3, 14, 3, 2, 26];
pub(super) const SHA_256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
pub(super) const SHA_384: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 2];
pub(super) const SHA_512: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 3];

pub(super) const RSA: &[u64] = &[1, 2, 840, 113_549, 1, 1, 1];
pub(super) const ELLIPTIC_CURVE: &[u64] = &[1, 2, 840, 10_045, 2, 1];
pub(super) const ED25519: &[u64] = &[1, 3, 101, 112];
pub(super) const P_256: &[u64] = &[1, 2, 840, 10_045, 3, 1, 7];
pub(super) const P_384: &[u64] = &[1, 3, 132, 0, 34];
pub(super) const P_521: &[u64] = &[1, 3, 132, 0, 35];
