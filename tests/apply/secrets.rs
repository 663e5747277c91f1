//! A password, a private key and a key of age are planted, and looked for in everything that comes out.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use accredit::execute::Keys;
use accredit::kinds::Intent;
use age::secrecy::ExposeSecret as _;
use serde_json::json;

use super::process::{Bench, kill};
use super::world::{World, one_of_everything};

const PASSWORD: &str = "Canary.Of.The.Pfx.5d1f0c2a";

/// What must not come out, each by a name.
struct Canaries(BTreeMap<&'static str, String>);

impl Canaries {
    fn look(&self, what: &str, text: &str) {
        for (name, canary) in &self.0 {
            assert!(!text.contains(canary.as_str()), "{name} is in {what}:\n{text}");
            let numbers: Vec<String> = canary.bytes().take(16).map(|byte| byte.to_string()).collect();
            assert!(!text.contains(&numbers.join(", ")), "{name} is in {what} as numbers");
        }
    }
}

/// Lines of a private key, without those that all keys have in common.
fn lines(pem: &str) -> impl Iterator<Item = String> {
    pem.lines().skip(4).filter(|line| line.len() == 64).map(str::to_owned)
}

fn manifest(store: &str, password: &str) -> String {
    let text = one_of_everything("exo")
        .replace("store: { directory: ../.accredit/keys }", store)
        .replace("{ generate: true }", password);
    text.split_once('\n').unwrap().1.to_owned()
}

/// Every verb that has to do with keys, where all goes well and where it does not, at the highest log level.
#[test]
fn no_secret_comes_out() {
    let identity = age::x25519::Identity::generate();
    let recipient = identity.to_public();
    let encrypted = format!("store: {{ directory: ../.accredit/keys, recipients: [{recipient}] }}");
    let without_pem = |text: String| text.replace("[cer, pem, pfx]", "[cer, pfx]");
    for (store, password) in [
        ("store: { directory: ../.accredit/keys }", "{ env: PLANTED }"),
        ("store: { directory: ../.accredit/keys }", "{ file: ../password }"),
        (encrypted.as_str(), "{ command: cat password }"),
    ] {
        let mut bench = Bench::new(&without_pem(manifest(store, password)));
        std::fs::write(bench.path().join("password"), PASSWORD).unwrap();
        std::fs::set_permissions(bench.path().join("password"), std::fs::Permissions::from_mode(0o600)).unwrap();
        let age_key = identity.to_string().expose_secret().to_owned();
        let mut canaries =
            Canaries(BTreeMap::from([("the password", PASSWORD.to_owned()), ("the key of age", age_key)]));
        let mut shown = Vec::new();
        let mut run = |bench: &Bench, arguments: &[&str], is_to_work: bool| {
            let mut command = bench.command(arguments);
            command.env("PLANTED", PASSWORD).env("ACCREDIT_AGE_IDENTITY", canaries.0["the key of age"].as_str());
            let output = command.env("ACCREDIT_LOG", "trace").output().unwrap();
            let text = [output.stdout, output.stderr].concat();
            let text = String::from_utf8(text).unwrap();
            assert_eq!(output.status.success(), is_to_work, "{arguments:?}\n{text}");
            shown.push((format!("{arguments:?}"), text));
        };
        run(&bench, &["plan"], true);
        run(&bench, &["apply", "--auto-approve"], true);
        run(&bench, &["plan", "--json"], true);
        run(&bench, &["rotate", "exo", "--auto-approve"], true);
        run(&bench, &["rotate", "exo", "--finish", "--auto-approve"], true);
        bench.turn_to_day(340);
        run(&bench, &["plan", "--format", "markdown"], true);
        // The answer is lost, and the request had the key's proof in it; then the tenant refuses.
        bench.control("POST", "faults", &json!([{ "path": "/addKey", "then": "reset", "when": "after", "times": 9 }]));
        run(&bench, &["apply", "--auto-approve"], true);
        bench.control("DELETE", "faults", &json!(null));
        bench.turn_to_day(360);
        bench.control(
            "POST",
            "faults",
            &json!([
                { "path": "/removeKey", "then": { "status": 400, "code": "no", "message": "no" } },
                { "method": "PATCH", "then": { "status": 403, "code": "never", "message": "never" } },
            ]),
        );
        run(&bench, &["apply", "--auto-approve"], false);
        bench.control("DELETE", "faults", &json!(null));
        run(&bench, &["apply", "--auto-approve"], true);
        run(&bench, &["certificate", "export", "exo", "--format", "key", "--out", "plain.key"], true);
        run(&bench, &["certificate", "import-commands", "exo"], true);
        for arguments in [
            &["connect", "exo"][..],
            &["connect", "exo", "--format", "json"],
            &["connect", "exo", "--format", "dotenv"],
            &["connect", "exo", "--format", "powershell"],
            &["connect", "exo", "--format", "github"],
            &["connect", "exo", "--recipe", "audit-log"],
            &["connect", "exo", "--recipe", "audit-log", "--host", "github-actions"],
        ] {
            run(&bench, arguments, true);
        }

        let key = std::fs::read_to_string(bench.path().join("plain.key")).unwrap();
        for line in lines(&key) {
            canaries.0.insert("a line of the private key", line);
            for (what, text) in &shown {
                canaries.look(what, text);
            }
        }
        assert!(shown.iter().any(|(_, text)| text.contains("addKey")), "the log is on");
        let tenant = std::fs::read_to_string(bench.tenant_file()).unwrap();
        let secret = tenant.split("\"clientSecret\":\"").nth(1).and_then(|rest| rest.split('"').next());
        canaries.0.insert("the operator's secret", secret.expect("the file of the tenant has it").to_owned());
        canaries.0.insert("a token or an assertion", "eyJ".to_owned());
        for (what, text) in &shown {
            canaries.look(what, text);
        }
    }
}

/// While a run waits for the tenant, no process of this machine has a secret among its arguments.
#[test]
#[cfg(target_os = "linux")]
fn no_process_list_shows_a_secret() {
    let bench = Bench::new(&manifest("store: { directory: ../.accredit/keys }", "{ command: cat secret-password }"));
    std::fs::write(bench.path().join("secret-password"), PASSWORD).unwrap();
    let apply = bench.stopped(&json!([{ "method": "PATCH", "then": "hang", "times": 1 }])).unwrap();
    let mut of_ours = 0;
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(arguments) = std::fs::read(entry.path().join("cmdline")) else { continue };
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        of_ours += usize::from(arguments.contains("--auto-approve") && arguments.contains("accredit"));
        assert!(!arguments.contains(PASSWORD), "{arguments}");
    }
    assert!(of_ours > 0);
    kill(apply);
}

/// What the core works with shows nothing when it is printed for debugging.
#[tokio::test]
async fn debug_output_shows_no_secret() {
    let world = World::new().await;
    world.write("exo.yaml", &one_of_everything("exo"));
    let desired = world.desired();
    world.converge(&desired).await;
    let snapshot = world.snapshot(&desired).await;
    let plan =
        accredit::plan::plan(&desired, &snapshot, super::world::days_after(world.now, 340), Intent::Reconcile).unwrap();
    let stores = world.stores(&desired);
    let name = ("exo".to_owned(), "main".to_owned());
    let passwords = BTreeMap::from([(name.clone(), PASSWORD.to_owned().into())]);
    let keys = Keys::open(&desired, &[name.clone()].into(), &stores, passwords).unwrap();
    let signer = stores[&name].signer(&snapshot.keys[&name].generations[0]).await.unwrap();
    let generation = world.keys().join("exo/main").join(snapshot.keys[&name].generations[0].thumbprint.as_str());
    let mut canaries = Canaries(BTreeMap::from([
        ("the password", PASSWORD.to_owned()),
        ("the generated password", std::fs::read_to_string(generation.join("exo-main.pfx-password")).unwrap()),
    ]));
    let pem = std::fs::read_to_string(generation.join("private-key.pem")).unwrap();
    let shown =
        format!("{desired:?}\n{snapshot:?}\n{plan:?}\n{stores:?}\n{keys:?}\n{signer:?}\n{:?}", world.identities);
    for line in lines(&pem) {
        canaries.0.insert("a line of the private key", line);
        canaries.look("what is printed for debugging", &shown);
    }
}
