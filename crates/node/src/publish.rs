//! The logs over HTTP, read only: `/governance/...` and `/lineage/...` as C2SP `tlog-tiles` lays them
//! out. Nothing but published, public files is served: no sealed part, no blob, no write-ahead file.

mod readers;

use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::descriptors;
use readers::Readers;

/// Serves the public files of a domain's folder until the task is dropped, to few readers at a time and to each for a short time.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, folder: PathBuf) -> std::io::Result<()> {
    let routes = Router::new().route("/{log}/{*path}", get(file)).with_state(folder);
    let readers_max = descriptors::budget().map_or(1, |budget| budget.http);
    axum::serve(Readers::new(listener, readers_max), routes).await
}

async fn file(
    State(folder): State<PathBuf>,
    UrlPath((log, path)): UrlPath<(String, String)>,
) -> Response {
    let Some(kind) = public_kind(&log, &path) else {
        return (StatusCode::NOT_FOUND, "not a public file of a log\n").into_response();
    };
    match tokio::fs::read(Path::new(&folder).join(&log).join(&path)).await {
        Ok(bytes) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        Err(_) => (StatusCode::NOT_FOUND, "not there (yet)\n").into_response(),
    }
}

/// The content type of a public file, or none where the path is not exactly that of one.
fn public_kind(log: &str, path: &str) -> Option<&'static str> {
    if !matches!(log, "governance" | "lineage") {
        return None;
    }
    if matches!(path, "checkpoint" | "vkey") {
        return Some("text/plain; charset=utf-8");
    }
    let tile = path.strip_prefix("tile/")?;
    let is_segment = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.')
    };
    tile.split('/').all(is_segment).then_some("application/octet-stream")
}

#[cfg(test)]
mod tests {
    use super::public_kind;

    #[test]
    fn only_published_files_of_the_two_logs_are_public() {
        for path in ["checkpoint", "vkey", "tile/0/000", "tile/entries/x001/067.p/8"] {
            assert!(public_kind("lineage", path).is_some(), "{path}");
        }
        for path in ["sealed/000", "wal/0", "blobs/00", "tile/../wal/0", "tile//0", "", "tile/0/.."]
        {
            assert!(public_kind("lineage", path).is_none(), "{path}");
        }
        assert!(public_kind("keys", "checkpoint").is_none());
    }
}
