//! The MCP gateway over stdio: sessions, upstream servers, what is forwarded.
