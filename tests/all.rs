//! The one integration binary: a file a behaviour.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, which is what it is for")]

mod alerts;
mod bad_input;
mod clients;
mod credentials;
mod crowds;
mod drills;
mod driven;
mod execute;
mod faulty_answers;
mod handshakes;
mod imported;
mod interrupted;
mod killed;
mod leaks;
mod litellm;
mod mail;
mod places;
mod random_systems;
mod readme;
mod rotations;
mod runbooks;
mod secret_stores;
mod served;
mod spending;
mod staging;
mod standing;
mod standing_proxy;
mod started;
mod support;
mod tidy;
mod timelines;
mod toxiproxy_clients;
mod trouble;
mod vectors;
mod workloads;
