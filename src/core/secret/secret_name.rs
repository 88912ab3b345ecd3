//! Names of variables and headers: whether one says that its value is a secret.

/// Whether a variable or header of this name holds a secret.
pub(super) fn says_secret(name: &str) -> bool {
    const WORDS: [&str; 11] = ["KEY", "TOKEN", "SECRET", "PASS", "PWD", "CREDENTIAL", "AUTH", "COOKIE", "WEBHOOK", "PRIVATE", "SIGNATURE"];
    let name = name.to_uppercase();
    // `AWS_ACCESS_KEY_ID`, `SSH_AUTH_SOCK`, `KEY_FILE`: which one it is, or where.
    !says_harmless(&name) && WORDS.iter().any(|word| name.contains(word))
}

/// Whether it says which secret is meant, or where something is, and not what it is.
pub(super) fn says_harmless(name: &str) -> bool {
    const LAST: [&str; 26] = [
        "ID",
        "SOCK",
        "FILE",
        "FILES",
        "PATH",
        "DIR",
        "HOME",
        "PROFILE",
        "REGION",
        "CONFIG",
        "HOST",
        "PORT",
        "USER",
        "NAME",
        "PROJECT",
        "ZONE",
        "NAMESPACE",
        "CLUSTER",
        "CONTEXT",
        "KUBECONFIG",
        "MODEL",
        "MODELS",
        "VERSION",
        "DEPLOYMENT",
        "IMAGE",
        "TAG",
    ];
    let name = name.to_uppercase();
    name.rsplit(['_', '-']).next().is_some_and(|last| LAST.contains(&last))
}
