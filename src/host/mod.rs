//! What Lifeboat leaves on its host and gives to others there: files for their owner alone, and environments of the programs that it starts.
//!
//! ```text
//!  private  files and folders that only their owner can read, whatever the umask says
//!  identity who runs this process, on which host
//!  child    the environment of a program: little, and what it was promised
//! ```
//!
//! What this room does not do: start programs, or know what is secret.

mod child;
mod identity;
pub mod private;

pub use child::{GIVES_LITTLE, environment, is_given};
pub use identity::{host_name, user};
