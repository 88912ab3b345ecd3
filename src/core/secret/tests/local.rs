//! The environment, files, .env files and commands.

use super::super::{Ability, SecretError, Version};
use super::{secret, store};
use crate::model::SecretStore;
use crate::units::explained;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn a_files_first_line_changes_and_its_permissions_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, " sk-one \r\n# the second line\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("key", folder.path().join("link")).unwrap();
    let file = store("file:link", None, folder.path());
    let held = file.read().await.unwrap();
    assert_eq!((held.value, &held.version.0), (secret("sk-one"), &secret("sk-one").fingerprint().to_string()));
    let version = file.write(&secret("sk-two"), Some(&held.version)).await.unwrap();
    assert_eq!(file.read().await.unwrap().version, version);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "sk-two\r\n# the second line\n");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(folder.path().join("link").is_symlink());
    // Nothing that holds a secret is left beside it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    let late = file.write(&secret("sk-three"), Some(&held.version)).await.unwrap_err();
    assert!(matches!(late, SecretError::Changed { .. }), "{late}");
    assert!(file.write(&secret("two\nlines"), None).await.is_err());
    assert_eq!(file.read().await.unwrap().value, secret("sk-two"));
}

#[tokio::test]
async fn a_key_file_of_several_lines_is_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.json");
    let file = store("file:key.json", None, folder.path());
    std::fs::write(&path, "{\n  \"AccessKeyId\": \"AKIAONE\",\r\n  \"SecretAccessKey\": \"one\"\n}\n").unwrap();
    assert_eq!(file.read().await.unwrap().value, secret(r#"{  "AccessKeyId": "AKIAONE",  "SecretAccessKey": "one"}"#));
    let new = secret(r#"{"AccessKeyId": "AKIATWO", "SecretAccessKey": "two"}"#);
    file.write(&new, None).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n", new.expose()), "nothing of the old key is left");
    assert_eq!(file.read().await.unwrap().value, new);
    std::fs::write(&path, "{\n  \"AccessKeyId\": ").unwrap();
    let torn = explained(&file.read().await.unwrap_err());
    assert!(torn.contains("starts like JSON but is not valid JSON") && torn.contains("hint: write the whole key file"), "{torn}");
}

#[tokio::test]
async fn a_dotenv_value_changes_and_a_new_file_is_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let dotenv = store("dotenv:.env#API_KEY", None, folder.path());
    let absent = explained(&dotenv.read().await.unwrap_err());
    assert!(absent.contains("has no value of API_KEY\n\nhint: add a line API_KEY=…"), "{absent}");
    dotenv.write(&secret("sk-one"), None).await.unwrap();
    let path = folder.path().join(".env");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&path, "# a\nexport API_KEY=\"sk-one\" # b\nC=d").unwrap();
    dotenv.write(&secret("sk-\"two\""), None).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "# a\nexport API_KEY=\"sk-\\\"two\\\"\" # b\nC=d");
    assert_eq!(dotenv.read().await.unwrap().value, secret("sk-\"two\""));
}

#[tokio::test]
async fn the_environment_is_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = store("env:PATH", None, folder.path());
    assert_eq!(path.read().await.unwrap().value, secret(std::env::var("PATH").unwrap().trim()));
    assert_eq!(path.abilities(), []);
    let refused = path.write(&secret("x"), None).await.unwrap_err().to_string();
    assert!(refused.contains("env:PATH cannot be changed"), "{refused}");
    let absent = explained(&store("env:LIFEBOAT_NO_SUCH", None, folder.path()).read().await.unwrap_err());
    assert!(absent.contains("hint: export LIFEBOAT_NO_SUCH=…"), "{absent}");
}

fn command(read: &[&str], write: Option<&[&str]>) -> Option<(&'static str, SecretStore)> {
    let list = |argv: &[&str]| argv.iter().map(|&word| word.to_owned()).collect();
    Some(("pass", SecretStore::Command { read: list(read), write: write.map(list), pass: Vec::new() }))
}

#[tokio::test]
async fn commands_take_a_value_from_their_input_only() {
    let folder = tempfile::tempdir().unwrap();
    // The writer keeps its arguments and environment too: the value must be in neither.
    let write = ["sh", "-c", "cat > kept; tr '\\0' ' ' < /proc/$$/cmdline > seen; env >> seen"];
    let pass = store("command:pass", command(&["cat", "kept"], Some(&write)), folder.path());
    assert!(pass.read().await.is_err());
    let version = pass.write(&secret("sk-one"), None).await.unwrap();
    assert_eq!(pass.read().await.unwrap().version, version);
    assert!(!std::fs::read_to_string(folder.path().join("seen")).unwrap().contains("sk-one"));
    assert_eq!(pass.abilities(), [Ability::Write]);
    let late = pass.write(&secret("sk-two"), Some(&Version("00000000".into()))).await.unwrap_err();
    assert!(matches!(late, SecretError::Changed { .. }), "{late}");
}

#[tokio::test]
async fn what_a_failed_command_said_last_is_shown_without_anything_that_may_be_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let aws = ["sh", "-c", "echo 'Unable to locate credentials. Run aws configure' >&2; exit 255"];
    let told = store("command:pass", command(&aws, None), folder.path()).read().await.unwrap_err().to_string();
    assert!(told.ends_with("`sh` ended with exit code 255: Unable to locate credentials. Run aws configure"), "{told}");
    let traced = ["sh", "-xc", "key=q8rT5uVw2XyZ1aBc; echo '{\"key\": \"sk-short\"}'; echo sk-short $key rejected >&2; exit 1"];
    let told = store("command:pass", command(&traced, None), folder.path()).read().await.unwrap_err().to_string();
    assert!(told.contains("rejected") && !told.contains("sk-short") && !told.contains("q8rT5"), "{told}");
    let failing = ["sh", "-c", "echo sk-one; echo sk-one >&2; exit 7"];
    let pass = store("command:pass", command(&failing, None), folder.path());
    let error = pass.read().await.unwrap_err();
    assert!(error.to_string().contains("`sh` ended with exit code 7"), "{error}");
    assert!(!format!("{error} {error:?}").contains("sk-one"), "{error:?}");
    assert!(explained(&error).contains("`pass: […]` lists"), "it may miss a variable: {error}");
    let readonly = pass.write(&secret("x"), None).await.unwrap_err().to_string();
    assert!(readonly.contains("has no command for it"), "{readonly}");
    let missing = store("command:pass", command(&["./no-such-program"], None), folder.path()).read().await.unwrap_err();
    assert!(matches!(missing, SecretError::Unreachable { .. }), "{missing}");
}
