//! The MAC that tells a right password from a wrong one, and a whole file from a damaged one.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hmac;
use yasna::DERWriter;
use zeroize::Zeroizing;

use crate::keys::ber::{Element, INTEGER};
use crate::keys::encryption::{Function, Password, Purpose, bounded, derive, iterations, random, write_algorithm};
use crate::keys::identifiers as id;
use crate::keys::unreadable::Unreadable;
use crate::model::PfxEncryption;

/// What a file says about its MAC.
#[derive(Debug)]
pub(super) struct Mac {
    function: Function,
    salt: Vec<u8>,
    iterations: u32,
    value: Vec<u8>,
}

impl Mac {
    pub(super) fn read(element: Element<'_>) -> Result<Self, Unreadable> {
        let mut parts = element.sequence("the MAC")?;
        let mut digest_info = parts.any("the MAC")?.sequence("the MAC")?;
        let algorithm = digest_info.any("the MAC's hash function")?;
        let identifier = algorithm.sequence("the MAC's hash function")?.any("the MAC's hash function")?;
        let Some(function) = Function::of_digest(identifier) else {
            return Err(Unreadable::Unsupported {
                what: format!("a MAC of the kind {}", identifier.dotted()),
                help: "export it again with a MAC of SHA-256, which every program of today reads",
            });
        };
        let value = digest_info.octets("the MAC")?.to_vec();
        let salt = parts.octets("the MAC's salt")?.to_vec();
        let iterations = match parts.optional(INTEGER)? {
            None => 1,
            Some(number) => bounded(number.number().unwrap_or(u32::MAX))?.get(),
        };
        Ok(Self { function, salt, iterations, value })
    }

    pub(super) fn holds(&self, content: &[u8], password: Password<'_>) -> bool {
        let key = key(self.function, &self.salt, self.iterations, password);
        hmac::verify(&key, content, &self.value).is_ok()
    }

    /// For people.
    pub(super) fn name(&self) -> String {
        format!("{}, {} iterations", self.function.name(), self.iterations)
    }

    pub(super) fn new(content: &[u8], password: Password<'_>, strength: PfxEncryption) -> Result<Self, Unspecified> {
        let (function, salt) = match strength {
            PfxEncryption::Modern => (Function::Sha256, random(16)?),
            // As long as the hash: what Windows of that time wrote.
            PfxEncryption::Legacy => (Function::Sha1, random(20)?),
        };
        let iterations = iterations(strength);
        let value = hmac::sign(&key(function, &salt, iterations, password), content).as_ref().to_vec();
        Ok(Self { function, salt, iterations, value })
    }

    /// For the two functions that [`Mac::new`] chooses from.
    pub(super) fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|writer| {
            writer.next().write_sequence(|digest_info| {
                let function = if self.function == Function::Sha1 { id::SHA_1 } else { id::SHA_256 };
                write_algorithm(digest_info.next(), function);
                digest_info.next().write_bytes(&self.value);
            });
            writer.next().write_bytes(&self.salt);
            writer.next().write_u32(self.iterations);
        });
    }
}

fn key(function: Function, salt: &[u8], iterations: u32, password: Password<'_>) -> hmac::Key {
    let algorithm = match function {
        Function::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Function::Sha256 => hmac::HMAC_SHA256,
        Function::Sha384 => hmac::HMAC_SHA384,
        Function::Sha512 => hmac::HMAC_SHA512,
    };
    let digest = function.digest();
    let bytes: Zeroizing<Vec<u8>> = derive(digest, Purpose::Mac, password, salt, iterations, digest.output_len);
    hmac::Key::new(algorithm, &bytes)
}
