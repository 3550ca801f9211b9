//! The rules, and the SQL that applies them.
