//! Known ways around command guards, class by class.
