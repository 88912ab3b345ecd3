//! Who runs this process, and on which host: what a history says of where it comes from.

/// The user's name, as the environment or the system's list of users has it; their number where neither does.
pub fn user() -> String {
    let told = ["USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok()).find(|name| !name.is_empty());
    let id = rustix::process::getuid().as_raw();
    let listed = || {
        let users = std::fs::read_to_string("/etc/passwd").ok()?;
        let line = users.lines().find(|line| line.split(':').nth(2).is_some_and(|other| other.parse() == Ok(id)))?;
        line.split(':').next().map(str::to_owned)
    };
    told.or_else(listed).unwrap_or_else(|| id.to_string())
}

/// The host's name; `None` where nobody says it.
pub fn host_name() -> Option<String> {
    let told = ["/proc/sys/kernel/hostname", "/etc/hostname"].iter().find_map(|file| std::fs::read_to_string(file).ok());
    told.or_else(|| std::env::var("HOSTNAME").ok()).map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_runs_it_somewhere() {
        assert!(!user().is_empty() && host_name().is_some());
    }
}
