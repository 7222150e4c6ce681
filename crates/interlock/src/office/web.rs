use super::{Office, OfficeError};

impl Office {
    /// The page at an address, from the folder `web/HOST/PATH`.
    pub(super) fn fetch_page(&self, url: &str) -> Result<String, OfficeError> {
        let page =
            page(url).ok_or_else(|| OfficeError::Address(url.chars().take(200).collect()))?;
        match self.root.read(&page) {
            Err(OfficeError::Missing(_)) => Err(OfficeError::Missing(url.to_owned())),
            read => read,
        }
    }
}

/// The file of a page; none for an address in any but the plainest form.
fn page(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let is_plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    let path = if path.is_empty() { "index.html" } else { path };
    (is_plain(host) && path.split('/').all(is_plain)).then(|| format!("web/{host}/{path}"))
}
