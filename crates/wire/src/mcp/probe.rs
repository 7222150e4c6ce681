use super::Revision;
use crate::jsonrpc::Message;

/// Where 2026-07-28 and later put the revision that a request is made under, inside `params._meta`.
pub const META_PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// What a client of 2026-07-28 asks first on stdio.
const DISCOVER: &str = "server/discover";

/// Whether a client probes for a revision that is not read here. The answer is
/// [`crate::jsonrpc::METHOD_NOT_FOUND`], without forwarding: no error of 2026-07-28, so that the
/// client falls back to `initialize` (MCP 2026-07-28, versioning, backward compatibility with
/// initialization-based versions).
///
/// An `initialize` is never a probe: its revision is the server's to negotiate.
pub fn probe(message: &Message<'_>) -> bool {
    let Message::Request(request) = message else { return false };
    if request.method == DISCOVER {
        return true;
    }
    let meta = request.params.as_ref().and_then(|params| params.get("_meta"));
    match meta.and_then(|meta| meta.get(META_PROTOCOL_VERSION)) {
        Some(version) => version.as_str().and_then(Revision::parse).is_none(),
        None => false,
    }
}
