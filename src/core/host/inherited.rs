//! Which variables of Lifeboat's own environment every program is given that it starts; `process` does it, and `project` warns of the others.

/// What programs need to run at all: where programs and the user's files are, which language is spoken, who runs it. None holds a secret.
const GIVEN: [&str; 11] = ["PATH", "HOME", "LANG", "LANGUAGE", "TERM", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL", "XDG_RUNTIME_DIR"];

/// What a hint says where a program failed that may miss one of its variables.
pub const GIVES_LITTLE: &str =
    "a program gets PATH, HOME and the variables that `pass: […]` lists; list what else it needs, for example `pass: [AWS_PROFILE]`";

/// True for a variable that every program is given, where it is set.
pub fn is_given(name: &str) -> bool {
    GIVEN.contains(&name) || name.starts_with("LC_")
}
