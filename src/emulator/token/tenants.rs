//! The names by which a client may call the tenant, and the refusal of any other.

use super::{
    super::{
        identifiers,
        world::{World, list, text},
    },
    TokenRefusal,
};

/// Where the tenant keeps the domains that were added to it.
const ADDED: &str = "~domains";

/// The words that stand for "whichever tenant the user belongs to".
pub(crate) const NO_PARTICULAR: [&str; 3] = ["common", "organizations", "consumers"];

/// The tenant's id, its initial domain, and every other domain that it has verified.
pub(crate) fn names(world: &World) -> Vec<&str> {
    let mut names = vec![world.tenant_id(), world.domain()];
    let added = world.tenant().map_or(&[][..], |tenant| list(tenant, ADDED)).iter();
    names.extend(added.filter(|domain| domain["isVerified"] == true).filter_map(|domain| domain["id"].as_str()));
    names
}

/// Refuses a tenant that is not this one, and this one where the client called another cloud than it is in.
pub(crate) fn check(world: &World, name: &str, is_its_cloud: bool) -> Result<(), TokenRefusal> {
    if is_its_cloud && names(world).iter().any(|known| known.eq_ignore_ascii_case(name)) {
        return Ok(());
    }
    if NO_PARTICULAR.contains(&name) {
        return Err(TokenRefusal::invalid_request(
            50059,
            "No tenant-identifying information found in either the request or implied by any provided credentials.",
        ));
    }
    if !identifiers::is_guid(name) && !name.contains('.') {
        return Err(TokenRefusal::invalid_request(
            900_023,
            format!("Specified tenant identifier '{name}' is neither a valid DNS name, nor a valid external domain."),
        ));
    }
    Err(TokenRefusal::invalid_request(
        90002,
        format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        ),
    ))
}

/// What an error calls the tenant.
pub(super) fn display_name(world: &World) -> &str {
    world.tenant().map_or("", |tenant| text(tenant, "displayName"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::emulator::world::{Change, Collection};

    #[test]
    fn a_domain_names_the_tenant_once_it_is_verified() {
        let document = json!({
            "id": "5efe10ef-0b95-4faa-b289-e66749ffacbb",
            "~domain": "contoso.onmicrosoft.com",
            "~domains": [
                { "id": "contoso.example", "isVerified": true },
                { "id": "pending.example", "isVerified": false },
            ],
        });
        let mut world = World::default();
        world.apply(vec![Change::put(Collection::Tenant, document.as_object().cloned().unwrap_or_default())]);
        assert!(check(&world, "CONTOSO.example", true).is_ok());
        assert_eq!(check(&world, "pending.example", true).map_err(|refusal| refusal.code()), Err(90002));
        assert_eq!(check(&world, "contoso.example", false).map_err(|refusal| refusal.code()), Err(90002));
        assert_eq!(names(&world).len(), 3);
    }
}
