//! `lifeboat proxy ca`: what OpenSSL and Python's ssl make of an authority that may sign for some hosts only, and what is typed when these change.

use crate::support::{Project, Run, Standing};
use std::path::Path;
use std::process::{Command, Stdio};

fn done(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    (output.status.success(), [output.stdout, output.stderr].iter().map(|bytes| String::from_utf8_lossy(bytes)).collect())
}

fn openssl(folder: &Path, args: &[&str]) -> (bool, String) {
    done(Command::new("openssl").args(args).current_dir(folder))
}

/// A certificate for a name that whoever has stolen the key could make.
fn forged(folder: &Path, name: &str) {
    std::fs::write(folder.join("names"), format!("subjectAltName={name}\nextendedKeyUsage=serverAuth\n")).unwrap();
    let request = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=x"];
    let (good, said) = openssl(folder, &[&request[..], &["-keyout", "leaf.key", "-out", "leaf.csr"]].concat());
    assert!(good, "{said}");
    let sign = ["x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30"];
    let (good, said) = openssl(folder, &[&sign[..], &["-extfile", "names", "-out", "leaf.pem"]].concat());
    assert!(good, "{said}");
}

/// A handshake within one process, whose client trusts the authority.
const HANDSHAKE: &str = "
import ssl, sys
name = sys.argv[1]
serves = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); serves.load_cert_chain('leaf.pem', 'leaf.key')
asks = ssl.create_default_context(cafile='ca.pem')
to, back = ssl.MemoryBIO(), ssl.MemoryBIO()
client, server = asks.wrap_bio(back, to, server_hostname=name), serves.wrap_bio(to, back, server_side=True)
for _ in range(4):
    for side in (client, server):
        try: side.do_handshake()
        except ssl.SSLWantReadError: pass
        except ssl.SSLCertVerificationError as error: sys.exit(error.verify_message)
print('verified', client.version())
";

#[test]
fn openssl_and_python_refuse_what_a_stolen_key_signs_for_other_hosts() {
    let project = Project::empty();
    let made = project.lifeboat(&["proxy", "ca", "--dir", "ca", "--host", "API.provider.test", "--host", "10.1.2.3:443"]);
    made.exits_with(0);
    assert!(
        made.stdout.contains("it may sign for 10.1.2.3, api.provider.test, and for this machine's loopback addresses"),
        "{}",
        made.stdout
    );
    let folder = project.path("ca");
    let (_, text) = openssl(&folder, &["x509", "-in", "ca.pem", "-noout", "-text"]);
    assert!(text.contains("X509v3 Name Constraints: critical"), "{text}");
    for (days, still) in [("363", true), ("366", false)] {
        let seconds = (days.parse::<u64>().unwrap() * 86_400).to_string();
        assert_eq!(openssl(&folder, &["x509", "-in", "ca.pem", "-noout", "-checkend", &seconds]).0, still, "in {days} days");
    }
    for (name, host, good) in [
        ("DNS:api.provider.test", "api.provider.test", true),
        ("DNS:eu.api.provider.test", "eu.api.provider.test", true),
        ("DNS:localhost,IP:127.0.0.1", "127.0.0.1", true),
        ("IP:10.1.2.3", "10.1.2.3", true),
        ("DNS:api.openai.com", "api.openai.com", false),
        ("DNS:notapi.provider.test", "notapi.provider.test", false),
        ("IP:10.1.2.4", "10.1.2.4", false),
    ] {
        forged(&folder, name);
        let (verified, said) = openssl(&folder, &["verify", "-CAfile", "ca.pem", "leaf.pem"]);
        assert_eq!((verified, said.contains("permitted subtree violation")), (good, !good), "{name}: {said}");
        let (verified, said) = done(Command::new("python3").args(["-c", HANDSHAKE, host]).current_dir(&folder));
        assert_eq!((verified, said.contains("permitted subtree violation")), (good, !good), "{name}: {said}");
    }
}

#[test]
fn openssl_takes_what_a_proxy_shows_by_name_and_by_address() {
    let project = Project::empty();
    project.lifeboat(&["proxy", "ca", "--dir", "ca", "--host", "api.provider.test"]).exits_with(0);
    let standing = Standing::start(&["--authority", project.path("ca").to_str().unwrap()]);
    let asked = r#"{"name": "p", "upstream": "http://127.0.0.1:1", "dialect": "openai", "tls": true, "hosts": ["api.provider.test"]}"#;
    let (status, made) = standing.call("POST", "/proxies", asked);
    assert_eq!(status, 201, "{made}");
    let to = ["s_client", "-connect", made["listen"].as_str().unwrap(), "-CAfile", "ca/ca.pem", "-verify_return_error", "-brief"];
    for (how, good) in [
        (&["-servername", "api.provider.test", "-verify_hostname", "api.provider.test"][..], true),
        (&["-noservername", "-verify_ip", "127.0.0.1"], true),
        (&["-noservername", "-verify_hostname", "localhost"], true),
        (&["-servername", "api.openai.com", "-verify_hostname", "api.openai.com"], false),
    ] {
        let mut command = Command::new("openssl");
        let (verified, said) = done(command.args(to).args(how).stdin(Stdio::null()).current_dir(project.path("")));
        assert_eq!(verified, good, "{how:?}: {said}");
    }
    let (status, refused) =
        standing.call("POST", "/proxies", &asked.replace("\"p\"", "\"q\"").replace("api.provider.test", "api.openai.com"));
    assert!(status == 400 && refused["hint"].as_str().unwrap().contains("lifeboat proxy ca --renew"), "{refused}");
}

#[test]
fn its_hosts_are_those_of_the_inventory_and_another_is_made_when_they_grow() {
    let project = Project::quick();
    let ca = |more: &[&str]| -> Run { project.lifeboat(&[&["proxy", "ca", "--dir", "ca"], more].concat()) };
    ca(&[]).exits_with(2).says("no provider of the inventory has a base_url").says("hint: name the hosts with --host NAME");
    project.edit(
        "runbooks/inventory.yaml",
        "dialect: azure-openai\n",
        "dialect: azure-openai\n    base_url: \"https://first.example:8443\"\n",
    );
    project.environment("staging", "proxies: {second: {tls: true, hosts: [second.example], listen: \"10.9.8.7:443\"}}");
    let made = ca(&["--env", "staging"]);
    assert!(made.exits_with(0).stdout.contains("it may sign for 10.9.8.7, first.example, second.example, and"), "{}", made.stdout);
    assert!(ca(&[]).exits_with(0).stdout.starts_with("already there: "));
    project.edit("runbooks/inventory.yaml", "first.example", "grown.example");
    ca(&[]).exits_with(2).says("may not sign for grown.example").says("lifeboat proxy ca --renew");
    assert!(ca(&["--renew"]).exits_with(0).stdout.starts_with("renewed: "));
    ca(&["--host", "no name"]).exits_with(2).says("`no name` is not a host");
    ca(&["--host", "a..b", "--renew"]).exits_with(2).says("no certificate can name `a..b`");
    assert!(ca(&[]).exits_with(0).stdout.starts_with("already there: "), "what was there is there");
    ca(&["--env", "stagging"]).exits_with(2).says("no environment `stagging`");
    let nowhere = Project::empty();
    nowhere.lifeboat(&["proxy", "ca", "--dir", "ca"]).exits_with(2).says("--host NAME");
}

#[test]
fn one_that_others_can_read_is_not_signed_with_and_a_full_disk_leaves_no_half_of_one() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::empty();
    let ca = ["proxy", "ca", "--dir", "ca", "--host", "api.provider.test"];
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\"";
    let (good, said) = done(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_lifeboat")]).args(ca).current_dir(project.path("")));
    assert!(!good && said.contains("cannot be used: File too large"), "{said}");
    assert!(std::fs::read_dir(project.path("ca")).unwrap().next().is_none(), "something half was left");
    project.lifeboat(&ca).exits_with(0);
    std::fs::set_permissions(project.path("ca/ca.key"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let proxy = ["proxy", "--api", "127.0.0.1:0", "--authority", "ca"];
    for args in [&ca[..], &proxy] {
        project.lifeboat(args).exits_with(2).says("ca/ca.key may be read by others").says("hint: chmod 600 ");
    }
}
