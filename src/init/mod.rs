//! A project to begin with, made from a gateway's configuration, from variables, or from six answers.
//!
//! What this room does not do: overwrite what is there, or keep a secret's value.
