//! HTTP for people.
