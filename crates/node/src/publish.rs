//! The logs over HTTP, read only: `/governance/...` and `/lineage/...` as C2SP `tlog-tiles` lays
//! them out. Nothing but published, public files is served: no sealed part, no blob, no write-ahead
//! file.

mod addresses;
mod readers;

use std::path::PathBuf;

use axum::Router;
use axum::extract::{Path as UrlPath, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::descriptors;
use crate::limits::HTTP_FILE_BYTES_MAX;
use readers::Readers;

/// Serves the public files of a domain's folder until the task is dropped, to few readers at a time
/// and to each for a short time.
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
    let path = folder.join(&log).join(&path);
    let read = move || identity::plain::read(&path, HTTP_FILE_BYTES_MAX);
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(bytes)) => ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
        _ => (StatusCode::NOT_FOUND, "not there (yet)\n").into_response(),
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
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    /// The status of the answer to who asks for the checkpoint, once it is put there.
    async fn status_of_checkpoint(put: impl FnOnce(&std::path::Path)) -> StatusCode {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("lineage")).unwrap();
        put(&folder.path().join("lineage/checkpoint"));
        let asked = UrlPath(("lineage".to_owned(), "checkpoint".to_owned()));
        let asked = file(State(folder.path().to_owned()), asked);
        let answer = tokio::time::timeout(std::time::Duration::from_secs(20), asked).await;
        answer.unwrap().status()
    }

    #[tokio::test]
    async fn a_fifo_in_the_place_of_a_file_is_not_there() {
        let put = |path: &std::path::Path| {
            mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        };
        assert_eq!(status_of_checkpoint(put).await, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_file_that_is_longer_than_any_is_not_served() {
        for (bytes, status) in [
            (HTTP_FILE_BYTES_MAX, StatusCode::OK),
            (HTTP_FILE_BYTES_MAX + 1, StatusCode::NOT_FOUND),
        ] {
            let put = |path: &std::path::Path| {
                let file = std::fs::File::create(path).unwrap();
                file.set_len(bytes.try_into().unwrap()).unwrap();
            };
            assert_eq!(status_of_checkpoint(put).await, status);
        }
    }

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
