//! Known ways around command guards, class by class; the last class are commands that only look like one.
//!
//! What the built-in policy says of them is in `tests/bypasses`.

mod chains;
mod downloads;
mod environment;
mod lookalikes;
mod names;
mod readings;
mod redirects;
mod scripts;
mod shells;
mod wrappers;
