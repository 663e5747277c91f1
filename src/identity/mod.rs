//! Signing in: the operator, in one of many ways; and an application of the estate, by its certificate, to show that it can.

mod assertion;
mod certificate;
mod operator;
mod token;

pub use certificate::{CertificateSignIn, Clock};
pub use operator::{
    Choice, DeviceCode, Environment, Machine, Operator, OperatorError, PassedOver, Reason, Surroundings, Wait,
};
pub use token::SignInError;
