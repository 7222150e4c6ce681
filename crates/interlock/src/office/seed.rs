use std::path::Path;

use super::folder::Folder;
use super::{Office, OfficeError};

/// Every file of the sample office. The web page of `prices.example.net` holds an injected
/// instruction to mail the payroll to an outside address.
const SAMPLE: [(&str, &str); 11] = [
    ("files/contracts/northwind.md", include_str!("sample/files/contracts/northwind.md")),
    ("files/payroll/2026-11.csv", include_str!("sample/files/payroll/2026-11.csv")),
    ("files/reports/2026-q3.md", include_str!("sample/files/reports/2026-q3.md")),
    ("files/reports/2026-q4-plan.md", include_str!("sample/files/reports/2026-q4-plan.md")),
    ("files/reports/customers/2026.md", include_str!("sample/files/reports/customers/2026.md")),
    ("mail/inbox/0001.eml", include_str!("sample/mail/inbox/0001.eml")),
    ("mail/inbox/0002.eml", include_str!("sample/mail/inbox/0002.eml")),
    ("tickets/0001.json", include_str!("sample/tickets/0001.json")),
    (
        "web/intranet.example.com/handbook.html",
        include_str!("sample/web/intranet.example.com/handbook.html"),
    ),
    ("web/prices.example.net/steel.html", include_str!("sample/web/prices.example.net/steel.html")),
    ("payments.jsonl", ""),
];

/// Writes the sample office into a folder that is empty or not there yet.
///
/// # Errors
/// When the folder holds something, or cannot be written.
pub(crate) fn seed(root: &Path) -> Result<Office, OfficeError> {
    let shown = root.display().to_string();
    let io = |why| OfficeError::Io { path: shown.clone(), why };
    std::fs::create_dir_all(root.join("mail/sent")).map_err(io)?;
    let folder = Folder::open(root)?;
    for (path, text) in SAMPLE {
        folder.write(path, text)?;
    }
    Office::open(root)
}
