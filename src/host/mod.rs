//! What Lifeboat leaves on its host and gives to others there: files for their owner alone, and the variables that every program is given.
//!
//! ```text
//!  private    files and folders that only their owner can read, whatever the umask says
//!  inherited  variables that every program is given
//! ```
//!
//! What this room does not do: start programs, or know what is secret.

mod inherited;
pub mod private;

pub use inherited::{GIVES_LITTLE, is_given};
