//! The one integration binary: a file a behaviour.

mod random_systems;
mod vectors;
