//! Durable logs: batches, tiles, blobs, sealed parts, recovery.
