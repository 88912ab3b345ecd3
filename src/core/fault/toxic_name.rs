//! What proxies and toxics can be called.

/// The longest name, in bytes: it stands in paths, in every event and on screens.
const LONGEST: usize = 200;

/// Whether a proxy or a toxic can be called so.
///
/// # Errors
/// In words, why not.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.len() > LONGEST {
        return Err(format!("it has {} bytes, and may have {LONGEST}", name.len()));
    }
    if name == "." || name == ".." || name.contains('/') {
        return Err("it is part of paths of the control API, so it must have no `/`, and not be `.` or `..`".into());
    }
    if name
        .chars()
        .any(|letter| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
    {
        return Err("it contains a character that cannot be printed".into());
    }
    Ok(())
}
