//! Signing in: the operator, in one of many ways; and an application of the estate, by its certificate, to show that it can.
//! What a token says of its holder.

mod assertion;
mod certificate;
pub mod claims;
mod operator;
mod token;

pub use certificate::{CertificateSignIn, Clock, ProofError};
pub use operator::{
    Choice, DeviceCode, Environment, Machine, Operator, OperatorError, PassedOver, Reason, Surroundings, Wait,
};
pub use token::SignInError;
