//! Texts without secrets: whatever a program printed, a server answered or a person wrote goes through here before it is shown or kept.
//!
//! ```text
//!  redactor    knows every secret and the words that stand for it; texts and streams of bytes without them
//!  disguise    the forms that a secret takes on its way: base64, base32, percent, hexadecimal, JSON, UTF-16 (pure)
//!  normalized  bytes without what folds and colours a text                                                  (pure)
//!  finder      where any of them stands, however it is folded                                               (pure)
//!  key_like    what looks like a key, though nobody has named it as one                (pure)
//!  secret_name  names of headers and settings whose value is one                      (pure)
//!  quote       what a parser says of a file that may be anything, without what it quotes     (pure)
//! ```
//!
//! What it does not find: a secret that was compressed, encrypted, hashed, written backwards or in two disguises at once, one that is cut
//! by other text than line ends with their indentation and escape codes of terminals, and a mere part of one. Whoever learns that a program does that must not start it with a secret.
//!
//! What this room does not do: know which secrets there are (whoever reads or mints one tells it), or take back what went elsewhere. What is
//! searched for stands in memory in every disguise, as long as somebody holds a redactor.

mod disguise;
mod finder;
mod key_like;
mod normalized;
mod quote;
mod redactor;
mod secret_name;
#[cfg(test)]
mod tests;

pub use key_like::{is_like_nothing, without_key_like};
pub use quote::unquoted;
pub use redactor::{RedactingStream, Redactor};
pub use secret_name::is_secret;
pub use secret_name::is_secret_header;
