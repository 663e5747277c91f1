//! The resource manager's part of an exchange: which paths are its own, and whose token it takes.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::{
        clouds::names_at,
        odata,
        reply::Reply,
        resource_manager::{self, AUDIENCES, ResourceRefusal},
        tenant::Tenant,
        token::{Rejected, issuer},
    },
    Turn,
};

impl Turn<'_> {
    /// Serves what belongs to the resource manager, at the root or under `/arm`; none when the path is another's.
    pub(super) fn resource_manager(&self, tenant: &mut Tenant, parts: &[&str]) -> Option<Reply> {
        let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
        let (is_under, parts) = match parts[..] {
            ["arm", ref rest @ ..] => (true, rest.to_vec()),
            _ => (false, parts),
        };
        let query: BTreeMap<String, String> = odata::pairs(&self.incoming.query).collect();
        let version = query.get("api-version").map_or("", String::as_str);
        let answered = match parts[..] {
            ["metadata", "endpoints"] => resource_manager::metadata(&self.incoming.origin, version),
            ["tenants"] | ["subscriptions", ..] => self.managed(tenant, &parts, version),
            _ if is_under => self.managed(tenant, &parts, version),
            _ => return None,
        };
        Some(match answered {
            Ok(body) => Reply::json(200, body),
            Err(refusal) => {
                let mut reply = Reply::json(refusal.status, refusal.body());
                if refusal.status == 401 {
                    let challenge = format!(
                        "Bearer authorization_uri=\"{}/{}\", error=\"invalid_token\", error_description=\"{}\"",
                        self.incoming.origin,
                        tenant.world.tenant_id(),
                        refusal.message.replace('"', "'")
                    );
                    reply.set("www-authenticate", challenge);
                }
                reply
            }
        })
    }

    fn managed(&self, tenant: &mut Tenant, parts: &[&str], version: &str) -> Result<Value, ResourceRefusal> {
        let Some(token) = self.bearer() else {
            return Err(ResourceRefusal::new(
                401,
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            ));
        };
        let signer =
            tenant.signer().map_err(|error| ResourceRefusal::new(503, "ServiceUnavailable", error.to_string()))?;
        let tenant_id = tenant.world.tenant_id();
        signer.verify_for(token, &names_at(&self.incoming.origin, &AUDIENCES), tenant_id, self.now).map_err(|rejected| match rejected {
            Rejected::Signature | Rejected::Early => {
                ResourceRefusal::new(401, "InvalidAuthenticationToken", "The access token is invalid.")
            }
            Rejected::Issuer => ResourceRefusal::new(
                401,
                "InvalidAuthenticationTokenTenant",
                format!(
                    "The access token is from the wrong issuer. It must match the tenant '{}' associated with this \
                     subscription.",
                    issuer(tenant_id)
                ),
            ),
            Rejected::Audience => ResourceRefusal::new(
                401,
                "InvalidAuthenticationTokenAudience",
                "The access token has been obtained for wrong audience or resource. It should exactly match with one \
                 of the allowed audiences 'https://management.core.windows.net/', \
                 'https://management.core.windows.net', 'https://management.azure.com/', \
                 'https://management.azure.com'.",
            ),
            Rejected::Expired => ResourceRefusal::new(
                401,
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.",
            ),
        })?;
        resource_manager::serve(&tenant.world, &self.incoming.method, parts, version)
    }
}
