//! Signing in: the operator, as an application with a client secret; and an application of the estate, by its certificate,
//! to show that it can. What a token says of its holder.

mod certificate;
pub mod claims;
mod client_secret;
mod token;

pub use certificate::{CertificateSignIn, Clock};
pub use client_secret::ClientSecret;
pub use token::SignInError;
