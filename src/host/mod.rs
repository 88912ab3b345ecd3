//! What Lifeboat leaves on its host and gives to others there: files for their owner alone, and the variables that every program is given.
//!
//! ```text
//!  private    files and folders that only their owner can read, whatever the umask says
//!  identity   who runs this process, on which host
//!  inherited  variables that every program is given
//! ```
//!
//! What this room does not do: start programs, or know what is secret.

mod identity;
mod inherited;
pub mod private;

pub use identity::{host_name, user};
pub use inherited::{GIVES_LITTLE, is_given};
