//! What Lifeboat leaves on its host and gives to others there: files for their owner alone, and the variables that every program is given.
//!
//! ```text
//!  private    files and folders that only their owner can read, whatever the umask says
//!  bounded    files that somebody names, read up to a bound
//!  identity   who runs this process, on which host
//!  process_identity  which process this is, so that another can tell whether it still runs
//!  replace    a file changed at once or not at all; or in place
//!  obstacle   why a file should not be replaced: other names, mounts, nobody may write it
//!  state      where this user keeps what is remembered between runs
//!  inherited  variables that every program is given
//! ```
//!
//! What this room does not do: start programs, or know what is secret.

mod bounded;
mod identity;
mod inherited;
mod obstacle;
pub mod private;
mod process_identity;
mod replace;
mod state;

pub use bounded::regular;
pub use bounded::{CERTIFICATES_MAX, bytes_of};
pub use identity::{host_name, user};
pub use inherited::{GIVES_LITTLE, is_given};
pub use obstacle::{Obstacle, obstacle};
pub use process_identity::{ProcessIdentity, ProcessState};
pub use replace::{could_replace, is_half_written, overwrite, replace};
pub use state::state_folder;
