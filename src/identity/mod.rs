//! Signing in: the operator, as an application with a client secret; and an application of the estate, by its certificate,
//! to show that it can.

mod assertion;
mod certificate;
mod client_secret;
mod operator;
mod token;

pub use certificate::{CertificateSignIn, Clock};
pub use client_secret::ClientSecret;
pub use operator::{
    Choice, DeviceCode, Environment, Machine, Operator, OperatorError, PassedOver, Reason, Surroundings, Wait,
};
pub use token::SignInError;
