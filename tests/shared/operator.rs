//! An operator of an emulator's tenant, signed in as a real one is.

use std::sync::Arc;
use std::time::Duration;

use accredit::emulator::{self, Emulator};
use accredit::identity::{Choice, Environment, Machine, Operator, Surroundings};
use accredit::model::AuthenticationMethod;
use accredit::transport::{Detour, TokenSource, Transport};
use jiff::Timestamp;
use tokio::sync::OnceCell;

/// Tokens of the operator, who signs in when the first one is asked for.
pub(crate) fn token(
    emulator: &Emulator,
    credentials: &emulator::Operator,
    transport: &Arc<dyn Transport>,
    tenant: &str,
    resource: &'static str,
) -> TokenSource {
    let operator = credentials.clone();
    let environment: Environment = Arc::new(move |name| match name {
        "AZURE_CLIENT_ID" => Some(operator.client_id.clone()),
        "AZURE_CLIENT_SECRET" => Some(operator.client_secret.clone()),
        _ => None,
    });
    let token_service: Arc<dyn Transport> = Arc::new(Detour::new(Arc::clone(transport), emulator.url()));
    let surroundings = Surroundings {
        machine: Machine::new(Arc::clone(transport), &environment),
        environment,
        authority: "https://login.microsoftonline.com".to_owned(),
        tenant: tenant.to_owned(),
        graph: "https://graph.microsoft.com".to_owned(),
        internet: Arc::clone(&token_service),
        token_service,
        has_person: false,
        show_device_code: Arc::new(|_| ()),
        clock: Arc::new(|| Timestamp::UNIX_EPOCH),
        wait: Arc::new(|_: Duration| Box::pin(std::future::ready(()))),
    };
    let signed_in = Arc::new(OnceCell::new());
    Arc::new(move || {
        let (surroundings, signed_in) = (surroundings.clone(), Arc::clone(&signed_in));
        Box::pin(async move {
            let choice = Choice::Named(AuthenticationMethod::Environment);
            let operator: &Operator =
                signed_in.get_or_try_init(async || Operator::sign_in(&surroundings, &choice).await).await?;
            Ok(operator.token(resource).await?)
        })
    })
}
