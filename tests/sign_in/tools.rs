//! Other people's programs that are signed in: scripts on a path of their own, which print what the real ones do.

use accredit::model::AuthenticationMethod::{AzureCli, AzureDeveloperCli, AzurePowerShell};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scene::*;

/// 2100.
const END: i64 = 4_102_444_800;

#[tokio::test]
async fn the_azure_cli_gives_a_token_for_the_manifests_tenant() {
    let mut scene = Scene::new().await;
    let token = scene.token(GRAPH).await;
    let printed = format!(
        r#"{{"accessToken":"{token}","expiresOn":"2100-01-01 00:00:00.000000","expires_on":{END},"subscription":"1","tenant":"{TENANT_ID}","tokenType":"Bearer"}}"#
    );
    let log = scene.directory.path().join("log");
    scene.program("az", &format!("echo \"$@\" >> {}\nprintf '%s' '{printed}'", log.display()));
    let operator = scene.sign_in().await.unwrap();
    assert_eq!(operator.method(), AzureCli);
    assert!(operator.description().contains("with the Azure CLI (azureCli), as "), "{}", operator.description());
    assert_eq!(token_of(&operator, GRAPH).await, token);
    token_of(&operator, KEY_VAULT).await;
    token_of(&operator, KEY_VAULT).await;
    let asked = std::fs::read_to_string(&log).unwrap();
    let line = |resource| format!("account get-access-token -o json --scope {resource}/.default --tenant {TENANT}\n");
    assert_eq!(asked, line(GRAPH) + &line(KEY_VAULT), "each is asked for once");
    let expected = ["accessToken", "environment", "workloadIdentity", "managedIdentity"];
    let passed: Vec<&str> = operator.passed_over().iter().map(|passed| passed.method.as_str()).collect();
    assert_eq!(passed, expected);
    scene.tenant = "contoso.com; calc".to_owned();
    assert!(scene.refused(AzureCli).await.contains("invalid tenant ID"));
}

#[tokio::test]
async fn the_azure_developer_cli_gives_a_token() {
    let scene = Scene::new().await;
    let token = scene.token(GRAPH).await;
    let log = scene.directory.path().join("log");
    let printed = format!(r#"{{"token":"{token}","expiresOn":"2100-01-01T00:00:00Z"}}"#);
    scene.program("azd", &format!("echo \"$@\" >> {}\nprintf '%s' '{printed}'", log.display()));
    let operator = scene.sign_in().await.unwrap();
    assert_eq!(operator.method(), AzureDeveloperCli);
    assert!(passed_over(&operator).contains(&"azureCli: `az` is not on the PATH".to_owned()));
    let expected = format!("auth token -o json --no-prompt --scope {GRAPH}/.default --tenant-id {TENANT}\n");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), expected);
}

#[tokio::test]
async fn azure_power_shell_gives_a_token() {
    let scene = Scene::new().await;
    let token = scene.token(GRAPH).await;
    let log = scene.directory.path().join("log");
    let printed = format!(r#"{{"token":"{token}","ends":{END}}}"#);
    scene.program("pwsh", &format!("echo \"$@\" >> {}\nprintf '%s\\n' '{printed}'", log.display()));
    let operator = scene.sign_in().await.unwrap();
    assert_eq!(operator.method(), AzurePowerShell);
    assert_eq!(token_of(&operator, GRAPH).await, token);
    let asked = std::fs::read_to_string(&log).unwrap();
    let encoded = asked.trim().strip_prefix("-NoProfile -NonInteractive -EncodedCommand ").unwrap();
    let units: Vec<u16> =
        STANDARD.decode(encoded).unwrap().chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    let script = String::from_utf16(&units).unwrap();
    assert!(script.contains(&format!("Get-AzAccessToken -ResourceUrl '{GRAPH}' -TenantId '{TENANT}'")), "{script}");
    assert!(script.contains("System.Security.SecureString"), "{script}");
}

#[tokio::test]
async fn tools_that_nobody_is_signed_in_to_are_passed_over_with_what_helps() {
    let scene = Scene::new().await;
    scene.program("az", "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1");
    scene.program("azd", "echo 'ERROR: not logged in, run `azd auth login` to login' >&2; exit 1");
    scene.program("pwsh", "echo 'Run Connect-AzAccount to login.' >&2; exit 1");
    let error = told(&scene.sign_in().await.unwrap_err());
    for line in [
        "azureCli: `az` gave no token: Please run 'az login' to setup account. (sign in: `az login --tenant contoso.onmicrosoft.com --allow-no-subscriptions`)",
        "azureDeveloperCli: `azd` gave no token: not logged in",
        "(sign in: `azd auth login --tenant-id contoso.onmicrosoft.com`)",
        "azurePowerShell: nobody is signed in to it (sign in: `Connect-AzAccount -Tenant contoso.onmicrosoft.com`)",
    ] {
        assert!(error.contains(line), "{line} is missing in\n{error}");
    }
}

#[tokio::test]
async fn what_a_tool_prints_that_is_no_token_is_not_shown() {
    let scene = Scene::new().await;
    let printed = r#"printf '%s' '{"accessToken":["canary"],"expires_on":"canary","tokenType":"Bearer","token":["canary"],"expiresOn":"canary"}'"#;
    for (program, method) in [("az", AzureCli), ("azd", AzureDeveloperCli), ("pwsh", AzurePowerShell)] {
        scene.program(program, printed);
        let error = scene.sign_in_by(method).await.unwrap_err();
        assert!(!told(&error).contains("canary") && !format!("{error:?}").contains("canary"), "{error:?}");
    }
    scene.program("pwsh", "echo 'the module Az.Accounts is not installed' >&2; exit 1");
    assert!(scene.refused(AzurePowerShell).await.contains("hint: `Install-Module Az.Accounts`"));
}

/// Somebody who is signed in elsewhere, whatever the tool was asked for, where the manifest names a domain.
#[tokio::test]
async fn a_tool_that_is_signed_in_to_another_tenant_is_refused() {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let other = "00000000-1111-4222-8333-444444444444";
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let token = format!("{}.{}.{}", part("{}"), part(&format!(r#"{{"tid":"{other}","oid":"1"}}"#)), part("signature"));
    for (program, printed) in [
        ("az", format!(r#"{{"accessToken":"{token}","expires_on":{END},"tokenType":"Bearer"}}"#)),
        ("azd", format!(r#"{{"token":"{token}","expiresOn":"2100-01-01T00:00:00Z"}}"#)),
        ("pwsh", format!(r#"{{"token":"{token}","ends":{END}}}"#)),
    ] {
        let scene = Scene::new().await;
        scene.program(program, &format!("printf '%s\\n' '{printed}'"));
        let error = told(&scene.sign_in().await.unwrap_err());
        assert!(error.contains(&format!("its tokens are for the tenant {other}")), "{program}: {error}");
    }
}
