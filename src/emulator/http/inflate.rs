//! Bodies that a client has compressed, as Graph's SDK for Go does with every one.

use std::io::Read as _;

use axum::http::StatusCode;
use flate2::read::MultiGzDecoder;

/// The body as it was before it was compressed, if it was; otherwise the status that it is refused with.
///
/// A small body can be blown up to any size: no more than `most` bytes are taken.
pub(crate) fn inflate(encoding: &str, body: Vec<u8>, most: usize) -> Result<Vec<u8>, StatusCode> {
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(body),
        "gzip" | "x-gzip" => {
            let mut plain = Vec::new();
            let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
            match MultiGzDecoder::new(body.as_slice()).take(limit).read_to_end(&mut plain) {
                Ok(length) if length > most => Err(StatusCode::PAYLOAD_TOO_LARGE),
                Ok(_) => Ok(plain),
                Err(_) => Err(StatusCode::BAD_REQUEST),
            }
        }
        _ => Err(StatusCode::UNSUPPORTED_MEDIA_TYPE),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn compressed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_body_is_taken_as_it_was_and_no_larger_than_it_may_be() {
        let body = compressed(b"{\"displayName\":\"Nightly\"}");
        assert_eq!(inflate("GZIP", body.clone(), 100).unwrap(), b"{\"displayName\":\"Nightly\"}");
        assert_eq!(inflate("gzip", compressed(&[b' '; 100]), 100).unwrap().len(), 100);
        assert_eq!(inflate("gzip", compressed(&[b' '; 101]), 100), Err(StatusCode::PAYLOAD_TOO_LARGE));
        assert_eq!(inflate("gzip", body[..10].to_vec(), 100), Err(StatusCode::BAD_REQUEST));
        assert_eq!(inflate("", body.clone(), 100), Ok(body.clone()));
        assert_eq!(inflate("br", body, 100), Err(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
}
