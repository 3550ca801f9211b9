//! What is wrong with the configuration, all of it at once.

use std::fmt;

/// One thing that is wrong, and the way out. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable, or the file and key.
    pub setting: String,
    /// What is wrong with it.
    pub wrong: String,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.setting, self.wrong, self.advice)
    }
}

/// The process must not start like this.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// Everything that was found, in the order of the settings.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problems.len() {
            1 => f.write_str("the configuration has a problem")?,
            many => write!(f, "the configuration has {many} problems")?,
        }
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl From<Problem> for ConfigError {
    fn from(problem: Problem) -> Self {
        Self { problems: vec![problem] }
    }
}

/// Collects problems, so that they are all reported at once.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// Notes one.
    pub(crate) fn add(
        &mut self,
        setting: impl Into<String>,
        wrong: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let (setting, wrong, advice) = (setting.into(), wrong.into(), advice.into());
        self.0.push(Problem { setting, wrong, advice });
    }

    /// Takes the value out of `result`, or notes its problem.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }

    /// Fails if there were any.
    pub(crate) fn into_result(self) -> Result<(), ConfigError> {
        if self.0.is_empty() { Ok(()) } else { Err(ConfigError { problems: self.0 }) }
    }
}

/// A [`Problem`] as an error.
pub(crate) fn problem<T>(
    setting: impl Into<String>,
    wrong: impl Into<String>,
    advice: impl Into<String>,
) -> Result<T, Problem> {
    Err(Problem { setting: setting.into(), wrong: wrong.into(), advice: advice.into() })
}
