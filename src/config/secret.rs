//! Values that must not show in logs, errors or printed configuration.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// What stands where a secret is not shown.
pub(super) const SET: &str = "<set>";

/// A secret. It prints and serializes as `<set>`; only [`Secret::reveal`] tells it.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self(secret.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(SET)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(SET)
    }
}

/// An address that may carry a password. It prints and serializes without it; only
/// [`ConnectionUrl::reveal`] tells the whole.
#[derive(Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ConnectionUrl(String);

impl ConnectionUrl {
    /// The address with its password.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The address with every password replaced.
    pub fn redacted(&self) -> String {
        redact_query(&redact_user(&self.0))
    }

    /// What stands before the first colon: `postgres` of `postgres://host/db`.
    pub(super) fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }

    /// What stands after `scheme://`.
    pub(super) fn after_slashes(&self) -> Option<&str> {
        self.0.split_once("://").map(|(_, rest)| rest)
    }
}

impl From<&str> for ConnectionUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for ConnectionUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for ConnectionUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

/// `user:password@` without the password. It takes the last `@`, and not the first `/` or `?`: a
/// password with such a character in it, which should have been percent-encoded, must not show.
fn redact_user(url: &str) -> String {
    let start = url.find("://").map_or(0, |at| at + 3);
    let Some((head, rest)) = url.split_at_checked(start) else { return SET.to_owned() };
    match rest.rsplit_once('@').map(|(user, host)| (user.split_once(':'), host)) {
        Some((Some((name, _)), host)) => format!("{head}{name}:{SET}@{host}"),
        _ => url.to_owned(),
    }
}

/// `?password=...` and its like without their values.
fn redact_query(url: &str) -> String {
    let Some((head, query)) = url.split_once('?') else { return url.to_owned() };
    let parameters: Vec<String> = query
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, _)) if is_secret(name) => format!("{name}={SET}"),
            _ => parameter.to_owned(),
        })
        .collect();
    format!("{head}?{}", parameters.join("&"))
}

/// Whether a setting of this name holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "secret", "token", "key.pem", "sasl.jaas", "oauthbearer.config"]
        .iter()
        .any(|part| name.contains(part))
}
